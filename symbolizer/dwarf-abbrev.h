/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf abbrev: what the DIEs of a unit look like (DWARF 5, section 7.5.3), made ready for reading them fast: each
 * abbreviation becomes a few steps, one for each attribute that counts and one for each stretch of others. Tables are
 * decoded once and kept, as far as there is room. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/dwarf-form.h"
#include "symbolizer/dwarf-sections.h"

/* The attributes that count. */
enum dwarf_at {
	DWARF_AT_NAME,
	DWARF_AT_LINKAGE_NAME,
	DWARF_AT_ABSTRACT_ORIGIN,
	DWARF_AT_SPECIFICATION,
	DWARF_AT_DECL_LINE,
	DWARF_AT_LOW_PC,
	DWARF_AT_HIGH_PC,
	DWARF_AT_RANGES,
	DWARF_AT_CALL_FILE,
	DWARF_AT_CALL_LINE,
	/* those of units */
	DWARF_AT_STMT_LIST,
	DWARF_AT_COMP_DIR,
	DWARF_AT_STR_OFFSETS_BASE,
	DWARF_AT_ADDR_BASE,
	DWARF_AT_RNGLISTS_BASE,
	DWARF_AT_RANGES_BASE,
	DWARF_AT_DWO_NAME,
	DWARF_AT_DWO_ID,
	DWARF_N_AT,
};

enum dwarf_step_kind {
	DWARF_STEP_SKIP,  /* n bytes */
	DWARF_STEP_FORM,  /* one value of `form`, which is not wanted */
	DWARF_STEP_FIXED, /* a value of n bytes, for `at` */
	DWARF_STEP_VALUE, /* a value of any other form, for `at` */
	DWARF_STEP_CONST, /* the value is n */
};

struct dwarf_step {
	uint8_t kind, at;
	uint16_t form;
	uint32_t n;
};

struct dwarf_abbrev {
	uint64_t code; /* 0: there is none of this code */
	uint32_t first_step;
	uint16_t n_steps;
	uint16_t tag;
	bool has_children;
	bool is_plain; /* nothing in it counts */
};

struct dwarf_abbrevs {
	struct dwarf_abbrev *all; /* ascending by code */
	size_t n;
	struct dwarf_step *steps;
	bool is_dense; /* codes are 1, 2, 3, ... */
};

const struct dwarf_abbrev *dwarf_abbrevs_search(const struct dwarf_abbrevs *t, uint64_t code);

static inline const struct dwarf_abbrev *dwarf_abbrevs_find(const struct dwarf_abbrevs *t, uint64_t code)
{
	if (t->is_dense)
		return code - 1 < t->n ? &t->all[code - 1] : NULL;
	return dwarf_abbrevs_search(t, code);
}

struct dwarf_abbrev_entry;

/* The tables of one .debug_abbrev. */
struct dwarf_abbrev_cache {
	const struct dwarf_bytes *section; /* borrowed */
	uint64_t *work;                    /* borrowed: bytes that may still be decoded */
	struct dwarf_abbrev_entry *entries;
	size_t n_bytes;
};

void dwarf_abbrev_cache_done(struct dwarf_abbrev_cache *c);

/*
 * The table at an offset, for units of an encoding; stays until it is let go. -EBADMSG: there is none; -EFBIG: the work
 * is used up.
 */
_must_check_ int dwarf_abbrev_cache_take(struct dwarf_abbrev_cache *c, uint64_t offset, const struct dwarf_encoding *e,
					 const struct dwarf_abbrevs **ret);
void dwarf_abbrev_cache_let_go(struct dwarf_abbrev_cache *c, const struct dwarf_abbrevs *t);
