// SPDX-License-Identifier: Apache-2.0
#include "report/normalize.h"

#include <math.h>
#include <string.h>

#include "common/clock.h"
#include "report/coverage.h"

static const char *const names[] = {
	[NORMALIZE_NONE] = "none",
	[NORMALIZE_TOTAL] = "total",
	[NORMALIZE_TIME] = "time",
	[NORMALIZE_HOSTS] = "hosts",
};

int normalize_parse(const char *word, enum normalize *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(word, names[i]) != 0)
			continue;
		*ret = (enum normalize)i;
		return 0;
	}
	return NORMALIZE_UNKNOWN;
}

const char *normalize_name(enum normalize n)
{
	return names[n];
}

void normalize_extent_of(struct coverage *c, struct normalize_extent *ret)
{
	const struct coverage_host *hosts;
	size_t n;

	*ret = (struct normalize_extent){};
	coverage_finish(c);
	hosts = coverage_hosts(c, &n);
	for (size_t i = 0; i < n; i++) {
		ret->seconds += (double)hosts[i].wall_ns / NS_PER_S;
		ret->n_hosts += hosts[i].wall_ns > 0;
	}
	if (ret->n_hosts > 0)
		ret->seconds /= (double)ret->n_hosts;
}

int normalize_factor(enum normalize n, const struct normalize_extent *e, int64_t sum, int64_t wanted, double *ret)
{
	switch (n) {
	case NORMALIZE_TOTAL:
		if (sum <= 0)
			return NORMALIZE_NO_SUM;
		*ret = (double)wanted / (double)sum;
		return 0;
	case NORMALIZE_TIME:
	case NORMALIZE_HOSTS:
		if (e->seconds <= 0)
			return NORMALIZE_NO_TIME;
		*ret = 1 / e->seconds / (n == NORMALIZE_HOSTS ? (double)e->n_hosts : 1);
		return 0;
	case NORMALIZE_NONE:
	default:
		*ret = 1;
		return 0;
	}
}

int64_t normalize_value(int64_t value, double factor)
{
	double scaled = (double)value * factor;

	if (factor == 1)
		return value;
	if (fabs(scaled) >= 0x1p63)
		return scaled < 0 ? INT64_MIN : INT64_MAX;
	return llround(scaled);
}
