// SPDX-License-Identifier: Apache-2.0
#include "report/normalize.h"

#include <math.h>
#include <string.h>

#include "report/extent.h"

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

int normalize_factor(enum normalize n, struct extent *e, int64_t sum, int64_t wanted, double *ret)
{
	double seconds = extent_seconds(e);

	switch (n) {
	case NORMALIZE_TOTAL:
		if (sum <= 0)
			return NORMALIZE_NO_SUM;
		*ret = (double)wanted / (double)sum;
		return 0;
	case NORMALIZE_TIME:
	case NORMALIZE_HOSTS:
		if (seconds <= 0)
			return NORMALIZE_NO_TIME;
		*ret = 1 / seconds / (n == NORMALIZE_HOSTS ? (double)extent_n_hosts(e) : 1);
		return 0;
	case NORMALIZE_NONE:
	default:
		*ret = 1;
		return 0;
	}
}

int64_t normalize_value(int64_t value, double factor)
{
	return factor == 1 ? value : llround((double)value * factor);
}
