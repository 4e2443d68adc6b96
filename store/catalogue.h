/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue: a row for each window's file, in SQLite: catalog.db of the store, or in memory where that cannot be used.
 * Only the store's own files look in here.
 *
 * The files are the truth. A row may be missing, or be left over; a folder has the mtime that it had when its rows were
 * compared with it, so one stat tells whether they may have changed since (store/reconcile.h).
 *
 * The version is SQLite's user_version. An older catalogue, or a damaged one, is set aside as catalog.db.old and begun
 * anew; a newer one is left alone, and one of our own is kept beside it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "store/name.h"
#include "store/window.h"

#define CATALOGUE_VERSION 1
#define CATALOGUE_NAME "catalog.db"

struct catalogue;
struct label_values;

enum catalogue_access {
	CATALOGUE_READ,   /* never makes the file; a row may be written where it can be */
	CATALOGUE_WRITE,  /* makes it, sets aside what is damaged or old, where there is room */
	CATALOGUE_MEMORY, /* an empty one of its own */
};

enum catalogue_answer {
	CATALOGUE_UNUSABLE = 1, /* the one on disk: see ret_why */
	CATALOGUE_END,
};

/*
 * CATALOGUE_UNUSABLE: *ret_why, static, says why; else NULL, or why it is not catalog.db that is used. dir_fd is
 * borrowed.
 */
_must_check_ int catalogue_open(int dir_fd, enum catalogue_access access, struct catalogue **ret, const char **ret_why);
struct catalogue *catalogue_ref(struct catalogue *c);
struct catalogue *catalogue_unref(struct catalogue *c); /* NULL is fine; returns NULL; the last one closes it */
DEFINE_CLEANUP(struct catalogue *, catalogue_unref);

/* Whether rows that are changed are on disk for others; else nobody else sees them. */
bool catalogue_is_shared(const struct catalogue *c);

/*
 * Whether the disk has room for what SQLite may write. On a full one its journal would take all that windows make way
 * for, since it cannot move into the database: then rows are not written.
 */
bool catalogue_has_room(int dir_fd);

/* Sets its file aside, so that the next one that opens it to write begins anew; ends it in every case. */
_must_check_ int catalogue_discard(struct catalogue *c, int dir_fd);

/* Whether the file that is open is not the one of that name any more: somebody removed it or set it aside. */
bool catalogue_is_stale(const struct catalogue *c);

/* The rows of c, in memory. */
_must_check_ int catalogue_copy(struct catalogue *c, struct catalogue **ret);

/* It is another one after each change: by other connections, and by ours. */
struct catalogue_version {
	int64_t others, own;
};
_must_check_ int catalogue_version(struct catalogue *c, struct catalogue_version *ret);

/* A window's row, or its new one. */
_must_check_ int catalogue_put(struct catalogue *c, const struct window_path *path, const struct window_info *info,
			       const struct label_values *labels);
_must_check_ int catalogue_remove(struct catalogue *c, const struct window_path *path);

/* CATALOGUE_END: no such row. */
_must_check_ int catalogue_find_file(struct catalogue *c, const struct window_path *path, struct window_info *ret);
_must_check_ int catalogue_get(struct catalogue *c, int64_t row, struct window_info *ret);

/* The mtime of a folder when its rows were right; 0: never. */
_must_check_ int catalogue_folder_mtime(struct catalogue *c, const char *folder, int64_t *ret);
_must_check_ int catalogue_set_folder_mtime(struct catalogue *c, const char *folder, enum window_tier tier,
					    int64_t mtime_ns);
_must_check_ int catalogue_forget_folder(struct catalogue *c, const char *folder); /* one that has no rows */

struct files_listing;

/* Names of the files of a folder that have rows, and of all folders of a tier that have, in order. */
_must_check_ int catalogue_list(struct catalogue *c, const char *folder, struct files_listing *ret);
_must_check_ int catalogue_list_folders(struct catalogue *c, enum window_tier tier, struct files_listing *ret);

/* What can be known of a row without reading all of it. */
struct catalogue_row {
	int64_t row, host, labels; /* numbers of rows */
	enum window_tier tier;
	uint64_t first, last, n_windows;
	int64_t start_ns, end_ns; /* end_ns as in struct window_info; cover_choose() sets it */
};
struct catalogue_rows {
	struct catalogue_row *rows;
	size_t n;
};
void catalogue_rows_done(struct catalogue_rows *r);

/* All rows that start in [since, until), in order of time. */
_must_check_ int catalogue_find_by_time(struct catalogue *c, int64_t since_ns, int64_t until_ns,
					struct catalogue_rows *ret);
_must_check_ int catalogue_find_by_sequence(struct catalogue *c, enum window_tier tier, uint64_t first, uint64_t last,
					    bool newest_first, size_t max, struct catalogue_rows *ret);

/* The window that begins with this sequence. CATALOGUE_END: none. */
_must_check_ int catalogue_find_first(struct catalogue *c, enum window_tier tier, uint64_t first,
				      struct window_info *ret);

/* Whether a window of this tier stands for another one of its host. */
_must_check_ int catalogue_has_cover(struct catalogue *c, enum window_tier tier, const struct window_info *of,
				     bool *ret);

/* Greater than that of any row. */
_must_check_ int catalogue_next_sequence(struct catalogue *c, uint64_t *ret);

struct matcher;

/* Keeps the rows that may have a sample which all matchers take. */
_must_check_ int catalogue_filter(struct catalogue *c, struct matcher *const *matchers, size_t n,
				  struct catalogue_rows *rows);

struct label_counting;

/*
 * Tells of each label of the rows how many windows have it: label_counting_add(). *ret_is_partial: a row has more
 * labels than are known.
 */
_must_check_ int catalogue_count_labels(struct catalogue *c, const struct catalogue_rows *rows,
					struct label_counting *counting, bool *ret_is_partial);

/* In the order of keys, then of values. */
_must_check_ int label_counting_add(struct label_counting *c, const char *key, const char *value, uint64_t n_windows);

_must_check_ int catalogue_totals(struct catalogue *c, enum window_tier tier, struct window_totals *ret);

/* Whether every folder was compared since the catalogue was begun: until then totals are too small. */
bool catalogue_is_complete(struct catalogue *c);
_must_check_ int catalogue_set_complete(struct catalogue *c);

/* Labels that no window has any more are forgotten. */
_must_check_ int catalogue_forget_labels(struct catalogue *c);
