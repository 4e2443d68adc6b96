/* SPDX-License-Identifier: Apache-2.0 */
/*
 * budget: what the agent may use, and the one ladder that it goes down for the whole host when it uses more: debug info
 * is no longer read, windows get longer, ticks rarer. Totals stay exact on every step, only detail goes. It goes back
 * up when less than the budget has been used for a while. Pure: usage in, step out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"

enum budget_step {
	BUDGET_FULL,
	BUDGET_NO_DEBUG_INFO, /* no inlined calls and lines of what is not read yet */
	BUDGET_LONG_WINDOWS,  /* and windows of three times the length */
	BUDGET_FEW_TICKS,     /* and 7 Hz */
	BUDGET_N_STEPS,
};
#define BUDGET_WINDOW_FACTOR 3
#define BUDGET_FEW_HZ 7

enum budget_reason {
	BUDGET_WITHIN,
	BUDGET_CPU,
	BUDGET_RSS,
	BUDGET_MAPS,
};

struct budget_limits {
	uint64_t cpu_permyriad; /* of one core: 10000 is all of it */
	uint64_t rss_bytes;     /* anonymous memory of the agent and its children */
	uint64_t map_bytes;     /* of BPF maps; UINT64_MAX: none */
};

struct budget_usage {
	uint64_t wall_ns, cpu_ns; /* since the last judgement; of the agent, its children and the BPF program */
	uint64_t rss_bytes, map_bytes;
};

#define BUDGET_OVER_WINDOWS 3   /* in a row, to go a step down: a compiler that starts is no reason */
#define BUDGET_UNDER_WINDOWS 18 /* in a row, to go one up */
#define BUDGET_UNDER_PERCENT 70 /* of the limits: the step up costs something again */

struct budget {
	enum budget_step step;
	enum budget_reason reason; /* of the last judgement */
	unsigned int n_over, n_under;
	uint64_t n_steps_down, n_steps_up;
	uint64_t cpu_permyriad; /* used, as of the last judgement */
};

/* Once for every window. Returns whether the step has changed. */
_must_check_ bool budget_judge(struct budget *b, const struct budget_limits *limits, const struct budget_usage *usage);

const char *budget_step_to_string(enum budget_step step);       /* "full", "no_debug_info", ... */
const char *budget_reason_to_string(enum budget_reason reason); /* "within", "cpu", ... */
