/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf line program: the state machine whose rows are a line table (DWARF 5, section 6.2.5), one event after the
 * other. Only what we use of a row is kept. Opcodes that nobody knows are skipped by the lengths that they have.
 */
#pragma once

#include "symbolizer/byte-reader.h"
#include "symbolizer/dwarf-line-header.h"

struct dwarf_line_program {
	const struct dwarf_line_header *header;
	struct dwarf_line_names *names; /* to which DW_LNE_define_file adds; NULL: they are known already */
	struct byte_reader reader;
	uint64_t address, file; /* file: a number of the header */
	uint32_t line;
	bool has_ended; /* the sequence; the next one begins anew */
	int error;      /* -errno: why it stopped */
};

enum dwarf_line_event {
	DWARF_LINE_STOP, /* nothing follows, or nothing that can be read */
	DWARF_LINE_ROW,
	DWARF_LINE_END, /* of a sequence: address is the first one behind it */
};

/* From the start of a sequence on. */
struct dwarf_line_program dwarf_line_program_of(const struct dwarf_line_header *h, const uint8_t *at);
enum dwarf_line_event dwarf_line_program_next(struct dwarf_line_program *p);
