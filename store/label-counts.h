/* SPDX-License-Identifier: Apache-2.0 */
/*
 * label counts: which labels the windows of a selection have, and with which values, by the catalogue alone: no window
 * is read. A merged window counts for as many as it is merged from. Used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define LABEL_COUNTS_MAX ((size_t)1 << 16)
#define LABEL_COUNTS_MAX_BYTES ((size_t)16 << 20)

struct intern;
struct selection;
struct store;

/* The name of a label and how many values it has, or a value and in how many windows it is. */
struct label_count {
	const char *text; /* "": of a label that is a number: its value */
	uint64_t n;
};

/* Begins with `= {}`, ends with label_counts_done(). */
struct label_counts {
	struct label_count *items; /* names in their order; values by n, the largest first, then in their order */
	size_t n, capacity;
	uint64_t n_beyond; /* had no room */
	bool is_partial;   /* a window had more labels than the catalogue keeps: some may be missing */
	struct intern *texts;
};
void label_counts_done(struct label_counts *c);

/*
 * key: of this label the values that begin with the prefix; NULL: the names that do. Of matchers, a window counts that
 * may have a sample which they take.
 */
_must_check_ int store_count_labels(struct store *s, const struct selection *selection, const char *key,
				    const char *prefix, struct label_counts *ret);
