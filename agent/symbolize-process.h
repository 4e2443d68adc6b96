/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize process: names for addresses of one process that runs: what it has mapped is read from /proc, and read
 * again when an address lies nowhere; a file is opened and indexed for the first address in it. One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/clean.h"

struct index_frame;
struct indexing;
struct symbolize_process;

enum symbolize_process_answer {
	SYMBOLIZE_PROCESS_GONE = 1,
};

/* indexing stays the caller's, and outlives the result. -errno: the process may not be looked into. */
_must_check_ int symbolize_process_new(struct indexing *indexing, pid_t pid, struct symbolize_process **ret);
struct symbolize_process *symbolize_process_free(struct symbolize_process *p); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct symbolize_process *, symbolize_process_free);

/* As symbolize_find(). */
_must_check_ int symbolize_process_find(struct symbolize_process *p, uint64_t addr, struct index_frame *ret, size_t max,
					size_t *ret_n);
