// SPDX-License-Identifier: Apache-2.0
/*
 * cfi-root: reads lines `ADDRESS FILE` and answers each with a line, by libdw: `root` where the file's .eh_frame or
 * .debug_frame covers the address and says that there is no return address; where the file begins (the dynamic linker
 * has no CFI there); at glibc's __start_context, to which the functions of makecontext() return and which begins with
 * leaving their stack (its CFI forgets to say so). Else `no`.
 */
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRY_BYTES 64 /* of the code that a file begins with: no _start is longer */

static bool says_root(Dwarf_CFI *cfi, Dwarf_Addr address)
{
	Dwarf_Frame *frame = NULL;
	Dwarf_Op ops_mem[3], *ops = ops_mem;
	size_t n_ops = 1;
	bool signal_frame, is_root;

	if (!cfi || dwarf_cfi_addrframe(cfi, address, &frame) != 0)
		return false;
	/* libdw: undefined is no operations at ops_mem, and same value none at NULL. */
	is_root = dwarf_frame_register(frame, dwarf_frame_info(frame, NULL, NULL, &signal_frame), ops_mem, &ops,
				       &n_ops) == 0 &&
		  n_ops == 0 && ops == ops_mem;
	free(frame);
	return is_root;
}

static bool is_entry(Elf *elf, Dwarf_Addr address)
{
	GElf_Ehdr header;

	return gelf_getehdr(elf, &header) && address - header.e_entry < ENTRY_BYTES;
}

static bool is_start_context(Elf *elf, Dwarf_Addr address)
{
	static const unsigned char mov_rbx_rsp[] = { 0x48, 0x89, 0xdc };
	size_t n_segments = 0, n_bytes;
	const char *bytes = elf_rawfile(elf, &n_bytes);

	elf_getphdrnum(elf, &n_segments);
	for (size_t i = 0; bytes && i < n_segments; i++) {
		GElf_Phdr segment;
		GElf_Off at;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
		    address - segment.p_vaddr >= segment.p_filesz)
			continue;
		at = segment.p_offset + address - segment.p_vaddr;
		return at + sizeof(mov_rbx_rsp) <= n_bytes && memcmp(bytes + at, mov_rbx_rsp, sizeof(mov_rbx_rsp)) == 0;
	}
	return false;
}

static bool is_root(const char *path, Dwarf_Addr address)
{
	int fd = open(path, O_RDONLY);
	Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ_MMAP, NULL) : NULL;
	Dwarf *dwarf = elf ? dwarf_begin_elf(elf, DWARF_C_READ, NULL) : NULL;
	Dwarf_CFI *cfi = elf ? dwarf_getcfi_elf(elf) : NULL;
	bool found = (elf && (is_entry(elf, address) || is_start_context(elf, address))) || says_root(cfi, address) ||
		     (dwarf && says_root(dwarf_getcfi(dwarf), address));

	dwarf_cfi_end(cfi);
	dwarf_end(dwarf);
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return found;
}

int main(void)
{
	char line[8192];

	elf_version(EV_CURRENT);
	while (fgets(line, sizeof(line), stdin)) {
		char *path;
		Dwarf_Addr address = strtoull(line, &path, 16);

		path[strcspn(path, "\n")] = '\0';
		puts(*path == ' ' && is_root(path + 1, address) ? "root" : "no");
		fflush(stdout);
	}
	return 0;
}
