// SPDX-License-Identifier: Apache-2.0
#include "common/parse.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

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

/* So many digits exactly, and what must stand behind them. */
static bool take_digits(const char **p, size_t n, const char *one_of_behind, int *ret)
{
	*ret = 0;
	for (size_t i = 0; i < n; i++, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return false;
		*ret = *ret * 10 + (**p - '0');
	}
	if (!*one_of_behind)
		return true;
	return **p && strchr(one_of_behind, *(*p)++);
}

static bool take_fraction(const char **p, int64_t *ret_ns)
{
	int64_t digit_ns = 100000000;

	*ret_ns = 0;
	if (**p != '.')
		return true;
	(*p)++;
	if (!isdigit((unsigned char)**p))
		return false;
	for (; isdigit((unsigned char)**p); (*p)++, digit_ns /= 10)
		*ret_ns += (**p - '0') * digit_ns;
	return true;
}

/* "Z", or how much later it is there. */
static bool take_zone(const char **p, int64_t *ret_s)
{
	char sign = *(*p)++;
	int hours, minutes;

	*ret_s = 0;
	if (sign == 'Z' || sign == 'z')
		return true;
	if ((sign != '+' && sign != '-') || !take_digits(p, 2, ":", &hours) || !take_digits(p, 2, "", &minutes) ||
	    hours > 23 || minutes > 59)
		return false;
	*ret_s = (hours * 60 + minutes) * (sign == '+' ? 60 : -60);
	return true;
}

int parse_rfc3339_ns(const char *s, int64_t *ret)
{
	struct tm tm = {}, again;
	int64_t ns, zone_s, seconds;

	if (!take_digits(&s, 4, "-", &tm.tm_year) || !take_digits(&s, 2, "-", &tm.tm_mon) ||
	    !take_digits(&s, 2, "Tt ", &tm.tm_mday) || !take_digits(&s, 2, ":", &tm.tm_hour) ||
	    !take_digits(&s, 2, ":", &tm.tm_min) || !take_digits(&s, 2, "", &tm.tm_sec) || !take_fraction(&s, &ns) ||
	    !take_zone(&s, &zone_s) || *s)
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	again = tm;
	seconds = timegm(&again);
	if (again.tm_mon != tm.tm_mon || again.tm_mday != tm.tm_mday || again.tm_hour != tm.tm_hour ||
	    again.tm_min != tm.tm_min || again.tm_sec != tm.tm_sec) /* no such day or hour */
		return -EINVAL;
	seconds -= zone_s;
	if (seconds < 0 || seconds > INT64_MAX / 1000000000 - 1)
		return -ERANGE;
	*ret = seconds * 1000000000 + ns;
	return 0;
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
