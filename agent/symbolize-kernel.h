/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize kernel: names for single addresses of the running kernel, with lines where this host has its debug info.
 * One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct index_frame;
struct indexing;
struct symbolize_kernel;

/* indexing and proc_fd stay the caller's, and outlive the result. A kernel that hides its names is no fault. */
_must_check_ int symbolize_kernel_new(struct indexing *indexing, int proc_fd, struct symbolize_kernel **ret);
struct symbolize_kernel *symbolize_kernel_free(struct symbolize_kernel *k); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct symbolize_kernel *, symbolize_kernel_free);

/* As symbolize_find(). */
_must_check_ int symbolize_kernel_find(struct symbolize_kernel *k, uint64_t addr, struct index_frame *ret, size_t max,
				       size_t *ret_n);
