/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indexing: files indexed while the caller waits, with their debug info: for commands that ask about some files, not
 * for the recorder. One file at a time, one thread.
 */
#pragma once

#include <stdbool.h>

#include "common/clean.h"

struct binaries;
struct binary;
struct debug_files;
struct kernel_code;

struct indexing;

/* cache_dir NULL: nothing is kept. */
_must_check_ int indexing_new(const char *cache_dir, struct indexing **ret);
struct indexing *indexing_free(struct indexing *x); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct indexing *, indexing_free);

/* A directory with debug files as /usr/lib/debug has them; path is borrowed. -ENOSPC: too many. */
_must_check_ int indexing_add_debug_dir(struct indexing *x, const char *path);
const struct debug_files *indexing_debug_files(const struct indexing *x);

/* Who adds binaries of the kernel; borrowed, NULL: nobody. */
void indexing_set_kernel(struct indexing *x, const struct kernel_code *kernel);

/* For binaries_add(); who adds asks indexing_complete() next. */
struct binaries *indexing_binaries(struct indexing *x);

/*
 * Reads a file of the host by its name: its names, then its debug info. -errno: it cannot be opened; FS_NOT_REGULAR
 * (common/fsutil.h). What else is wrong with it the binary's own states tell.
 */
_must_check_ int indexing_read(struct indexing *x, const char *path, struct binary **ret);

/* Waits for the names of a binary that was added, then for its debug info; takes the descriptors. */
struct indexing_place {
	const char *path; /* in its root */
	int fd;           /* of the file; -1: it cannot be had any more: names will do */
	int root_fd;      /* -1: the host's, where is_on_host; else out of reach */
	bool is_on_host;
};
_must_check_ int indexing_complete(struct indexing *x, struct binary *binary, const struct indexing_place *place);

/* For who adds binaries in other ways: until none is pending. */
_must_check_ int indexing_wait(struct indexing *x);
bool indexing_is_waiting(const struct indexing *x);
