/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: windows at rest, below one directory:
 *
 *     windows/ minutes/ hours/   the windows (store/name.h): the truth
 *     catalog.db                 an index of them that can be deleted (store/catalogue.h)
 *     bad/                       files that could not be read
 *     sequence                   below this number no window will come any more (store/files.h)
 *     store.lock                 who holds it (flock) changes more than he adds
 *
 * One writer (the agent, which has the state dir's own lock), one maintainer (who holds store.lock), and readers at the
 * same time. One thread for each struct store.
 *
 * What the catalogue cannot do is no fault of the store: rows that are missing are made from the files, in a private
 * catalogue in memory where the one on disk cannot be written.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "store/window.h"

struct buf;
struct label_values;
struct profile;
struct selection;
struct store;

enum store_access {
	STORE_READ,     /* changes nothing but what a reader finds out, where it may */
	STORE_WRITE,    /* adds raw windows; makes what is missing of the directory */
	STORE_MAINTAIN, /* holds store.lock until it is closed, and removes leftovers of who was killed */
};

enum store_answer {
	STORE_NONE = 1, /* there is no store in this directory */
	STORE_BUSY,     /* another one maintains it */
	STORE_GONE,     /* the window's file is not there any more */
	STORE_BAD,      /* its file is damaged: set aside (where the store can be written), and counted */
	STORE_END,      /* of a cursor */
	STORE_LOW,      /* less of the disk is free than must be: nothing was written */
};

/* dir_fd is borrowed for the store's life. STORE_NONE, STORE_BUSY. No content makes it fail. */
_must_check_ int store_open(int dir_fd, enum store_access access, struct store **ret);
struct store *store_free(struct store *s); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct store *, store_free);

/* Greater than any that was in this store. */
uint64_t store_next_sequence(const struct store *s);

/*
 * Compresses and writes a window, durable when this returns, and its row. A file of that name is replaced. info's sizes
 * and host (its spelling) are set. -EFBIG: larger than the limit itself; STORE_LOW: see store_limit().
 */
_must_check_ int store_write(struct store *s, struct window_info *info, const struct label_values *labels,
			     const struct buf *profile);

/*
 * Before a raw window is written that would pass the limit (st_blocks, all tiers), and where the disk is full, the
 * oldest raw windows make way: what retention (store/retention.h) was too late for. It is counted likewise, before it
 * goes, and does not go where that cannot be (then the new one is not written). Nothing at all is written while less
 * than this part of the file system is free. Without this call there is no limit.
 */
void store_limit(struct store *s, uint64_t limit_bytes, unsigned int min_free_percent);

/* Removes a window's file, durably unless it comes back after a power cut, and its row. STORE_GONE. */
_must_check_ int store_remove(struct store *s, const struct window_info *info);

/*
 * Cursors: windows one after another, those that were there when the cursor was made. For stores that are open to read
 * or to maintain.
 */
struct window_cursor;
struct window_cursor *window_cursor_free(struct window_cursor *c); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct window_cursor *, window_cursor_free);

/* 0 and the next, STORE_GONE where that one is not there any more (the next call goes on), or STORE_END. */
_must_check_ int window_cursor_next(struct window_cursor *c, struct window_info *ret);
size_t window_cursor_n(const struct window_cursor *c); /* how many it has in all */

/* The windows of a selection, each once, in order of time (store/selection.h). */
_must_check_ int store_select(struct store *s, const struct selection *selection, struct window_cursor **ret);

/* One tier's windows that hold or begin at sequences first..last, in order of their sequence or, from the newest,
 * against it. At most max. */
_must_check_ int store_list(struct store *s, enum window_tier tier, uint64_t first, uint64_t last, bool newest_first,
			    size_t max, struct window_cursor **ret);

/* The window that begins with this sequence: of the raw ones, that of the number. STORE_GONE. */
_must_check_ int store_find(struct store *s, enum window_tier tier, uint64_t first, struct window_info *ret);

/* Its profile, decoded; and its bytes as they lie in the file. STORE_GONE, STORE_BAD. */
_must_check_ int store_load(struct store *s, const struct window_info *info, struct profile **ret);
_must_check_ int store_read_bytes(struct store *s, const struct window_info *info, struct buf *ret);

/* The profile of such bytes, by any thread. STORE_BAD: the caller sets the file aside, store_quarantine(). */
_must_check_ int store_decode(const struct buf *bytes, struct profile **ret);

/* Sets a file aside into bad/ (bounded: the oldest there make way), which is counted. */
_must_check_ int store_quarantine(struct store *s, const struct window_info *info);

/*
 * Makes rows and files agree again: every folder that has changed is listed, files without a row are decoded, bad ones
 * set aside; and of rows that nobody needs, as of labels that are no longer there, none is kept. For who maintains.
 */
_must_check_ int store_reconcile(struct store *s);

/* The same with a new catalogue; the old one is set aside. STORE_BAD: it cannot be written. */
_must_check_ int store_rebuild(struct store *s);

/* What is there. */
struct store_stats {
	struct window_totals tiers[WINDOW_N_TIERS];
	uint64_t n_bad_files, n_bad_bytes; /* in bad/ */
};
_must_check_ int store_stats(struct store *s, struct store_stats *ret);

struct losses;

/* What retention has let go of for good (store/losses.h). All 0 where that cannot be told: STORE_BAD. */
_must_check_ int store_losses(struct store *s, struct losses *ret);

/* What this store has seen and done since it was opened; at hand. */
struct store_counts {
	uint64_t n_files, n_disk_bytes;      /* of all tiers, as a writer knows them */
	uint64_t n_quarantined, n_bad_seen;  /* by this store: set aside; passed over */
	uint64_t n_evicted, n_evicted_bytes; /* by this store, to make room */
	uint64_t n_catalogue_failures;       /* rows that this store could not write */
	uint64_t n_mark_failures;            /* files that went although their number could not be noted */
	uint64_t n_uncounted; /* files that made way and are not in losses.json: no row told of them, or it is newer */
	const char *catalogue_fault; /* why rows are not in the catalogue; NULL: all is well */
};
void store_counts(const struct store *s, struct store_counts *ret);
