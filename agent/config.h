/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: what the daemon was told to do, typed. Made whole by config_load() from defaults, files, the environment and
 * flags, or not at all; never changed afterwards, so a reload makes another one and compares. What each key means, its
 * type, default and bounds stand in one table, config-keys.c. All strings belong to the config.
 *
 * Later ones win: default < FILE < conf.d/ *.conf beside it, by name < CPUHOUND_SECTION_KEY < overrides, in order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/buf.h"
#include "common/clean.h"

struct config_settings;
struct label_set;
struct relabel;
struct service_rules;

#define CONFIG_DEFAULT_FILE "/etc/cpuhound/cpuhound.conf"

struct config_list {
	const char **items;
	size_t n;
};

/* The items of the named sections of one kind; each item begins with its name. */
struct config_items {
	void *items;
	size_t n;
};

struct config_service {
	const char *name;
	const char *container, *unit, *exe, *cmdline;
	struct config_list environment;
	const char *service_name, *version;
};

struct config_relabel {
	const char *name; /* NN-NAME */
	const char *action;
	struct config_list source_labels;
	const char *separator, *regex, *target_label, *replacement;
};

/* A central store that windows are sent to: uploader/settings.h. Secrets are in files only. */
struct config_target {
	const char *name;
	const char *kind, *url;
	bool enabled;
	uint64_t interval_ns, max_age_ns, timeout_ns; /* 0: the kind's */
	uint64_t bandwidth_kb;                        /* 0: no limit */
	struct config_list labels, headers, split_by;
	const char *on_ambiguous;
	const char *username, *password_file, *token_file;
	const char *tls_ca_file, *tls_cert_file, *tls_key_file;
	bool tls_verify;
	const char *proxy;
	/* s3 */
	const char *bucket, *prefix, *region, *cluster;
	bool virtual_host_style;
	const char *access_key, *secret_key_file, *session_token_file;
	/* clickhouse */
	const char *database;
};

/* Who may push to a hub, and read. */
struct config_hub_token {
	const char *name;
	const char *token_file;
	struct config_list hosts; /* of globs (common/glob.h) */
	bool may_read;
};

struct config_address {
	bool given;
	bool loopback;
	socklen_t size_bytes; /* of what is used of `socket` */
	struct sockaddr_storage socket;
	const char *text; /* as it was written */
};

/* Where a path is NULL or a text is empty, it was not given. */
struct config {
	struct {
		const char *state_dir, *cache_dir, *run_dir;
		uint64_t window_ns;
		uint64_t frequency_hz;
		const char *kill_switch;
		const char *group;
	} agent;
	struct {
		struct config_address listen, metrics_listen;
		struct config_list names;
		const char *token_file;
		const char *tls_cert_file, *tls_key_file, *tls_client_ca_file;
	} http;
	struct {
		uint64_t cpu_percent; /* of one core */
		uint64_t rss_mb, map_mb, unwind_table_mb;
	} limits;
	struct {
		uint64_t raw_ns, minutes_ns, hours_ns;
		uint64_t max_mb, min_free_percent;
	} store;
	struct {
		bool debug_info;
		struct config_list debug_dirs;
		struct config_list debuginfod_urls;
		uint64_t debuginfod_cache_mb;
	} symbols;
	struct {
		const char *host; /* empty: the name that the kernel tells */
	} labels;
	struct {
		bool pid, tid;
	} optional_labels;
	struct {
		bool read_environment;
		const char *docker_socket, *cri_socket;
	} workload;
	struct {
		struct config_list include_services, exclude_services, include_containers, exclude_containers;
	} filter; /* of globs (common/glob.h) */
	struct {
		struct config_address listen, metrics_listen;
		const char *store;
		struct config_list names;
		const char *tls_cert_file, *tls_key_file, *tls_client_ca_file;
		const char *view; /* "": none */
		const char *view_token_file, *view_ca_file;
		uint64_t max_body_mb, max_raw_mb, max_labels, max_series, max_windows;
	} hub;
	struct label_set *static_labels;     /* [labels], without host */
	struct service_rules *service_rules; /* [service NAME], in the order of the files */
	struct relabel *relabel;             /* [relabel NN-NAME], in order of NN */

	struct config_items services, relabels; /* what those two are made of */
	struct config_items targets;            /* struct config_target */
	struct config_items hub_tokens;         /* struct config_hub_token */

	struct config_settings *settings; /* the text and the origin of each key: config_setting() */
};

/* What flags and --set say: "agent.window" and the like; "service.NAME.unit" for a named section. Borrowed. */
struct config_override {
	const char *key, *value;
	const char *flag; /* as the user wrote it, for the origin: "--window" */
};

struct config_sources {
	const char *file;         /* NULL: CONFIG_DEFAULT_FILE, which may be missing */
	char *const *environment; /* as environ; NULL: none */
	const struct config_override *overrides;
	size_t n_overrides;
};

/* What is to be said of a config: lines of text without "cpuhound:", each "WHERE: WHAT: REMEDY\n". */
struct config_report {
	struct buf errors, warnings;
	size_t n_errors; /* also those beyond the first CONFIG_MAX_TOLD */
};
#define CONFIG_MAX_TOLD 50

void config_report_done(struct config_report *r);
void config_report_log(const struct config_report *r); /* each line, as an error or a warning */

/* CONFIG_BAD: report->errors says why, and there is no config. Warnings are there in both cases. */
enum config_answer {
	CONFIG_BAD = 1,
};
_must_check_ int config_load(const struct config_sources *sources, struct config_report *report, struct config **ret);
struct config *config_free(struct config *c); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct config *, config_free);

enum config_daemon {
	CONFIG_AGENT = 1,
	CONFIG_HUB = 2,
};
/*
 * The names of what differs for these daemons, as "agent.window, service api": what a running one can take over, and
 * what needs a restart. Both are empty when nothing differs.
 */
_must_check_ int config_diff(const struct config *old, const struct config *now, unsigned int daemons,
			     struct buf *ret_reloadable, struct buf *ret_restart);

#define CONFIG_DEFAULT_ORIGIN "default"

/* The effective settings in the order of the table. The i-th one; false: there are no more. */
struct config_setting_view {
	const char *section, *instance; /* instance NULL: the section has no name of its own */
	const char *key, *value;
	const char *origin; /* CONFIG_DEFAULT_ORIGIN, "file /etc/cpuhound/cpuhound.conf:12", "environment
			       CPUHOUND_...", "flag --window" */
	bool reloadable;
};
bool config_setting(const struct config *c, size_t i, struct config_setting_view *ret);

/* The config file with every key commented out at its default, and what it means. */
_must_check_ int config_add_template(struct buf *ret);
