/* SPDX-License-Identifier: Apache-2.0 */
/* hogs inside: what hogs.c adds up, and hogs-answer.c reads. */
#pragma once

#include "common/buf.h"
#include "report/hogs.h"

/* Numbers that are no group's: rows of cells for what is counted of a host as a whole. */
#define CELL_ALL (UINT32_MAX - 1)
#define CELL_TAKEN (UINT32_MAX - 2)

struct group_facts {
	int64_t kernel_ns;
	uint64_t n_frames, n_named, n_truncated;
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
