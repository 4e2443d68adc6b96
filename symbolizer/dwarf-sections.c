// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-sections.h"

#include <assert.h>
#include <dwarf.h>
#include <string.h>
#include <sys/mman.h>

#include "common/fsutil.h"
#include "symbolizer/dwarf-info.h"
#include "symbolizer/dwarf-relocate.h"
#include "symbolizer/dwarf-unpack.h"

#define MAX_SECTION_BYTES ((uint64_t)4 << 30) /* mapped */
/* In memory of our own, of all sections of a file: a child may have 256 MiB, and what is read out of them needs some.
 */
#define MAX_UNPACKED_BYTES ((uint64_t)176 << 20)
#define UNIT_HEAD_BYTES 16 /* its length, version and type, and more */
#define PAGE_BYTES ((uint64_t)4096)

static const char *const names[DWARF_N_SECTIONS] = {
	[DWARF_INFO] = "info",
	[DWARF_TYPES] = "types",
	[DWARF_ABBREV] = "abbrev",
	[DWARF_STR] = "str",
	[DWARF_LINE] = "line",
	[DWARF_LINE_STR] = "line_str",
	[DWARF_STR_OFFSETS] = "str_offsets",
	[DWARF_ADDR] = "addr",
	[DWARF_RANGES] = "ranges",
	[DWARF_RNGLISTS] = "rnglists",
	[DWARF_ARANGES] = "aranges",
	[DWARF_CU_INDEX] = "cu_index",
	[DWARF_TU_INDEX] = "tu_index",
};

/* A package's indexes are no parts of split units. */
static bool is_dwo_section(enum dwarf_section_kind kind, bool is_dwo)
{
	return is_dwo && kind != DWARF_CU_INDEX && kind != DWARF_TU_INDEX;
}

/* The kind of a section by its name; DWARF_N_SECTIONS: none. */
static enum dwarf_section_kind kind_of(const char *name, bool is_dwo, bool *ret_is_zdebug)
{
	enum dwarf_section_kind kind;
	size_t size;

	*ret_is_zdebug = strncmp(name, ".zdebug_", 8) == 0;
	if (!*ret_is_zdebug && strncmp(name, ".debug_", 7) != 0)
		return DWARF_N_SECTIONS;
	name += *ret_is_zdebug ? 8 : 7;
	for (kind = 0; kind < DWARF_N_SECTIONS; kind++) {
		size = strlen(names[kind]);
		if (strncmp(name, names[kind], size) != 0)
			continue;
		if (strcmp(name + size, is_dwo_section(kind, is_dwo) ? ".dwo" : "") == 0)
			break;
	}
	return kind;
}

/* Where a section lies in the file, and how it is packed. */
struct place {
	size_t number; /* 0: there is none */
	uint64_t offset, size;
	enum dwarf_packing packing;
	bool is_type; /* one of several of the name, which hold a type each */
};

static enum dwarf_packing packing_of(const struct elffile *f, const GElf_Shdr *h, bool is_zdebug)
{
	if (is_zdebug)
		return DWARF_PACKED_GNU;
	if (!(h->sh_flags & SHF_COMPRESSED))
		return DWARF_PACKED_NOT;
	return f->ehdr.e_ident[EI_CLASS] == ELFCLASS64 ? DWARF_PACKED_GABI64 : DWARF_PACKED_GABI32;
}

static void bytes_done(struct dwarf_bytes *b)
{
	if (b->map_size)
		munmap(b->map, b->map_size);
	else
		free(b->map);
	*b = (struct dwarf_bytes){};
}

/* As it lies in the file. Who can write to the file can change it: what was read twice may differ. */
static int borrow(const struct elffile *f, const struct place *p, struct dwarf_bytes *ret)
{
	const uint64_t over = p->offset % PAGE_BYTES;
	void *map;

	*ret = (struct dwarf_bytes){ .size = p->size };
	if (f->data) {
		ret->data = (const uint8_t *)f->data + p->offset;
		return 0;
	}
	map = mmap(NULL, p->size + over, PROT_READ, MAP_PRIVATE, f->fd, (off_t)(p->offset - over));
	if (map == MAP_FAILED)
		return -errno;
	ret->data = (const uint8_t *)map + over;
	ret->map = map;
	ret->map_size = p->size + over;
	return 0;
}

/* Its first bytes, unpacked. */
static bool read_head(const struct elffile *f, const struct place *p, uint8_t ret[static UNIT_HEAD_BYTES])
{
	struct dwarf_bytes b;
	bool is_read = true;

	if (p->size < UNIT_HEAD_BYTES || borrow(f, p, &b) < 0)
		return false;
	if (p->packing == DWARF_PACKED_NOT)
		memcpy(ret, b.data, UNIT_HEAD_BYTES);
	else
		is_read = dwarf_unpack_head(p->packing, b.data, b.size, ret, UNIT_HEAD_BYTES) == 0;
	bytes_done(&b);
	return is_read;
}

/* Does .debug_info begin with a unit of a type, as one of many does in gcc's .dwo of DWARF 5? */
static bool begins_with_type(const struct elffile *f, const struct place *p)
{
	uint8_t head[UNIT_HEAD_BYTES], type;
	struct byte_reader r;
	bool is_64;

	if (!read_head(f, p, head))
		return false;
	r = byte_reader_of(head, sizeof(head));
	dwarf_length_read(&r, &is_64);
	if (bytes_fixed(&r, 2) != 5)
		return false;
	type = bytes_u8(&r);
	return !r.failed && (type == DW_UT_type || type == DW_UT_split_type);
}

/* The first of a name counts, unless it holds but a type and another does not. */
static void note_section(const struct elffile *f, Elf_Scn *scn, bool is_dwo, struct place all[DWARF_N_SECTIONS])
{
	enum dwarf_section_kind kind;
	struct place place;
	const char *name;
	bool is_zdebug;
	GElf_Shdr h;

	if (!gelf_getshdr(scn, &h) || h.sh_type == SHT_NOBITS || h.sh_size == 0)
		return;
	name = elf_strptr(f->elf, f->names, h.sh_name);
	kind = name ? kind_of(name, is_dwo, &is_zdebug) : DWARF_N_SECTIONS;
	if (kind == DWARF_N_SECTIONS || (all[kind].number && !all[kind].is_type))
		return;
	if (h.sh_offset > f->n_bytes || h.sh_size > f->n_bytes - h.sh_offset || h.sh_size > MAX_SECTION_BYTES)
		return;
	place = (struct place){ .number = elf_ndxscn(scn),
				.offset = h.sh_offset,
				.size = h.sh_size,
				.packing = packing_of(f, &h, is_zdebug) };
	place.is_type = (h.sh_flags & SHF_GROUP) || (kind == DWARF_INFO && begins_with_type(f, &place));
	if (!all[kind].number || !place.is_type)
		all[kind] = place;
}

static void find_sections(const struct elffile *f, bool is_dwo, struct place all[DWARF_N_SECTIONS])
{
	Elf_Scn *scn = NULL;

	memset(all, 0, DWARF_N_SECTIONS * sizeof(all[0]));
	if (f->names == 0)
		return;
	while ((scn = elf_nextscn(f->elf, scn)))
		note_section(f, scn, is_dwo, all);
}

/* How many bytes there are when it is unpacked. */
static int unpacked_bytes(const struct elffile *f, const struct place *p, uint64_t *ret)
{
	uint8_t head[DWARF_UNPACK_HEAD_BYTES];
	size_t n = p->size < sizeof(head) ? p->size : sizeof(head);

	if (p->number == 0 || p->packing == DWARF_PACKED_NOT) {
		*ret = p->size;
		return 0;
	}
	if (f->data)
		memcpy(head, f->data + p->offset, n);
	else if (fs_pread_all(f->fd, head, n, p->offset) != (ssize_t)n)
		return -EBADMSG;
	return dwarf_unpack_size(p->packing, head, n, p->size, ret);
}

uint64_t dwarf_sections_size(const struct elffile *f, bool is_dwo)
{
	struct place places[DWARF_N_SECTIONS];
	uint64_t sum = 0, size;

	find_sections(f, is_dwo, places);
	for (size_t i = 0; i < DWARF_N_SECTIONS; i++) {
		if (unpacked_bytes(f, &places[i], &size) == 0)
			sum += size;
	}
	return sum;
}

/* -- bytes -- */

static void own(struct dwarf_bytes *b, uint8_t *data, size_t size)
{
	bytes_done(b);
	*b = (struct dwarf_bytes){ .data = data, .size = size, .map = data };
}

static int unpack(const struct elffile *f, const struct place *p, struct dwarf_bytes *b)
{
	uint64_t size;
	uint8_t *data;
	int r;

	r = unpacked_bytes(f, p, &size);
	if (r == 0)
		r = dwarf_unpack(p->packing, b->data, b->size, size, &data);
	if (r == 0)
		own(b, data, size);
	return r;
}

static int relocate(const struct elffile *f, const struct place *p, struct dwarf_bytes *b)
{
	uint8_t *data;

	if (p->packing == DWARF_PACKED_NOT) {
		data = malloc(b->size);
		if (!data)
			return -ENOMEM;
		assert(b->data);
		memcpy(data, b->data, b->size);
		own(b, data, b->size);
	}
	return dwarf_relocate(f, p->number, b->map, b->size);
}

/* Strings end in the section: what comes behind the last NUL is none. */
static void end_strings(struct dwarf_bytes *b)
{
	const uint8_t *nul;

	assert(b->data);
	nul = memrchr(b->data, 0, b->size);

	b->size = nul ? (size_t)(nul - b->data) + 1 : 0;
}

/* Split units have nothing to be filled in: it lies in .debug_addr. */
static bool has_relocations(const struct elffile *f, bool is_dwo)
{
	return f->ehdr.e_type == ET_REL && !is_dwo;
}

static int open_section(const struct elffile *f, const struct place *p, enum dwarf_section_kind kind, bool is_dwo,
			struct dwarf_bytes *ret)
{
	struct dwarf_bytes b;
	int r;

	r = borrow(f, p, &b);
	if (r < 0)
		return r;
	if (p->packing != DWARF_PACKED_NOT)
		r = unpack(f, p, &b);
	if (r == 0 && has_relocations(f, is_dwo))
		r = relocate(f, p, &b);
	if (r < 0) {
		bytes_done(&b);
		return r;
	}
	if (kind == DWARF_STR || kind == DWARF_LINE_STR)
		end_strings(&b);
	*ret = b;
	return 0;
}

/* -EFBIG: what is not just mapped takes more memory than there is. */
static int check_memory(const struct elffile *f, const struct place places[DWARF_N_SECTIONS], bool is_dwo)
{
	uint64_t sum = 0, size;

	for (size_t i = 0; i < DWARF_N_SECTIONS; i++) {
		int r = unpacked_bytes(f, &places[i], &size);

		if (r == -EFBIG)
			return r;
		if (r < 0 || (places[i].packing == DWARF_PACKED_NOT && !has_relocations(f, is_dwo)))
			continue;
		if (size > MAX_UNPACKED_BYTES - sum)
			return -EFBIG;
		sum += size;
	}
	return 0;
}

int dwarf_sections_open(const struct elffile *f, bool is_dwo, struct dwarf_sections *ret)
{
	struct place places[DWARF_N_SECTIONS];
	struct dwarf_sections s = {};
	int r;

	find_sections(f, is_dwo, places);
	r = check_memory(f, places, is_dwo);
	for (size_t i = 0; i < DWARF_N_SECTIONS && r == 0; i++) {
		if (places[i].number == 0)
			continue;
		r = open_section(f, &places[i], (enum dwarf_section_kind)i, is_dwo, &s.all[i]);
		if (r == -EBADMSG && i != DWARF_INFO) /* like one that is not there */
			r = 0;
	}
	if (r < 0)
		dwarf_sections_done(&s);
	else
		*ret = s;
	return r;
}

void dwarf_sections_done(struct dwarf_sections *s)
{
	for (size_t i = 0; i < DWARF_N_SECTIONS; i++)
		bytes_done(&s->all[i]);
}

const char *dwarf_string_at(const struct dwarf_bytes *section, uint64_t offset)
{
	if (offset >= section->size)
		return NULL;
	if (section->data[section->size - 1] != 0 && !memchr(section->data + offset, 0, section->size - offset))
		return NULL;
	return (const char *)section->data + offset;
}
