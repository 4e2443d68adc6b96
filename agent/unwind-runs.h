/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind runs: which parts of one chunk are in use. A chunk is cut into units; a run is a number of them that lie
 * together. The lowest place that fits is taken, so that what is used gathers at the front. Pure; not locked.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/unwind-table.h"

#define UNWIND_UNIT_BYTES 512
#define UNWIND_CHUNK_UNITS (UNWIND_CHUNK_BYTES / UNWIND_UNIT_BYTES)

struct unwind_runs {
	uint64_t used[UNWIND_CHUNK_UNITS / 64]; /* a bit a unit */
	size_t n_used;
	size_t too_long; /* a run of so many units is known not to fit; 0: nothing is known */
};

/* The first unit of a free run of this length, which is in use from then on; -1: none is left. */
int unwind_runs_take(struct unwind_runs *runs, size_t n_units);
void unwind_runs_give_back(struct unwind_runs *runs, size_t first, size_t n_units);
