/* SPDX-License-Identifier: Apache-2.0 */
/* store, inside: what its files share. */
#pragma once

#include <sys/stat.h>

#include "store/catalogue.h"
#include "store/chosen.h"
#include "store/files.h"
#include "store/losses.h"
#include "store/store.h"

struct store {
	int dir_fd; /* borrowed */
	enum store_access access;
	int lock_fd; /* store.lock; -1: not held */
	struct files_writer writer;
	struct catalogue *catalogue; /* NULL: rows are not kept, and counted as failures */
	const char *catalogue_fault; /* when it was opened; counts has what came later */
	bool is_private;             /* it is in memory: made by us */
	bool is_copy;                /* and begun as a copy of the one on disk */
	struct chosen chosen;
	uint64_t next_sequence, limit_bytes;
	unsigned int min_free_percent;
	bool is_reserved; /* losses.json has its room ahead */
	struct store_counts counts;
};

/* Opens the one that its access calls for; without one, a reader makes his own, and one who only adds has none. */
_must_check_ int store_open_catalogue(struct store *s);
void store_close_catalogue(struct store *s);
/* Closes it and sets its file aside. */
_must_check_ int store_discard_catalogue(struct store *s);

/* A row comes or goes with its file. What cannot be is counted. */
void store_put_row(struct store *s, const struct window_path *path, const struct window_info *info,
		   const struct label_values *labels);
void store_remove_row(struct store *s, const struct window_path *path);

/* What another has made of the catalogue in the meantime. */
_must_check_ int store_look_at_catalogue(struct store *s);

/* Rows between these times are those of the files afterwards. For stores that are open to read or to maintain. */
_must_check_ int store_refresh(struct store *s, int64_t since_ns, int64_t until_ns);

struct selection;

/* Those of a selection, in order of time; into an empty one. Also of a store that is open likewise. */
_must_check_ int store_select_rows(struct store *s, const struct selection *selection, struct catalogue_rows *ret);

/* Rows and files of folders between these times agree afterwards, in a private catalogue where it must be. */
_must_check_ int reconcile(struct store *s, int64_t since_ns, int64_t until_ns);

/* Whether a folder has not changed since its rows were compared with it. */
_must_check_ int folder_is_known(const struct store *s, const char *folder, bool *ret);

/* store.lock. STORE_BUSY. */
_must_check_ int store_lock(struct store *s);
void store_unlock(struct store *s);

/* A file of a window, which need not be readable, goes to bad/. */
_must_check_ int quarantine_file(struct store *s, const struct window_path *path);
_must_check_ int quarantine_count(const struct store *s, uint64_t *ret_n_files, uint64_t *ret_n_disk_bytes);

/* Before the file with this number goes. */
_must_check_ int store_keep_sequence(struct store *s, uint64_t sequence);

/* What it costs when this window goes, into the counts of *more. */
_must_check_ int retention_count(struct store *s, const struct window_info *info, enum loss_reason reason,
				 struct losses *more);

/* So many bytes too few are free; not positive: enough are. */
_must_check_ int retention_bytes_below_free(const struct store *s, unsigned int min_free_percent, int64_t *ret);

/* The bytes of a file, or what they are. STORE_GONE, STORE_BAD. */
_must_check_ int window_file_read(int dir_fd, const struct window_path *path, struct buf *ret);
_must_check_ int window_file_decode(const struct buf *packed, struct profile **ret, uint64_t *ret_n_raw_bytes);
_must_check_ int window_file_load(int dir_fd, const struct window_path *path, struct profile **ret,
				  uint64_t *ret_n_raw_bytes);

/* All that is known of a file, and its profile: name is what its name says. STORE_GONE, STORE_BAD. */
_must_check_ int window_file_inspect(int dir_fd, const struct window_path *path, const struct window_name *name,
				     struct window_info *ret, struct profile **ret_profile);
