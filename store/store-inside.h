/* SPDX-License-Identifier: Apache-2.0 */
/* store, inside: what its files share. */
#pragma once

#include <sys/stat.h>

#include "store/catalogue.h"
#include "store/files.h"
#include "store/store.h"

struct store {
	int dir_fd; /* borrowed */
	enum store_access access;
	int lock_fd; /* store.lock; -1: not held */
	struct files_writer writer;
	struct catalogue *catalogue; /* NULL: rows are not kept, and counted as failures */
	const char *catalogue_fault; /* static; NULL: none */
	bool is_private;             /* the catalogue is a copy, or one of our own making */
	uint64_t next_sequence, limit_bytes;
	uint64_t n_files, n_disk_bytes; /* of all tiers, as far as the writer knows */
	uint64_t n_quarantined, n_bad_seen, n_evicted, n_evicted_bytes, n_catalogue_failures, n_mark_failures;
};

/* What another has made of the catalogue in the meantime. */
_must_check_ int store_look_at_catalogue(struct store *s);

/* Rows between these times are those of the files afterwards. For stores that are open to read or to maintain. */
_must_check_ int store_refresh(struct store *s, int64_t since_ns, int64_t until_ns);

/* Rows and files of folders between these times agree afterwards, in a private catalogue where it must be. */
_must_check_ int reconcile(struct store *s, int64_t since_ns, int64_t until_ns);

/* store.lock. STORE_BUSY. */
_must_check_ int store_lock(struct store *s);
void store_unlock(struct store *s);

/* A file of a window, which need not be readable, goes to bad/. */
_must_check_ int quarantine_file(struct store *s, const struct window_path *path);
_must_check_ int quarantine_count(const struct store *s, uint64_t *ret_n_files, uint64_t *ret_n_disk_bytes);

/* Before the file with this number goes. */
_must_check_ int store_keep_sequence(struct store *s, uint64_t sequence);

/* The bytes of a file, or what they are. STORE_GONE, STORE_BAD. */
_must_check_ int window_file_read(int dir_fd, const struct window_path *path, struct buf *ret);
_must_check_ int window_file_load(int dir_fd, const struct window_path *path, struct profile **ret,
				  uint64_t *ret_n_raw_bytes);

/* All that is known of a file: name is what its name says. STORE_GONE, STORE_BAD. */
_must_check_ int window_file_inspect(int dir_fd, const struct window_path *path, const struct window_name *name,
				     struct window_info *ret, struct label_values *ret_labels);
