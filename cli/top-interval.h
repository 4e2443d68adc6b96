/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top interval: what `top` knows of the time that it shows: who ran, for how long that was looked at, and how complete
 * it is. Made of the spans that came in that time (cli/live-source.h). One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct activity;
struct buf;
struct live_span;
struct selection;

/* Begins with top_interval_init(), ends with top_interval_done(). */
struct top_interval {
	struct activity *activity;
	bool is_own;               /* of a sampler of its own, not of the agent */
	int64_t start_realtime_ns; /* 0: nothing has come yet */
	uint64_t duration_ns;      /* that was sampled */
	uint64_t period_ns;        /* the last one */
	uint32_t n_cpus;
	uint64_t n_lost;     /* samples, of everything that ran */
	uint64_t n_missed;   /* seconds that this program was too late for */
	uint64_t n_given_up; /* values of labels that took a matcher too many steps, since the start: they are no match
			      */
	size_t n_spans;
};

/* by: as for activity_new(), whose answers these are. */
_must_check_ int top_interval_init(struct top_interval *i, const char *by, bool is_own);
void top_interval_done(struct top_interval *i);

/* A span with a profile, of which the samples count that the selection takes. Answers of activity_add(). */
_must_check_ int top_interval_add(struct top_interval *i, struct live_span *span, const struct selection *s);
_must_check_ int top_interval_finish(struct top_interval *i);

double top_interval_cores(const struct top_interval *i, int64_t cpu_ns); /* 0 where nothing was sampled */

/* "38 samples at 19 Hz from the agent, 0 lost, 3 unnamed (7.9 %)" */
_must_check_ int top_interval_add_quality(const struct top_interval *i, struct buf *ret);
