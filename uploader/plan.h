/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan: which windows are the next batch. A run is the consecutive windows of one host whose starts lie in one
 * wall-aligned interval, and which are neither behind the target nor on their way to it. It is closed when another
 * window came after it, or none can come any more. Pure.
 *
 * The newest closed run goes first: people look at the last minutes, and after an outage at the last hours. What is not
 * fresh any more goes in between what is, and only so many in an interval, for all hosts come back at once. What an age
 * limit or retention takes meanwhile is the oldest, and counted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "uploader/queue.h"
#include "uploader/source.h"

#define PLAN_GRACE_NS 30000000000ULL /* from a window's end until it is in the store: names, encoding, a full disk */
#define PLAN_BACKFILL 8              /* batches an interval, beside the fresh one */

struct plan_options {
	uint64_t interval_ns;
	uint64_t phase_ns;   /* of the host: see policy_phase_ns() */
	uint64_t max_age_ns; /* 0: any */
	int64_t now_ns;      /* CLOCK_REALTIME */
};

struct plan_run {
	size_t first, n;          /* indexes of the source's windows */
	int64_t start_ns, end_ns; /* of the interval */
	bool is_fresh;            /* else it is of the past: see PLAN_BACKFILL */
};

enum plan_answer {
	PLAN_NOTHING = 1, /* until more windows come, or time goes on */
};
_must_check_ int plan_next(const struct source *s, const struct queue *q, const struct plan_options *o,
			   struct plan_run *ret);

/* How many windows at the source's beginning are behind, or too old for the target; *ret_too_old of them are that. */
size_t plan_too_old(const struct source *s, const struct queue *q, const struct plan_options *o, size_t *ret_too_old);

/* The sequences that a run stands for: with those before it that the store does not have any more. */
struct queue_range plan_range(const struct source *s, const struct plan_run *run);
