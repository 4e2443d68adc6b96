/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wall time: how long was looked at: the spans of windows, laid over each other. Windows of many hosts, or of parts,
 * at the same time count that time once.
 */
#pragma once

#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"

/* Begins with `= {}`, ends with wall_time_done(). */
struct wall_time {
	struct buf spans;
};

/* Sums are exact as long as start + duration fits an int64_t; what does not is cut there. */
struct wall_span {
	int64_t start_ns, end_ns; /* of the first and the last; 0: nothing was added */
	uint64_t covered_ns;
};

void wall_time_done(struct wall_time *w);
_must_check_ int wall_time_add(struct wall_time *w, int64_t start_ns, uint64_t duration_ns);
struct wall_span wall_time_sum(struct wall_time *w);
