// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-die.h"

#include <dwarf.h>

/* -- reading -- */

static void keep(struct dwarf_die *die, uint8_t at, uint64_t n, uint16_t form)
{
	die->at[at] = (struct dwarf_value){ .n = n, .form = form };
	die->has |= 1U << at;
}

void dwarf_die_read(const struct dwarf_unit *unit, const struct dwarf_abbrevs *t, const struct dwarf_abbrev *a,
		    struct byte_reader *r, struct dwarf_die *ret)
{
	const uint8_t *base = unit->info->sections.all[DWARF_INFO].data;
	const struct dwarf_step *step = t->steps + a->first_step;

	ret->has = 0;
	ret->tag = a->tag;
	for (const struct dwarf_step *end = step + a->n_steps; step < end; step++) {
		switch (step->kind) {
		case DWARF_STEP_SKIP:
			bytes_skip(r, step->n);
			break;
		case DWARF_STEP_FORM:
			dwarf_form_skip(r, &unit->encoding, step->form);
			break;
		case DWARF_STEP_FIXED:
			keep(ret, step->at, bytes_fixed(r, step->n), step->form);
			break;
		case DWARF_STEP_VALUE:
			dwarf_form_read(r, &unit->encoding, base, step->form, &ret->at[step->at]);
			ret->has |= 1U << step->at;
			break;
		default:
			keep(ret, step->at, step->n, step->form);
		}
	}
	if (r->failed)
		ret->has = 0;
}

void dwarf_die_skip(const struct dwarf_unit *unit, const struct dwarf_abbrevs *t, const struct dwarf_abbrev *a,
		    struct byte_reader *r)
{
	const struct dwarf_step *step = t->steps + a->first_step;

	for (const struct dwarf_step *end = step + a->n_steps; step < end; step++) {
		switch (step->kind) {
		case DWARF_STEP_SKIP:
		case DWARF_STEP_FIXED:
			bytes_skip(r, step->n);
			break;
		case DWARF_STEP_CONST:
			break;
		default:
			if (step->form == DW_FORM_exprloc)
				bytes_skip(r, bytes_uleb(r));
			else
				dwarf_form_skip(r, &unit->encoding, step->form);
		}
	}
}

static int read_with(const struct dwarf_place *place, const struct dwarf_abbrevs *t, struct dwarf_die *ret)
{
	const struct dwarf_bytes *section = &place->unit->info->sections.all[DWARF_INFO];
	struct byte_reader r = byte_reader_of(section->data + place->offset, place->unit->end - place->offset);
	const uint8_t *from = r.at;
	const struct dwarf_abbrev *a;

	a = dwarf_abbrevs_find(t, bytes_uleb(&r));
	if (!a)
		return -EBADMSG;
	dwarf_die_read(place->unit, t, a, &r, ret);
	if (!dwarf_work_spend(place->unit->info->work, (uint64_t)(r.at - from)))
		return -EFBIG;
	return r.failed ? -EBADMSG : 0;
}

int dwarf_die_at(const struct dwarf_place *place, struct dwarf_die *ret)
{
	struct dwarf_unit *unit = place->unit;
	const struct dwarf_abbrevs *t;
	int r;

	if (place->offset < unit->first_die || place->offset >= unit->end)
		return -EBADMSG;
	r = dwarf_abbrev_cache_take(&unit->info->abbrevs, unit->abbrev, &unit->encoding, &t);
	if (r < 0)
		return r;
	r = read_with(place, t, ret);
	dwarf_abbrev_cache_let_go(&unit->info->abbrevs, t);
	return r;
}

/* -- values -- */

bool dwarf_die_number(const struct dwarf_die *die, enum dwarf_at at, uint64_t *ret)
{
	const struct dwarf_value *v = &die->at[at];

	if (!dwarf_die_has(die, at))
		return false;
	switch (v->form) {
	case DW_FORM_sdata: /* a negative one is larger than any that makes sense */
	case DW_FORM_data1:
	case DW_FORM_data2:
	case DW_FORM_data4:
	case DW_FORM_data8:
	case DW_FORM_udata:
	case DW_FORM_implicit_const:
		*ret = v->n;
		return true;
	default:
		return false;
	}
}

bool dwarf_die_offset(const struct dwarf_die *die, enum dwarf_at at, uint64_t *ret)
{
	const struct dwarf_value *v = &die->at[at];

	if (!dwarf_die_has(die, at))
		return false;
	if (v->form != DW_FORM_sec_offset && v->form != DW_FORM_data4 && v->form != DW_FORM_data8)
		return false;
	*ret = v->n;
	return true;
}

/* Number `index` of those of n_bytes each that begin at base; UINT64_MAX: none. */
static uint64_t indexed(const struct dwarf_bytes *section, uint64_t base, uint64_t index, uint8_t n_bytes)
{
	struct byte_reader r = byte_reader_of(section->data, section->size);
	uint64_t n;

	if (!section->data || index > section->size / n_bytes)
		return UINT64_MAX;
	bytes_skip(&r, base);
	bytes_skip(&r, index * n_bytes);
	n = bytes_fixed(&r, n_bytes);
	return r.failed ? UINT64_MAX : n;
}

uint64_t dwarf_unit_indexed_address(const struct dwarf_unit *unit, uint64_t index)
{
	return indexed(&unit->info->code->all[DWARF_ADDR], unit->addr, index, unit->encoding.address_bytes);
}

bool dwarf_die_address(const struct dwarf_unit *unit, const struct dwarf_die *die, enum dwarf_at at, uint64_t *ret)
{
	const struct dwarf_value *v = &die->at[at];

	if (!dwarf_die_has(die, at))
		return false;
	switch (v->form) {
	case DW_FORM_addr:
		*ret = v->n;
		return true;
	case DW_FORM_addrx:
	case DW_FORM_addrx1:
	case DW_FORM_addrx2:
	case DW_FORM_addrx3:
	case DW_FORM_addrx4:
	case DW_FORM_GNU_addr_index:
		*ret = dwarf_unit_indexed_address(unit, v->n);
		return *ret != UINT64_MAX;
	case DWARF_FORM_LLVM_ADDRX_OFFSET:
		*ret = dwarf_unit_indexed_address(unit, v->n & UINT32_MAX);
		if (*ret == UINT64_MAX)
			return false;
		*ret += v->n >> 32;
		return true;
	default:
		return false;
	}
}

static const char *indexed_string(const struct dwarf_unit *unit, uint64_t index)
{
	const struct dwarf_sections *s = &unit->info->sections;
	uint64_t at =
		indexed(&s->all[DWARF_STR_OFFSETS], unit->str_offsets, index, dwarf_offset_bytes(&unit->encoding));

	return dwarf_string_at(&s->all[DWARF_STR], at);
}

const char *dwarf_die_string(const struct dwarf_unit *unit, const struct dwarf_die *die, enum dwarf_at at)
{
	const struct dwarf_sections *s = &unit->info->sections;
	const struct dwarf_value *v = &die->at[at];

	if (!dwarf_die_has(die, at))
		return NULL;
	switch (v->form) {
	case DW_FORM_string: /* ends in its unit: it was skipped there */
		return (const char *)s->all[DWARF_INFO].data + v->n;
	case DW_FORM_strp:
		return dwarf_string_at(&s->all[DWARF_STR], v->n);
	case DW_FORM_line_strp:
		return dwarf_string_at(&s->all[DWARF_LINE_STR], v->n);
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_strp_alt:
		return unit->info->alt ? dwarf_string_at(&unit->info->alt->sections.all[DWARF_STR], v->n) : NULL;
	case DW_FORM_strx:
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
	case DW_FORM_GNU_str_index:
		return indexed_string(unit, v->n);
	default:
		return NULL;
	}
}

static bool find_place(const struct dwarf_info *info, uint64_t offset, struct dwarf_place *ret)
{
	struct dwarf_unit *unit = info ? dwarf_info_find(info, offset) : NULL;

	if (!unit)
		return false;
	*ret = (struct dwarf_place){ .unit = unit, .offset = offset };
	return true;
}

bool dwarf_die_reference(const struct dwarf_unit *unit, const struct dwarf_die *die, enum dwarf_at at,
			 struct dwarf_place *ret)
{
	const struct dwarf_value *v = &die->at[at];

	if (!dwarf_die_has(die, at))
		return false;
	switch (v->form) {
	case DW_FORM_ref1:
	case DW_FORM_ref2:
	case DW_FORM_ref4:
	case DW_FORM_ref8:
	case DW_FORM_ref_udata:
		if (v->n >= unit->end - unit->offset)
			return false;
		*ret = (struct dwarf_place){ .unit = (struct dwarf_unit *)(uintptr_t)unit,
					     .offset = unit->offset + v->n };
		return true;
	case DW_FORM_ref_addr:
		return find_place(unit->info, v->n, ret);
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_ref_sup4:
	case DW_FORM_ref_sup8:
		return find_place(unit->info->alt, v->n, ret);
	default: /* DW_FORM_ref_sig8 leads to types only */
		return false;
	}
}
