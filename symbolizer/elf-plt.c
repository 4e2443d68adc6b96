// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/elf-plt.h"

#include <string.h>

#define MAX_SLOTS 1000000
#define STUB_BYTES 16

/* A slot of the GOT and what it will point to. */
struct slot {
	uint64_t addr;
	const char *name;
	uint16_t name_bytes;
};

struct slots {
	struct slot *all;
	size_t n, capacity;
};

static void slots_done(struct slots *s)
{
	free(s->all);
}

static int add_slot(struct slots *s, const struct slot *slot)
{
	if (s->n >= MAX_SLOTS)
		return -EFBIG;
	if (s->n == s->capacity) {
		size_t capacity = s->capacity ? 2 * s->capacity : 256;
		struct slot *all;

		all = reallocarray(s->all, capacity, sizeof(*all));
		if (!all)
			return -ENOMEM;
		s->all = all;
		s->capacity = capacity;
	}
	s->all[s->n++] = *slot;
	return 0;
}

static int compare_slots(const void *va, const void *vb)
{
	const struct slot *a = va, *b = vb;

	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

static const struct slot *find_slot(const struct slots *s, uint64_t addr)
{
	struct slot key = { .addr = addr };

	return s->n ? bsearch(&key, s->all, s->n, sizeof(key), compare_slots) : NULL;
}

/* A section of relocations, with the symbols and strings that they name. */
struct relocs {
	Elf_Data *rela, *symbols, *strings;
	const struct symbols *known;
};

static bool name_by_symbol(const struct relocs *r, size_t index, struct slot *ret)
{
	GElf_Sym sym;
	size_t room;

	if (!r->symbols || !r->strings || index == 0 || !gelf_getsym(r->symbols, (int)index, &sym) ||
	    sym.st_name >= r->strings->d_size)
		return false;
	room = r->strings->d_size - sym.st_name;
	ret->name = (const char *)r->strings->d_buf + sym.st_name;
	ret->name_bytes = (uint16_t)strnlen(ret->name, room < SYMBOL_NAME_BYTES ? room : SYMBOL_NAME_BYTES);
	return ret->name_bytes > 0;
}

/* An IFUNC of the file itself: the addend is its resolver, which has the function's name. */
static bool name_by_addend(const struct relocs *r, uint64_t addend, struct slot *ret)
{
	const struct symbol *s = symbols_find(r->known, addend);

	if (!s)
		return false;
	ret->name = s->name;
	ret->name_bytes = s->name_bytes;
	return true;
}

static int read_relocs(const struct relocs *relocs, struct slots *ret)
{
	GElf_Rela rela;
	int r;

	for (int i = 0; gelf_getrela(relocs->rela, i, &rela); i++) {
		struct slot slot = { .addr = rela.r_offset };
		bool named;

		switch (GELF_R_TYPE(rela.r_info)) {
		case R_X86_64_JUMP_SLOT:
		case R_X86_64_GLOB_DAT:
			named = name_by_symbol(relocs, GELF_R_SYM(rela.r_info), &slot);
			break;
		case R_X86_64_IRELATIVE:
			named = name_by_addend(relocs, (uint64_t)rela.r_addend, &slot);
			break;
		default:
			named = false;
		}
		r = named ? add_slot(ret, &slot) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_slots(const struct elffile *f, const char *section, const struct symbols *known, struct slots *ret)
{
	Elf_Scn *scn = elffile_find_section(f, section), *symbols;
	struct relocs relocs = { .known = known };
	GElf_Shdr h;
	int r;

	if (!scn || !gelf_getshdr(scn, &h) || h.sh_type != SHT_RELA || elffile_section_data(f, scn, &relocs.rela) < 0)
		return 0;
	symbols = elf_getscn(f->elf, h.sh_link);
	if (elffile_section_data(f, symbols, &relocs.symbols) < 0 || !gelf_getshdr(symbols, &h) ||
	    elffile_section_data(f, elf_getscn(f->elf, h.sh_link), &relocs.strings) < 0)
		relocs.symbols = NULL; /* a static binary: only IFUNCs */
	r = read_relocs(&relocs, ret);
	if (r == 0 && ret->n)
		qsort(ret->all, ret->n, sizeof(*ret->all), compare_slots);
	return r;
}

/* The address behind `jmp *disp32(%rip)` after an optional endbr64 and bnd prefix; 0: another instruction. */
static uint64_t jump_slot(const unsigned char *code, size_t size, uint64_t addr)
{
	static const unsigned char endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	size_t at = 0;
	int32_t disp;

	if (size >= sizeof(endbr64) && memcmp(code, endbr64, sizeof(endbr64)) == 0)
		at = sizeof(endbr64);
	if (at < size && code[at] == 0xf2)
		at++;
	if (size - at < 6 || code[at] != 0xff || code[at + 1] != 0x25)
		return 0;
	memcpy(&disp, code + at + 2, sizeof(disp));
	return addr + at + 6 + (uint64_t)(int64_t)disp;
}

/* Stubs are 16 bytes, or 8 in a .plt.got without endbr64: entsize says so, where it was not left out. */
static size_t stub_bytes(const GElf_Shdr *h)
{
	return h->sh_entsize == 8 ? 8 : STUB_BYTES;
}

/* *ret_is_open is set where a stub jumps through a slot that is not known. */
static int add_stubs(const struct elffile *f, Elf_Scn *scn, const struct slots *slots, struct symbols *ret,
		     bool *ret_is_open)
{
	GElf_Shdr h;
	Elf_Data *data;
	size_t step;
	int r;

	if (!scn || !gelf_getshdr(scn, &h) || elffile_section_data(f, scn, &data) < 0)
		return 0;
	step = stub_bytes(&h);
	for (size_t at = 0; at + step <= data->d_size; at += step) {
		uint64_t addr = h.sh_addr + at;
		uint64_t slot_addr = jump_slot((const unsigned char *)data->d_buf + at, step, addr);
		const struct slot *slot = find_slot(slots, slot_addr);

		*ret_is_open |= slot_addr && !slot;
		if (!slot || !elffile_segment_at(f, addr) || addr + step < addr)
			continue;
		r = symbols_add(ret, &(struct symbol){
					     .start = addr,
					     .end = addr + step,
					     .name = slot->name,
					     .name_bytes = slot->name_bytes,
					     .sized = true,
					     .source = SYMBOL_PLT,
				     });
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_all_stubs(const struct elffile *f, const struct slots *slots, struct symbols *ret, bool *ret_is_open)
{
	static const char *const names[] = { ".plt", ".plt.sec", ".plt.got" };
	int r = 0;

	ret->n = 0;
	*ret_is_open = false;
	for (size_t i = 0; i < ARRAY_SIZE(names) && r == 0; i++)
		r = add_stubs(f, elffile_find_section(f, names[i]), slots, ret, ret_is_open);
	return r;
}

int elf_plt_add(const struct elffile *f, const struct symbols *known, struct symbols *ret)
{
	_cleanup_(slots_done) struct slots slots = {};
	bool is_open;
	int r;

	if (f->ehdr.e_machine != EM_X86_64)
		return 0;
	r = read_slots(f, ".rela.plt", known, &slots);
	if (r == 0)
		r = add_all_stubs(f, &slots, ret, &is_open);
	if (r < 0 || !is_open)
		return r;
	r = read_slots(f, ".rela.dyn", known, &slots); /* of a large library 8 MB, and few of them are slots of a PLT */
	return r == 0 ? add_all_stubs(f, &slots, ret, &is_open) : r;
}
