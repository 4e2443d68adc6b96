/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elffile: a foreign ELF file, read with libelf through a descriptor: never mapped, no path opened, sizes checked
 * before memory is asked for. (The prefix elf_ is libelf's.) Strings and data live until elffile_done(). The sections
 * of a relocatable file have the addresses that symbolizer/elf-layout.h gives them.
 */
#pragma once

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/build-id.h"
#include "common/clean.h"
#include "symbolizer/index-format.h"

#define ELFFILE_MAX_SECTIONS 200000 /* 40 MiB inside libelf */
#define ELFFILE_MAX_PHDRS 4096
#define ELFFILE_SECTION_BYTES ((uint64_t)512 << 20)

struct elffile {
	Elf *elf;
	GElf_Ehdr ehdr;
	int fd;           /* where the bytes come from; borrowed */
	const char *data; /* NULL: from fd */
	uint64_t n_bytes;
	size_t n_phdrs;
	size_t names;                                      /* section with the section names; 0: none */
	struct index_segment segments[INDEX_MAX_SEGMENTS]; /* executable ones */
	size_t n_segments;
};

/* fd stays the caller's and open. -EBADMSG: no ELF executable, library or module of a kind that runs here. */
_must_check_ int elffile_open(int fd, struct elffile *ret);
_must_check_ int elffile_open_memory(char *data, size_t size, struct elffile *ret);
void elffile_done(struct elffile *f);

/* The executable segment that holds a virtual address; NULL: none. */
const struct index_segment *elffile_segment_at(const struct elffile *f, uint64_t vaddr);

/* Reads size bytes of the memory image through the PT_LOADs. -EBADMSG: not in the file, or larger than allowed. */
_must_check_ int elffile_read_at(const struct elffile *f, uint64_t vaddr, uint64_t size, Elf_Type type, Elf_Data **ret);
/* The number of file bytes from vaddr to the end of its PT_LOAD; 0: not in the file. */
uint64_t elffile_bytes_at(const struct elffile *f, uint64_t vaddr);

/*
 * The same into the caller's memory: for a look here and there, since what elffile_read_at() has read stays until
 * elffile_done(). Returns how many bytes there were, at most size.
 */
size_t elffile_copy(const struct elffile *f, uint64_t vaddr, void *ret, size_t size);

/* The content of a section. -EBADMSG: has none, is compressed, too large or outside of the file. */
_must_check_ int elffile_section_data(const struct elffile *f, Elf_Scn *scn, Elf_Data **ret);

/* The first section with a name; NULL: none. */
Elf_Scn *elffile_find_section(const struct elffile *f, const char *name);

/*
 * The GNU build id; where there is none, of a Go binary the first 20 bytes of the SHA-256 of its Go build id (a text).
 * The kernel knows only GNU ones. n_bytes 0: neither.
 */
void elffile_build_id(const struct elffile *f, struct build_id *ret);
