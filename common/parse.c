// SPDX-License-Identifier: Apache-2.0
#include "common/parse.h"

#include <string.h>

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int parse_u64_at(const char **p, const char *end, unsigned int base, uint64_t *ret)
{
	const char *s = *p;
	uint64_t value = 0;

	for (; s < end; s++) {
		int d = digit_of(*s);

		if (d < 0 || (unsigned int)d >= base)
			break;
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)d, &value))
			return -ERANGE;
	}
	if (s == *p)
		return -EINVAL;
	*p = s;
	*ret = value;
	return 0;
}

int parse_u64(const char *s, unsigned int base, uint64_t *ret)
{
	const char *p = s, *end = s + strlen(s);
	uint64_t value;
	int r;

	r = parse_u64_at(&p, end, base, &value);
	if (r < 0)
		return r;
	if (p != end)
		return -EINVAL;
	*ret = value;
	return 0;
}

int parse_duration_ns(const char *s, uint64_t *ret)
{
	static const struct {
		const char *suffix;
		uint64_t ns;
	} units[] = {
		{ "", 1000000000 },
		{ "ms", 1000000 },
		{ "s", 1000000000 },
		{ "m", 60 * 1000000000ULL },
		{ "h", 3600 * 1000000000ULL },
		{ "d", 86400 * 1000000000ULL },
	};
	const char *p = s;
	uint64_t value;
	int r;

	r = parse_u64_at(&p, s + strlen(s), 10, &value);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(p, units[i].suffix) != 0)
			continue;
		if (__builtin_mul_overflow(value, units[i].ns, &value))
			return -ERANGE;
		*ret = value;
		return 0;
	}
	return -EINVAL;
}

int parse_cpu_list(const char *s, bool *cpus, size_t n_cpus)
{
	const char *p = s, *end = s + strcspn(s, "\n");

	memset(cpus, 0, n_cpus * sizeof(*cpus));
	while (p < end) {
		uint64_t first, last;
		int r;

		r = parse_u64_at(&p, end, 10, &first);
		if (r < 0)
			return r;
		last = first;
		if (p < end && *p == '-') {
			p++;
			r = parse_u64_at(&p, end, 10, &last);
			if (r < 0)
				return r;
		}
		if (last < first)
			return -EINVAL;
		if (last >= n_cpus)
			return -ERANGE;
		for (uint64_t i = first; i <= last; i++)
			cpus[i] = true;
		if (p < end && (*p++ != ',' || p == end))
			return -EINVAL;
	}
	return 0;
}
