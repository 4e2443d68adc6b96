/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf die: one entry of .debug_info: those of its attributes that count, and what their values mean (DWARF 5,
 * section 7.5.5).
 */
#pragma once

#include "symbolizer/dwarf-info.h"

struct dwarf_die {
	uint32_t has; /* a bit for each attribute that is there */
	uint16_t tag;
	struct dwarf_value at[DWARF_N_AT]; /* where its bit is set */
};

_Static_assert(DWARF_N_AT <= 32, "a bit each");

static inline bool dwarf_die_has(const struct dwarf_die *die, enum dwarf_at at)
{
	return die->has & (1U << at);
}

/* A DIE, as a reference leads to it. */
struct dwarf_place {
	struct dwarf_unit *unit;
	uint64_t offset;
};

/* The attributes of the DIE whose abbreviation was just read. What goes wrong is in r->failed. */
void dwarf_die_read(const struct dwarf_unit *unit, const struct dwarf_abbrevs *t, const struct dwarf_abbrev *a,
		    struct byte_reader *r, struct dwarf_die *ret);
void dwarf_die_skip(const struct dwarf_unit *unit, const struct dwarf_abbrevs *t, const struct dwarf_abbrev *a,
		    struct byte_reader *r);

/* The DIE at a place. -EBADMSG: none there; -EFBIG: the work is used up. */
_must_check_ int dwarf_die_at(const struct dwarf_place *place, struct dwarf_die *ret);

/* false: it is not there, or has another form. */
bool dwarf_die_number(const struct dwarf_die *die, enum dwarf_at at, uint64_t *ret);
bool dwarf_die_offset(const struct dwarf_die *die, enum dwarf_at at, uint64_t *ret); /* into a section */
bool dwarf_die_address(const struct dwarf_unit *unit, const struct dwarf_die *die, enum dwarf_at at, uint64_t *ret);
bool dwarf_die_reference(const struct dwarf_unit *unit, const struct dwarf_die *die, enum dwarf_at at,
			 struct dwarf_place *ret);
/* NULL: there is none. Borrowed from the section. */
const char *dwarf_die_string(const struct dwarf_unit *unit, const struct dwarf_die *die, enum dwarf_at at);

/* Number `index` of .debug_addr; UINT64_MAX: none. */
uint64_t dwarf_unit_indexed_address(const struct dwarf_unit *unit, uint64_t index);
