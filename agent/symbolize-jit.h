/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize jit: names for addresses in code that one process made itself, by the files in which it tells of it. They
 * are looked at again while it runs. One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct index_frame;
struct processes;
struct symbolize_jit;

/* processes and proc_fd stay the caller's, and outlive the result. */
_must_check_ int symbolize_jit_new(struct processes *processes, int proc_fd, uint32_t tgid, struct symbolize_jit **ret);
struct symbolize_jit *symbolize_jit_free(struct symbolize_jit *s); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct symbolize_jit *, symbolize_jit_free);

/* As symbolize_find(). */
_must_check_ int symbolize_jit_find(struct symbolize_jit *s, uint64_t addr, struct index_frame *ret, size_t max,
				    size_t *ret_n);
