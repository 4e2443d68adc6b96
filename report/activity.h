/* SPDX-License-Identifier: Apache-2.0 */
/*
 * activity: who ran in a short span, as a tree: a level for each key of a grouping, as services > processes >
 * functions. A sample is of the group of its innermost frame, so the rows below a row add up to it, and those of the
 * first level to all CPU time. Bounded as the grouping is: what has no room there is one row, "(other)". Made for one
 * span, and thrown away after it. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define ACTIVITY_NONE UINT32_MAX
#define ACTIVITY_OTHER "(other)" /* the row of what has no room */

struct profile;

struct activity_row {
	const char *name; /* the key's value, "(none)" where there is none; foreign text */
	const char *more; /* of a function its library, of a library its build id, of a pid the name of its busiest
			     thread */
	uint32_t depth;   /* from 0 */
	uint32_t parent, first_child, next_sibling; /* or ACTIVITY_NONE */
	int64_t cpu_ns, kernel_ns;                  /* kernel: of it, with the kernel's code innermost */
	int64_t n_samples, n_unnamed;               /* unnamed: of them, with an innermost function that has no name */
};

struct activity;

enum activity_answer {
	ACTIVITY_BAD = 1, /* no such keys */
	ACTIVITY_NOT_CPU, /* the profile does not measure CPU time */
};
/* by: as for grouping_new(), but without a category. */
_must_check_ int activity_new(const char *by, struct activity **ret);
struct activity *activity_free(struct activity *a); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct activity *, activity_free);

/* The samples of a profile, which may go then. -ERANGE: a sum would not fit. */
_must_check_ int activity_add(struct activity *a, const struct profile *p);

/* Makes the rows, once, after the last profile. */
_must_check_ int activity_finish(struct activity *a);

size_t activity_n_levels(const struct activity *a);
const char *activity_level(const struct activity *a, size_t depth); /* its key, as it was asked for: "service" */

/* After activity_finish(). What the rows point to lives as long as the activity. */
const struct activity_row *activity_rows(const struct activity *a, size_t *ret_n);
uint32_t activity_first(const struct activity *a); /* of the first level; ACTIVITY_NONE: nothing ran */
/* All of them together; no name. */
const struct activity_row *activity_sum(const struct activity *a);

enum activity_order {
	ACTIVITY_BY_CPU,
	ACTIVITY_BY_KERNEL,
	ACTIVITY_BY_NAME,
	ACTIVITY_N_ORDERS,
};
/* Puts the rows of each parent in this order; equal ones are in order of their names. At first: BY_CPU. */
_must_check_ int activity_sort(struct activity *a, enum activity_order order);

/* The row after this one where parents come before their children, and only rows of is_open have some to look at. */
uint32_t activity_next(const struct activity *a, uint32_t row, bool is_open);
