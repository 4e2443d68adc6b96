/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line bytes: a line table written out by hand, piece by piece: line_bytes_begin(), the lists of directories and files,
 * line_bytes_program(), opcodes, line_bytes_end(). Special opcodes move the address by (opcode - 13) / 12 and the line
 * by (opcode - 13) % 12 - 3.
 */
#pragma once

#include <dwarf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LINE_BYTES_OPCODE_BASE 13

struct line_bytes {
	uint8_t all[1024];
	size_t n;
	uint8_t version, offset_bytes;
	size_t start, header_at, program_at;
};

static inline void line_bytes_put(struct line_bytes *b, uint64_t value, size_t size)
{
	memcpy(b->all + b->n, &value, size);
	b->n += size;
}

static inline void line_bytes_uleb(struct line_bytes *b, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		line_bytes_put(b, (value & 0x7f) | 0x80, 1);
	line_bytes_put(b, value, 1);
}

static inline void line_bytes_sleb(struct line_bytes *b, int64_t value)
{
	for (; value >= 0x40 || value < -0x40; value >>= 7)
		line_bytes_put(b, (value & 0x7f) | 0x80, 1);
	line_bytes_put(b, value & 0x7f, 1);
}

static inline void line_bytes_string(struct line_bytes *b, const char *s)
{
	memcpy(b->all + b->n, s, strlen(s) + 1);
	b->n += strlen(s) + 1;
}

static inline void line_bytes_begin(struct line_bytes *b, uint8_t version, bool is_64)
{
	static const uint8_t n_operands[] = { 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1 };

	*b = (struct line_bytes){ .version = version, .offset_bytes = is_64 ? 8 : 4, .start = is_64 ? 12 : 4 };
	line_bytes_put(b, UINT32_MAX, 4);
	b->n = b->start;
	line_bytes_put(b, version, 2);
	if (version == 5)
		line_bytes_put(b, 8, 2); /* bytes of an address, of a segment */
	b->header_at = b->n + b->offset_bytes;
	b->n = b->header_at;
	line_bytes_put(b, 1, 1); /* instruction_bytes */
	if (version >= 4)
		line_bytes_put(b, 1, 1);
	line_bytes_put(b, 1, 1);
	line_bytes_put(b, 0x100 - 3, 1);
	line_bytes_put(b, 12, 1);
	line_bytes_put(b, LINE_BYTES_OPCODE_BASE, 1);
	memcpy(b->all + b->n, n_operands, sizeof(n_operands));
	b->n += sizeof(n_operands);
}

/* Of DWARF 2 to 4: directories "inc" and "/abs"; files "one.c", "inc/two.h", "/abs/three.h", "/four.h". */
static inline void line_bytes_lists(struct line_bytes *b)
{
	static const char lists[] = "inc\0/abs\0\0one.c\0\0\0\0two.h\0\1\5\5three.h\0\2\0\0/four.h\0\1\0\0";

	memcpy(b->all + b->n, lists, sizeof(lists));
	b->n += sizeof(lists);
}

static inline void line_bytes_program(struct line_bytes *b)
{
	const uint64_t length = b->n - b->header_at;

	memcpy(b->all + b->header_at - b->offset_bytes, &length, b->offset_bytes);
	b->program_at = b->n;
}

static inline void line_bytes_end(struct line_bytes *b)
{
	const uint64_t length = b->n - b->start;

	memcpy(b->all + b->start - b->offset_bytes, &length, b->offset_bytes);
}

static inline void line_bytes_extended(struct line_bytes *b, uint8_t opcode, size_t n_operand_bytes)
{
	line_bytes_put(b, 0, 1);
	line_bytes_uleb(b, 1 + n_operand_bytes);
	line_bytes_put(b, opcode, 1);
}

static inline void line_bytes_address(struct line_bytes *b, uint64_t address)
{
	line_bytes_extended(b, DW_LNE_set_address, 8);
	line_bytes_put(b, address, 8);
}

/* A row of line 1 + line, n_bytes long. */
static inline void line_bytes_row(struct line_bytes *b, int line, unsigned int n_bytes)
{
	line_bytes_put(b, DW_LNS_advance_line, 1);
	line_bytes_sleb(b, line);
	line_bytes_put(b, DW_LNS_copy, 1);
	line_bytes_put(b, DW_LNS_advance_line, 1);
	line_bytes_sleb(b, -line);
	line_bytes_put(b, DW_LNS_advance_pc, 1);
	line_bytes_uleb(b, n_bytes);
}

static inline void line_bytes_end_sequence(struct line_bytes *b)
{
	line_bytes_extended(b, DW_LNE_end_sequence, 0);
}

/* n rows of 16 bytes each, of lines 1 + first, 2 + first, ... */
static inline void line_bytes_sequence(struct line_bytes *b, uint64_t address, int first, int n)
{
	line_bytes_address(b, address);
	for (int i = 0; i < n; i++)
		line_bytes_row(b, first + i, 16);
	line_bytes_end_sequence(b);
}
