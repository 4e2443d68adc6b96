/* SPDX-License-Identifier: Apache-2.0 */
/*
 * comparison: two sides while they are read: what changes between them (report/diff.h), and a flame graph with a column
 * for each. Used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/clean.h"
#include "report/diff-view.h"
#include "report/diff.h"
#include "report/flame.h"
#include "report/normalize.h"

struct coverage;
struct source_item;
struct stack_filter;

struct comparison {
	struct diff *diff;
	struct flame flame;                       /* the names of its columns are the sides'; its frames in any case: */
	bool is_drawn;                            /* and its stacks only then */
	struct coverage *coverages[DIFF_N_SIDES]; /* borrowed */
	struct normalize_extent extents[DIFF_N_SIDES];
	bool has_samples; /* they count samples, which chance has a hand in */
};

/* labels: borrowed: of DIFF_BY_LABELS, and the roots of the graph. comparison_done() also after a failure. */
_must_check_ int comparison_init(struct comparison *c, enum diff_by by, const char *const *labels, size_t n_labels,
				 bool is_drawn);
void comparison_done(struct comparison *c);

/* The stacks of a profile that the filter takes. FLAME_OTHER_UNIT: nothing was added. */
_must_check_ int comparison_add(struct comparison *c, size_t side, const struct source_item *item,
				struct stack_filter *filter);

/* After the last profile of a side: what was recorded. */
void comparison_cover(struct comparison *c, size_t side, struct coverage *coverage);

/* The sides' factors. NORMALIZE_NO_TIME, NORMALIZE_NO_SUM. A side without any profile stays the nothing that it is. */
_must_check_ int comparison_scale(const struct comparison *c, enum normalize n, struct diff_scale *ret);

/* Fills what the comparison knows of a view: all but the rows, and what was asked for. */
void comparison_show(const struct comparison *c, struct diff_view *ret);

/* Scales the graph and sums it up: it can be drawn. Once. */
_must_check_ int comparison_finish_flame(struct comparison *c, enum normalize n, const struct diff_scale *scale);
