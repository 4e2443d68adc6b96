// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/cfi.h"

#include <dwarf.h>

#include "symbolizer/cfi-program.h"
#include "symbolizer/cfi-sections.h"

#define LENGTH_IS_64_BIT 0xffffffff
#define ADDRESS_BYTES 8

/*
 * Linkers leave one CIE for many FDEs; an object file's own come in runs. What is forgotten is read again, so the size
 * of a CIE is bounded.
 */
#define N_CIES 64
#define MAX_CIE_BYTES 1024

static const struct cfi_machine machines[] = {
	{ EM_X86_64, UNWIND_X86_64_N, UNWIND_X86_64_RBP, UNWIND_X86_64_RSP },
	{ EM_AARCH64, UNWIND_AARCH64_N, UNWIND_AARCH64_FP, UNWIND_AARCH64_SP },
};

struct cie {
	uint64_t at; /* its offset, and one; 0: none is here */
	struct cfi_common common;
	bool has_augmentation; /* FDEs have augmentation data of a given length */
	bool is_bad;           /* a program of it cannot be run */
};

struct walk {
	const struct elffile *file;
	const struct cfi_machine *machine;
	const struct cfi_section *section;
	struct unwind_builder *builder;
	struct cie cies[N_CIES];
};

/* One entry of a section, a CIE or an FDE. */
struct entry {
	uint64_t at; /* offset in the section */
	uint64_t id; /* 0: a CIE; else the offset of its CIE, and one */
	struct byte_reader body;
};

static uint64_t offset_of(const struct cfi_section *s, const uint8_t *p)
{
	return (uint64_t)(p - s->data);
}

/* In .eh_frame the distance back to the CIE from here, always in 4 bytes (LSB 5.0, 10.6.1; libdw). */
static inline uint64_t read_id(const struct cfi_section *s, struct byte_reader *r, bool is_64_bit)
{
	uint64_t here = offset_of(s, r->at), id, cie = UINT64_MAX;

	id = bytes_fixed(r, is_64_bit && !s->is_eh ? 8 : 4);
	if (s->is_eh)
		return id == 0 ? 0 : here - id + 1; /* one that leads out of the section leads nowhere */
	if (!is_64_bit)
		cie = UINT32_MAX;
	return id == cie ? 0 : id + 1;
}

/* Reads the head of an entry and moves behind the entry; false: there is none. */
static inline bool read_entry(const struct cfi_section *s, struct byte_reader *r, struct entry *ret)
{
	bool is_64_bit;
	uint64_t length;

	ret->at = offset_of(s, r->at);
	length = bytes_fixed(r, 4);
	is_64_bit = length == LENGTH_IS_64_BIT;
	if (is_64_bit)
		length = bytes_fixed(r, 8);
	ret->body = bytes_take(r, length);
	if (r->failed)
		return false;
	ret->id = length == 0 ? 0 : read_id(s, &ret->body, is_64_bit);
	return true;
}

/* Where it points to may be anywhere. */
static void skip_pointer(struct byte_reader *r, const struct cfi_section *section, uint8_t encoding)
{
	if (encoding != DW_EH_PE_omit)
		cfi_pointer(r, section, encoding & (uint8_t)~DW_EH_PE_indirect);
}

/* Of augmentations with a 'z', whose data can be skipped where it is not understood. */
static void read_augmentation(struct cie *cie, struct byte_reader *r, const char *letters)
{
	const struct cfi_section *section = cie->common.section;
	struct byte_reader data = bytes_take(r, bytes_uleb(r));

	cie->has_augmentation = true;
	for (; *letters; letters++) {
		switch (*letters) {
		case 'R':
			cie->common.encoding = bytes_u8(&data);
			break;
		case 'P':
			skip_pointer(&data, section, bytes_u8(&data));
			break;
		case 'L':
			bytes_u8(&data);
			break;
		case 'S':
			cie->common.is_signal = true;
			break;
		case 'B': /* aarch64: addresses are signed with the other key */
			break;
		default:
			return;
		}
	}
	cie->is_bad |= data.failed;
}

/* The NUL-terminated string at r; NULL: it does not end. */
static const char *read_string(struct byte_reader *r)
{
	const char *s = (const char *)r->at;
	const uint8_t *end = memchr(r->at, 0, bytes_left(r));

	if (!end) {
		bytes_fail(r);
		return NULL;
	}
	r->at = end + 1;
	return s;
}

static void read_sizes(struct cie *cie, struct byte_reader *r, uint8_t version)
{
	uint64_t code_align;

	if (version >= 4) {
		uint8_t address_bytes = bytes_u8(r), segment_bytes = bytes_u8(r);

		cie->is_bad |= address_bytes != ADDRESS_BYTES || segment_bytes != 0;
	}
	code_align = bytes_uleb(r);
	cie->is_bad |= code_align > UINT32_MAX;
	cie->common.code_align = (uint32_t)code_align;
	cie->common.data_align = bytes_sleb(r);
	cie->common.ra = version == 1 ? bytes_u8(r) : bytes_uleb(r);
}

static void read_cie(const struct walk *w, struct byte_reader r, struct cie *cie)
{
	uint8_t version = bytes_u8(&r);
	const char *letters = read_string(&r);

	if (!letters || (version != 1 && version != 3 && version != 4)) {
		cie->is_bad = true;
		return;
	}
	if (letters[0] == 'e' && letters[1] == 'h') { /* of gcc before 3.0: a pointer, and nothing more */
		bytes_skip(&r, ADDRESS_BYTES);
		letters += 2;
	}
	read_sizes(cie, &r, version);
	if (letters[0] == 'z')
		read_augmentation(cie, &r, letters + 1);
	else if (letters[0])
		cie->is_bad = true;
	cie->is_bad |= r.failed || !cfi_program_start(&cie->common, r);
}

/* The CIE at an offset of the section; NULL: none. */
static const struct cie *find_cie(struct walk *w, uint64_t at)
{
	struct cie *cie = &w->cies[at / 4 % N_CIES];
	struct byte_reader r = byte_reader_of(w->section->data, w->section->size);
	struct entry entry;

	if (cie->at == at + 1)
		return cie;
	bytes_skip(&r, at);
	if (r.failed || !read_entry(w->section, &r, &entry) || entry.id != 0 || bytes_left(&entry.body) == 0)
		return NULL;
	*cie = (struct cie){ .at = at + 1,
			     .common = { .machine = w->machine, .section = w->section, .encoding = DW_EH_PE_absptr } };
	if (bytes_left(&entry.body) > MAX_CIE_BYTES)
		cie->is_bad = true;
	else
		read_cie(w, entry.body, cie);
	return cie;
}

/* What of a function lies in the executable segment where it begins. */
static inline bool clip(const struct walk *w, uint64_t start, uint64_t n_bytes, uint64_t *ret_end)
{
	const struct index_segment *s = elffile_segment_at(w->file, start);
	uint64_t room;

	if (!s || n_bytes == 0)
		return false;
	room = s->mem_bytes - (start - s->vaddr);
	*ret_end = start + (n_bytes < room ? n_bytes : room);
	return true;
}

static int add_fde(struct walk *w, const struct entry *entry)
{
	const struct cie *cie = find_cie(w, entry->id - 1);
	struct byte_reader r = entry->body;
	uint64_t start, n_bytes, end;
	int error;

	if (!cie)
		return 0;
	start = cfi_pointer(&r, w->section, cie->common.encoding);
	n_bytes = cfi_length(&r, cie->common.encoding);
	if (r.failed || !clip(w, start, n_bytes, &end))
		return 0;
	error = unwind_builder_begin(w->builder, start, end);
	if (error < 0)
		return error;
	if (cie->has_augmentation)
		bytes_skip(&r, bytes_uleb(&r));
	if (r.failed || cie->is_bad)
		return unwind_builder_add(w->builder, start, &(struct unwind_rule){ .cfa = UNWIND_CFA_UNENCODABLE });
	return cfi_program_run(&cie->common, r, start, end, w->builder);
}

static int walk(struct walk *w)
{
	struct byte_reader r = byte_reader_of(w->section->data, w->section->size);
	struct entry entry;
	int error = 0;

	while (error == 0 && bytes_left(&r) > 0 && read_entry(w->section, &r, &entry)) {
		if (bytes_left(&entry.body) == 0 && w->section->ends_at_zero)
			break; /* in a section, some files have a zero in the middle */
		if (entry.id != 0)
			error = add_fde(w, &entry);
	}
	return error;
}

static const struct cfi_machine *find_machine(const struct elffile *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		if (f->ehdr.e_ident[EI_CLASS] == ELFCLASS64 && f->ehdr.e_machine == machines[i].elf_machine)
			return &machines[i];
	}
	return NULL;
}

int cfi_add_section(const struct elffile *f, const struct cfi_section *section, struct unwind_builder *b)
{
	_cleanup_free_ struct walk *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->file = f;
	w->machine = find_machine(f);
	w->section = section;
	w->builder = b;
	return w->machine ? walk(w) : 0;
}

int cfi_add(const struct elffile *f, struct unwind_builder *b)
{
	struct cfi_section section;
	int r;

	if (!find_machine(f))
		return 0;
	r = cfi_sections_eh_frame(f, &section);
	if (r == 0)
		r = cfi_add_section(f, &section, b);
	if (r < 0)
		return r;
	r = cfi_sections_debug_frame(f, &section); /* begun later: only where .eh_frame has nothing */
	if (r == 0)
		r = cfi_add_section(f, &section, b);
	return r < 0 ? r : 0;
}
