// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-abbrev.h"

#include <dwarf.h>
#include <uthash.h>

#include "symbolizer/dwarf-array.h"

#define MAX_ABBREVS ((size_t)1 << 18)  /* compilers use some hundreds, dwz and LTO some thousands */
#define MAX_STEPS ((size_t)1 << 20)    /* 8 MiB */
#define MAX_ATTRIBUTES 1024            /* of one abbreviation: more are nonsense */
#define CACHE_BYTES ((size_t)24 << 20) /* 118 MB of .debug_info have some 3 MB of abbreviations */

struct dwarf_abbrev_entry {
	struct dwarf_abbrevs table; /* first: what was taken is the entry */
	uint64_t key;
	unsigned int n_users;
	size_t n_bytes;
	UT_hash_handle hh;
};

/* -- decoding -- */

static int at_of(uint64_t name)
{
	switch (name) {
	case DW_AT_name:
		return DWARF_AT_NAME;
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		return DWARF_AT_LINKAGE_NAME;
	case DW_AT_abstract_origin:
		return DWARF_AT_ABSTRACT_ORIGIN;
	case DW_AT_specification:
		return DWARF_AT_SPECIFICATION;
	case DW_AT_decl_line:
		return DWARF_AT_DECL_LINE;
	case DW_AT_low_pc:
		return DWARF_AT_LOW_PC;
	case DW_AT_high_pc:
		return DWARF_AT_HIGH_PC;
	case DW_AT_ranges:
		return DWARF_AT_RANGES;
	case DW_AT_call_file:
		return DWARF_AT_CALL_FILE;
	case DW_AT_call_line:
		return DWARF_AT_CALL_LINE;
	case DW_AT_stmt_list:
		return DWARF_AT_STMT_LIST;
	case DW_AT_comp_dir:
		return DWARF_AT_COMP_DIR;
	case DW_AT_str_offsets_base:
		return DWARF_AT_STR_OFFSETS_BASE;
	case DW_AT_addr_base:
	case DW_AT_GNU_addr_base:
		return DWARF_AT_ADDR_BASE;
	case DW_AT_rnglists_base:
		return DWARF_AT_RNGLISTS_BASE;
	case DW_AT_GNU_ranges_base:
		return DWARF_AT_RANGES_BASE;
	case DW_AT_dwo_name:
	case DW_AT_GNU_dwo_name:
		return DWARF_AT_DWO_NAME;
	case DW_AT_GNU_dwo_id:
		return DWARF_AT_DWO_ID;
	default:
		return -1;
	}
}

/* Those whose attributes count: what has code, what may be meant by it, and what heads a unit. */
static bool is_wanted(uint64_t tag)
{
	switch (tag) {
	case DW_TAG_subprogram:
	case DW_TAG_inlined_subroutine:
	case DW_TAG_compile_unit:
	case DW_TAG_partial_unit:
	case DW_TAG_skeleton_unit:
	case DW_TAG_type_unit:
		return true;
	default:
		return false;
	}
}

struct decoder {
	struct byte_reader r;
	const struct dwarf_encoding *encoding;
	struct dwarf_array abbrevs, steps;
};

static int add_step(struct decoder *d, const struct dwarf_step *step)
{
	int r;

	r = dwarf_array_add(&d->steps, sizeof(*step), MAX_STEPS);
	if (r < 0)
		return r == -EFBIG ? -EBADMSG : r;
	*dwarf_array_last(&d->steps, struct dwarf_step) = *step;
	return 0;
}

/* What is skipped after something skipped is one step. */
static int add_skip(struct decoder *d, uint32_t first_step, uint32_t n_bytes)
{
	struct dwarf_step *last = d->steps.n > first_step ? dwarf_array_last(&d->steps, struct dwarf_step) : NULL;

	if (n_bytes == 0)
		return 0;
	if (!last || last->kind != DWARF_STEP_SKIP)
		return add_step(d, &(struct dwarf_step){ .kind = DWARF_STEP_SKIP, .n = n_bytes });
	last->n += n_bytes;
	return 0;
}

static int add_other(struct decoder *d, uint32_t first_step, uint64_t form)
{
	uint8_t n_bytes;

	if (dwarf_form_layout(d->encoding, form, &n_bytes) == DWARF_FIXED)
		return add_skip(d, first_step, n_bytes);
	return add_step(d, &(struct dwarf_step){ .kind = DWARF_STEP_FORM, .form = (uint16_t)form });
}

static int add_wanted(struct decoder *d, uint8_t at, uint64_t form, int64_t constant)
{
	struct dwarf_step step = { .kind = DWARF_STEP_VALUE, .at = at, .form = (uint16_t)form };
	uint8_t n_bytes;

	if (form == DW_FORM_implicit_const) {
		if (constant < 0 || constant > UINT32_MAX) /* no line, file or size */
			return 0;
		step.kind = DWARF_STEP_CONST;
		step.n = (uint32_t)constant;
	} else if (dwarf_form_layout(d->encoding, form, &n_bytes) == DWARF_FIXED && n_bytes > 0 && n_bytes <= 8) {
		step.kind = DWARF_STEP_FIXED;
		step.n = n_bytes;
	}
	return add_step(d, &step);
}

static int decode_attributes(struct decoder *d, struct dwarf_abbrev *a)
{
	for (size_t n = 0; n < MAX_ATTRIBUTES; n++) {
		uint64_t name = bytes_uleb(&d->r), form = bytes_uleb(&d->r);
		int64_t constant = form == DW_FORM_implicit_const ? bytes_sleb(&d->r) : 0;
		int at = is_wanted(a->tag) ? at_of(name) : -1, r;

		if (d->r.failed || form > UINT16_MAX)
			return -EBADMSG;
		if (name == 0 && form == 0) {
			a->n_steps = (uint16_t)(d->steps.n - a->first_step);
			return 0;
		}
		r = at < 0 ? add_other(d, a->first_step, form) : add_wanted(d, (uint8_t)at, form, constant);
		if (r < 0)
			return r;
	}
	return -EBADMSG;
}

static int decode_one(struct decoder *d, uint64_t code)
{
	struct dwarf_abbrev a = { .code = code, .first_step = (uint32_t)d->steps.n };
	uint64_t tag = bytes_uleb(&d->r);
	int r;

	a.tag = tag > UINT16_MAX ? UINT16_MAX : (uint16_t)tag;
	a.is_plain = a.tag != DW_TAG_subprogram && a.tag != DW_TAG_inlined_subroutine;
	a.has_children = bytes_u8(&d->r) != 0;
	r = decode_attributes(d, &a);
	if (r < 0)
		return r;
	r = dwarf_array_add(&d->abbrevs, sizeof(a), MAX_ABBREVS);
	if (r < 0)
		return r == -EFBIG ? -EBADMSG : r;
	*dwarf_array_last(&d->abbrevs, struct dwarf_abbrev) = a;
	return 0;
}

/* A table that breaks off has what comes before. */
static int decode_all(struct decoder *d)
{
	int r;

	while (bytes_left(&d->r) > 0) {
		uint64_t code = bytes_uleb(&d->r);

		if (code == 0)
			break;
		r = decode_one(d, code);
		if (r == -EBADMSG)
			break;
		if (r < 0)
			return r;
	}
	return d->abbrevs.n > 0 ? 0 : -EBADMSG;
}

static int by_code(const void *a, const void *b)
{
	const struct dwarf_abbrev *x = a, *y = b;

	if (x->code != y->code)
		return x->code < y->code ? -1 : 1;
	return x->first_step < y->first_step ? -1 : x->first_step > y->first_step;
}

static bool is_dense(const struct dwarf_abbrev *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (all[i].code != i + 1)
			return false;
	}
	return true;
}

static void finish_table(struct decoder *d, struct dwarf_abbrevs *ret)
{
	ret->all = take_ptr(d->abbrevs.data);
	ret->n = d->abbrevs.n;
	ret->steps = take_ptr(d->steps.data);
	ret->is_dense = is_dense(ret->all, ret->n);
	if (ret->is_dense)
		return;
	qsort(ret->all, ret->n, sizeof(ret->all[0]), by_code);
	ret->is_dense = is_dense(ret->all, ret->n);
}

const struct dwarf_abbrev *dwarf_abbrevs_search(const struct dwarf_abbrevs *t, uint64_t code)
{
	size_t from = 0, to = t->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (t->all[mid].code < code)
			from = mid + 1;
		else
			to = mid;
	}
	return from < t->n && t->all[from].code == code ? &t->all[from] : NULL;
}

/* -- keeping -- */

static void free_entry(struct dwarf_abbrev_cache *c, struct dwarf_abbrev_entry *e)
{
	HASH_DEL(c->entries, e);
	c->n_bytes -= e->n_bytes;
	free(e->table.all);
	free(e->table.steps);
	free(e);
}

static void free_unused(struct dwarf_abbrev_cache *c)
{
	struct dwarf_abbrev_entry *e, *next;

	HASH_ITER (hh, c->entries, e, next) {
		if (e->n_users == 0)
			free_entry(c, e);
	}
}

void dwarf_abbrev_cache_done(struct dwarf_abbrev_cache *c)
{
	struct dwarf_abbrev_entry *e, *next;

	HASH_ITER (hh, c->entries, e, next)
		free_entry(c, e);
	*c = (struct dwarf_abbrev_cache){};
}

static uint64_t key_of(uint64_t offset, const struct dwarf_encoding *e)
{
	return offset << 3 | (uint64_t)(e->version <= 2) << 2 | (uint64_t)e->is_64 << 1 | (e->address_bytes == 8);
}

static int decode_at(struct dwarf_abbrev_cache *c, uint64_t offset, const struct dwarf_encoding *encoding,
		     struct dwarf_abbrevs *ret)
{
	struct decoder d = { .encoding = encoding };
	uint64_t n_read;
	int r;

	if (offset >= c->section->size)
		return -EBADMSG;
	d.r = byte_reader_of(c->section->data + offset, c->section->size - offset);
	r = decode_all(&d);
	n_read = (uint64_t)(d.r.at - (c->section->data + offset));
	if (!dwarf_work_spend(c->work, n_read))
		r = -EFBIG;
	if (r == 0)
		finish_table(&d, ret);
	dwarf_array_done(&d.abbrevs);
	dwarf_array_done(&d.steps);
	return r;
}

static int add_entry(struct dwarf_abbrev_cache *c, uint64_t offset, const struct dwarf_encoding *encoding,
		     struct dwarf_abbrev_entry **ret)
{
	_cleanup_free_ struct dwarf_abbrev_entry *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	r = decode_at(c, offset, encoding, &e->table);
	if (r < 0)
		return r;
	e->key = key_of(offset, encoding);
	e->n_bytes = sizeof(*e) + e->table.n * (sizeof(e->table.all[0]) + 4 * sizeof(e->table.steps[0]));
	if (c->n_bytes > CACHE_BYTES)
		free_unused(c);
	c->n_bytes += e->n_bytes;
	HASH_ADD(hh, c->entries, key, sizeof(e->key), e);
	*ret = take_ptr(e);
	return 0;
}

int dwarf_abbrev_cache_take(struct dwarf_abbrev_cache *c, uint64_t offset, const struct dwarf_encoding *encoding,
			    const struct dwarf_abbrevs **ret)
{
	const uint64_t key = key_of(offset, encoding);
	struct dwarf_abbrev_entry *e;
	int r;

	HASH_FIND(hh, c->entries, &key, sizeof(key), e);
	if (!e) {
		r = add_entry(c, offset, encoding, &e);
		if (r < 0)
			return r;
	}
	e->n_users++;
	*ret = &e->table;
	return 0;
}

void dwarf_abbrev_cache_let_go(struct dwarf_abbrev_cache *c, const struct dwarf_abbrevs *t)
{
	struct dwarf_abbrev_entry *e = (struct dwarf_abbrev_entry *)(uintptr_t)t;

	e->n_users--;
}
