/* SPDX-License-Identifier: Apache-2.0 */
/* suffix: what a name ends in. */
#pragma once

#include <stdbool.h>
#include <string.h>

/* The suffix alone is no name with that suffix: something must stand before it. */
static inline bool has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), n_suffix = strlen(suffix);

	return n > n_suffix && strcmp(name + n - n_suffix, suffix) == 0;
}
