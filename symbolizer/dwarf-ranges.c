// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-ranges.h"

#include <dwarf.h>

#define MAX_RANGES ((size_t)1 << 22) /* of one DIE: a unit of a whole program has one for each function */

/* What an address is that stands for dropped code, and in .debug_ranges that a base follows. */
static uint64_t last_address(const struct dwarf_unit *unit)
{
	return unit->encoding.address_bytes == 8 ? UINT64_MAX : UINT32_MAX;
}

int dwarf_ranges_add(const struct dwarf_unit *unit, uint64_t from, uint64_t to, struct dwarf_array *ret)
{
	int r;

	if (from >= to || from >= last_address(unit) || from == 0)
		return 0;
	r = dwarf_array_add(ret, sizeof(struct dwarf_range), MAX_RANGES);
	if (r == 0)
		*dwarf_array_last(ret, struct dwarf_range) = (struct dwarf_range){ .from = from, .to = to };
	return r;
}

/* -- lists -- */

struct list {
	const struct dwarf_unit *unit;
	struct byte_reader r;
	uint64_t base; /* what is added to the addresses that follow; UINT64_MAX: of dropped code */
};

static int add_offsets(const struct list *l, uint64_t from, uint64_t to, struct dwarf_array *ret)
{
	if (l->base == last_address(l->unit) || l->base == UINT64_MAX)
		return 0;
	if (from >= to || __builtin_add_overflow(from, l->base, &from) || __builtin_add_overflow(to, l->base, &to))
		return 0;
	return dwarf_ranges_add(l->unit, from, to, ret);
}

static int add_length(const struct list *l, uint64_t from, uint64_t n_bytes, struct dwarf_array *ret)
{
	uint64_t to;

	return __builtin_add_overflow(from, n_bytes, &to) ? 0 : dwarf_ranges_add(l->unit, from, to, ret);
}

/* DWARF 2 to 4: pairs, of which one begins with a mark that says what is added to those that follow. */
static int read_pair(struct list *l, bool *ret_is_end, struct dwarf_array *ret)
{
	const uint8_t n_bytes = l->unit->encoding.address_bytes;
	uint64_t from = bytes_fixed(&l->r, n_bytes), to = bytes_fixed(&l->r, n_bytes);

	*ret_is_end = from == 0 && to == 0;
	if (from == last_address(l->unit)) {
		l->base = to;
		return 0;
	}
	return add_offsets(l, from, to, ret);
}

static int read_entry(struct list *l, bool *ret_is_end, struct dwarf_array *ret)
{
	const uint8_t n_bytes = l->unit->encoding.address_bytes;
	uint8_t kind = bytes_u8(&l->r);
	uint64_t a, b;

	*ret_is_end = kind == DW_RLE_end_of_list;
	switch (kind) {
	case DW_RLE_base_addressx:
		l->base = dwarf_unit_indexed_address(l->unit, bytes_uleb(&l->r));
		return 0;
	case DW_RLE_base_address:
		l->base = bytes_fixed(&l->r, n_bytes);
		return 0;
	case DW_RLE_startx_endx:
		a = dwarf_unit_indexed_address(l->unit, bytes_uleb(&l->r));
		b = dwarf_unit_indexed_address(l->unit, bytes_uleb(&l->r));
		return dwarf_ranges_add(l->unit, a, b, ret);
	case DW_RLE_startx_length:
		a = dwarf_unit_indexed_address(l->unit, bytes_uleb(&l->r));
		return add_length(l, a, bytes_uleb(&l->r), ret);
	case DW_RLE_offset_pair:
		a = bytes_uleb(&l->r);
		b = bytes_uleb(&l->r);
		return add_offsets(l, a, b, ret);
	case DW_RLE_start_end:
		a = bytes_fixed(&l->r, n_bytes);
		b = bytes_fixed(&l->r, n_bytes);
		return dwarf_ranges_add(l->unit, a, b, ret);
	case DW_RLE_start_length:
		a = bytes_fixed(&l->r, n_bytes);
		return add_length(l, a, bytes_uleb(&l->r), ret);
	default: /* the end, or of a kind that we do not know */
		*ret_is_end = true;
		return 0;
	}
}

static int read_list(const struct dwarf_unit *unit, const struct dwarf_bytes *section, uint64_t offset,
		     struct dwarf_array *ret)
{
	struct list l = { .unit = unit, .base = unit->low_pc };
	bool is_end = false;
	int r = 0;

	if (offset >= section->size)
		return 0;
	l.r = byte_reader_of(section->data + offset, section->size - offset);
	while (!is_end && !l.r.failed && r == 0) {
		const uint8_t *from = l.r.at;

		r = unit->encoding.version >= 5 ? read_entry(&l, &is_end, ret) : read_pair(&l, &is_end, ret);
		if (r == 0 && !dwarf_work_spend(unit->info->work, (uint64_t)(l.r.at - from)))
			r = -EFBIG;
	}
	return r;
}

/* Where list number `index` of a unit of DWARF 5 begins. */
static uint64_t indexed_list(const struct dwarf_unit *unit, uint64_t index)
{
	const struct dwarf_bytes *section = &unit->info->sections.all[DWARF_RNGLISTS];
	const uint8_t n_bytes = dwarf_offset_bytes(&unit->encoding);
	struct byte_reader r;
	uint64_t at;

	if (!section->data || index >= section->size / n_bytes || unit->rnglists > section->size)
		return DWARF_NOWHERE;
	r = byte_reader_of(section->data, section->size);
	bytes_skip(&r, unit->rnglists + index * n_bytes);
	at = bytes_fixed(&r, n_bytes);
	return r.failed || at > section->size ? DWARF_NOWHERE : unit->rnglists + at;
}

static int read_ranges(const struct dwarf_unit *unit, const struct dwarf_die *die, struct dwarf_array *ret)
{
	const struct dwarf_value *v = &die->at[DWARF_AT_RANGES];
	uint64_t offset;

	if (v->form == DW_FORM_rnglistx)
		return read_list(unit, &unit->info->sections.all[DWARF_RNGLISTS], indexed_list(unit, v->n), ret);
	if (!dwarf_die_offset(die, DWARF_AT_RANGES, &offset))
		return 0;
	if (unit->encoding.version >= 5) {
		if (__builtin_add_overflow(offset, unit->rnglists_from, &offset))
			return 0;
		return read_list(unit, &unit->info->sections.all[DWARF_RNGLISTS], offset, ret);
	}
	if (unit->info->is_dwo && __builtin_add_overflow(offset, unit->ranges, &offset))
		return 0;
	return read_list(unit, &unit->info->code->all[DWARF_RANGES], offset, ret);
}

/* high_pc is an address, or how many bytes there are. */
static bool read_end(const struct dwarf_unit *unit, const struct dwarf_die *die, uint64_t from, uint64_t *ret)
{
	uint64_t n_bytes;

	if (dwarf_die_address(unit, die, DWARF_AT_HIGH_PC, ret))
		return true;
	return dwarf_die_number(die, DWARF_AT_HIGH_PC, &n_bytes) && !__builtin_add_overflow(from, n_bytes, ret);
}

int dwarf_ranges_read(const struct dwarf_unit *unit, const struct dwarf_die *die, struct dwarf_array *ret)
{
	uint64_t from, to;

	if (dwarf_die_address(unit, die, DWARF_AT_LOW_PC, &from) && read_end(unit, die, from, &to))
		return dwarf_ranges_add(unit, from, to, ret);
	return dwarf_die_has(die, DWARF_AT_RANGES) ? read_ranges(unit, die, ret) : 0;
}
