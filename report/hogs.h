/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hogs: who burns CPU: the groups of a grouping (services, functions, libraries, hosts ...) over many profiles and
 * hosts, now and, for comparison, before. Cores of a group are summed over hosts: its CPU time on one, divided by the
 * time for which that host was recorded (report/coverage.h).
 *
 * What a group burns itself (its samples' innermost frames) is apart from what goes through it (any frame); without
 * keys of frames the two are the same. Bounded: what has no room is counted. Used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "report/sums.h"

#define HOGS_MAX_CELLS ((size_t)1 << 20) /* a group on a host, of each side */
#define HOGS_MAX_TOPS ((size_t)1 << 19)  /* a function in a group */
#define HOGS_MAX_EDGES ((size_t)1 << 19) /* a function that calls a group */
#define HOGS_Z 1.96                      /* standard deviations to each side hold 95 % */

struct coverage;
struct frame_table;
struct grouping;
struct source_item;
struct stack_filter;

enum hogs_side {
	HOGS_NOW,
	HOGS_BEFORE,
	HOGS_N_SIDES,
};

struct hogs;
_must_check_ int hogs_new(struct frame_table *frames, struct grouping *grouping, bool has_callers, struct hogs **ret);
struct hogs *hogs_free(struct hogs *h); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct hogs *, hogs_free);

/* A side's coverage is always the same one, borrowed. Stacks that the filter does not take count for the whole alone.
 * HOGS_NOT_CPU: nothing was added. -ERANGE: a sum would not fit. */
enum hogs_result {
	HOGS_NOT_CPU = 1, /* its default values are no CPU time in nanoseconds */
};
_must_check_ int hogs_add(struct hogs *h, enum hogs_side side, struct coverage *coverage,
			  const struct source_item *item, struct stack_filter *filter);

/* A sum with its cores; sd: their standard deviation, from counting samples. */
struct hogs_measure {
	struct amount amount;
	double cores, sd;
};

struct hogs_caller {
	uint32_t row;      /* whose */
	uint32_t function; /* grouping_function() */
	struct amount amount;
};

struct hogs_outlier {
	uint32_t row;  /* whose */
	uint32_t host; /* of the coverage */
	double cores, median;
};

struct hogs_row {
	uint32_t group; /* GROUP_NONE: of no single one */
	struct hogs_measure self, total, self_before, total_before;
	int64_t kernel_ns;          /* of self: the innermost frame is the kernel's */
	uint64_t n_frames, n_named; /* of code, of all its samples: so many frames, with names so many */
	uint64_t n_truncated;       /* samples whose stack ends short */
	uint64_t n_folded;          /* samples whose stack was folded away when windows were merged: it is "(other)" */
	/* From here on only of rows that are shown. */
	size_t n_hosts;
	double host_p50, host_p99; /* cores itself on one host */
	bool has_top;
	uint32_t top; /* the function that burns most of self: grouping_function() */
	struct amount top_amount;
};

struct hogs_answer {
	struct hogs_row *rows; /* all groups: the largest now or before first */
	size_t n_rows, n_shown;
	struct hogs_row rest;                /* the rows that are not shown, their self */
	struct hogs_row taken;               /* all that the filter took, its self */
	struct hogs_measure all, all_before; /* with what the filter did not take: the whole of shares */
	bool has_cores;                      /* every host's windows tell how long they were; else cores are 0 */
	bool has_before;                     /* there are samples of that side */
	struct hogs_caller *callers; /* by row, the most expensive first; of each at most as many as were asked for */
	size_t n_callers;
	struct hogs_outlier *outliers; /* by row */
	size_t n_outliers;
	uint64_t n_beyond_groups, n_beyond_cells, n_beyond_tops, n_beyond_edges,
		n_beyond_frames; /* adds without room */
};

struct hogs_question {
	size_t max_rows;
	double min_cores;
	size_t max_callers; /* of a row */
	bool has_outliers;
};

/* The coverages are finished; the answer borrows nothing, but is of the grouping's numbers. */
_must_check_ int hogs_answer(const struct hogs *h, const struct hogs_question *question, struct hogs_answer *ret);
void hogs_answer_done(struct hogs_answer *a);

/* What became of a measure; error: half of the 95 % interval. */
struct hogs_change {
	double cores, error;
	double ratio; /* of what was before; 0 where that was nothing */
	bool is_noise;
};
struct hogs_change hogs_change_of(const struct hogs_measure *now, const struct hogs_measure *before);

double hogs_share(const struct hogs_measure *part, const struct hogs_measure *whole); /* 0 to 1 */
