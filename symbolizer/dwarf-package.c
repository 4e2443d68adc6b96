// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-package.h"

#define MAX_COLUMNS 16

/* Sections, as a package numbers them. */
enum part {
	PART_INFO = 1,
	PART_ABBREV = 3,
	PART_STR_OFFSETS = 6,
	PART_RNGLISTS = 8, /* of version 5; in version 2 this is .debug_macro */
};

/* The index: a hash table of ids, one of rows, then as many rows of offsets and of sizes as there are units. */
struct package {
	const struct dwarf_bytes *bytes;
	uint32_t version, n_columns, n_units, n_slots;
	uint64_t rows, columns, offsets, sizes; /* where they begin */
};

static uint64_t number_at(const struct package *p, uint64_t at, size_t size)
{
	struct byte_reader r = byte_reader_of(p->bytes->data, p->bytes->size);

	bytes_skip(&r, at);
	return bytes_fixed(&r, size);
}

static bool open_package(const struct dwarf_bytes *bytes, struct package *ret)
{
	struct byte_reader r = byte_reader_of(bytes->data, bytes->size);
	struct package p = { .bytes = bytes };
	uint64_t table_bytes;

	p.version = (uint32_t)bytes_fixed(&r, 4);
	p.n_columns = (uint32_t)bytes_fixed(&r, 4);
	p.n_units = (uint32_t)bytes_fixed(&r, 4);
	p.n_slots = (uint32_t)bytes_fixed(&r, 4);
	if (r.failed || (p.version != 2 && (p.version & 0xffff) != 5) || p.n_columns > MAX_COLUMNS)
		return false;
	if (p.n_slots == 0 || (p.n_slots & (p.n_slots - 1)))
		return false;
	table_bytes = (uint64_t)p.n_units * p.n_columns * 4;
	p.rows = 16 + (uint64_t)p.n_slots * 8;
	p.columns = p.rows + (uint64_t)p.n_slots * 4;
	p.offsets = p.columns + (uint64_t)p.n_columns * 4;
	p.sizes = p.offsets + table_bytes;
	*ret = p;
	return p.sizes + table_bytes <= bytes->size;
}

/* The row of an id, from 1 on; 0: none. */
static uint32_t find_row(const struct package *p, uint64_t id)
{
	const uint64_t mask = p->n_slots - 1, step = ((id >> 32) & mask) | 1;
	uint64_t at = id & mask;

	for (uint32_t n = 0; n < p->n_slots; n++, at = (at + step) & mask) {
		uint32_t row = (uint32_t)number_at(p, p->rows + at * 4, 4);

		if (row == 0)
			return 0;
		if (number_at(p, 16 + at * 8, 8) == id)
			return row <= p->n_units ? row : 0;
	}
	return 0;
}

static void note_part(const struct package *p, uint32_t part, uint64_t offset, uint64_t size, struct dwarf_piece *ret)
{
	switch (part) {
	case PART_INFO:
		ret->info = offset;
		ret->info_end = offset + size;
		break;
	case PART_ABBREV:
		ret->abbrev = offset;
		break;
	case PART_STR_OFFSETS:
		ret->str_offsets = offset;
		break;
	case PART_RNGLISTS:
		if (p->version != 2)
			ret->rnglists = offset;
		break;
	default:
		break;
	}
}

bool dwarf_package_find(const struct dwarf_bytes *cu_index, uint64_t dwo_id, struct dwarf_piece *ret)
{
	struct dwarf_piece piece = {};
	struct package p;
	uint32_t row;

	if (!cu_index->data || !open_package(cu_index, &p))
		return false;
	row = find_row(&p, dwo_id);
	if (row == 0)
		return false;
	for (uint32_t i = 0; i < p.n_columns; i++) {
		uint64_t cell = ((uint64_t)(row - 1) * p.n_columns + i) * 4;

		note_part(&p, (uint32_t)number_at(&p, p.columns + (uint64_t)i * 4, 4),
			  number_at(&p, p.offsets + cell, 4), number_at(&p, p.sizes + cell, 4), &piece);
	}
	*ret = piece;
	return piece.info < piece.info_end;
}
