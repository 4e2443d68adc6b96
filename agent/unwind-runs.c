// SPDX-License-Identifier: Apache-2.0
#include "agent/unwind-runs.h"

#include <assert.h>
#include <stdbool.h>

#define WORD_BITS 64

/* The first unit at or behind `from` that is in use (or free); UNWIND_CHUNK_UNITS: none. */
static size_t find(const struct unwind_runs *runs, size_t from, bool in_use)
{
	for (size_t i = from / WORD_BITS; i < UNWIND_CHUNK_UNITS / WORD_BITS; i++) {
		uint64_t word = in_use ? runs->used[i] : ~runs->used[i];

		if (i == from / WORD_BITS)
			word &= UINT64_MAX << from % WORD_BITS;
		if (word)
			return i * WORD_BITS + (size_t)__builtin_ctzll(word);
	}
	return UNWIND_CHUNK_UNITS;
}

static void flip(struct unwind_runs *runs, size_t first, size_t n_units, bool to_used)
{
	for (size_t i = first; i < first + n_units; i++) {
		uint64_t bit = (uint64_t)1 << i % WORD_BITS;

		assert(!(runs->used[i / WORD_BITS] & bit) == to_used);
		runs->used[i / WORD_BITS] ^= bit;
	}
}

int unwind_runs_take(struct unwind_runs *runs, size_t n_units)
{
	size_t first, end;

	assert(n_units > 0);
	if (runs->too_long && n_units >= runs->too_long)
		return -1;
	for (first = find(runs, 0, false); first + n_units <= UNWIND_CHUNK_UNITS; first = find(runs, end, false)) {
		end = find(runs, first, true);
		if (end - first < n_units)
			continue;
		flip(runs, first, n_units, true);
		runs->n_used += n_units;
		return (int)first;
	}
	runs->too_long = n_units;
	return -1;
}

void unwind_runs_give_back(struct unwind_runs *runs, size_t first, size_t n_units)
{
	assert(first + n_units <= UNWIND_CHUNK_UNITS);
	flip(runs, first, n_units, false);
	runs->n_used -= n_units;
	runs->too_long = 0;
}
