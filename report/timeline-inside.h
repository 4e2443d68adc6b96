/* SPDX-License-Identifier: Apache-2.0 */
/* timeline inside: what timeline.c adds up, and timeline-json.c tells. */
#pragma once

#include "common/buf.h"
#include "pprof/pool.h"
#include "report/timeline.h"

struct timeline {
	struct frame_table *frames;
	struct grouping *grouping;
	int64_t first_ns, last_ns;  /* [first, last) is the range */
	int64_t since_ns, until_ns; /* of what is added next */
	int64_t start_ns, step_ns;
	size_t n_steps;
	struct pool hosts;  /* spelled, with the NUL: the number is that in: */
	struct buf walls;   /* a double for each step of each host: recorded, ns */
	struct buf cores;   /* a double for each step of each row */
	struct buf groups;  /* uint32_t: the group of each row */
	struct buf row_of;  /* uint32_t for each group: its row plus one; 0: none yet */
	struct buf sums;    /* int64_t for each group: of one window, ns */
	struct buf touched; /* uint32_t: the groups whose sum is not 0 */
	double rest[TIMELINE_MAX_STEPS], all[TIMELINE_MAX_STEPS];
	int64_t coarsest_ns[TIMELINE_MAX_STEPS]; /* the longest time that a window of the step is spread over */
	size_t n_dropped;                        /* groups that are in the rest for good */
	uint64_t n_untimed;                      /* windows: timeline_n_untimed() */
};

static inline size_t timeline_n_rows(const struct timeline *t)
{
	return t->groups.size / sizeof(uint32_t);
}

static inline double *timeline_row(const struct timeline *t, size_t row)
{
	return (double *)(void *)t->cores.data + row * t->n_steps;
}

double timeline_sum(const struct timeline *t, const double *row);

/* Hosts that were recorded in a step. */
size_t timeline_n_hosts(const struct timeline *t, size_t step);
