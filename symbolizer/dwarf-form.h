/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf form: how the value of an attribute is laid out (DWARF 5, section 7.5.6), in DWARF 2 to 5 and in the GNU
 * extensions for split and shared debug info. Pure. What values mean is in dwarf-attr.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "symbolizer/byte-reader.h"

/* What the sizes depend on. */
struct dwarf_encoding {
	uint8_t version;
	uint8_t address_bytes; /* 4 or 8 */
	bool is_64;            /* offsets have 8 bytes */
};

struct dwarf_value {
	uint64_t n; /* the number, offset or index that is there; where a string or block begins in .debug_info */
	uint16_t form;
};

/* elfutils' dwarf.h of 0.188 lacks these. */
#define DWARF_FORM_LLVM_ADDRX_OFFSET 0x2001

static inline uint8_t dwarf_offset_bytes(const struct dwarf_encoding *e)
{
	return e->is_64 ? 8 : 4;
}

/* What may still be done for one binary, in bytes looked at: what files point to again and again is bounded by it. */
static inline bool dwarf_work_spend(uint64_t *work, uint64_t n)
{
	if (n > *work) {
		*work = 0;
		return false;
	}
	*work -= n;
	return true;
}

enum dwarf_layout {
	DWARF_FIXED, /* as many bytes as dwarf_form_bytes() says */
	DWARF_ULEB,
	DWARF_SLEB,
	DWARF_STRING,
	DWARF_BLOCK, /* a length of as many bytes as dwarf_form_bytes() says, 0: a ULEB128; then what it counts */
	DWARF_INDIRECT,
	DWARF_ADDRX_OFFSET,
	DWARF_UNKNOWN,
};

enum dwarf_layout dwarf_form_layout(const struct dwarf_encoding *e, uint64_t form, uint8_t *ret_bytes);

/* Skips or reads one value; base is where .debug_info begins. A form that is unknown fails the reader. */
void dwarf_form_skip(struct byte_reader *r, const struct dwarf_encoding *e, uint64_t form);
void dwarf_form_read(struct byte_reader *r, const struct dwarf_encoding *e, const uint8_t *base, uint64_t form,
		     struct dwarf_value *ret);
