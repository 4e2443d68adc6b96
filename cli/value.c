// SPDX-License-Identifier: Apache-2.0
#include "cli/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clean.h"
#include "common/clock.h"
#include "pprof/profile.h"

struct scale {
	double from; /* the first value that is told like this */
	const char *suffix;
	double divisor;
	int decimals;
};

static const struct scale times[] = {
	{ 1e9, "s", 1e9, 2 },
	{ 1e6, "ms", 1e6, 2 },
	{ 1e3, "us", 1e3, 2 },
	{ 0, "ns", 1, 0 },
};

static const struct scale sizes[] = {
	{ 0x1p30, "GiB", 0x1p30, 2 },
	{ 0x1p20, "MiB", 0x1p20, 2 },
	{ 0x1p10, "KiB", 0x1p10, 2 },
	{ 0, "B", 1, 0 },
};

/* What producers write, in the smallest unit of its kind. */
static const struct unit {
	const char *name;
	double factor;
	const struct scale *scales;
} units[] = {
	{ "nanoseconds", 1, times },    { "ns", 1, times },   { "microseconds", 1e3, times }, { "us", 1e3, times },
	{ "milliseconds", 1e6, times }, { "ms", 1e6, times }, { "seconds", 1e9, times },      { "s", 1e9, times },
	{ "bytes", 1, sizes },
};

static const struct unit *find_unit(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

bool value_is_cores(const struct profile *p, size_t value_type)
{
	const struct profile_value_type *type = &p->sample_types[value_type];
	const struct unit *unit = find_unit(type->unit);

	return p->duration_ns > 0 && strcmp(type->type, "cpu") == 0 && unit && unit->scales == times;
}

double value_cores(const struct profile *p, size_t value_type, int64_t value)
{
	if (!value_is_cores(p, value_type))
		return 0;
	return (double)value * find_unit(p->sample_types[value_type].unit)->factor / (double)p->duration_ns;
}

static void format_scaled(const struct unit *unit, int64_t value, char *ret)
{
	double scaled = (double)value * unit->factor;
	const struct scale *s = unit->scales;

	while (fabs(scaled) < s->from)
		s++;
	snprintf(ret, VALUE_TEXT_SIZE, "%.*f %s", s->decimals, scaled / s->divisor, s->suffix);
}

void value_format(const struct profile_value_type *type, int64_t value, char ret[static VALUE_TEXT_SIZE])
{
	const struct unit *unit = find_unit(type->unit);

	if (unit)
		format_scaled(unit, value, ret);
	else
		snprintf(ret, VALUE_TEXT_SIZE, "%" PRId64, value);
}

void value_format_cell(const struct profile *p, size_t value_type, int64_t value, char ret[static VALUE_TEXT_SIZE])
{
	if (value_is_cores(p, value_type))
		snprintf(ret, VALUE_TEXT_SIZE, "%.3f", value_cores(p, value_type, value));
	else
		value_format(&p->sample_types[value_type], value, ret);
}

double value_hz(const struct profile_value_type *type, int64_t period)
{
	const struct unit *unit = find_unit(type->unit);

	if (!unit || unit->scales != times || period <= 0)
		return 0;
	return NS_PER_S / ((double)period * unit->factor);
}
