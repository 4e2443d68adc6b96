/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf ranges: the addresses that a DIE is about: DW_AT_low_pc and DW_AT_high_pc, or a list in .debug_ranges (DWARF 2
 * to 4, section 2.17.3) or .debug_rnglists (DWARF 5, section 7.25). Code that the linker dropped is left out: it lies
 * at 0 or at the end of the address space.
 */
#pragma once

#include "symbolizer/dwarf-die.h"

struct dwarf_range {
	uint64_t from, to; /* from < to */
};

/*
 * Appends them to ret, an array of struct dwarf_range, as far as they make sense. -EFBIG: the work is used up, or there
 * are more than we make room for.
 */
_must_check_ int dwarf_ranges_read(const struct dwarf_unit *unit, const struct dwarf_die *die, struct dwarf_array *ret);

/* One more, unless it is empty or of dropped code. */
_must_check_ int dwarf_ranges_add(const struct dwarf_unit *unit, uint64_t from, uint64_t to, struct dwarf_array *ret);
