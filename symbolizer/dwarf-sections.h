/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf sections: the bytes of the DWARF sections of one file: mapped where they lie in it as they are (a file that
 * shrinks then costs the child, which is what it is for), unpacked where they are compressed (zlib, zstd; gABI
 * ELFCOMPRESS_*, and .zdebug_*), relocated where the file is relocatable (.ko, .o).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/elffile.h"

enum dwarf_section_kind {
	DWARF_INFO,
	DWARF_TYPES, /* of DWARF 4 */
	DWARF_ABBREV,
	DWARF_STR,
	DWARF_LINE,
	DWARF_LINE_STR,
	DWARF_STR_OFFSETS,
	DWARF_ADDR,
	DWARF_RANGES,
	DWARF_RNGLISTS,
	DWARF_ARANGES,
	DWARF_CU_INDEX, /* of a .dwp */
	DWARF_TU_INDEX,
	DWARF_N_SECTIONS,
};

struct dwarf_bytes {
	const uint8_t *data; /* NULL: there is none, or it could not be read */
	size_t size;
	void *map; /* what is to be unmapped, or freed where map_size is 0; NULL: data is borrowed */
	size_t map_size;
};

struct dwarf_sections {
	struct dwarf_bytes all[DWARF_N_SECTIONS];
};

/* The sections named .debug_X, or .debug_X.dwo for is_dwo. -EFBIG: a section unpacks to more than we make room for;
 * -EBADMSG: .debug_info is there and cannot be unpacked. */
_must_check_ int dwarf_sections_open(const struct elffile *f, bool is_dwo, struct dwarf_sections *ret);
void dwarf_sections_done(struct dwarf_sections *s);

/* How many bytes those sections have, or say they unpack to. */
uint64_t dwarf_sections_size(const struct elffile *f, bool is_dwo);

/* A NUL-terminated string at an offset of a section; NULL: none there. */
const char *dwarf_string_at(const struct dwarf_bytes *section, uint64_t offset);
