/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub inside: `struct hub`, shared by the files that are it: hub.c (start, loop, reload, end), hub-requests.c (what
 * becomes of requests), hub-metrics.c (what it tells of itself).
 */
#pragma once

#include <sys/utsname.h>

#include "agent/config.h"
#include "agent/gateway-keeper.h"
#include "agent/gateway-settings.h"
#include "agent/hub-jobs.h"
#include "agent/hub-rates.h"
#include "agent/hub-worker.h"
#include "agent/maintainer.h"
#include "agent/notify.h"
#include "agent/state-dir.h"

#define HUB_READERS 3 /* two profiles are made at most: one more answers the rest */
#define HUB_WORKERS (1 + HUB_READERS)

struct hub {
	const struct config_sources *sources;
	const struct config *started;
	struct config *reloaded; /* NULL: never; owned */
	struct utsname host;

	struct notify notify;
	struct state_dir store;
	int listen_fd, metrics_fd, signal_fd;
	int rules_fd; /* a sealed file with a struct hub_rules */

	struct gateway_keeper *gateway;
	char gateway_fault[WEB_TEXT_BYTES];     /* that was told last; "": none */
	struct hub_worker workers[HUB_WORKERS]; /* the intake, then the readers */
	struct maintainer maintainer;

	struct hub_jobs jobs;
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

static inline struct hub_worker *hub_intake(struct hub *h)
{
	return &h->workers[0];
}

/* What came from the gateway and the children is dealt with. */
void hub_dispatch_requests(struct hub *h, uint64_t now_ns);

_must_check_ int hub_add_metrics(struct hub *h, struct buf *ret);
