// SPDX-License-Identifier: Apache-2.0
/*
 * dwarf: any bytes as the debug sections of a binary, of its split unit or package, and of what dwz moved out of it.
 * What comes of it must be what the index writer asks for, and the index must be a good one. An input is a list of
 * sections: which file and kind, size, bytes.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/buf.h"
#include "common/fsutil.h"
#include "symbolizer/dwarf-debug.h"
#include "symbolizer/dwarf-sections.h"
#include "symbolizer/index.h"
#include "tests/fuzz/fuzz.h"

#define MAX_BYTES (1 << 16)
#define MAX_SECTIONS 32 /* of a file */
#define CODE 0x1000u

/* The first byte of a section: its kind, its file, and whether it is marked as compressed. */
#define KIND(byte) ((byte)&0x1f)
#define FILE_NUMBER(byte) (((byte) >> 5) & 3)
#define PACKED 0x80
#define ALTLINK 0x1e
#define BUILD_ID 0x1f

enum {
	BINARY,
	SPLIT,
	ALT,
	N_FILES
};

static const char *const names[] = {
	".debug_info",     ".debug_types",       ".debug_abbrev",   ".debug_str",    ".debug_line",
	".debug_line_str", ".debug_str_offsets", ".debug_addr",     ".debug_ranges", ".debug_rnglists",
	".debug_aranges",  ".debug_cu_index",    ".debug_tu_index",
};

/* -- files -- */

struct file {
	int fd; /* -1: there is none */
	struct buf content, names;
	Elf64_Shdr sections[MAX_SECTIONS];
	uint16_t n_sections;
};

struct input {
	struct file files[N_FILES];
};

static void must(int r)
{
	if (r != 0)
		abort();
}

static void name_section(struct file *f, enum dwarf_section_kind kind, bool is_split, Elf64_Shdr *ret)
{
	const bool is_index = kind == DWARF_CU_INDEX || kind == DWARF_TU_INDEX;

	ret->sh_name = (uint32_t)f->names.size;
	must(buf_add_str(&f->names, names[kind]));
	if (is_split && !is_index)
		must(buf_add_str(&f->names, ".dwo"));
	must(buf_add_char(&f->names, 0));
}

static void add_section(struct file *f, uint8_t head, const uint8_t *data, size_t size)
{
	const uint8_t kind = KIND(head);
	Elf64_Shdr h = { .sh_type = SHT_PROGBITS, .sh_addralign = 1, .sh_size = size };

	if (f->n_sections >= MAX_SECTIONS - 1)
		return;
	if (kind == ALTLINK) {
		h.sh_name = (uint32_t)f->names.size;
		must(buf_add(&f->names, ".gnu_debugaltlink", sizeof(".gnu_debugaltlink")));
	} else if (kind == BUILD_ID) {
		h.sh_type = SHT_NOTE;
		h.sh_addralign = 4;
	} else if (kind < sizeof(names) / sizeof(names[0])) {
		name_section(f, (enum dwarf_section_kind)kind, FILE_NUMBER(head) == SPLIT, &h);
	} else {
		return;
	}
	if (head & PACKED)
		h.sh_flags = SHF_COMPRESSED;
	while (f->content.size % 4)
		must(buf_add_char(&f->content, 0));
	h.sh_offset = f->content.size;
	must(buf_add(&f->content, data, size));
	f->sections[f->n_sections++] = h;
}

static void file_init(struct file *f)
{
	static const char zeros[sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr)];

	f->fd = -1;
	f->n_sections = 1;
	must(buf_add(&f->content, zeros, sizeof(zeros)));
	must(buf_add_char(&f->names, 0));
}

/* Code without bytes at CODE, and the sections. */
static void file_finish(struct file *f)
{
	const Elf64_Phdr p = { .p_type = PT_LOAD, .p_flags = PF_X, .p_vaddr = CODE, .p_memsz = CODE };
	Elf64_Ehdr h = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(h),
		.e_ehsize = sizeof(h),
		.e_phentsize = sizeof(p),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
	};

	f->sections[f->n_sections++] =
		(Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_offset = f->content.size, .sh_size = f->names.size };
	must(buf_add(&f->content, f->names.data, f->names.size));
	while (f->content.size % 8)
		must(buf_add_char(&f->content, 0));
	h.e_shoff = f->content.size;
	h.e_shnum = f->n_sections;
	h.e_shstrndx = f->n_sections - 1;
	must(buf_add(&f->content, f->sections, f->n_sections * sizeof(f->sections[0])));
	memcpy(f->content.data, &h, sizeof(h));
	memcpy(f->content.data + sizeof(h), &p, sizeof(p));
	f->fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (f->fd < 0 || write(f->fd, f->content.data, f->content.size) != (ssize_t)f->content.size)
		abort();
}

static void input_init(struct input *in, const uint8_t *data, size_t size)
{
	bool is_there[N_FILES] = { [BINARY] = true };

	*in = (struct input){};
	for (size_t i = 0; i < N_FILES; i++)
		file_init(&in->files[i]);
	while (size >= 3) {
		const uint8_t number = FILE_NUMBER(data[0]);
		size_t n_bytes = data[1] | (size_t)data[2] << 8;

		if (n_bytes > size - 3)
			n_bytes = size - 3;
		if (number < N_FILES) {
			is_there[number] = true;
			add_section(&in->files[number], data[0], data + 3, n_bytes);
		}
		data += 3 + n_bytes;
		size -= 3 + n_bytes;
	}
	for (size_t i = 0; i < N_FILES; i++) {
		if (is_there[i])
			file_finish(&in->files[i]);
	}
}

static void input_done(struct input *in)
{
	for (size_t i = 0; i < N_FILES; i++) {
		close_fd(in->files[i].fd);
		buf_done(&in->files[i].content);
		buf_done(&in->files[i].names);
	}
}

static int find_file(void *context, const struct debug_need *need, int *ret_fd, char *ret_path)
{
	const struct input *in = context;
	int fd = in->files[need->kind == DEBUG_NEED_ALT ? ALT : SPLIT].fd;

	if (fd < 0 || need->candidate > 0)
		return DEBUG_NEED_NONE;
	strcpy(ret_path, "fuzz");
	*ret_fd = dup(fd);
	return *ret_fd < 0 ? -errno : 0;
}

/* -- what must hold -- */

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static void check_scopes(const struct index_debug *d)
{
	for (size_t i = 0; i < d->n_scopes; i++) {
		const struct index_scope *s = &d->scopes[i];

		check(s->parent == INDEX_NO_SCOPE || s->parent < i);
		check(s->function < d->n_functions && s->call_file < d->n_files);
	}
}

static void check_debug(const struct index_debug *d)
{
	check_scopes(d);
	for (size_t i = 0; i < d->n_spans; i++) {
		const struct index_span *s = &d->spans[i];

		check(s->n_bytes > 0 && s->scope < d->n_scopes && s->start + s->n_bytes >= s->start);
		check(i == 0 || s[-1].start + s[-1].n_bytes <= s->start);
	}
	for (size_t i = 0; i < d->n_lines; i++) {
		check(d->lines[i].file < d->n_files);
		check(i == 0 || d->lines[i - 1].start < d->lines[i].start);
	}
}

static void check_index(struct index_writer *w, const struct dwarf_debug *d)
{
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_close_ int out = memfd_create("fuzz", MFD_CLOEXEC);
	struct index_frame frames[8];
	struct index_debug debug;
	int r;

	dwarf_debug_get(d, &debug);
	check_debug(&debug);
	index_writer_set_debug(w, &debug);
	r = index_writer_finish(w, out);
	if (r < 0)
		return;
	check(index_open(out, &index) == 0);
	for (uint64_t at = CODE; at < 2 * CODE; at += 7)
		index_lookup(index, at, frames, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	_cleanup_(dwarf_debug_freep) struct dwarf_debug *d = NULL;
	struct debug_source sources = { .open = find_file };
	struct dwarf_config config = { .sources = &sources };
	struct build_id id = {};
	struct elffile file;
	struct input in;

	if (size > MAX_BYTES)
		return 0;
	input_init(&in, data, size);
	sources.context = &in;
	config.file = &file;
	must(elffile_open(in.files[BINARY].fd, &file));
	must(index_writer_new(EM_X86_64, &id, &w));
	if (dwarf_debug_read(&config, w, &d) == 0)
		check_index(w, d);
	elffile_done(&file);
	input_done(&in);
	return 0;
}

/* -- seeds: written down as they are in the section, but for their lengths -- */

#define U16(n) (n) & 0xff, ((n) >> 8) & 0xff
#define U32(n) U16(n), U16((n) >> 16)
#define U64(n) U32(n), U32(0)

static void add_piece(struct buf *b, uint8_t head, bool has_length, const uint8_t *data, size_t size)
{
	const size_t n_bytes = size + (has_length ? 4 : 0);
	const uint8_t start[] = { head, U16(n_bytes), U32(size) };

	must(buf_add(b, start, has_length ? sizeof(start) : 3));
	must(buf_add(b, data, size));
}

#define PIECE(b, head, ...)                                                                                            \
	add_piece(b, head, false, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
#define PIECE_WITH_LENGTH(b, head, ...)                                                                                \
	add_piece(b, head, true, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
#define AT(file, kind) ((file) << 5 | (kind))

/* A line table of DWARF 4: one file, three rows. */
static void add_lines(struct buf *b)
{
	PIECE_WITH_LENGTH(b, DWARF_LINE, U16(4), U32(27), 1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0,
			  'a', '.', 'c', 0, 0, 0, 0, 0, 0, 9, 2, U64(CODE), 20, 0x4b, 2, 8, 0, 1, 1);
}

/* DWARF 4: an abstract function, its instance with two calls of it, and one with a list of ranges. */
static void make_version4(struct buf *b)
{
	PIECE(b, DWARF_ABBREV, 1, 0x11, 1, 3, 8, 0x1b, 8, 0x10, 0x17, 0x11, 1, 0x12, 6, 0, 0, /* the unit */
	      2, 0x2e, 0, 3, 0x0e, 0x3b, 0x0b, 0x20, 0x0b, 0, 0,                              /* abstract */
	      3, 0x2e, 1, 0x31, 0x13, 0x11, 1, 0x12, 6, 0, 0,                                 /* an instance */
	      4, 0x1d, 0, 0x31, 0x13, 0x11, 1, 0x12, 6, 0x58, 0x0b, 0x59, 0x0b, 0, 0,         /* a call */
	      5, 0x2e, 0, 0x47, 0x10, 0x6e, 8, 0x55, 0x17, 0, 0,                              /* with ranges */
	      6, 0x34, 0, 0x02, 0x18, 0x49, 0x15, 0x16, 0x16, 0, 0, 0);                       /* something else */
	PIECE_WITH_LENGTH(b, DWARF_INFO, U16(4), U32(0), 8, 1, 'a', '.', 'c', 0, '/', 0, U32(0), U64(CODE), U32(0x100),
			  2, U32(1), 7, 1, 3, U32(34), U64(CODE), U32(0x40), 4, U32(34), U64(CODE + 8), U32(8), 1, 5, 4,
			  U32(34), U64(CODE + 12), U32(2), 1, 6, 0, 5, U32(34), 'f', 'x', 0, U32(0), 6, 2, 3, 3, 9,
			  0x0b, 1, 0);
	PIECE(b, DWARF_RANGES, U64(0x40), U64(0x50), U32(~0u), U32(~0u), U64(CODE + 0x60), U64(0), U64(8), U64(0),
	      U64(0));
	PIECE(b, DWARF_STR, 0, 'f', 0);
	PIECE_WITH_LENGTH(b, DWARF_ARANGES, U16(2), U32(0), 8, 0, U32(0), U64(CODE), U64(0x80), U64(0), U64(0));
	add_lines(b);
}

#define ABBREVS5                                                                                                       \
	1, 0x11, 1, 0x72, 0x17, 0x73, 0x17, 0x74, 0x17, 0x11, 0x1b, 0x55, 0x23, 3, 0x25, 0, 0, /* the unit */          \
		2, 0x2e, 0, 3, 0x1a, 0x11, 0x1b, 0x12, 0x21, 0x10, 0x3b, 0x0b, 0, 0,           /* a function */        \
		3, 0x2e, 0, 3, 0x1a, 0x55, 0x23, 0, 0, 4, 0x4a, 0, 0x76, 0x25, 0x72, 0x17, 0x73, 0x17, 0x74, 0x17,     \
		0x55, 0x23, 0, 0, 5, 0x11, 1, 3, 0x25, 0, 0, 0
#define RNGLISTS                                                                                                       \
	U16(5), 8, 0, U32(2), U32(8), U32(13), 3, 0, 0x80, 1, 0, 1, 0, 4, 0x20, 0x28, 5, U64(CODE), 4, 0x40, 0x42, 7,  \
		U64(CODE + 0x50), 3, 6, U64(CODE + 0x60), U64(CODE + 0x61), 2, 0, 1, 0

/* DWARF 5: all by numbers. */
static void make_version5(struct buf *b)
{
	PIECE(b, DWARF_ABBREV, ABBREVS5);
	PIECE_WITH_LENGTH(b, DWARF_INFO, U16(5), 1, 8, U32(0), 1, U32(8), U32(8), U32(12), 0, 0, 0, 2, 1, 0, 9, 3, 0, 1,
			  0);
	PIECE_WITH_LENGTH(b, DWARF_STR_OFFSETS, U16(5), 0, 0, U32(1), U32(3));
	PIECE(b, DWARF_STR, 0, 'f', 0, 'g', 0);
	PIECE_WITH_LENGTH(b, DWARF_ADDR, U16(5), 8, 0, U64(CODE), U64(CODE + 0x10));
	PIECE_WITH_LENGTH(b, DWARF_RNGLISTS, RNGLISTS);
}

/* A skeleton, and its other part in a file that is a package too. */
static void make_split(struct buf *b)
{
	PIECE(b, DWARF_ABBREV, ABBREVS5);
	PIECE_WITH_LENGTH(b, DWARF_INFO, U16(5), 4, 8, U32(0), U64(0x55), 4, 0, U32(8), U32(8), U32(12), 0);
	PIECE_WITH_LENGTH(b, DWARF_STR_OFFSETS, U16(5), 0, 0, U32(1));
	PIECE(b, DWARF_STR, 0, 'd', 0);
	PIECE_WITH_LENGTH(b, DWARF_ADDR, U16(5), 8, 0, U64(CODE), U64(CODE + 0x10));
	PIECE_WITH_LENGTH(b, DWARF_RNGLISTS, RNGLISTS);
	PIECE(b, AT(SPLIT, DWARF_ABBREV), ABBREVS5);
	PIECE_WITH_LENGTH(b, AT(SPLIT, DWARF_INFO), U16(5), 5, 8, U32(0), U64(0x55), 5, 1, 2, 1, 0, 9, 3, 0, 1, 0);
	PIECE_WITH_LENGTH(b, AT(SPLIT, DWARF_STR_OFFSETS), U16(5), 0, 0, U32(1), U32(3));
	PIECE(b, AT(SPLIT, DWARF_STR), 0, 'f', 0, 'g', 0);
	PIECE_WITH_LENGTH(b, AT(SPLIT, DWARF_RNGLISTS), RNGLISTS);
	PIECE(b, AT(SPLIT, DWARF_CU_INDEX), U32(5), U32(4), U32(1), U32(2), U64(0), U64(0x55), U32(0), U32(1), U32(1),
	      U32(3), U32(6), U32(8), U32(0), U32(0), U32(0), U32(0), U32(37), U32(66), U32(16), U32(58));
}

/* A function whose name lies in the alt file. */
static void make_alt(struct buf *b)
{
	PIECE(b, DWARF_ABBREV, 1, 0x11, 1, 0x11, 1, 0x12, 6, 3, 0xa1, 0x3e, 0, 0, 2, 0x2e, 0, 0x31, 0xa0, 0x3e, 0x11, 1,
	      0x12, 6, 0, 0, 0);
	PIECE_WITH_LENGTH(b, DWARF_INFO, U16(4), U32(0), 8, 1, U64(CODE), U32(0x100), U32(1), 2, U32(12), U64(CODE),
			  U32(0x40), 0);
	PIECE(b, ALTLINK, 'a', 0, 1, 2, 3, 4);
	PIECE(b, AT(ALT, BUILD_ID), U32(4), U32(4), U32(3), 'G', 'N', 'U', 0, 1, 2, 3, 4);
	PIECE(b, AT(ALT, DWARF_ABBREV), 1, 0x3c, 1, 0, 0, 2, 0x2e, 0, 3, 0x0e, 0x3b, 0x0b, 0, 0, 0);
	PIECE_WITH_LENGTH(b, AT(ALT, DWARF_INFO), U16(4), U32(0), 8, 1, 2, U32(1), 3, 0);
	PIECE(b, AT(ALT, DWARF_STR), 0, 'f', 0);
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static void (*const make[])(struct buf *) = { make_version4, make_version5, make_split, make_alt };
	static struct buf seeds[sizeof(make) / sizeof(make[0])];

	if (i >= sizeof(make) / sizeof(make[0]))
		return NULL;
	if (seeds[i].size == 0)
		make[i](&seeds[i]);
	*ret_size = seeds[i].size;
	return seeds[i].data;
}
