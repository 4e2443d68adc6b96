/* SPDX-License-Identifier: Apache-2.0 */
/* loader: some windows of a store, read one after another and merged into one profile. What is missing is counted. */
#pragma once

#include "common/clean.h"
#include "store/window.h"

struct merge;
struct profile;
struct selection;
struct store;

/* What they are together. */
struct loaded {
	struct profile *profile; /* the caller's now; NULL: none of them could be read */
	char host[WINDOW_HOST_BYTES];
	unsigned int n_windows;    /* in it */
	unsigned int n_gone;       /* not in the store any more */
	unsigned int n_unreadable; /* damaged, or of a kind that cannot be merged */
};

/* Begins with `= {}`. */
struct loader {
	struct store *store;               /* borrowed */
	const struct selection *selection; /* borrowed; NULL: all samples */
	struct merge *merge;
	struct loaded loaded;
};

_must_check_ int loader_init(struct loader *l, struct store *store, const struct selection *selection);
_must_check_ int loader_add(struct loader *l, const struct window_info *info);
_must_check_ int loader_note_gone(struct loader *l); /* 0 */

/* Under this id, a batch's. */
_must_check_ int loader_end(struct loader *l, const char *id, struct loaded *ret);
void loader_done(struct loader *l);
