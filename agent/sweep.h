/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sweep: forgets what nothing names any more, so that an agent can run for years: modules (with their tables of rows,
 * and their numbers are used again), binaries with their indexes, cgroups, code of processes and of the kernel. In use
 * is what the stacks of any window or tap name, what processes map or had mapped when a sample that is still to come
 * was taken, and what somebody is still reading.
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"

struct closed_window;
struct intake;

/* now_ns: CLOCK_MONOTONIC. windows: those that are still to be written, the oldest first; NULL: none. */
_must_check_ int sweep(struct intake *in, const struct closed_window *windows, uint64_t now_ns);
