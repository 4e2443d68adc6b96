/* SPDX-License-Identifier: Apache-2.0 */
/* referee: other unwinders' views of a stopped thread: libunwind's, and for what that cannot decide gdb's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/clean.h"

#define REFEREE_MAX_FRAMES 600

/* A frame whose address is not told: gdb's of a signal handler's caller. */
#define REFEREE_ANY UINT64_MAX

struct referee_stack {
	uint64_t pcs[REFEREE_MAX_FRAMES]; /* as they are in registers and memory */
	size_t n;
	char function[64]; /* gdb's name of the innermost */
};

/* Of a thread that is traced by this one, and stopped. One address space per process: its caches are kept. */
struct referee;
_must_check_ int referee_new(struct referee **ret);
struct referee *referee_free(struct referee *r); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct referee *, referee_free);
_must_check_ int referee_unwind(struct referee *r, pid_t tid, struct referee_stack *ret);

/* Of a thread that is stopped and not traced. Takes most of a second. */
_must_check_ int referee_gdb(pid_t pid, pid_t tid, struct referee_stack *ret);
