/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind sweep: functions in the order they were begun, which may overlap, to rows in ascending order which do not:
 * at every address those of the function begun first, and gaps between functions. n log n whatever the overlaps.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/unwind-pages.h"

/* Its rows end where those of the next one in the array begin. The first lies at its start, one at each page's. */
struct unwind_function {
	uint32_t start, end;
	uint32_t row; /* its first */
};

/* All addresses count from one origin, base is that of page 0. */
_must_check_ int unwind_sweep(const struct unwind_function *functions, size_t n, const struct unwind_row *rows,
			      size_t n_rows, uint32_t base, struct unwind_pages *pages);
