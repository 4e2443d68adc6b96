/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff: two sides, before and after, added up by function, by library or by the values of labels, and what changed
 * between them. A function that is on a stack several times counts once in its total. Bounded: rows beyond the limit
 * are one, "(other)", and counted. Used by one thread.
 *
 * What is sampled is counted by chance: n samples have a standard deviation of sqrt(n) (Poisson). The error of a change
 * is 1.96 times that of both sides together: chance alone passes it once in twenty times. A smaller change is noise.
 * Among a thousand rows that would be fifty: of rows less is taken for a change, so that at most one in twenty of those
 * that are shown is chance (Benjamini and Hochberg 1995, "Controlling the false discovery rate").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "report/call-tree.h"

#define DIFF_MAX_ROWS ((size_t)1 << 20)
#define DIFF_MAX_BYTES ((size_t)128 << 20) /* of their names */

enum {
	DIFF_BEFORE,
	DIFF_AFTER,
	DIFF_N_SIDES,
};

enum diff_by {
	DIFF_BY_FUNCTION, /* of a library: equal names in two libraries are two rows */
	DIFF_BY_LIBRARY,
	DIFF_BY_LABELS, /* their values alone, joined; self is total */
};

struct diff_row {
	/* Of the labels, and the function or the library, joined; "" for a library that nobody knows. */
	const char *name;
	const char *library; /* of a function; else "" */
	struct call_value self[DIFF_N_SIDES], total[DIFF_N_SIDES];
};

struct frame_table;
struct stack;
struct diff;

/* labels: borrowed for the diff's life: what rows are told apart by besides. */
_must_check_ int diff_new(enum diff_by by, const char *const *labels, size_t n_labels, struct diff **ret);
struct diff *diff_free(struct diff *d); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct diff *, diff_free);

/* One frame table for all stacks. -ERANGE: a sum would not fit. */
_must_check_ int diff_add(struct diff *d, size_t side, const struct frame_table *frames, const struct stack *s);

/* All of a side. */
struct call_value diff_sum(const struct diff *d, size_t side);
uint64_t diff_n_beyond(const struct diff *d); /* samples whose row had no room */

/* What values are multiplied with before they are compared. */
struct diff_scale {
	double factors[DIFF_N_SIDES];
	bool has_errors; /* samples were counted: else there is no noise */
	/* A change of a row that is smaller than so many standard deviations is noise: diff_rows() sets it. */
	double row_sigmas;
};

struct diff_change {
	int64_t before, after, delta; /* rounded where there is a factor */
	double error;                 /* of the delta; 0: unknown */
	bool is_noise;
};

/* Of one thing, which is looked at alone. */
void diff_change_of(const struct call_value values[static DIFF_N_SIDES], const struct diff_scale *scale,
		    struct diff_change *ret);

/* Of a row, which is one of many. After diff_rows(). */
void diff_row_change_of(const struct diff_row *row, const struct diff_scale *scale, struct diff_change *ret_self,
			struct diff_change *ret_total);

/*
 * The rows that some sample was in, by the size of what changed in self, then in total, largest first; those in which
 * all is noise come last. Sets scale->row_sigmas. The array is the caller's to free; the strings are borrowed.
 */
_must_check_ int diff_rows(const struct diff *d, struct diff_scale *scale, struct diff_row **ret, size_t *ret_n);
