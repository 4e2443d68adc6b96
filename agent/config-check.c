// SPDX-License-Identifier: Apache-2.0
#include "agent/config-check.h"

#include <inttypes.h>
#include <string.h>

#include "agent/config-set.h"
#include "agent/hub-rules.h"
#include "agent/upload-targets.h"
#include "uploader/uploader.h"

static int check_listen(const struct config_builder *b)
{
	const struct config *c = b->config;
	const char *where = config_origin(c, "http", NULL, "listen");

	if (!c->http.listen.given || c->http.listen.loopback)
		return 0;
	if (!c->http.token_file && !c->http.tls_client_ca_file)
		return config_error(b->report, where,
				    "http.listen: whoever reaches %s would read this machine's profiles: give "
				    "http.token_file or http.tls_client_ca_file, or listen on 127.0.0.1",
				    c->http.listen.text);
	if (!c->http.tls_cert_file)
		return config_error(b->report, where,
				    "http.listen: on the way from %s token and profiles could be read: give "
				    "http.tls_cert_file and http.tls_key_file, or listen on 127.0.0.1",
				    c->http.listen.text);
	return 0;
}

static int check_tls(const struct config_builder *b)
{
	const struct config *c = b->config;

	if (c->http.tls_cert_file && !c->http.tls_key_file)
		return config_error(b->report, config_origin(b->config, "http", NULL, "tls_cert_file"),
				    "http.tls_cert_file needs its key: give http.tls_key_file");
	if (c->http.tls_key_file && !c->http.tls_cert_file)
		return config_error(b->report, config_origin(b->config, "http", NULL, "tls_key_file"),
				    "http.tls_key_file needs its certificate: give http.tls_cert_file");
	if (c->http.tls_client_ca_file && !c->http.tls_cert_file)
		return config_error(b->report, config_origin(b->config, "http", NULL, "tls_client_ca_file"),
				    "http.tls_client_ca_file needs TLS: give http.tls_cert_file and http.tls_key_file");
	return 0;
}

static int check_hub_listen(const struct config_builder *b)
{
	const struct config *c = b->config;
	const char *where = config_origin(c, "hub", NULL, "listen");

	if (!c->hub.listen.given)
		return config_error(b->report, where, "hub.listen: a hub that nobody reaches is none: give an address");
	if (c->hub.listen.loopback)
		return 0;
	if (c->hub_tokens.n == 0 && !(c->hub.view[0] && c->hub.tls_client_ca_file))
		return config_error(b->report, where,
				    "hub.listen: whoever reaches %s could %sread all hosts: give a "
				    "[hub_token NAME]%s, or listen on 127.0.0.1",
				    c->hub.listen.text, c->hub.view[0] ? "" : "push windows, and ",
				    c->hub.view[0] ? " or hub.tls_client_ca_file" : "");
	if (!c->hub.tls_cert_file)
		return config_error(b->report, where,
				    "hub.listen: on the way to %s tokens and profiles could be read: give "
				    "hub.tls_cert_file and hub.tls_key_file, or listen on 127.0.0.1",
				    c->hub.listen.text);
	return 0;
}

static int check_hub_tls(const struct config_builder *b)
{
	const struct config *c = b->config;

	if (!c->hub.tls_cert_file != !c->hub.tls_key_file)
		return config_error(b->report, config_origin(c, "hub", NULL, "tls_cert_file"),
				    "hub.tls_cert_file and hub.tls_key_file belong together: give both");
	if (c->hub.tls_client_ca_file && !c->hub.tls_cert_file)
		return config_error(b->report, config_origin(c, "hub", NULL, "tls_client_ca_file"),
				    "hub.tls_client_ca_file needs TLS: give hub.tls_cert_file and hub.tls_key_file");
	return 0;
}

static int check_hub_token(const struct config_builder *b, const struct config_hub_token *t)
{
	if (!t->token_file)
		return config_error(b->report, config_origin(b->config, "hub_token", t->name, "token_file"),
				    "[hub_token %s] needs a token_file: make one with 'openssl rand -hex 32'", t->name);
	if (t->hosts.n == 0 && !t->may_read)
		return config_error(b->report, config_origin(b->config, "hub_token", t->name, "hosts"),
				    "[hub_token %s] is good for nothing: give hosts, or read = yes", t->name);
	for (size_t i = 0; i < t->hosts.n; i++) {
		if (strlen(t->hosts.items[i]) >= HUB_RULES_HOST_BYTES)
			return config_error(b->report, config_origin(b->config, "hub_token", t->name, "hosts"),
					    "[hub_token %s] hosts: a glob has at most %d bytes", t->name,
					    HUB_RULES_HOST_BYTES - 1);
	}
	return 0;
}

static int check_hub_tokens(const struct config_builder *b)
{
	const struct config_hub_token *tokens = b->config->hub_tokens.items;
	size_t n = b->config->hub_tokens.n, n_hosts = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = check_hub_token(b, &tokens[i]);
		n_hosts += tokens[i].hosts.n;
	}
	if (r == 0 && (n > WEB_MAX_TOKENS || n_hosts > HUB_RULES_MAX_HOSTS))
		r = config_error(b->report, config_origin(b->config, "hub_token", tokens[n - 1].name, "token_file"),
				 "more than %d [hub_token] sections, or %d globs in all of them", WEB_MAX_TOKENS,
				 HUB_RULES_MAX_HOSTS);
	return r;
}

static int check_frequency(const struct config_builder *b)
{
	uint64_t hz = b->config->agent.frequency_hz;

	if (hz % 10 != 0)
		return 0;
	return config_warning(b->report, config_origin(b->config, "agent", NULL, "frequency_hz"),
			      "agent.frequency_hz: %" PRIu64
			      " Hz runs in step with timers of 10 ms, and may see a task "
			      "always or never: %" PRIu64 " does not",
			      hz, hz - 1);
}

static int check_limits(const struct config_builder *b)
{
	const struct config *c = b->config;

	if (c->limits.unwind_table_mb < c->limits.map_mb)
		return 0;
	return config_error(b->report, config_origin(b->config, "limits", NULL, "unwind_table_mb"),
			    "limits.unwind_table_mb: %" PRIu64 " MiB are part of limits.map_mb, which is %" PRIu64
			    " MiB: raise that, or lower this",
			    c->limits.unwind_table_mb, c->limits.map_mb);
}

static int check_debuginfod(const struct config_builder *b)
{
	const struct config_list *urls = &b->config->symbols.debuginfod_urls;
	const char *where = config_origin(b->config, "symbols", NULL, "debuginfod_urls");

	if (urls->n > 0 && !b->config->agent.cache_dir)
		return config_error(b->report, where,
				    "symbols.debuginfod_urls: what servers give is kept in agent.cache_dir: name one");
	for (size_t i = 0; i < urls->n; i++) {
		if (strncmp(urls->items[i], "http://", 7) != 0 && strncmp(urls->items[i], "https://", 8) != 0)
			return config_error(b->report, where,
					    "symbols.debuginfod_urls: '%s' is no URL: write http://HOST:PORT or "
					    "https://HOST",
					    urls->items[i]);
		if (strpbrk(urls->items[i], "@ \t"))
			return config_error(b->report, where,
					    "symbols.debuginfod_urls: an URL holds no blank, user name or password");
	}
	return 0;
}

static int check_target(const struct config_builder *b, const struct config_target *t)
{
	char reason[TARGET_REASON_BYTES];
	struct upload_settings settings = {};
	int r = upload_target_init(t, &settings, reason);

	upload_target_done(&settings);
	if (r == UPLOAD_TARGET_BAD)
		return config_error(b->report, config_origin(b->config, "target", t->name, "kind"), "[target %s] %s",
				    t->name, reason);
	if (r == 0 && !t->tls_verify)
		return config_warning(b->report, config_origin(b->config, "target", t->name, "tls_verify"),
				      "[target %s] tls_verify: anybody on the way may read and forge", t->name);
	return r;
}

static int check_targets(const struct config_builder *b)
{
	const struct config_target *targets = b->config->targets.items;
	size_t n = b->config->targets.n;
	int r = 0;

	if (n > UPLOADER_MAX_TARGETS)
		return config_error(b->report, config_origin(b->config, "target", targets[n - 1].name, "kind"),
				    "more than %d [target] sections", UPLOADER_MAX_TARGETS);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = check_target(b, &targets[i]);
	return r;
}

int config_check(const struct config_builder *b)
{
	static int (*const checks[])(const struct config_builder *b) = {
		check_listen,    check_tls,    check_hub_listen, check_hub_tls, check_hub_tokens,
		check_frequency, check_limits, check_debuginfod, check_targets,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(checks); i++)
		r = checks[i](b);
	return r;
}
