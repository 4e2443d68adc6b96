/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf owners: which unit an address belongs to. What .debug_aranges says of a unit (DWARF 5, section 6.1.2) counts
 * before the ranges of the unit itself. Where two units claim an address it goes on belonging to the one that had the
 * one before, else to the first of them in the file: as llvm-symbolizer has it.
 */
#pragma once

#include "symbolizer/dwarf-info.h"

struct dwarf_owned {
	uint64_t from, to;
	uint32_t unit; /* its number */
};

struct dwarf_owners {
	struct dwarf_owned *all; /* by unit, ascending, without overlap */
	size_t *first;           /* of each unit, and where those of the last one end */
};

_must_check_ int dwarf_owners_read(const struct dwarf_info *info, struct dwarf_owners *ret);
void dwarf_owners_done(struct dwarf_owners *o);

/* What a unit owns, ascending. */
static inline const struct dwarf_owned *dwarf_owners_of(const struct dwarf_owners *o, size_t unit, size_t *ret_n)
{
	*ret_n = o->first[unit + 1] - o->first[unit];
	return o->all + o->first[unit];
}
