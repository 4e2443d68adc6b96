/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack facts: how complete the stacks of a profile are, by what its locations say of themselves. It takes a look at
 * each of them, which are most of what a profile holds: best by the thread that has decoded it, in whose CPU's cache
 * they are.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"

struct profile;
struct profile_location;

struct stack_facts {
	uint64_t n_code;   /* frames that are no markers */
	uint64_t n_named;  /* of them, that have a function's name */
	uint64_t n_folded; /* FRAME_OTHER (report/frame-table.h) */
	bool is_truncated; /* its outermost frame says that more were there */
};

/* One for each sample, by its number; to be freed. */
_must_check_ int stack_facts_new(const struct profile *p, struct stack_facts **ret);

/* Whether this frame of the location is no code: "[irq]", "[truncated: REASON]", "(other)". */
bool stack_facts_is_marker(const struct profile_location *l, const char *function);
