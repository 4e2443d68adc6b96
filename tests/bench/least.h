/* SPDX-License-Identifier: Apache-2.0 */
/* least: the shortest of several runs, which others disturbed least. */
#pragma once

#include <stdint.h>

static inline void keep_least(uint64_t *least, uint64_t n)
{
	if (*least == 0 || n < *least)
		*least = n;
}
