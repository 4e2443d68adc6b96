/* SPDX-License-Identifier: Apache-2.0 */
/*
 * top: who burns the CPU: functions, or the values of a label, ranked. Works on any decoded profile, also on the
 * difference of two, where values may be negative. A function that is on a stack several times (recursion) counts
 * once in its total; of inlined functions the innermost one has the time as its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct profile;

struct top_row {
	char *name; /* function, "module+0x1234" where it has no name, "[no stack]", or a label's value; owned */
	const char *module;  /* last part of its mapping's file name; "" for none; part of name's memory */
	int64_t self, total; /* in the unit of the value type */
};

struct top {
	struct top_row *rows; /* by the size of self, then of total, largest first, then by name */
	size_t n_rows;
	int64_t sum;    /* of all samples */
	uint64_t whole; /* what shares are shares of: the sizes of all samples, or of a difference's base samples */
};

/* -ERANGE: a sum would not fit. */
_must_check_ int top_functions(const struct profile *p, size_t value_type, struct top *ret);

/* Samples without the label count for the value "(none)"; a number has its unit behind it. self equals total. */
_must_check_ int top_label(const struct profile *p, size_t value_type, const char *key, struct top *ret);
void top_done(struct top *t);
