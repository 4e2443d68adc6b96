/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runs: which windows of a tier are merged into one file of the next. Pure. Those of a run are neighbours in the
 * sequence of their host, began in the same interval of the next tier, and no coarser file stands for any of them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "store/catalogue.h"

struct run {
	const struct catalogue_row *rows; /* in order of their sequences */
	size_t n;
};

/* Begins with `= {}`, ends with runs_done(). */
struct runs {
	struct run *runs;
	size_t n;
};
void runs_done(struct runs *r);

/*
 * The closed runs: a later window of the host is there, or the interval ended at least grace_ns before now_ns. rows are
 * of all tiers; they are put into another order, and borrowed as long as the runs.
 */
_must_check_ int runs_find(struct catalogue_rows *rows, enum window_tier tier, int64_t now_ns, int64_t grace_ns,
			   struct runs *ret);
