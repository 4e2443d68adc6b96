/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf bytes: a small x86_64 shared library, written out field by field, for tests that must know or damage each of
 * them. Addresses are file offsets. elf_bytes_init() makes it whole; what a test changes afterwards is the test.
 */
#pragma once

#include <elf.h>
#include <stddef.h>
#include <string.h>

enum elf_bytes_section {
	EB_NULL,
	EB_TEXT,
	EB_PLT,
	EB_RELA,
	EB_DYNSYM,
	EB_DYNSTR,
	EB_SYMTAB,
	EB_STRTAB,
	EB_NOTE,
	EB_DEBUGDATA,
	EB_NAMES,
	EB_N_SECTIONS,
};

struct elf_bytes {
	Elf64_Ehdr ehdr;
	Elf64_Phdr load, note_phdr, dynamic_phdr;
	struct {
		Elf64_Nhdr head;
		char name[4];
		unsigned char id[20];
	} note;
	char pad[4];
	unsigned char text[256];
	unsigned char plt[32];
	Elf64_Sym dynsym[4];
	char dynstr[64];
	Elf64_Sym symtab[8];
	char strtab[128];
	Elf64_Rela rela[2];
	Elf64_Dyn dynamic[6];
	uint32_t hash[12];
	unsigned char debugdata[1536];
	char names[128];
	Elf64_Shdr shdrs[EB_N_SECTIONS];
};

static inline uint32_t elf_bytes_string(char *table, size_t size, const char *s)
{
	size_t at = 1;

	while (table[at])
		at += strlen(table + at) + 1;
	if (at + strlen(s) + 1 < size)
		strcpy(table + at, s);
	return (uint32_t)at;
}

static inline void elf_bytes_section(struct elf_bytes *b, enum elf_bytes_section i, const char *name, uint32_t type,
				     uint64_t flags, size_t at, size_t size, size_t entry, uint32_t link)
{
	b->shdrs[i] = (Elf64_Shdr){
		.sh_name = elf_bytes_string(b->names, sizeof(b->names), name),
		.sh_type = type,
		.sh_flags = flags,
		.sh_addr = at,
		.sh_offset = at,
		.sh_size = size,
		.sh_link = link,
		.sh_entsize = entry,
		.sh_addralign = 8,
	};
}

static inline Elf64_Sym elf_bytes_symbol(uint32_t name, unsigned char bind, unsigned char type, uint64_t offset,
					 uint64_t size)
{
	return (Elf64_Sym){
		.st_name = name,
		.st_info = ELF64_ST_INFO(bind, type),
		.st_shndx = EB_TEXT,
		.st_value = offsetof(struct elf_bytes, text) + offset,
		.st_size = size,
	};
}

/* .symtab: alpha [0,16), beta [32,48), a label without type at 64, gamma without size at 80. .dynsym: alpha, printf. */
static inline void elf_bytes_add_symbols(struct elf_bytes *b)
{
	b->symtab[1] =
		elf_bytes_symbol(elf_bytes_string(b->strtab, sizeof(b->strtab), "alpha"), STB_GLOBAL, STT_FUNC, 0, 16);
	b->symtab[2] =
		elf_bytes_symbol(elf_bytes_string(b->strtab, sizeof(b->strtab), "beta"), STB_LOCAL, STT_FUNC, 32, 16);
	b->symtab[3] =
		elf_bytes_symbol(elf_bytes_string(b->strtab, sizeof(b->strtab), "label"), STB_LOCAL, STT_NOTYPE, 64, 0);
	b->symtab[4] =
		elf_bytes_symbol(elf_bytes_string(b->strtab, sizeof(b->strtab), "gamma"), STB_WEAK, STT_FUNC, 80, 0);
	b->dynsym[1] =
		elf_bytes_symbol(elf_bytes_string(b->dynstr, sizeof(b->dynstr), "alpha"), STB_GLOBAL, STT_FUNC, 0, 16);
	b->dynsym[2] =
		elf_bytes_symbol(elf_bytes_string(b->dynstr, sizeof(b->dynstr), "printf"), STB_GLOBAL, STT_FUNC, 0, 0);
	b->dynsym[2].st_shndx = SHN_UNDEF;
	b->dynsym[2].st_value = 0;
}

/* The second stub jumps through a slot behind the end of the file: 16 bytes past it. */
static inline void elf_bytes_add_plt(struct elf_bytes *b)
{
	const uint64_t slot = sizeof(*b) + 16, stub = offsetof(struct elf_bytes, plt) + 16;
	const uint32_t disp = (uint32_t)(slot - (stub + 6));

	b->plt[16] = 0xff;
	b->plt[17] = 0x25;
	memcpy(b->plt + 18, &disp, sizeof(disp));
	b->rela[0] = (Elf64_Rela){ .r_offset = slot, .r_info = ELF64_R_INFO(2, R_X86_64_JUMP_SLOT) };
}

#define EB_AT(field) offsetof(struct elf_bytes, field)
#define EB_SIZE(field) sizeof(((struct elf_bytes *)0)->field)

static inline void elf_bytes_add_sections(struct elf_bytes *b)
{
	const uint64_t x = SHF_ALLOC | SHF_EXECINSTR;

	elf_bytes_section(b, EB_TEXT, ".text", SHT_PROGBITS, x, EB_AT(text), EB_SIZE(text), 0, 0);
	elf_bytes_section(b, EB_PLT, ".plt", SHT_PROGBITS, x, EB_AT(plt), EB_SIZE(plt), 16, 0);
	elf_bytes_section(b, EB_RELA, ".rela.plt", SHT_RELA, SHF_ALLOC, EB_AT(rela), EB_SIZE(rela), sizeof(Elf64_Rela),
			  EB_DYNSYM);
	elf_bytes_section(b, EB_DYNSYM, ".dynsym", SHT_DYNSYM, SHF_ALLOC, EB_AT(dynsym), EB_SIZE(dynsym),
			  sizeof(Elf64_Sym), EB_DYNSTR);
	elf_bytes_section(b, EB_DYNSTR, ".dynstr", SHT_STRTAB, SHF_ALLOC, EB_AT(dynstr), EB_SIZE(dynstr), 0, 0);
	elf_bytes_section(b, EB_SYMTAB, ".symtab", SHT_SYMTAB, 0, EB_AT(symtab), EB_SIZE(symtab), sizeof(Elf64_Sym),
			  EB_STRTAB);
	elf_bytes_section(b, EB_STRTAB, ".strtab", SHT_STRTAB, 0, EB_AT(strtab), EB_SIZE(strtab), 0, 0);
	elf_bytes_section(b, EB_NOTE, ".note.gnu.build-id", SHT_NOTE, SHF_ALLOC, EB_AT(note), EB_SIZE(note), 0, 0);
	elf_bytes_section(b, EB_DEBUGDATA, ".gnu_debugdata", SHT_PROGBITS, 0, EB_AT(debugdata), EB_SIZE(debugdata), 0,
			  0);
	elf_bytes_section(b, EB_NAMES, ".shstrtab", SHT_STRTAB, 0, EB_AT(names), EB_SIZE(names), 0, 0);
	b->shdrs[EB_NOTE].sh_addralign = 4;
}

/* What a loader needs: DT_HASH with one bucket that holds both symbols of .dynsym. */
static inline void elf_bytes_add_dynamic(struct elf_bytes *b)
{
	const uint32_t hash[] = { 1, 3, 1, 0, 2, 0 };

	b->dynamic[0] = (Elf64_Dyn){ .d_tag = DT_SYMTAB, .d_un.d_ptr = EB_AT(dynsym) };
	b->dynamic[1] = (Elf64_Dyn){ .d_tag = DT_STRTAB, .d_un.d_ptr = EB_AT(dynstr) };
	b->dynamic[2] = (Elf64_Dyn){ .d_tag = DT_STRSZ, .d_un.d_val = EB_SIZE(dynstr) };
	b->dynamic[3] = (Elf64_Dyn){ .d_tag = DT_HASH, .d_un.d_ptr = EB_AT(hash) };
	memcpy(b->hash, hash, sizeof(hash));
}

static inline void elf_bytes_add_headers(struct elf_bytes *b)
{
	b->ehdr = (Elf64_Ehdr){
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = EB_AT(load),
		.e_shoff = EB_AT(shdrs),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 3,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = EB_N_SECTIONS,
		.e_shstrndx = EB_NAMES,
	};
	b->load = (Elf64_Phdr){ .p_type = PT_LOAD,
				.p_flags = PF_R | PF_X,
				.p_filesz = sizeof(*b),
				.p_memsz = sizeof(*b),
				.p_align = 4096 };
	b->note_phdr = (Elf64_Phdr){ .p_type = PT_NOTE,
				     .p_flags = PF_R,
				     .p_offset = EB_AT(note),
				     .p_vaddr = EB_AT(note),
				     .p_filesz = EB_SIZE(note),
				     .p_memsz = EB_SIZE(note),
				     .p_align = 4 };
	b->dynamic_phdr = (Elf64_Phdr){ .p_type = PT_DYNAMIC,
					.p_flags = PF_R,
					.p_offset = EB_AT(dynamic),
					.p_vaddr = EB_AT(dynamic),
					.p_filesz = EB_SIZE(dynamic),
					.p_memsz = EB_SIZE(dynamic),
					.p_align = 8 };
}

static inline void elf_bytes_init(struct elf_bytes *b)
{
	memset(b, 0, sizeof(*b));
	elf_bytes_add_headers(b);
	b->note.head = (Elf64_Nhdr){ .n_namesz = 4, .n_descsz = sizeof(b->note.id), .n_type = NT_GNU_BUILD_ID };
	memcpy(b->note.name, "GNU", 4);
	for (size_t i = 0; i < sizeof(b->note.id); i++)
		b->note.id[i] = (unsigned char)(0xa0 + i);
	elf_bytes_add_symbols(b);
	elf_bytes_add_plt(b);
	elf_bytes_add_dynamic(b);
	elf_bytes_add_sections(b);
}
