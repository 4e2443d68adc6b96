/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge: profiles of ours become one. The same stack with the same labels adds up; mappings of one build id at one
 * place are one, whatever the file was called; the ledgers are summed into one line; any other comment is kept once.
 * Begins with the first one's start and lasts as long as all together. Totals are exact. Used by one thread; bounded by
 * the limits of pprof/tables.h and the largest profile that is added.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"

#define MERGE_MAX_COMMENTS 256 /* different ones; of those beyond, a comment tells how many there were */
#define MERGE_OTHER "(other)"  /* the only frame of stacks that were folded away */

struct merge;
struct profile;

_must_check_ int merge_new(struct merge **ret);
struct merge *merge_free(struct merge *m); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct merge *, merge_free);

enum merge_answer {
	MERGE_FOREIGN = 1, /* not samples/count and cpu/nanoseconds, or with numbers that no builder of ours writes */
};

/*
 * Borrows p for the call. MERGE_FOREIGN: nothing was added. -ENOSPC, -ERANGE: together they pass a limit; what was
 * merged is of no use after any failure.
 */
_must_check_ int merge_add(struct merge *m, const struct profile *p);

struct merge_options {
	const char *id; /* of the merged ledger: 1 to 64 printable bytes without spaces */
	const char
		*stands_for; /* NULL: none. A comment "merged ...", which replaces any such comment of what was added */
	const char *note;    /* NULL: none. A comment of its own, of what else was done */
	uint32_t fold_below_ppm; /* stacks with less than this share of all CPU time become MERGE_OTHER, one for each
				    set of labels, so that the totals of labels stay exact; 0: none do */
};

/* Appends the serialized, uncompressed Profile message to ret, or nothing. Ends the merge: call it once. */
_must_check_ int merge_encode(struct merge *m, const struct merge_options *options, struct buf *ret);
