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

#define TAPS_MAX 3 /* at a time: two profiles that are asked for (agent/live-profiles.h), and the live feed */
#define TAP_STACKS_BYTES ((size_t)8 << 20) /* some 20,000 stacks; beyond, a comment counts the samples left out */

/* NULL or "" or 0: whatever it is. A sample matches when all do, by the labels that it would have in a window. */
struct tap_config {
	const char *service;   /* service_name */
	const char *container; /* the first characters (at least 4) of its id, or its name */
	pid_t pid;
	bool tells_pid; /* each process apart, labelled, whatever the configuration says */
};

struct resolved;
struct stack_table;

/*
 * A copy of the configuration lives in the tap. start_ns: CLOCK_MONOTONIC, since when it has all samples. Of the open
 * window: its number in jit_maps, and its start.
 */
struct tap;
_must_check_ int tap_new(const struct tap_config *config, uint64_t start_ns, uint64_t jit_window, uint64_t window_ns,
			 struct tap **ret);
struct tap *tap_free(struct tap *t); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct tap *, tap_free);

/* Forgets what it has, and goes on as if it had been opened at start_ns (CLOCK_MONOTONIC), in the open window. */
_must_check_ int tap_restart(struct tap *t, uint64_t start_ns, uint64_t jit_window, uint64_t window_ns);

_must_check_ int tap_add(struct tap *t, uint32_t tgid, const struct resolved *sample, uint64_t period_ns);

const struct tap_config *tap_config(const struct tap *t);
const struct stack_table *tap_stacks(const struct tap *t);
/* Of the window in which it was opened: see intake.h. */
uint64_t tap_jit_window(const struct tap *t);
uint64_t tap_window_ns(const struct tap *t);
uint64_t tap_start_ns(const struct tap *t); /* CLOCK_MONOTONIC */
int64_t tap_start_realtime_ns(const struct tap *t);
uint64_t tap_n_left_out(const struct tap *t); /* samples that it had no room for */
