/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf line header: what stands in front of a line number program (DWARF 5, section 6.2.4): how its opcodes count, and
 * the directories and files that it speaks of. Names stay where they lie until they are asked for.
 */
#pragma once

#include "symbolizer/byte-reader.h"
#include "symbolizer/dwarf-line.h"

struct dwarf_line_entry {
	uint64_t name; /* where the form says: an offset, an index */
	uint32_t dir;
	uint16_t form; /* DW_FORM_string: an offset into .debug_line; 0: there is no name */
};

struct dwarf_line_list {
	struct dwarf_line_entry *all;
	size_t n, capacity;
};

struct dwarf_line_header {
	uint8_t version;
	uint8_t offset_bytes; /* 4, 8 in 64-bit DWARF */
	uint8_t address_bytes;
	uint8_t instruction_bytes; /* of the shortest one */
	int8_t line_base;
	uint8_t line_range;
	uint8_t opcode_base;
	const uint8_t *n_operands; /* of opcode 1, 2, ... up to opcode_base */
	struct byte_reader program;
};

struct dwarf_line_names {
	struct dwarf_line_unit unit;
	struct dwarf_line_header header;
	struct dwarf_files *out;
	struct dwarf_line_list dirs, files;
	uint32_t *numbers; /* in `out`, of each file; 0: not asked for yet */
};

/* -EBADMSG: makes no sense. Files that cannot be read are left out. */
_must_check_ int dwarf_line_names_new(const struct dwarf_line_unit *unit, struct dwarf_files *out,
				      struct dwarf_line_names **ret);
struct dwarf_line_names *dwarf_line_names_free(struct dwarf_line_names *n); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct dwarf_line_names *, dwarf_line_names_free);

/* Adds a file as DW_LNE_define_file and the headers before DWARF 5 describe it. */
_must_check_ int dwarf_line_names_define(struct dwarf_line_names *n, struct byte_reader *r);

/* 0: unknown. */
_must_check_ int dwarf_line_names_find(struct dwarf_line_names *n, uint64_t number, uint32_t *ret);
