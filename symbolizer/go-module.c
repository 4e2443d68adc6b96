// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/go-module.h"

#include <string.h>

#define SCAN_BYTES ((uint64_t)128 << 20) /* of data, and of relocations; larger binaries have some MiB */
#define WINDOW_WORDS 2048
#define MAX_CANDIDATES 16 /* that relocations make: each of them is a pass over all */
#define MAX_DYNAMIC 256

/* Words of runtime.moduledata: slices are a pointer, a length and a capacity. */
#define FUNCNAMETAB 1
#define PCTAB 10
#define PCLNTABLE 13
#define N_FTAB 17

static bool is_module(const struct go_binary *go, const struct go_module *m)
{
	const struct gopclntab *t = &go->table;

	return m->words[0] == go->table_vaddr && m->words[FUNCNAMETAB] == go->table_vaddr + t->names &&
	       m->words[PCTAB] == go->table_vaddr + t->pcs && m->words[PCLNTABLE] == go->table_vaddr + t->functions &&
	       m->words[N_FTAB] == t->n_functions + 1;
}

static bool read_words(const struct elffile *f, uint64_t vaddr, struct go_module *ret)
{
	*ret = (struct go_module){};
	return elffile_copy(f, vaddr, ret->words, sizeof(ret->words)) >= GO_MODULE_FIXED_WORDS * sizeof(ret->words[0]);
}

/* -- as the file has it -- */

static bool scan(const struct elffile *f, const struct go_binary *go, uint64_t vaddr, uint64_t size,
		 struct go_module *ret)
{
	uint64_t window[WINDOW_WORDS];
	size_t n;

	if (size > SCAN_BYTES)
		size = SCAN_BYTES;
	for (uint64_t done = 0; done < size; done += sizeof(window)) {
		n = elffile_copy(f, vaddr + done, window, sizeof(window)) / sizeof(window[0]);
		for (size_t i = 0; i < n; i++) {
			if (window[i] == go->table_vaddr && read_words(f, vaddr + done + i * sizeof(window[0]), ret) &&
			    is_module(go, ret))
				return true;
		}
	}
	return false;
}

static bool scan_data(const struct elffile *f, const struct go_binary *go, struct go_module *ret)
{
	GElf_Phdr p;

	for (size_t i = 0; i < f->n_phdrs; i++) {
		if (gelf_getphdr(f->elf, (int)i, &p) && p.p_type == PT_LOAD && (p.p_flags & PF_W) &&
		    p.p_vaddr % sizeof(uint64_t) == 0 && scan(f, go, p.p_vaddr, p.p_filesz, ret))
			return true;
	}
	return false;
}

/* -- as the loader leaves it: some linkers write addresses of position-independent code only in the relocations -- */

struct relocs {
	uint64_t vaddr, size;
};

static bool read_dynamic(const struct elffile *f, uint64_t vaddr, struct relocs *ret)
{
	Elf64_Dyn all[MAX_DYNAMIC];
	size_t n = elffile_copy(f, vaddr, all, sizeof(all)) / sizeof(all[0]);

	*ret = (struct relocs){};
	for (size_t i = 0; i < n && all[i].d_tag != DT_NULL; i++) {
		if (all[i].d_tag == DT_RELA)
			ret->vaddr = all[i].d_un.d_ptr;
		else if (all[i].d_tag == DT_RELASZ)
			ret->size = all[i].d_un.d_val < SCAN_BYTES ? all[i].d_un.d_val : SCAN_BYTES;
	}
	return ret->size > 0;
}

static bool find_relocs(const struct elffile *f, struct relocs *ret)
{
	GElf_Phdr p;

	for (size_t i = 0; i < f->n_phdrs; i++) {
		if (gelf_getphdr(f->elf, (int)i, &p) && p.p_type == PT_DYNAMIC && read_dynamic(f, p.p_vaddr, ret))
			return true;
	}
	return false;
}

/* A pass over the relocations that only add the base: window by window. */
struct pass {
	const struct elffile *file;
	struct relocs relocs;
	uint64_t done; /* bytes */
	size_t i, n;
	Elf64_Rela window[WINDOW_WORDS / 4];
};

static bool next(struct pass *p, Elf64_Rela *ret)
{
	const uint32_t relative = p->file->ehdr.e_machine == EM_X86_64 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE;

	for (;;) {
		if (p->i == p->n) {
			p->n = elffile_copy(p->file, p->relocs.vaddr + p->done, p->window, sizeof(p->window)) /
			       sizeof(p->window[0]);
			p->i = 0;
			if (p->n == 0 || p->done >= p->relocs.size)
				return false;
			p->done += p->n * sizeof(p->window[0]);
		}
		*ret = p->window[p->i++];
		if (ELF64_R_TYPE(ret->r_info) == relative)
			return true;
	}
}

static struct pass begin(const struct elffile *f, const struct relocs *relocs)
{
	return (struct pass){ .file = f, .relocs = *relocs };
}

static void relocate(const struct elffile *f, const struct relocs *relocs, uint64_t vaddr, struct go_module *m)
{
	struct pass p = begin(f, relocs);
	Elf64_Rela rela;

	while (next(&p, &rela)) {
		const uint64_t at = rela.r_offset - vaddr;

		if (at < sizeof(m->words) && at % sizeof(m->words[0]) == 0)
			m->words[at / sizeof(m->words[0])] = (uint64_t)rela.r_addend;
	}
}

static bool scan_relocs(const struct elffile *f, const struct go_binary *go, struct go_module *ret)
{
	struct relocs relocs;
	Elf64_Rela rela;
	struct pass p;
	size_t n = 0;

	if (!find_relocs(f, &relocs))
		return false;
	p = begin(f, &relocs);
	while (n < MAX_CANDIDATES && next(&p, &rela)) {
		if ((uint64_t)rela.r_addend != go->table_vaddr || !read_words(f, rela.r_offset, ret))
			continue;
		n++;
		relocate(f, &relocs, rela.r_offset, ret);
		if (is_module(go, ret))
			return true;
	}
	return false;
}

int go_module_find(const struct elffile *f, const struct go_binary *go, struct go_module *ret)
{
	struct go_module m;

	if (!scan_data(f, go, &m) && !scan_relocs(f, go, &m))
		return GO_MODULE_NONE;
	*ret = m;
	return 0;
}
