// SPDX-License-Identifier: Apache-2.0
#include "report/spread.h"

#include <math.h>
#include <stdlib.h>

#define SD_PER_MAD 1.4826
#define MIN_RATIO 0.1

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

double spread_percentile(const double *sorted, size_t n, double percent)
{
	double rank = ceil(percent / 100 * (double)n);

	return sorted[rank < 1 ? 0 : rank > (double)n ? n - 1 : (size_t)rank - 1];
}

/* Of an even number the mean of the two in the middle. */
static double median_of(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

struct spread spread_of(double *values, size_t n)
{
	struct spread s = { .median = median_of(values, n) };

	for (size_t i = 0; i < n; i++)
		values[i] = fabs(values[i] - s.median);
	s.mad = median_of(values, n);
	return s;
}

bool spread_stands_out(const struct spread *s, double value, double error)
{
	double distance = fabs(value - s->median);

	return distance > SPREAD_N_MAD * SD_PER_MAD * s->mad && distance > MIN_RATIO * s->median && distance > error;
}
