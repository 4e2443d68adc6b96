/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status: what the agent knows of itself at one moment, gathered by the daemon, shown as JSON (agent/status-json.c,
 * `cpuhound status`) and as metrics (agent/metrics.c). Plain values; strings are borrowed for the moment.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/budget.h"
#include "agent/live-feed.h"
#include "agent/maintainer.h"
#include "agent/recorder-stats.h"
#include "agent/upload-packet.h"
#include "agent/window-writer.h"
#include "common/buf.h"
#include "common/clean.h"
#include "symbolizer/child-keeper.h"
#include "web/counts.h"

#define STATUS_MAX_ERRORS 8
#define STATUS_ERROR_SIZE 200

/* Why nothing is sampled. */
enum status_idle {
	STATUS_SAMPLING,
	STATUS_STARTING,
	STATUS_KILL_SWITCH, /* the file is there */
	STATUS_CRASH_LOOP,  /* the start guard holds, for a while */
	STATUS_BOOT_LOOP,   /* the start guard holds, until its notes are removed */
	STATUS_STOPPING,
	STATUS_N_IDLE,
};

struct status_error {
	int64_t realtime_ns;
	uint64_t n; /* times in a row */
	char text[STATUS_ERROR_SIZE];
};

struct status {
	const char *version, *host, *state_dir, *listen, *metrics_listen; /* the last two "": none */
	pid_t pid;
	int64_t start_realtime_ns, now_realtime_ns;
	enum status_idle idle;
	int64_t idle_realtime_ns;      /* since when */
	const char *kill_switch;       /* the file's path */
	uint64_t window_ns, period_ns; /* as they are now */

	struct recorder_stats recorder; /* its ledger has the down time of all windows, too */
	struct window_writer_stats writer;
	struct budget budget;
	struct budget_limits limits;
	uint64_t disk_limit_bytes;

	struct maintainer_stats maintainer;

	bool has_uploads; /* there are targets, or were some */
	const struct upload_target_report *uploads;
	size_t n_uploads;
	const char *uploads_fault; /* NULL: none */
	pid_t uploader_pid;
	struct child_keeper_stats uploader;

	bool has_gateway, gateway_serves;
	const char *gateway_fault; /* NULL: none */
	pid_t gateway_pid;
	struct child_keeper_stats gateway;
	struct web_counts web;

	uint64_t n_live_clients; /* of the live view */
	uint64_t n_live_hung_up[LIVE_FEED_N_REASONS];

	bool reload_failed;         /* the last one: the old configuration is in force */
	int64_t reload_realtime_ns; /* 0: there was none */

	struct ledger last_window;
	int64_t last_window_realtime_ns; /* of its end; 0: none yet */

	size_t n_errors;
	struct status_error errors[STATUS_MAX_ERRORS]; /* the latest last */
};

const char *status_idle_to_string(enum status_idle idle); /* "sampling", "kill_switch", ... */

/* 0: samples; else one line that says why it does not, into ret (a STATUS_ERROR_SIZE buffer). */
enum status_answer {
	STATUS_NOT_READY = 1,
};
_must_check_ int status_is_ready(const struct status *s, char ret[static STATUS_ERROR_SIZE]);

/* The agent and its children, with the gateway and the one that keeps the store in order. */
#define STATUS_MAX_PROCESSES (STATS_N_CHILDREN + 4)
struct status_process {
	const char *name;
	struct process_stats stats;
};
size_t status_processes(const struct status *s, struct status_process ret[static STATUS_MAX_PROCESSES]);
uint64_t status_rss_bytes(const struct status *s); /* anonymous memory of all of them */
uint64_t status_cpu_ns(const struct status *s);    /* and their CPU time, with that of the BPF program */

/* What does not work as it should; "" where it does. */
#define STATUS_N_FAULTS 8
struct status_fault {
	const char *what, *text;
};
void status_faults(const struct status *s, struct status_fault ret[static STATUS_N_FAULTS]);

/* Appends one line of JSON, {"schema_version":1,...}. */
_must_check_ int status_add_json(const struct status *s, struct buf *ret);

/* Appends the text of /metrics, in the Prometheus exposition format 0.0.4. */
_must_check_ int metrics_add(const struct status *s, struct buf *ret);
