/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon inside: `struct daemon`, shared by the files that are it: daemon.c (start, loop, reload, end),
 * daemon-sampling.c (whether and how it samples), daemon-answers.c (what it tells who asks).
 */
#pragma once

#include <sys/utsname.h>

#include "agent/budget.h"
#include "agent/config.h"
#include "agent/daemon-setup.h"
#include "agent/live-profiles.h"
#include "agent/maintainer.h"
#include "agent/notify.h"
#include "agent/recent-errors.h"
#include "agent/start-guard.h"
#include "agent/status.h"
#include "agent/upload-keeper.h"
#include "agent/windows.h"

struct daemon {
	const struct config_sources *sources;
	const struct config *started; /* what it started with: others borrow from it */
	struct config *reloaded;      /* NULL: never; owned */
	struct utsname host;

	struct notify notify;
	struct daemon_setup setup;
	int signal_fd;
	int others_fd; /* epoll: of all that is waited for beside the recorder, which has something nearly every time */

	struct recorder *recorder; /* NULL: nothing has been sampled yet */
	struct window_writer *writer;
	struct windows windows;
	struct last_window last;
	bool has_last;
	struct gateway_keeper *gateway; /* NULL: nothing is listened on */
	struct live_profiles live;
	struct maintainer maintainer;
	struct upload_keeper *uploads;

	enum status_idle idle;
	int64_t idle_realtime_ns; /* since when */
	enum start_verdict verdict;
	uint64_t start_ns, looked_ns; /* CLOCK_MONOTONIC */
	int64_t start_realtime_ns;

	struct budget budget;
	uint64_t judged_ns, judged_cpu_ns;

	bool reload_failed;
	int64_t reload_realtime_ns;
	uint64_t n_writer_lost, n_catalogue_failures; /* windows that were, when looked at last */
	const char *catalogue_fault;                  /* likewise; NULL: none */
	struct recent_errors errors;
};

static inline const struct config *daemon_config(const struct daemon *d)
{
	return d->reloaded ?: d->started;
}

static inline const char *daemon_host(const struct daemon *d)
{
	return d->started->labels.host[0] ? d->started->labels.host : d->host.nodename;
}

/* What the configuration and the budget's step ask for; and has the recorder, if there is one, do it. */
uint64_t daemon_window_ns(const struct daemon *d);
uint64_t daemon_period_ns(const struct daemon *d);
void daemon_apply(struct daemon *d);

/* Looks whether it may sample (kill switch, start guard), and begins, goes on or pauses. */
_must_check_ int daemon_look(struct daemon *d, uint64_t now_ns);
/* Another window is closed: does it stay within the budget? */
_must_check_ int daemon_judge(struct daemon *d, uint64_t now_ns);

/* All that it knows of itself. */
_must_check_ int daemon_gather(struct daemon *d, struct status *ret);
/* What became of windows; those that are lost are told of once. */
void daemon_look_at_writer(struct daemon *d, struct window_writer_stats *ret);

struct retention_limits daemon_retention(const struct daemon *d);
/* A run that failed is told of once. */
void daemon_dispatch_maintainer(struct daemon *d, uint64_t now_ns);

/*
 * is_readable: as poll() told it of the child's descriptor; a turn of the loop that is none of its business costs no
 * system call. A fault of the uploader, or of a target, is told of once; at the gateway, where there is one, is
 * answered.
 */
void daemon_dispatch_uploads(struct daemon *d, bool is_readable);
void daemon_dispatch_gateway(struct daemon *d, bool is_readable, uint64_t now_ns);

void daemon_dispatch_live(struct daemon *d, bool is_readable, uint64_t now_ns);

/* Who asks in vain gets an end without an answer; the agent goes on. */
void daemon_dispatch_status(struct daemon *d);
