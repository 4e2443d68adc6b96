// SPDX-License-Identifier: Apache-2.0
#include "agent/config-keys.h"

#include <string.h>

#include "agent/config.h"
#include "common/clean.h"
#include "common/nearest.h"

#define SECOND_NS 1000000000ULL
#define DAY_NS (86400 * SECOND_NS)
#define AT(field) .offset = offsetof(struct config, field)
#define AT_SERVICE(field) .offset = offsetof(struct config_service, field)
#define AT_RELABEL(field) .offset = offsetof(struct config_relabel, field)
#define AT_HUB_TOKEN(field) .offset = offsetof(struct config_hub_token, field)
#define AT_TARGET(field) .offset = offsetof(struct config_target, field)

static const struct config_key agent_keys[] = {
	{ "state_dir", CONFIG_PATH, "/var/lib/cpuhound", AT(agent.state_dir), .required = true,
	  .summary = "Windows, and what must outlive a restart. One agent a directory." },
	{ "cache_dir", CONFIG_PATH, "/var/cache/cpuhound", AT(agent.cache_dir),
	  .summary = "Index files of binaries; they can be made again. Empty: none are kept." },
	{ "run_dir", CONFIG_PATH, "/run/cpuhound", AT(agent.run_dir), .required = true,
	  .summary = "The socket of `cpuhound status`." },
	{ "window", CONFIG_DURATION, "10s", AT(agent.window_ns), .min = SECOND_NS, .max = 300 * SECOND_NS,
	  .reloadable = true, .summary = "How much time one profile covers." },
	{ "frequency_hz", CONFIG_NUMBER, "19", AT(agent.frequency_hz), .min = 1, .max = 1000, .reloadable = true,
	  .summary = "Samples a second on each CPU. Multiples of 10 run in step with timers, and mislead." },
	{ "kill_switch", CONFIG_PATH, "/etc/cpuhound/off", AT(agent.kill_switch), .reloadable = true,
	  .summary = "While this file exists the agent is idle. Empty: there is none." },
	{ "group", CONFIG_TEXT, "cpuhound", AT(agent.group),
	  .summary = "Who may read windows and ask for the status. Empty: the group that the agent runs as." },
};

static const struct config_key http_keys[] = {
	{ "listen", CONFIG_ADDRESS, "127.0.0.1:7171", AT(http.listen),
	  .summary = "Page, profiles and metrics. Other than loopback needs TLS, and a token or client certificates. "
		     "Empty: none." },
	{ "metrics_listen", CONFIG_ADDRESS, "", AT(http.metrics_listen),
	  .summary = "Metrics and health only, without a token. Empty: none." },
	{ "names", CONFIG_LIST, "", AT(http.names), .reloadable = true,
	  .summary = "By which others reach it, such as web-1.example.com, beside this host's own." },
	{ "token_file", CONFIG_PATH, "", AT(http.token_file),
	  .summary = "File with the token that clients send as `Authorization: Bearer TOKEN`." },
	{ "tls_cert_file", CONFIG_PATH, "", AT(http.tls_cert_file), .summary = "Certificate chain, PEM." },
	{ "tls_key_file", CONFIG_PATH, "", AT(http.tls_key_file), .summary = "Its private key, PEM." },
	{ "tls_client_ca_file", CONFIG_PATH, "", AT(http.tls_client_ca_file),
	  .summary = "Clients need a certificate that one of these signed, PEM." },
};

static const struct config_key limits_keys[] = {
	{ "cpu_percent", CONFIG_NUMBER, "5", AT(limits.cpu_percent), .min = 1, .max = 10000, .reloadable = true,
	  .summary =
		  "Own CPU time, time in BPF included, of one core. Beyond a limit the agent does less, and says so." },
	{ "rss_mb", CONFIG_NUMBER, "96", AT(limits.rss_mb), .min = 16, .max = 65536, .reloadable = true,
	  .summary = "Own memory (RssAnon), in MiB." },
	{ "map_mb", CONFIG_NUMBER, "256", AT(limits.map_mb), .min = 16, .max = 65536, .reloadable = true,
	  .summary = "BPF maps: 12 MiB, 0.5 MiB a CPU, and unwind_table_mb." },
	{ "unwind_table_mb", CONFIG_NUMBER, "64", AT(limits.unwind_table_mb), .min = 4, .max = 4096,
	  .summary = "Rows and mappings that the stack walker goes by." },
};

static const struct config_key store_keys[] = {
	{ "raw", CONFIG_DURATION, "24h", AT(store.raw_ns), .min = 60 * SECOND_NS, .max = 3660 * DAY_NS,
	  .reloadable = true, .summary = "How long windows are kept as they were; what a target still wants, longer." },
	{ "minutes", CONFIG_DURATION, "7d", AT(store.minutes_ns), .min = 60 * SECOND_NS, .max = 3660 * DAY_NS,
	  .reloadable = true, .summary = "Merged into minutes." },
	{ "hours", CONFIG_DURATION, "90d", AT(store.hours_ns), .min = 60 * SECOND_NS, .max = 3660 * DAY_NS,
	  .reloadable = true, .summary = "Merged into hours; stacks with less than 0.05 % are (other)." },
	{ "max_mb", CONFIG_NUMBER, "2048", AT(store.max_mb), .min = 16, .max = 1 << 24,
	  .summary = "All of it, in MiB; what costs least makes way, the oldest first." },
	{ "min_free_percent", CONFIG_NUMBER, "5", AT(store.min_free_percent), .min = 0, .max = 99,
	  .summary = "Of the disk: nothing is written where less is free." },
};

static const struct config_key symbols_keys[] = {
	{ "debug_info", CONFIG_BOOL, "yes", AT(symbols.debug_info), .reloadable = true,
	  .summary = "Read inlined calls and lines from debug info." },
	{ "debug_dirs", CONFIG_LIST, "", AT(symbols.debug_dirs),
	  .summary = "Directories with debug info, beside the usual ones." },
	{ "debuginfod_urls", CONFIG_LIST, "", AT(symbols.debuginfod_urls),
	  .summary = "Servers that are asked for debug info by build id, where this machine has none. Empty: none." },
	{ "debuginfod_cache_mb", CONFIG_NUMBER, "4096", AT(symbols.debuginfod_cache_mb), .min = 1, .max = 1 << 24,
	  .summary = "Of what they gave, below cache_dir, in MiB; a larger file is not taken." },
};

static const struct config_key labels_keys[] = {
	{ "host", CONFIG_TEXT, "", AT(labels.host), .reloadable = true,
	  .summary = "The name of this machine. Empty: as the kernel tells it." },
};

static const struct config_key optional_labels_keys[] = {
	{ "pid", CONFIG_BOOL, "no", AT(optional_labels.pid), .reloadable = true,
	  .summary = "The process, as a number. Makes profiles several times larger." },
	{ "tid", CONFIG_BOOL, "no", AT(optional_labels.tid), .reloadable = true, .summary = "The thread, likewise." },
};

static const struct config_key workload_keys[] = {
	{ "read_environment", CONFIG_BOOL, "no", AT(workload.read_environment), .reloadable = true,
	  .summary = "Read OTEL_SERVICE_NAME and the like from processes. Their environment may hold secrets." },
	{ "docker_socket", CONFIG_PATH, "", AT(workload.docker_socket), .reloadable = true,
	  .summary = "Ask Docker for names, such as /run/docker.sock. Empty: files tell them." },
	{ "cri_socket", CONFIG_PATH, "", AT(workload.cri_socket), .reloadable = true,
	  .summary = "Ask Kubernetes' runtime, such as /run/containerd/containerd.sock, likewise." },
};

static const struct config_key filter_keys[] = {
	{ "include_services", CONFIG_LIST, "", AT(filter.include_services), .reloadable = true,
	  .summary = "Globs: only these are sampled. Empty: all." },
	{ "exclude_services", CONFIG_LIST, "", AT(filter.exclude_services), .reloadable = true,
	  .summary = "Globs: these are not." },
	{ "include_containers", CONFIG_LIST, "", AT(filter.include_containers), .reloadable = true,
	  .summary = "Globs over names of containers, likewise." },
	{ "exclude_containers", CONFIG_LIST, "", AT(filter.exclude_containers), .reloadable = true,
	  .summary = "Likewise." },
};

static const struct config_key service_keys[] = {
	{ "container", CONFIG_TEXT, "", AT_SERVICE(container), .summary = "Glob over the container's name." },
	{ "unit", CONFIG_TEXT, "", AT_SERVICE(unit), .summary = "Glob over the systemd unit." },
	{ "exe", CONFIG_TEXT, "", AT_SERVICE(exe), .summary = "Glob over the program's path." },
	{ "cmdline", CONFIG_TEXT, "", AT_SERVICE(cmdline),
	  .summary = "Glob over the arguments, a blank between them." },
	{ "env", CONFIG_LIST, "", AT_SERVICE(environment),
	  .summary = "KEY=GLOB, all of them; needs workload.read_environment." },
	{ "name", CONFIG_TEXT, "", AT_SERVICE(service_name), .summary = "Of the service. Empty: the section's name." },
	{ "version", CONFIG_TEXT, "", AT_SERVICE(version), .summary = "Of the service. Empty: found as for others." },
};

static const struct config_key relabel_keys[] = {
	{ "action", CONFIG_TEXT, "replace", AT_RELABEL(action),
	  .summary = "replace, keep, drop, labeldrop, labelkeep or labelmap." },
	{ "source_labels", CONFIG_LIST, "", AT_RELABEL(source_labels), .summary = "Their values are joined." },
	{ "separator", CONFIG_TEXT, ";", AT_RELABEL(separator), .summary = "Between them." },
	{ "regex", CONFIG_TEXT, "(.*)", AT_RELABEL(regex), .required = true,
	  .summary = "Must match the whole of it, or of a label's name." },
	{ "target_label", CONFIG_TEXT, "", AT_RELABEL(target_label), .summary = "What replace sets." },
	{ "replacement", CONFIG_TEXT, "$1", AT_RELABEL(replacement), .summary = "To what; empty removes the label." },
};

static const struct config_key target_keys[] = {
	{ "kind", CONFIG_TEXT, "", AT_TARGET(kind),
	  .summary = "pyroscope, parca, otlp, s3, clickhouse, http, or hub, which is another cpuhound." },
	{ "url", CONFIG_TEXT, "", AT_TARGET(url),
	  .summary = "Of http it may hold {host}, {service}, {start}, {end}, {id}, {part} and {label:KEY}." },
	{ "enabled", CONFIG_BOOL, "yes", AT_TARGET(enabled),
	  .summary = "While it is not, nothing is sent, and no window is kept for it." },
	{ "interval", CONFIG_DURATION, "0", AT_TARGET(interval_ns), .max = 3600 * SECOND_NS,
	  .summary = "Windows of so much time are merged before they are sent. 0: as usual for the kind." },
	{ "max_age", CONFIG_DURATION, "0", AT_TARGET(max_age_ns), .max = 365 * 86400 * SECOND_NS,
	  .summary = "What is older is not sent any more. 0: as the kind's servers have it." },
	{ "labels", CONFIG_LIST, "", AT_TARGET(labels), .summary = "KEY=VALUE on all that is sent to this target." },
	{ "headers", CONFIG_LIST, "", AT_TARGET(headers), .summary = "NAME: VALUE on each request." },
	{ "split_by", CONFIG_LIST, "", AT_TARGET(split_by),
	  .summary = "Labels, such as service_name: a profile for each. Empty: as usual for the kind." },
	{ "on_ambiguous", CONFIG_TEXT, "retry", AT_TARGET(on_ambiguous),
	  .summary = "When a server may have taken something, and did not say so: retry, or drop." },
	{ "timeout", CONFIG_DURATION, "60s", AT_TARGET(timeout_ns), .min = SECOND_NS, .max = 600 * SECOND_NS,
	  .summary = "Of one request." },
	{ "bandwidth_kb", CONFIG_NUMBER, "0", AT_TARGET(bandwidth_kb), .max = 1 << 24,
	  .summary = "KiB a second, at most. 0: no limit." },
	{ "username", CONFIG_TEXT, "", AT_TARGET(username), .summary = "For basic authentication." },
	{ "password_file", CONFIG_PATH, "", AT_TARGET(password_file),
	  .summary = "File with its password. This and other files are read again when they change." },
	{ "token_file", CONFIG_PATH, "", AT_TARGET(token_file),
	  .summary = "File with a token that is sent as `Authorization: Bearer TOKEN`." },
	{ "tls_ca_file", CONFIG_PATH, "", AT_TARGET(tls_ca_file),
	  .summary = "Who may have signed the server's certificate, PEM. Empty: whom this machine trusts." },
	{ "tls_cert_file", CONFIG_PATH, "", AT_TARGET(tls_cert_file), .summary = "Our own certificate, PEM." },
	{ "tls_key_file", CONFIG_PATH, "", AT_TARGET(tls_key_file), .summary = "Its private key, PEM." },
	{ "tls_verify", CONFIG_BOOL, "yes", AT_TARGET(tls_verify),
	  .summary = "Check the server's certificate. Without, anybody on the way may read and forge." },
	{ "proxy", CONFIG_TEXT, "", AT_TARGET(proxy), .summary = "URL of an HTTP proxy. Empty: none." },
	{ "bucket", CONFIG_TEXT, "", AT_TARGET(bucket), .summary = "s3." },
	{ "prefix", CONFIG_TEXT, "", AT_TARGET(prefix), .summary = "s3: what keys begin with." },
	{ "region", CONFIG_TEXT, "", AT_TARGET(region), .summary = "s3." },
	{ "cluster", CONFIG_TEXT, "", AT_TARGET(cluster), .summary = "s3: part of the keys." },
	{ "virtual_host_style", CONFIG_BOOL, "no", AT_TARGET(virtual_host_style),
	  .summary = "s3: the bucket is part of the host's name, not of the path." },
	{ "access_key", CONFIG_TEXT, "", AT_TARGET(access_key), .summary = "s3." },
	{ "secret_key_file", CONFIG_PATH, "", AT_TARGET(secret_key_file), .summary = "s3: file with the secret key." },
	{ "session_token_file", CONFIG_PATH, "", AT_TARGET(session_token_file),
	  .summary = "s3: file with the token of temporary credentials." },
	{ "database", CONFIG_TEXT, "", AT_TARGET(database), .summary = "clickhouse." },
};

static const struct config_key hub_keys[] = {
	{ "listen", CONFIG_ADDRESS, "127.0.0.1:7172", AT(hub.listen),
	  .summary = "Where it takes and gives windows. Other than loopback needs TLS, and a [hub_token]." },
	{ "metrics_listen", CONFIG_ADDRESS, "", AT(hub.metrics_listen),
	  .summary = "Metrics and health only, without a token. Empty: none." },
	{ "store", CONFIG_PATH, "/var/lib/cpuhound-hub", AT(hub.store), .required = true,
	  .summary = "The windows of all hosts; [store] tells how long they are kept. One hub a directory." },
	{ "view", CONFIG_TEXT, "", AT(hub.view),
	  .summary = "A directory or URL of windows that others keep: they are shown, and none are taken." },
	{ "view_token_file", CONFIG_PATH, "", AT(hub.view_token_file),
	  .summary = "File with the token, or the password, for that URL." },
	{ "view_ca_file", CONFIG_PATH, "", AT(hub.view_ca_file),
	  .summary = "Who signed its certificate, PEM. Empty: whom this machine trusts." },
	{ "names", CONFIG_LIST, "", AT(hub.names), .reloadable = true,
	  .summary = "By which others reach it, such as profiles.example.com, beside its own host's." },
	{ "tls_cert_file", CONFIG_PATH, "", AT(hub.tls_cert_file), .reloadable = true,
	  .summary = "Certificate chain, PEM." },
	{ "tls_key_file", CONFIG_PATH, "", AT(hub.tls_key_file), .reloadable = true,
	  .summary = "Its private key, PEM." },
	{ "tls_client_ca_file", CONFIG_PATH, "", AT(hub.tls_client_ca_file), .reloadable = true,
	  .summary = "Clients need a certificate that one of these signed, PEM." },
	{ "max_body_mb", CONFIG_NUMBER, "32", AT(hub.max_body_mb), .min = 1, .max = 64, .reloadable = true,
	  .summary = "Of a window as it comes, in MiB." },
	{ "max_raw_mb", CONFIG_NUMBER, "128", AT(hub.max_raw_mb), .min = 1, .max = 256, .reloadable = true,
	  .summary = "Of a window uncompressed, in MiB." },
	{ "max_labels", CONFIG_NUMBER, "64", AT(hub.max_labels), .min = 1, .max = 1000, .reloadable = true,
	  .summary = "Of one sample." },
	{ "max_series", CONFIG_NUMBER, "20000", AT(hub.max_series), .min = 1, .max = 1000000, .reloadable = true,
	  .summary = "Different sets of labels that a token may bring in an hour." },
	{ "max_windows", CONFIG_NUMBER, "1200", AT(hub.max_windows), .min = 1, .max = 1000000, .reloadable = true,
	  .summary = "That a token may bring in a minute." },
};

static const struct config_key hub_token_keys[] = {
	{ "token_file", CONFIG_PATH, "", AT_HUB_TOKEN(token_file),
	  .summary = "File with the token that clients send as `Authorization: Bearer TOKEN`." },
	{ "hosts", CONFIG_LIST, "", AT_HUB_TOKEN(hosts),
	  .summary = "Globs: hosts whose windows may come with it. Empty: none." },
	{ "read", CONFIG_BOOL, "no", AT_HUB_TOKEN(may_read), .summary = "Whether it may read, of all hosts." },
};

#define KEYS(table) .keys = table, .n_keys = ARRAY_SIZE(table)

const struct config_section config_sections[] = {
	{ "agent", CONFIG_PLAIN, CONFIG_AGENT, KEYS(agent_keys), .summary = "The daemon." },
	{ "http", CONFIG_PLAIN, CONFIG_AGENT, KEYS(http_keys), .summary = "What it serves." },
	{ "limits", CONFIG_PLAIN, CONFIG_AGENT, KEYS(limits_keys), .summary = "What it may use." },
	{ "store", CONFIG_PLAIN, CONFIG_AGENT | CONFIG_HUB, KEYS(store_keys),
	  .summary = "How long windows are kept: by an agent below state_dir, by a hub in its store." },
	{ "symbols", CONFIG_PLAIN, CONFIG_AGENT, KEYS(symbols_keys), .summary = "How addresses get names." },
	{ "labels", CONFIG_OPEN, CONFIG_AGENT, KEYS(labels_keys), .reloadable = true, .example = "region = eu-west",
	  .summary = "On all profiles of this machine; any other key is a label, too." },
	{ "optional_labels", CONFIG_PLAIN, CONFIG_AGENT, KEYS(optional_labels_keys),
	  .summary = "Labels that cost too much for all." },
	{ "workload", CONFIG_PLAIN, CONFIG_AGENT, KEYS(workload_keys),
	  .summary = "How processes and containers get names." },
	{ "filter", CONFIG_PLAIN, CONFIG_AGENT, KEYS(filter_keys),
	  .summary = "What is sampled, by names before relabelling. Lists have commas between their items." },
	{ "service", CONFIG_NAMED, CONFIG_AGENT, KEYS(service_keys), .reloadable = true,
	  .item_bytes = sizeof(struct config_service), AT(services), .example = "NAME",
	  .summary = "Processes that all given globs match are this service; the first section that matches wins." },
	{ "relabel", CONFIG_NAMED, CONFIG_AGENT, KEYS(relabel_keys), .reloadable = true,
	  .item_bytes = sizeof(struct config_relabel), AT(relabels), .example = "10-NAME",
	  .summary = "Changes labels as Prometheus' relabel_config does, in the order of the numbers." },
	{ "target", CONFIG_NAMED, CONFIG_AGENT, KEYS(target_keys), .reloadable = true,
	  .item_bytes = sizeof(struct config_target), AT(targets), .example = "NAME",
	  .summary = "A central store that all windows are sent to." },
	{ "hub", CONFIG_PLAIN, CONFIG_HUB, KEYS(hub_keys),
	  .summary = "`cpuhound serve`, which keeps the windows of many hosts: what it serves, and takes." },
	{ "hub_token", CONFIG_NAMED, CONFIG_HUB, KEYS(hub_token_keys), .reloadable = true,
	  .item_bytes = sizeof(struct config_hub_token), AT(hub_tokens), .example = "NAME",
	  .summary = "Who may push to the hub, for which hosts, and who may read." },
};
const size_t config_n_sections = ARRAY_SIZE(config_sections);

const struct config_section *config_section_find(const char *name)
{
	for (size_t i = 0; i < config_n_sections; i++) {
		if (strcmp(config_sections[i].name, name) == 0)
			return &config_sections[i];
	}
	return NULL;
}

const struct config_key *config_key_find(const struct config_section *section, const char *name)
{
	for (size_t i = 0; i < section->n_keys; i++) {
		if (strcmp(section->keys[i].name, name) == 0)
			return &section->keys[i];
	}
	return NULL;
}

const char *config_section_nearest(const char *name)
{
	const char *best = NULL;

	for (size_t i = 0; i < config_n_sections; i++)
		best = nearest_of(name, best, config_sections[i].name);
	return best;
}

const char *config_key_nearest(const struct config_section *section, const char *name)
{
	const char *best = NULL;

	for (size_t i = 0; i < section->n_keys; i++)
		best = nearest_of(name, best, section->keys[i].name);
	return best;
}
