/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chosen: which files count in a range of time, kept for the next question about the same range. A page asks several
 * about one, and a comparison asks four times; a day of ten hosts has 100,000 rows, of which 240 are chosen. The
 * store's; forgotten with its catalogue, and good as long as nothing in that has changed.
 */
#pragma once

#include "store/catalogue.h"
#include "store/selection.h"

#define CHOSEN_N_RANGES 4
#define CHOSEN_MAX_ROWS ((size_t)4096) /* 300 KB; more are chosen again */

struct chosen_range {
	int64_t since_ns, until_ns;
	enum selection_files files;
};

struct chosen {
	struct {
		struct chosen_range range;
		struct catalogue_version version;
		struct catalogue_rows rows; /* none: the place is free */
	} kept[CHOSEN_N_RANGES];
	size_t next; /* that is replaced */
};
void chosen_done(struct chosen *c); /* and empty again */

enum chosen_answer {
	CHOSEN_UNKNOWN = 1,
};

/* A copy of the rows of this range. */
_must_check_ int chosen_find(const struct chosen *c, const struct chosen_range *range,
			     const struct catalogue_version *version, struct catalogue_rows *ret);

/* version: before the rows were read. What has no room is not kept. */
void chosen_keep(struct chosen *c, const struct chosen_range *range, const struct catalogue_version *version,
		 const struct catalogue_rows *rows);
