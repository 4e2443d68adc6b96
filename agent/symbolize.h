/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize: names for single addresses, of a file or of a process as it runs now. Files are read by the sandboxed
 * indexer, as for a recording; the first address in one waits for it. One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/clean.h"
#include "symbolizer/index.h"

#define SYMBOLIZE_MAX_FRAMES 256 /* functions at one address: code is inlined some dozens deep */

struct binary;
struct indexing;
struct symbolize;

enum symbolize_answer {
	SYMBOLIZE_NOT_REGULAR = 1, /* a directory, a device ... */
	SYMBOLIZE_NO_PROCESS,
};

/* indexing stays the caller's, and outlives the result. */

/* Of a file: addresses are its own (virtual, as nm shows them). -errno: it cannot be opened. */
_must_check_ int symbolize_new_file(struct indexing *indexing, const char *path, struct symbolize **ret);

/* Of a process: addresses are those in its memory, or the kernel's. -errno: it may not be looked into. */
_must_check_ int symbolize_new_process(struct indexing *indexing, pid_t pid, struct symbolize **ret);

struct symbolize *symbolize_free(struct symbolize *s); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct symbolize *, symbolize_free);

/* The file, read as far as it can be; NULL: it is a process. */
const struct binary *symbolize_binary(const struct symbolize *s);

/* The functions at an address, innermost first, borrowed until the next call; 0 of them: unnamed. */
_must_check_ int symbolize_find(struct symbolize *s, uint64_t addr, struct index_frame *ret, size_t max, size_t *ret_n);
