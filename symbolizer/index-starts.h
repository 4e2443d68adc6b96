/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index starts: ascending addresses in an index file (struct index_starts_head), and the search among them: a cache
 * line a level, of which all but the lowest two stay in the cache.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/index-sink.h"

#define INDEX_MAX_LEVELS 8 /* 16^8 numbers */

struct index_starts {
	uint64_t base;
	size_t n;
	bool is_wide; /* the numbers are u64, else u32 */
	size_t n_levels;
	struct {
		const void *numbers;
		size_t n;
	} levels[INDEX_MAX_LEVELS];
};

/* -EBADMSG: not as symbolizer/index-format.h has it, or they do not ascend. */
_must_check_ int index_starts_open(const char *data, uint64_t size, struct index_starts *ret);

static inline uint64_t index_starts_at(const struct index_starts *s, size_t i)
{
	if (s->is_wide)
		return s->base + ((const uint64_t *)s->levels[0].numbers)[i];
	return s->base + ((const uint32_t *)s->levels[0].numbers)[i];
}

/* How many of them are at or below an address. */
size_t index_starts_count(const struct index_starts *s, uint64_t addr);

/* Writes the section. The addresses ascend, and lie `stride` bytes apart in memory. */
_must_check_ int index_starts_write(struct index_sink *sink, const uint64_t *first, size_t stride, size_t n);
