/* SPDX-License-Identifier: Apache-2.0 */
/* hogs inside: what hogs.c adds up, and hogs-answer.c and hogs-details.c make an answer of. */
#pragma once

#include "common/buf.h"
#include "report/hogs.h"

/* Numbers that are no group's: rows of cells for what is counted of a host as a whole. */
#define CELL_ALL (UINT32_MAX - 1)
#define CELL_TAKEN (UINT32_MAX - 2)

struct group_facts {
	int64_t kernel_ns;
	uint64_t n_frames, n_named, n_truncated, n_folded;
};

struct hogs {
	struct frame_table *frames;
	struct grouping *grouping;
	bool has_callers;
	const struct coverage *coverages[HOGS_N_SIDES]; /* NULL: nothing was added */
	struct sums cells[HOGS_N_SIDES];                /* group, host */
	struct sums tops;                               /* group, function: of now */
	struct sums edges;                              /* group, function that calls it: of now, total */
	struct buf facts;                               /* struct group_facts by group: of now */
	uint64_t n_stacks;
	uint64_t n_beyond_cells, n_beyond_tops, n_beyond_edges;
};

#define HOGS_NO_ROW UINT32_MAX

/* An answer on its way. */
struct hogs_making {
	const struct hogs *h;
	const struct hogs_question *question;
	struct hogs_answer *answer;
	uint32_t *row_of_group;
	size_t n_groups;
};

/* For how long this host of a side was recorded; 0: that is not known. */
uint64_t hogs_wall_ns(const struct hogs *h, enum hogs_side side, uint32_t host);

/* The row of a group, if it is shown; else HOGS_NO_ROW. */
uint32_t hogs_shown_row(const struct hogs_making *m, uint32_t group);

/* The parts of shown rows: hosts and outliers, callers, top functions. */
_must_check_ int hogs_spread_rows(struct hogs_making *m);
_must_check_ int hogs_find_callers(struct hogs_making *m);
void hogs_find_tops(struct hogs_making *m);
