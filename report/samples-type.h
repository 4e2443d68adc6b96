/* SPDX-License-Identifier: Apache-2.0 */
/* samples type: which values of a profile count samples. */
#pragma once

#include <stddef.h>
#include <string.h>

#include "pprof/profile.h"

/* The first type of a profile that counts none. */
static inline size_t samples_type_of(const struct profile *p)
{
	for (size_t i = 0; i < p->n_sample_types; i++)
		if (strcmp(p->sample_types[i].type, "samples") == 0)
			return i;
	return 0;
}
