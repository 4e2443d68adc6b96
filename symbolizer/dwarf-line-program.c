// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-line-program.h"

#include <dwarf.h>

static void reset(struct dwarf_line_program *p)
{
	p->address = 0;
	p->file = 1;
	p->line = 1;
	p->has_ended = false;
}

struct dwarf_line_program dwarf_line_program_of(const struct dwarf_line_header *h, const uint8_t *at)
{
	struct dwarf_line_program p = { .header = h, .reader = h->program };

	p.reader.at = at;
	reset(&p);
	return p;
}

static void advance(struct dwarf_line_program *p, uint64_t n_instructions)
{
	p->address += n_instructions * p->header->instruction_bytes;
}

static void set_address(struct dwarf_line_program *p, struct byte_reader *r)
{
	size_t size = bytes_left(r);

	if (size == 1 || size == 2 || size == 4 || size == 8)
		p->address = bytes_fixed(r, size);
}

/* Is this the end of a sequence? */
static bool run_extended(struct dwarf_line_program *p)
{
	struct byte_reader r = bytes_take(&p->reader, bytes_uleb(&p->reader));

	switch (bytes_u8(&r)) {
	case DW_LNE_end_sequence:
		return true;
	case DW_LNE_set_address:
		set_address(p, &r);
		return false;
	case DW_LNE_define_file:
		if (p->names)
			p->error = dwarf_line_names_define(p->names, &r);
		return false;
	default:
		return false;
	}
}

static uint64_t instructions_of(const struct dwarf_line_header *h, uint8_t adjusted)
{
	return h->line_range ? adjusted / h->line_range : 0;
}

static void run_unknown(struct dwarf_line_program *p, uint8_t opcode)
{
	for (uint8_t n = p->header->n_operands[opcode - 1]; n > 0; n--)
		bytes_uleb(&p->reader);
}

static void run_standard(struct dwarf_line_program *p, uint8_t opcode)
{
	const struct dwarf_line_header *h = p->header;

	switch (opcode) {
	case DW_LNS_advance_pc:
		advance(p, bytes_uleb(&p->reader));
		break;
	case DW_LNS_advance_line:
		p->line += (uint32_t)bytes_sleb(&p->reader);
		break;
	case DW_LNS_set_file:
		p->file = bytes_uleb(&p->reader);
		break;
	case DW_LNS_const_add_pc:
		advance(p, instructions_of(h, (uint8_t)(255 - h->opcode_base)));
		break;
	case DW_LNS_fixed_advance_pc:
		p->address += bytes_fixed(&p->reader, 2);
		break;
	case DW_LNS_negate_stmt:
	case DW_LNS_set_basic_block:
	case DW_LNS_set_prologue_end:
	case DW_LNS_set_epilogue_begin:
		break;
	case DW_LNS_set_column:
	case DW_LNS_set_isa:
		bytes_uleb(&p->reader);
		break;
	default:
		run_unknown(p, opcode);
	}
}

/* Moves address and line at once. */
static void run_special(struct dwarf_line_program *p, uint8_t opcode)
{
	const struct dwarf_line_header *h = p->header;
	uint8_t adjusted = (uint8_t)(opcode - h->opcode_base);

	advance(p, instructions_of(h, adjusted));
	p->line += (uint32_t)h->line_base + (h->line_range ? adjusted % h->line_range : 0);
}

enum dwarf_line_event dwarf_line_program_next(struct dwarf_line_program *p)
{
	if (p->has_ended)
		reset(p);
	while (bytes_left(&p->reader) > 0 && p->error == 0) {
		uint8_t opcode = bytes_u8(&p->reader);

		if (opcode == 0) {
			p->has_ended = run_extended(p);
			if (p->has_ended)
				return DWARF_LINE_END;
		} else if (opcode >= p->header->opcode_base) {
			run_special(p, opcode);
			return DWARF_LINE_ROW;
		} else if (opcode == DW_LNS_copy) {
			return DWARF_LINE_ROW;
		} else {
			run_standard(p, opcode);
		}
	}
	return DWARF_LINE_STOP;
}
