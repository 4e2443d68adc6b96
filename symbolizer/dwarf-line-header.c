// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-line-header.h"

#include <dwarf.h>
#include <string.h>

#define LENGTH_IS_64_BIT 0xffffffff
#define MAX_ENTRIES ((size_t)1 << 20) /* files of one unit: 20 MiB; large ones have thousands */
#define MAX_FORMATS 255

static int list_add(struct dwarf_line_list *l, const struct dwarf_line_entry *entry)
{
	struct dwarf_line_entry *more;

	if (l->n == MAX_ENTRIES)
		return -EFBIG;
	if (l->n == l->capacity) {
		size_t capacity = l->capacity ? l->capacity * 2 : 64;

		more = reallocarray(l->all, capacity, sizeof(*more));
		if (!more)
			return -ENOMEM;
		l->all = more;
		l->capacity = capacity;
	}
	l->all[l->n++] = *entry;
	return 0;
}

/* -- DWARF 2 to 4 -- */

/* A string in the line section itself; false: it does not end. */
static bool read_string(const struct dwarf_line_names *n, struct byte_reader *r, struct dwarf_line_entry *ret)
{
	const uint8_t *at = r->at, *end = memchr(r->at, 0, bytes_left(r));

	if (!end) {
		bytes_fail(r);
		return false;
	}
	r->at = end + 1;
	ret->form = DW_FORM_string;
	ret->name = (uint64_t)(at - n->unit.sections->all[DWARF_LINE].data);
	return true;
}

static uint32_t dir_of(uint64_t number)
{
	return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

int dwarf_line_names_define(struct dwarf_line_names *n, struct byte_reader *r)
{
	struct dwarf_line_entry entry = {};

	if (!read_string(n, r, &entry))
		return 0;
	entry.dir = dir_of(bytes_uleb(r));
	bytes_uleb(r); /* when it was changed */
	bytes_uleb(r); /* its length */
	return r->failed ? 0 : list_add(&n->files, &entry);
}

/* Each list ends with an empty name. */
static bool is_at_end(struct byte_reader *r)
{
	if (bytes_left(r) > 0 && *r->at != 0)
		return false;
	bytes_u8(r);
	return true;
}

static int read_lists(struct dwarf_line_names *n, struct byte_reader *r)
{
	int error = 0;

	while (error == 0 && !is_at_end(r)) {
		struct dwarf_line_entry dir = {};

		if (read_string(n, r, &dir))
			error = list_add(&n->dirs, &dir);
	}
	while (error == 0 && !is_at_end(r))
		error = dwarf_line_names_define(n, r);
	return error;
}

/* -- DWARF 5 -- */

struct format {
	uint64_t content, form;
};

/* What an entry consists of. */
struct formats {
	size_t n;
	struct format all[MAX_FORMATS];
};

static void read_formats(struct byte_reader *r, struct formats *ret)
{
	ret->n = bytes_u8(r);
	for (size_t i = 0; i < ret->n; i++) {
		ret->all[i].content = bytes_uleb(r);
		ret->all[i].form = bytes_uleb(r);
	}
}

/* A number, an offset or an index, and nothing where it is neither; every form takes a byte at least. */
static uint64_t read_form(const struct dwarf_line_names *n, struct byte_reader *r, uint64_t form)
{
	switch (form) {
	case DW_FORM_data1:
	case DW_FORM_strx1:
	case DW_FORM_flag:
		return bytes_u8(r);
	case DW_FORM_data2:
	case DW_FORM_strx2:
		return bytes_fixed(r, 2);
	case DW_FORM_strx3:
		return bytes_fixed(r, 3);
	case DW_FORM_data4:
	case DW_FORM_strx4:
		return bytes_fixed(r, 4);
	case DW_FORM_data8:
		return bytes_fixed(r, 8);
	case DW_FORM_udata:
	case DW_FORM_strx:
		return bytes_uleb(r);
	case DW_FORM_sdata:
		return (uint64_t)bytes_sleb(r);
	case DW_FORM_line_strp:
	case DW_FORM_strp:
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_strp_alt:
	case DW_FORM_sec_offset:
		return bytes_fixed(r, n->header.offset_bytes);
	case DW_FORM_data16:
		bytes_skip(r, 16);
		return 0;
	case DW_FORM_block:
		bytes_skip(r, bytes_uleb(r));
		return 0;
	case DW_FORM_block1:
		bytes_skip(r, bytes_u8(r));
		return 0;
	case DW_FORM_block2:
		bytes_skip(r, bytes_fixed(r, 2));
		return 0;
	case DW_FORM_block4:
		bytes_skip(r, bytes_fixed(r, 4));
		return 0;
	default: /* nobody knows how long it is */
		bytes_fail(r);
		return 0;
	}
}

static void read_field(const struct dwarf_line_names *n, struct byte_reader *r, const struct format *format,
		       struct dwarf_line_entry *entry)
{
	uint64_t value = 0;

	if (format->form == DW_FORM_string) {
		struct dwarf_line_entry string = {};

		if (!read_string(n, r, &string))
			return;
		value = string.name;
	} else {
		value = read_form(n, r, format->form);
	}
	if (format->content == DW_LNCT_path) {
		entry->name = value;
		entry->form = (uint16_t)format->form;
	} else if (format->content == DW_LNCT_directory_index) {
		entry->dir = dir_of(value);
	}
}

static int read_entries(struct dwarf_line_names *n, struct byte_reader *r, struct dwarf_line_list *ret)
{
	struct formats formats;
	uint64_t n_entries;
	int error = 0;

	read_formats(r, &formats);
	n_entries = bytes_uleb(r);
	if (n_entries > bytes_left(r))
		n_entries = 0;
	while (n_entries-- > 0 && error == 0) {
		struct dwarf_line_entry entry = {};

		for (size_t i = 0; i < formats.n; i++)
			read_field(n, r, &formats.all[i], &entry);
		if (r->failed)
			break;
		error = list_add(ret, &entry);
	}
	return error;
}

/* -- the header -- */

static int read_sizes(struct dwarf_line_header *h, struct byte_reader *r)
{
	h->instruction_bytes = bytes_u8(r);
	if (h->version >= 4)
		bytes_u8(r); /* operations an instruction: more than one have only VLIW machines */
	bytes_u8(r);         /* is_stmt */
	h->line_base = (int8_t)bytes_u8(r);
	h->line_range = bytes_u8(r);
	h->opcode_base = bytes_u8(r);
	h->n_operands = r->at;
	if (h->opcode_base > 0)
		bytes_skip(r, h->opcode_base - 1);
	return r->failed ? -EBADMSG : 0;
}

/* The bytes of the table; what it says to have beyond the section it has not. */
static struct byte_reader open_table(const struct dwarf_line_names *n, struct dwarf_line_header *h)
{
	const struct dwarf_bytes *section = &n->unit.sections->all[DWARF_LINE];
	struct byte_reader r = byte_reader_of(section->data, section->size);
	uint64_t length;

	bytes_skip(&r, n->unit.offset);
	length = bytes_fixed(&r, 4);
	h->offset_bytes = length == LENGTH_IS_64_BIT ? 8 : 4;
	if (length == LENGTH_IS_64_BIT)
		length = bytes_fixed(&r, 8);
	return bytes_take(&r, length < bytes_left(&r) ? length : bytes_left(&r));
}

static int read_header(struct dwarf_line_names *n)
{
	struct dwarf_line_header *h = &n->header;
	struct byte_reader r = open_table(n, h), names;
	uint64_t version = bytes_fixed(&r, 2);
	int error;

	if (version < 2 || version > 5)
		return -EBADMSG;
	h->version = (uint8_t)version;
	h->address_bytes = n->unit.address_bytes;
	if (h->version == 5) {
		h->address_bytes = bytes_u8(&r);
		bytes_u8(&r); /* size of a segment selector: no machine of ours has one */
	}
	names = bytes_take(&r, bytes_fixed(&r, h->offset_bytes));
	if (r.failed)
		return -EBADMSG;
	h->program = r;
	error = read_sizes(h, &names);
	if (error < 0)
		return error;
	if (h->version < 5)
		return read_lists(n, &names);
	error = read_entries(n, &names, &n->dirs);
	return error < 0 ? error : read_entries(n, &names, &n->files);
}

int dwarf_line_names_new(const struct dwarf_line_unit *unit, struct dwarf_files *out, struct dwarf_line_names **ret)
{
	_cleanup_(dwarf_line_names_freep) struct dwarf_line_names *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return -ENOMEM;
	n->unit = *unit;
	n->out = out;
	r = read_header(n);
	if (r < 0)
		return r;
	*ret = take_ptr(n);
	return 0;
}

struct dwarf_line_names *dwarf_line_names_free(struct dwarf_line_names *n)
{
	if (!n)
		return NULL;
	free(n->dirs.all);
	free(n->files.all);
	free(n->numbers);
	free(n);
	return NULL;
}

/* -- names -- */

static const char *indexed_string(const struct dwarf_line_unit *unit, uint64_t index)
{
	const struct dwarf_bytes *section = &unit->sections->all[DWARF_STR_OFFSETS];
	struct byte_reader r = byte_reader_of(section->data, section->size);
	const uint8_t offset_bytes = unit->is_64 ? 8 : 4;
	uint64_t offset;

	if (index > section->size)
		return NULL;
	bytes_skip(&r, unit->str_offsets);
	bytes_skip(&r, index * offset_bytes);
	offset = bytes_fixed(&r, offset_bytes);
	return r.failed ? NULL : dwarf_string_at(&unit->sections->all[DWARF_STR], offset);
}

static const char *name_of(const struct dwarf_line_unit *unit, const struct dwarf_line_entry *entry)
{
	switch (entry->form) {
	case DW_FORM_string:
		return dwarf_string_at(&unit->sections->all[DWARF_LINE], entry->name);
	case DW_FORM_line_strp:
		return dwarf_string_at(&unit->sections->all[DWARF_LINE_STR], entry->name);
	case DW_FORM_strp:
		return dwarf_string_at(&unit->sections->all[DWARF_STR], entry->name);
	case DW_FORM_strx:
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
		return indexed_string(unit, entry->name);
	default:
		return NULL;
	}
}

/* Number 0 is the directory of the compilation, which DWARF 5 has in the list. */
static const char *dir_at(const struct dwarf_line_names *n, uint32_t number)
{
	if (n->header.version < 5) {
		if (number == 0)
			return NULL;
		number--;
	}
	return number < n->dirs.n ? name_of(&n->unit, &n->dirs.all[number]) : NULL;
}

static int make_number(struct dwarf_line_names *n, const struct dwarf_line_entry *file, uint32_t *ret)
{
	const char *name = name_of(&n->unit, file);
	bool has_comp_dir = n->header.version < 5 || file->dir != 0;

	if (!name) {
		*ret = 0;
		return 0;
	}
	return dwarf_files_add(n->out, has_comp_dir ? n->unit.comp_dir : NULL, dir_at(n, file->dir), name, ret);
}

int dwarf_line_names_find(struct dwarf_line_names *n, uint64_t number, uint32_t *ret)
{
	const uint64_t i = n->header.version < 5 ? number - 1 : number;
	int r;

	if (i >= n->files.n) {
		*ret = 0;
		return 0;
	}
	if (!n->numbers)
		n->numbers = calloc(n->files.n, sizeof(*n->numbers));
	if (!n->numbers)
		return -ENOMEM;
	if (n->numbers[i] == 0) {
		r = make_number(n, &n->files.all[i], &n->numbers[i]);
		if (r < 0)
			return r;
	}
	*ret = n->numbers[i];
	return 0;
}
