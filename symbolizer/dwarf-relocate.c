// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-relocate.h"

#include <string.h>

/* How many bytes a relocation fills with the symbol's value plus its addend; 0: it is of another kind. */
static size_t width_of(GElf_Half machine, uint64_t type)
{
	if (machine == EM_X86_64) {
		if (type == R_X86_64_64)
			return 8;
		return type == R_X86_64_32 || type == R_X86_64_32S ? 4 : 0;
	}
	if (machine == EM_AARCH64) {
		if (type == R_AARCH64_ABS64)
			return 8;
		return type == R_AARCH64_ABS32 ? 4 : 0;
	}
	return 0;
}

/* false: it is not in this file. */
static bool value_of(const struct elffile *f, Elf_Data *symbols, uint64_t number, uint64_t *ret)
{
	GElf_Sym sym;
	GElf_Shdr h;
	Elf_Scn *scn;

	if (number > INT32_MAX || !gelf_getsym(symbols, (int)number, &sym) || sym.st_shndx == SHN_UNDEF)
		return false;
	*ret = sym.st_value;
	if (sym.st_shndx >= SHN_LORESERVE) /* absolute; or more sections than debug info speaks of */
		return sym.st_shndx == SHN_ABS;
	scn = elf_getscn(f->elf, sym.st_shndx);
	if (!scn || !gelf_getshdr(scn, &h))
		return false;
	*ret += h.sh_addr;
	return true;
}

static void apply(const struct elffile *f, Elf_Data *symbols, const GElf_Rela *rela, uint8_t *data, size_t size)
{
	const size_t width = width_of(f->ehdr.e_machine, GELF_R_TYPE(rela->r_info));
	uint64_t value;

	if (width == 0 || rela->r_offset > size || width > size - rela->r_offset)
		return;
	if (!value_of(f, symbols, GELF_R_SYM(rela->r_info), &value))
		return;
	value += (uint64_t)rela->r_addend;
	memcpy(data + rela->r_offset, &value, width);
}

static int apply_all(const struct elffile *f, Elf_Scn *scn, const GElf_Shdr *h, uint8_t *data, size_t size)
{
	Elf_Data *relocations, *symbols = NULL;
	GElf_Rela rela;
	int r;

	r = elffile_section_data(f, scn, &relocations);
	if (r == 0)
		r = elffile_section_data(f, elf_getscn(f->elf, h->sh_link), &symbols);
	if (r < 0)
		return r == -EBADMSG ? 0 : r;
	for (int i = 0; gelf_getrela(relocations, i, &rela); i++)
		apply(f, symbols, &rela, data, size);
	return 0;
}

int dwarf_relocate(const struct elffile *f, size_t section, uint8_t *data, size_t size)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr h;
	int r;

	while ((scn = elf_nextscn(f->elf, scn))) {
		if (!gelf_getshdr(scn, &h) || h.sh_type != SHT_RELA || h.sh_info != section)
			continue;
		r = apply_all(f, scn, &h, data, size);
		if (r < 0)
			return r;
	}
	return 0;
}
