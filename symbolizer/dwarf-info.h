/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf info: one .debug_info and its units: what their headers and first DIEs say (DWARF 5, sections 3.1 and 7.5.1).
 * There is one of the binary (or its debug file), one of what dwz moved out of it, and one for each split unit or
 * package of them while it is read. Belongs to the indexer's child.
 */
#pragma once

#include "symbolizer/dwarf-abbrev.h"
#include "symbolizer/dwarf-array.h"

#define DWARF_NOWHERE UINT64_MAX

struct dwarf_info {
	struct dwarf_sections sections; /* owned */
	/* Where addresses, and the ranges of DWARF 4, lie: its own, for split units those of the binary. */
	const struct dwarf_sections *code;
	struct dwarf_info *alt; /* what dwz moved out; NULL: nothing, or not found. Borrowed */
	uint64_t *work;         /* see dwarf_work_spend(); borrowed */
	uint32_t number;        /* among those of a binary */
	bool is_dwo;
	struct dwarf_abbrev_cache abbrevs;
	struct dwarf_array units; /* of struct dwarf_unit, ascending by offset */
	uint64_t n_lost;          /* units whose header makes no sense: not among them */
};

/* Where the parts of a unit begin: 0, and in a package what its index says. */
struct dwarf_piece {
	uint64_t info, info_end;
	uint64_t abbrev, str_offsets, rnglists;
};

struct dwarf_unit {
	struct dwarf_info *info;
	uint64_t offset, first_die, end; /* in .debug_info */
	uint64_t abbrev;
	uint64_t dwo_id;                              /* 0: not split */
	uint64_t str_offsets, addr, rnglists, ranges; /* where its parts of these sections begin */
	uint64_t rnglists_from;                       /* what offsets into .debug_rnglists count from */
	uint64_t low_pc;                              /* what its ranges count from */
	uint64_t stmt_list;                           /* DWARF_NOWHERE: none */
	const char *comp_dir, *name, *dwo_name;       /* NULL: none */
	struct dwarf_encoding encoding;
	uint16_t tag;
	bool is_type; /* of DWARF 5: holds types only */
	bool is_bad;  /* its first DIE makes no sense */
};

/* sections become its own; code and work are borrowed. */
void dwarf_info_init(struct dwarf_info *i, const struct dwarf_sections *sections, uint64_t *work);
void dwarf_info_done(struct dwarf_info *i);

/* Reads the headers of the units of a piece, in place of those read before. -EFBIG: too many. */
_must_check_ int dwarf_info_read_units(struct dwarf_info *i, const struct dwarf_piece *piece);

static inline size_t dwarf_info_n_units(const struct dwarf_info *i)
{
	return i->units.n;
}

static inline struct dwarf_unit *dwarf_info_unit(const struct dwarf_info *i, size_t n)
{
	return &((struct dwarf_unit *)i->units.data)[n];
}

/* The unit that holds the DIE at an offset, and the unit that begins there; NULL: none. */
struct dwarf_unit *dwarf_info_find(const struct dwarf_info *i, uint64_t offset);
struct dwarf_unit *dwarf_info_find_at(const struct dwarf_info *i, uint64_t offset);

/* The length that a unit or set begins with, and whether its offsets have 8 bytes; UINT64_MAX: nonsense. */
uint64_t dwarf_length_read(struct byte_reader *r, bool *ret_is_64);
