// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/go-binary.h"

#include <string.h>

#define SCAN_BYTES ((uint64_t)128 << 20) /* of a file that does not say where its table is */
#define WINDOW_BYTES 16384
#define TABLE_ALIGN 8

#define GOEXIT_BYTES 8

/* -- the table -- */

static int read_table(const struct elffile *f, uint64_t vaddr, uint64_t size, struct go_binary *ret)
{
	Elf_Data *data;
	int r;

	r = elffile_read_at(f, vaddr, size, ELF_T_BYTE, &data);
	if (r < 0)
		return GOPCLNTAB_NONE;
	ret->table_vaddr = vaddr;
	return gopclntab_parse(data->d_buf, data->d_size, &ret->table);
}

static int read_section(const struct elffile *f, Elf_Scn *scn, struct go_binary *ret)
{
	Elf_Data *data;
	GElf_Shdr h;
	int r;

	r = elffile_section_data(f, scn, &data);
	if (r < 0)
		return r == -ENOMEM ? r : GOPCLNTAB_NONE;
	ret->table_vaddr = gelf_getshdr(scn, &h) ? h.sh_addr : 0;
	return gopclntab_parse(data->d_buf, data->d_size, &ret->table);
}

/* Whether a table may begin here: one look at the header, before all that follows is read. */
static bool is_table(const uint8_t *header, size_t n, uint64_t bytes_behind)
{
	struct gopclntab t;

	return header[0] >= 0xf0 && n >= GOPCLNTAB_HEADER_BYTES && gopclntab_parse(header, bytes_behind, &t) == 0;
}

static int scan(const struct elffile *f, uint64_t vaddr, uint64_t size, struct go_binary *ret)
{
	const size_t step = WINDOW_BYTES - GOPCLNTAB_HEADER_BYTES; /* windows overlap by a header */
	uint8_t window[WINDOW_BYTES];

	if (size > SCAN_BYTES)
		size = SCAN_BYTES;
	for (uint64_t done = 0; done < size; done += step) {
		uint64_t bytes_behind = elffile_bytes_at(f, vaddr + done);
		size_t n = elffile_copy(f, vaddr + done, window, sizeof(window));

		for (size_t at = 0; at < n && at < step; at += TABLE_ALIGN) {
			if (is_table(window + at, n - at, bytes_behind - at))
				return read_table(f, vaddr + done + at, bytes_behind - at, ret);
		}
	}
	return GOPCLNTAB_NONE;
}

static int scan_section(const struct elffile *f, Elf_Scn *scn, struct go_binary *ret)
{
	GElf_Shdr h;

	if (!scn || !gelf_getshdr(scn, &h))
		return GOPCLNTAB_NONE;
	return scan(f, (h.sh_addr + TABLE_ALIGN - 1) & ~(uint64_t)(TABLE_ALIGN - 1), h.sh_size, ret);
}

static int scan_segments(const struct elffile *f, struct go_binary *ret)
{
	GElf_Phdr p;
	int r = GOPCLNTAB_NONE;

	for (size_t i = 0; i < f->n_phdrs && r == GOPCLNTAB_NONE; i++) {
		if (gelf_getphdr(f->elf, (int)i, &p) && p.p_type == PT_LOAD && p.p_vaddr % TABLE_ALIGN == 0)
			r = scan(f, p.p_vaddr, p.p_filesz, ret);
	}
	return r;
}

static bool is_marked(const struct elffile *f)
{
	return elffile_find_section(f, ".note.go.buildid") || elffile_find_section(f, ".go.buildinfo");
}

static int find_table(const struct elffile *f, struct go_binary *ret)
{
	static const char *const names[] = { ".gopclntab", ".data.rel.ro.gopclntab" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		Elf_Scn *scn = elffile_find_section(f, names[i]);

		if (scn)
			return read_section(f, scn, ret);
	}
	if (f->names == 0)
		return scan_segments(f, ret);
	return is_marked(f) ? scan_section(f, elffile_find_section(f, ".data.rel.ro"), ret) : GOPCLNTAB_NONE;
}

/* -- the start of the text: not in the header where it would need a relocation -- */

/*
 * runtime.goexit is a nop, a call of runtime.goexit1 and a nop: how far the call goes is the difference of two
 * offsets in the table, so its bytes are known, and where they lie tells where the text starts.
 */
struct goexit {
	uint64_t offset;
	uint8_t code[GOEXIT_BYTES];
	size_t n_bytes;
};

static void make_goexit_x86_64(uint64_t goexit, uint64_t goexit1, struct goexit *ret)
{
	uint32_t distance = (uint32_t)(goexit1 - (goexit + 6));

	ret->offset = goexit;
	ret->n_bytes = 7;
	ret->code[0] = ret->code[6] = 0x90;
	ret->code[1] = 0xe8;
	memcpy(ret->code + 2, &distance, sizeof(distance));
}

static void make_goexit_aarch64(uint64_t goexit, uint64_t goexit1, struct goexit *ret)
{
	uint32_t move = 0xaa0003e0; /* mov x0, x0 */
	uint32_t call = 0x94000000 | ((uint32_t)((goexit1 - (goexit + 4)) >> 2) & 0x3ffffff);

	ret->offset = goexit;
	ret->n_bytes = 8;
	memcpy(ret->code, &move, sizeof(move));
	memcpy(ret->code + 4, &call, sizeof(call));
}

static bool is_named(const struct gopclntab *t, const struct gopclntab_function *f, const char *name)
{
	struct gopclntab_name found = gopclntab_name(t, f);

	return found.n_bytes == strlen(name) && memcmp(found.data, name, found.n_bytes) == 0;
}

/* goexit1 has a second entry, which assembly calls: both have its name. */
#define MAX_GOEXITS 2

struct goexits {
	struct goexit all[MAX_GOEXITS];
	size_t n;
};

static void find_goexits(const struct elffile *f, const struct gopclntab *t, struct goexits *ret)
{
	struct gopclntab_function function;
	uint64_t goexit = UINT64_MAX, goexit1[MAX_GOEXITS];
	size_t n = 0;

	for (size_t i = 0; i < t->n_functions && (n < MAX_GOEXITS || goexit == UINT64_MAX); i++) {
		if (!gopclntab_function(t, i, &function))
			continue;
		if (is_named(t, &function, "runtime.goexit"))
			goexit = function.start;
		else if (n < MAX_GOEXITS && is_named(t, &function, "runtime.goexit1"))
			goexit1[n++] = function.start;
	}
	for (size_t i = 0; i < n && goexit != UINT64_MAX; i++) {
		if (f->ehdr.e_machine == EM_X86_64)
			make_goexit_x86_64(goexit, goexit1[i], &ret->all[i]);
		else
			make_goexit_aarch64(goexit, goexit1[i], &ret->all[i]);
		ret->n = i + 1;
	}
}

static bool is_text_start(const struct elffile *f, const struct goexits *goexits, uint64_t start)
{
	uint8_t code[GOEXIT_BYTES];

	for (size_t i = 0; i < goexits->n; i++) {
		const struct goexit *g = &goexits->all[i];

		if (elffile_segment_at(f, start) &&
		    elffile_copy(f, start + g->offset, code, g->n_bytes) == g->n_bytes &&
		    memcmp(code, g->code, g->n_bytes) == 0)
			return true;
	}
	return false;
}

static bool search_segment(const struct elffile *f, const struct index_segment *s, const struct goexit *g,
			   uint64_t *ret)
{
	const size_t step = WINDOW_BYTES - GOEXIT_BYTES;
	uint8_t window[WINDOW_BYTES];

	for (uint64_t done = 0; done < s->file_bytes; done += step) {
		size_t n = elffile_copy(f, s->vaddr + done, window, sizeof(window));
		const uint8_t *found = memmem(window, n, g->code, g->n_bytes);

		if (n == 0) /* whatever the segment claims, the file ends here */
			return false;
		if (!found)
			continue;
		*ret = s->vaddr + done + (size_t)(found - window) - g->offset;
		return elffile_segment_at(f, *ret) == s;
	}
	return false;
}

static bool search_text_start(const struct elffile *f, const struct goexits *goexits, uint64_t *ret)
{
	for (size_t i = 0; i < f->n_segments; i++) {
		for (size_t k = 0; k < goexits->n; k++) {
			if (search_segment(f, &f->segments[i], &goexits->all[k], ret))
				return true;
		}
	}
	return false;
}

static uint64_t text_section(const struct elffile *f)
{
	Elf_Scn *scn = elffile_find_section(f, ".text");
	GElf_Shdr h;

	return scn && gelf_getshdr(scn, &h) ? h.sh_addr : 0;
}

static int find_text_start(const struct elffile *f, const struct gopclntab *t, uint64_t *ret)
{
	uint64_t likely[] = { t->text_start, text_section(f) };
	struct goexits goexits = {};

	*ret = 0;
	if (t->version == GOPCLNTAB_1_16)
		return 0;
	find_goexits(f, t, &goexits);
	for (size_t i = 0; i < ARRAY_SIZE(likely); i++) {
		if (is_text_start(f, &goexits, likely[i])) {
			*ret = likely[i];
			return 0;
		}
	}
	return search_text_start(f, &goexits, ret) ? 0 : GOPCLNTAB_NONE;
}

int go_binary_open(const struct elffile *f, struct go_binary *ret)
{
	struct go_binary go;
	int r;

	if (f->ehdr.e_machine != EM_X86_64 && f->ehdr.e_machine != EM_AARCH64)
		return GOPCLNTAB_NONE;
	r = find_table(f, &go);
	if (r == 0)
		r = find_text_start(f, &go.table, &go.text_start);
	if (r != 0)
		return r;
	*ret = go;
	return 0;
}

bool go_binary_function(const struct go_binary *go, const struct elffile *f, size_t i, struct gopclntab_function *ret)
{
	const struct index_segment *segment;

	if (!gopclntab_function(&go->table, i, ret))
		return false;
	ret->start += go->text_start;
	ret->end += go->text_start;
	segment = elffile_segment_at(f, ret->start);
	return segment && ret->start < ret->end && ret->end - segment->vaddr <= segment->mem_bytes;
}
