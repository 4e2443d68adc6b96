/* SPDX-License-Identifier: Apache-2.0 */
/* spread: how the hosts of a group differ: percentiles, and hosts that stand out. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * A host stands out when it is further from the median of all than SPREAD_N_MAD times the usual distance (the median
 * of all distances, 1.4826 times which is a standard deviation where values are normal), than a tenth of the median,
 * and than what counting its samples may be off by. Of fewer hosts nobody can say what is usual.
 */
#define SPREAD_N_MAD 3.5
#define SPREAD_MIN_HOSTS 4

/* sorted: n > 0 values, the smallest first. The nearest rank: one of the values. percent: 0 to 100. */
double spread_percentile(const double *sorted, size_t n, double percent);

struct spread {
	double median, mad;
};

/* Changes the order of values, which are n > 0. */
struct spread spread_of(double *values, size_t n);

/* error: half the width of the value's 95 % interval. */
bool spread_stands_out(const struct spread *s, double value, double error);
