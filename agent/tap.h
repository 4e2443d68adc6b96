/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tap: the samples that a running recorder takes from some moment on, folded a second time for somebody who asks now:
 * all of them, or those of one process; of these, those whose labels match are written. No second sampler. Bounded;
 * one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/clean.h"

#define TAPS_MAX 2                         /* at a time */
#define TAP_STACKS_BYTES ((size_t)8 << 20) /* some 20,000 stacks; beyond, a comment counts the samples left out */

/* NULL or "" or 0: whatever it is. A sample matches when all do, by the labels that it would have in a window. */
struct tap_config {
	const char *service;   /* service_name */
	const char *container; /* the first characters (at least 4) of its id, or its name */
	pid_t pid;
};

struct tap;
