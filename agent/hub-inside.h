/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub inside: `struct hub`, shared by the files that are it: hub.c (loop, reload, end), hub-setup.c (what it starts),
 * hub-requests.c (what becomes of requests), hub-metrics.c (what it tells of itself).
 */
#pragma once

#include <sys/utsname.h>

#include "agent/config.h"
#include "agent/gateway-keeper.h"
#include "agent/gateway-settings.h"
#include "agent/hub-answers.h"
#include "agent/hub-jobs.h"
#include "agent/hub-rates.h"
#include "agent/hub-worker.h"
#include "agent/maintainer.h"
#include "agent/notify.h"
#include "agent/state-dir.h"

#define HUB_PAGES 2   /* questions of the page are answered at a time */
#define HUB_READERS 3 /* two profiles are made at most: one more answers the rest */
#define HUB_WORKERS (HUB_PAGES + 1 + HUB_READERS)
#define HUB_PAGE_ARGUMENTS 5

struct hub {
	const struct config_sources *sources;
	const struct config *started;
	struct config *reloaded; /* NULL: never; owned */
	struct utsname host;

	struct notify notify;
	struct state_dir store; /* of a view: none */
	int view_fd;            /* of a view: the directory; -1: an URL */
	int listen_fd, metrics_fd, signal_fd;
	int rules_fd; /* a sealed file with a struct hub_rules */

	struct gateway_keeper *gateway;
	char gateway_fault[WEB_TEXT_BYTES];     /* that was told last; "": none */
	struct hub_worker workers[HUB_WORKERS]; /* those of the page; but of a view, the intake, and the readers */
	size_t n_workers;
	char *page_argv[HUB_PAGE_ARGUMENTS + 1];
	struct maintainer maintainer;

	struct hub_jobs jobs;
	struct hub_answers answers;
	struct hub_rates rates;
	uint64_t counts[HUB_N_OUTCOMES], n_samples;
	int64_t last_taken_ns; /* CLOCK_REALTIME; 0: none yet */

	int64_t start_realtime_ns, reload_realtime_ns;
	bool reload_failed;
	char why[GATEWAY_REASON_BYTES]; /* of what failed last: a line */
};

static inline const struct config *hub_config(const struct hub *h)
{
	return h->reloaded ?: h->started;
}

/* Only shows what others write. */
static inline bool hub_is_view(const struct hub *h)
{
	return h->started->hub.view[0];
}

/* Of whom it depends whether it serves. */
static inline const struct hub_worker *hub_first_worker(const struct hub *h)
{
	return &h->workers[hub_is_view(h) ? 0 : HUB_PAGES];
}

/* answer, after the reason was noted in h->why. */
int hub_fail(struct hub *h, int answer, const char *fmt, ...) _printf_(3, 4);

/* All: 0, or an answer of hub_run(), with the reason in h->why. */

/* Sockets, store, children; what was begun is ended with the hub. */
_must_check_ int hub_start(struct hub *h);

/* What the gateway, and the other children, go by: from the configuration that is in force. */
_must_check_ int hub_set_gateway(struct hub *h);
_must_check_ int hub_make_rules(struct hub *h);

struct retention_limits hub_retention(const struct hub *h);

/* What came from the gateway and the children is dealt with. */
void hub_dispatch_requests(struct hub *h, uint64_t now_ns);

_must_check_ int hub_add_metrics(struct hub *h, struct buf *ret);
