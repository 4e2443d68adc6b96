/* SPDX-License-Identifier: Apache-2.0 */
/* samples type: which values of a profile count samples. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "pprof/profile.h"

/* n_sample_types of a profile that counts none. */
static inline size_t find_samples_type(const struct profile *p)
{
	size_t i = 0;

	while (i < p->n_sample_types && strcmp(p->sample_types[i].type, "samples") != 0)
		i++;
	return i;
}

static inline bool has_samples_type(const struct profile *p)
{
	return find_samples_type(p) < p->n_sample_types;
}

/* The first type of a profile that counts none. */
static inline size_t samples_type_of(const struct profile *p)
{
	return has_samples_type(p) ? find_samples_type(p) : 0;
}

/* Whether its default values are CPU time in ns. */
static inline bool is_cpu_time(const struct profile *p)
{
	const struct profile_value_type *type = &p->sample_types[p->default_type];

	return strcmp(type->type, "cpu") == 0 && strcmp(type->unit, "nanoseconds") == 0;
}
