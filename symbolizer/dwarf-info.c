// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-info.h"

#include <dwarf.h>

#include "symbolizer/dwarf-die.h"

#define MAX_UNITS ((size_t)1 << 18) /* a browser has some 30,000 */

void dwarf_info_init(struct dwarf_info *i, const struct dwarf_sections *sections, uint64_t *work)
{
	*i = (struct dwarf_info){ .sections = *sections, .work = work };
	i->code = &i->sections;
	i->abbrevs.section = &i->sections.all[DWARF_ABBREV];
	i->abbrevs.work = work;
}

void dwarf_info_done(struct dwarf_info *i)
{
	dwarf_abbrev_cache_done(&i->abbrevs);
	dwarf_array_done(&i->units);
	dwarf_sections_done(&i->sections);
}

/* -- the header -- */

/* What comes behind the length, in the reader of the unit. false: of no version that we know. */
static bool read_header(struct byte_reader *r, struct dwarf_unit *ret)
{
	uint8_t type = DW_UT_compile;

	ret->encoding.version = (uint8_t)bytes_fixed(r, 2);
	if (ret->encoding.version < 2 || ret->encoding.version > 5)
		return false;
	if (ret->encoding.version == 5) {
		type = bytes_u8(r);
		ret->encoding.address_bytes = bytes_u8(r);
	}
	ret->abbrev = bytes_fixed(r, dwarf_offset_bytes(&ret->encoding));
	if (ret->encoding.version < 5)
		ret->encoding.address_bytes = bytes_u8(r);
	ret->is_type = type == DW_UT_type || type == DW_UT_split_type;
	if (type == DW_UT_skeleton || type == DW_UT_split_compile)
		ret->dwo_id = bytes_fixed(r, 8);
	if (ret->is_type) /* its signature, and where the type is */
		bytes_skip(r, 8 + dwarf_offset_bytes(&ret->encoding));
	return !r->failed && (ret->encoding.address_bytes == 8 || ret->encoding.address_bytes == 4);
}

uint64_t dwarf_length_read(struct byte_reader *r, bool *ret_is_64)
{
	uint64_t length = bytes_fixed(r, 4);

	*ret_is_64 = length == 0xffffffff;
	if (*ret_is_64)
		length = bytes_fixed(r, 8);
	else if (length >= 0xfffffff0)
		bytes_fail(r);
	return r->failed ? UINT64_MAX : length;
}

/* -- its first DIE -- */

/* The header of a list of addresses, strings or ranges: where nothing tells how long it is. */
static uint64_t default_base(const struct dwarf_unit *u, uint64_t n_header_bytes)
{
	if (u->encoding.version < 5)
		return 0;
	return n_header_bytes + (u->encoding.is_64 ? 8 : 0);
}

static void set_bases(struct dwarf_unit *u, const struct dwarf_piece *piece, const struct dwarf_die *die)
{
	u->str_offsets = piece->str_offsets + default_base(u, 8);
	u->rnglists_from = piece->rnglists;
	u->rnglists = piece->rnglists + default_base(u, 12);
	u->addr = default_base(u, 8);
	u->ranges = 0;
	dwarf_die_offset(die, DWARF_AT_STR_OFFSETS_BASE, &u->str_offsets);
	dwarf_die_offset(die, DWARF_AT_ADDR_BASE, &u->addr);
	dwarf_die_offset(die, DWARF_AT_RNGLISTS_BASE, &u->rnglists);
	/* Of the split unit's ranges: what a skeleton has itself counts from 0. */
	dwarf_die_offset(die, DWARF_AT_RANGES_BASE, &u->ranges);
}

static void set_facts(struct dwarf_unit *u, const struct dwarf_die *die)
{
	u->tag = die->tag;
	u->stmt_list = DWARF_NOWHERE;
	dwarf_die_offset(die, DWARF_AT_STMT_LIST, &u->stmt_list);
	dwarf_die_number(die, DWARF_AT_DWO_ID, &u->dwo_id);
	u->name = dwarf_die_string(u, die, DWARF_AT_NAME);
	u->comp_dir = dwarf_die_string(u, die, DWARF_AT_COMP_DIR);
	u->dwo_name = dwarf_die_string(u, die, DWARF_AT_DWO_NAME);
	if (!dwarf_die_address(u, die, DWARF_AT_LOW_PC, &u->low_pc))
		u->low_pc = 0;
}

/* Fills what the first DIE says. A unit whose DIE is damaged stays, as what it is: one without code. */
static int read_first_die(struct dwarf_unit *u, const struct dwarf_piece *piece)
{
	struct dwarf_die die = {};
	int r;

	r = dwarf_die_at(&(struct dwarf_place){ .unit = u, .offset = u->first_die }, &die);
	if (r < 0 && r != -EBADMSG)
		return r;
	u->is_bad = r < 0;
	set_bases(u, piece, &die);
	set_facts(u, &die);
	return 0;
}

/* r: from behind the length to the end of the unit. */
static int add_unit(struct dwarf_info *i, const struct dwarf_piece *piece, struct byte_reader *r, uint64_t offset,
		    bool is_64)
{
	const uint8_t *base = i->sections.all[DWARF_INFO].data;
	struct dwarf_unit u = {
		.info = i, .offset = offset, .end = (uint64_t)(r->end - base), .encoding.is_64 = is_64
	};
	int status;

	if (!read_header(r, &u)) {
		i->n_lost++;
		return 0;
	}
	u.abbrev += piece->abbrev;
	u.first_die = (uint64_t)(r->at - base);
	status = read_first_die(&u, piece);
	if (status < 0)
		return status;
	status = dwarf_array_add(&i->units, sizeof(u), MAX_UNITS);
	if (status == 0)
		*dwarf_array_last(&i->units, struct dwarf_unit) = u;
	return status;
}

int dwarf_info_read_units(struct dwarf_info *i, const struct dwarf_piece *piece)
{
	const struct dwarf_bytes *section = &i->sections.all[DWARF_INFO];
	struct byte_reader all, unit;
	int r;

	i->units.n = 0;
	if (piece->info > piece->info_end || piece->info_end > section->size)
		return -EBADMSG;
	all = byte_reader_of(section->data + piece->info, piece->info_end - piece->info);
	while (bytes_left(&all) > 0) {
		uint64_t offset = (uint64_t)(all.at - section->data), length;
		bool is_64;

		length = dwarf_length_read(&all, &is_64);
		unit = bytes_take(&all, length);
		if (all.failed) { /* where the next one begins nobody knows */
			i->n_lost++;
			break;
		}
		r = add_unit(i, piece, &unit, offset, is_64);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The first unit that ends behind an offset. */
static struct dwarf_unit *search(const struct dwarf_info *i, uint64_t offset)
{
	size_t from = 0, to = i->units.n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (dwarf_info_unit(i, mid)->end <= offset)
			from = mid + 1;
		else
			to = mid;
	}
	return from < i->units.n ? dwarf_info_unit(i, from) : NULL;
}

struct dwarf_unit *dwarf_info_find(const struct dwarf_info *i, uint64_t offset)
{
	struct dwarf_unit *unit = search(i, offset);

	return unit && offset >= unit->first_die ? unit : NULL;
}

struct dwarf_unit *dwarf_info_find_at(const struct dwarf_info *i, uint64_t offset)
{
	struct dwarf_unit *unit = search(i, offset);

	return unit && offset == unit->offset ? unit : NULL;
}
