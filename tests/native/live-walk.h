/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live walk: the program of bpf/ in the running kernel, with tables that a test made: by libdw, of what a process has
 * mapped. Needs root.
 */
#pragma once

#include <sys/types.h>

#include "bpf/abi.h"
#include "tests/native/unwind-space.h"

struct sampler_bpf;

#define LIVE_WALK_CPUS 64

struct live_walk {
	struct sampler_bpf *bpf;
	struct unwind_space space;
	struct cpu_region *regions;
	size_t n_cpus;
	int events[LIVE_WALK_CPUS];
};

/* Loads it, and opens its events, disabled. On failure live_walk_done() is still due. */
_must_check_ int live_walk_init(struct live_walk *l, uint64_t period_ns);
void live_walk_done(struct live_walk *l);

/* Makes known all that the process has mapped now. */
_must_check_ int live_walk_add_process(struct live_walk *l, pid_t pid, uint64_t news_ns);

_must_check_ int live_walk_enable(struct live_walk *l, bool on);

/* Calls back for each sample of a process so far, and forgets all. Not while it is enabled. */
typedef void (*live_walk_fn)(void *context, const struct sample_rec *rec, const __u64 *frames, size_t n);
void live_walk_read(struct live_walk *l, pid_t pid, live_walk_fn fn, void *context);

struct live_cost {
	uint64_t run_ns, n_runs;
};
_must_check_ int live_walk_cost(const struct live_walk *l, struct live_cost *ret);
