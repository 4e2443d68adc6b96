/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sums: CPU time added up by two numbers: of a group on a host, of a function in a group, of a caller. Bounded: what
 * would be one more than the limit is told to the caller, who counts it. Used by one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "common/slots.h"

/*
 * CPU time that samples stand for. The variance is that of counting them: n samples of one period have n times its
 * square (Poisson), whatever the periods are of which a sum is made.
 */
struct amount {
	int64_t value_ns;
	int64_t n_samples;
	double variance; /* ns^2 */
};

/* -ERANGE: a sum would not fit. */
_must_check_ int amount_add(struct amount *sum, const struct amount *more);

struct sum {
	uint32_t a, b;
	struct amount self, total;
	uint64_t last; /* the caller's: the stack that was added last */
};

/* Begins with sums_init(), ends with sums_done(). */
struct sums {
	struct sum *items; /* in the order they came */
	size_t n, capacity, max;
	struct slots slots; /* numbers of items, plus one */
};
void sums_init(struct sums *s, size_t max);
void sums_done(struct sums *s);

enum sums_answer {
	SUMS_FULL = 1,
};

/* The sum of these two numbers, begun at 0 if it is new; borrowed until the next call. SUMS_FULL: it has no room. */
_must_check_ int sums_get(struct sums *s, uint32_t a, uint32_t b, struct sum **ret);
const struct sum *sums_find(const struct sums *s, uint32_t a, uint32_t b); /* NULL: there is none */
