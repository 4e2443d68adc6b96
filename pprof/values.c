// SPDX-License-Identifier: Apache-2.0
/* values: the numbers of a decoded profile, summed and scaled. */
#include "pprof/profile.h"

int profile_sum(const struct profile *p, size_t type, int64_t *ret)
{
	int64_t sum = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		if (__builtin_add_overflow(sum, p->samples[i].values[type], &sum))
			return -ERANGE;
	*ret = sum;
	return 0;
}

int profile_scale(struct profile *p, size_t type, double factor)
{
	long double sum = 0; /* a mantissa of 64 bits or more: exact */
	int64_t before = 0;

	for (size_t i = 0; i < p->n_samples; i++) {
		int64_t *value =
			(int64_t *)&p->samples[i].values[type]; /* of the model: as in profile_keep_samples() */
		long double scaled;
		int64_t rounded;

		sum += (long double)*value;
		scaled = sum * (long double)factor;
		if (!(scaled > -0x1p62L && scaled < 0x1p62L))
			return -ERANGE;
		rounded = (int64_t)(scaled + (scaled < 0 ? -0.5L : 0.5L));
		*value = rounded - before;
		before = rounded;
	}
	return 0;
}
