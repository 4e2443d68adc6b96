// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-form.h"

#include <dwarf.h>

enum dwarf_layout dwarf_form_layout(const struct dwarf_encoding *e, uint64_t form, uint8_t *ret_bytes)
{
	*ret_bytes = 0;
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const: /* lies in the abbreviation */
		return DWARF_FIXED;
	case DW_FORM_data1:
	case DW_FORM_flag:
	case DW_FORM_ref1:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		*ret_bytes = 1;
		return DWARF_FIXED;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		*ret_bytes = 2;
		return DWARF_FIXED;
	case DW_FORM_strx3:
	case DW_FORM_addrx3:
		*ret_bytes = 3;
		return DWARF_FIXED;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
	case DW_FORM_ref_sup4:
		*ret_bytes = 4;
		return DWARF_FIXED;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sig8:
	case DW_FORM_ref_sup8:
		*ret_bytes = 8;
		return DWARF_FIXED;
	case DW_FORM_data16:
		*ret_bytes = 16;
		return DWARF_FIXED;
	case DW_FORM_addr:
		*ret_bytes = e->address_bytes;
		return DWARF_FIXED;
	case DW_FORM_ref_addr:
		*ret_bytes = e->version <= 2 ? e->address_bytes : dwarf_offset_bytes(e);
		return DWARF_FIXED;
	case DW_FORM_strp:
	case DW_FORM_line_strp:
	case DW_FORM_strp_sup:
	case DW_FORM_sec_offset:
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
		*ret_bytes = dwarf_offset_bytes(e);
		return DWARF_FIXED;
	case DW_FORM_udata:
	case DW_FORM_ref_udata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
	case DW_FORM_GNU_addr_index:
	case DW_FORM_GNU_str_index:
		return DWARF_ULEB;
	case DW_FORM_sdata:
		return DWARF_SLEB;
	case DW_FORM_string:
		return DWARF_STRING;
	case DW_FORM_block1:
		*ret_bytes = 1;
		return DWARF_BLOCK;
	case DW_FORM_block2:
		*ret_bytes = 2;
		return DWARF_BLOCK;
	case DW_FORM_block4:
		*ret_bytes = 4;
		return DWARF_BLOCK;
	case DW_FORM_block:
	case DW_FORM_exprloc:
		return DWARF_BLOCK;
	case DW_FORM_indirect:
		return DWARF_INDIRECT;
	case DWARF_FORM_LLVM_ADDRX_OFFSET:
		return DWARF_ADDRX_OFFSET;
	default:
		return DWARF_UNKNOWN;
	}
}

static void skip_string(struct byte_reader *r)
{
	const uint8_t *nul = memchr(r->at, 0, bytes_left(r));

	if (nul)
		r->at = nul + 1;
	else
		bytes_fail(r);
}

/* The form that is in the data. One that points on again would only be there to keep us busy. */
static uint64_t read_form(struct byte_reader *r)
{
	uint64_t form = bytes_uleb(r);

	if (form == DW_FORM_indirect || form == DW_FORM_implicit_const)
		bytes_fail(r);
	return form;
}

static void read_fixed(struct byte_reader *r, uint8_t n_bytes, uint64_t form, struct dwarf_value *ret)
{
	if (n_bytes > 8)
		bytes_skip(r, n_bytes);
	else
		ret->n = form == DW_FORM_flag_present ? 1 : bytes_fixed(r, n_bytes);
}

void dwarf_form_read(struct byte_reader *r, const struct dwarf_encoding *e, const uint8_t *base, uint64_t form,
		     struct dwarf_value *ret)
{
	uint8_t n_bytes;
	enum dwarf_layout layout = dwarf_form_layout(e, form, &n_bytes);

	if (layout == DWARF_INDIRECT) {
		form = read_form(r);
		layout = r->failed ? DWARF_UNKNOWN : dwarf_form_layout(e, form, &n_bytes);
	}
	*ret = (struct dwarf_value){ .form = (uint16_t)form, .n = (uint64_t)(r->at - base) };
	switch (layout) {
	case DWARF_FIXED:
		read_fixed(r, n_bytes, form, ret);
		break;
	case DWARF_ULEB:
		ret->n = bytes_uleb(r);
		break;
	case DWARF_SLEB:
		ret->n = (uint64_t)bytes_sleb(r);
		break;
	case DWARF_STRING:
		skip_string(r);
		break;
	case DWARF_BLOCK:
		bytes_skip(r, n_bytes ? bytes_fixed(r, n_bytes) : bytes_uleb(r));
		break;
	case DWARF_ADDRX_OFFSET: /* the index in the low half, what is added to the address in the high one */
		ret->n = bytes_uleb(r) & UINT32_MAX;
		ret->n |= bytes_fixed(r, 4) << 32;
		break;
	default:
		bytes_fail(r);
	}
}

void dwarf_form_skip(struct byte_reader *r, const struct dwarf_encoding *e, uint64_t form)
{
	struct dwarf_value ignored;

	dwarf_form_read(r, e, r->at, form, &ignored);
}
