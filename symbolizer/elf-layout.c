// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/elf-layout.h"

#include <string.h>

#define CODE_FLAGS (SHF_ALLOC | SHF_EXECINSTR)
#define PART_BYTES ((uint64_t)ELF_LAYOUT_INIT_START - ELF_LAYOUT_START)

static bool is_init(Elf *elf, size_t names, const GElf_Shdr *h)
{
	const char *name = elf_strptr(elf, names, h->sh_name);

	return name && strncmp(name, ".init", strlen(".init")) == 0;
}

/* Where a section goes behind `bytes` of others; false: sizes that no module has. */
static bool place(const GElf_Shdr *h, uint64_t *bytes, uint64_t *ret)
{
	uint64_t align = h->sh_addralign ? h->sh_addralign : 1;
	uint64_t at;

	if ((align & (align - 1)) || align > PART_BYTES || h->sh_size > PART_BYTES)
		return false;
	at = (*bytes + align - 1) & ~(align - 1);
	if (at + h->sh_size > PART_BYTES)
		return false;
	*bytes = at + h->sh_size;
	*ret = at;
	return true;
}

static uint64_t lay_part(Elf *elf, size_t names, bool init, uint64_t start)
{
	Elf_Scn *scn = NULL;
	uint64_t bytes = 0, at;
	GElf_Shdr h;

	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &h) || (h.sh_flags & CODE_FLAGS) != CODE_FLAGS ||
		    is_init(elf, names, &h) != init || !place(&h, &bytes, &at))
			continue;
		h.sh_addr = start + at;
		gelf_update_shdr(scn, &h);
	}
	return bytes;
}

void elf_layout(Elf *elf, size_t names, struct index_segment ret_segments[static 2], size_t *ret_n)
{
	static const uint64_t starts[] = { ELF_LAYOUT_START, ELF_LAYOUT_INIT_START };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++) {
		uint64_t bytes = lay_part(elf, names, starts[i] == ELF_LAYOUT_INIT_START, starts[i]);

		if (bytes)
			ret_segments[n++] = (struct index_segment){ .vaddr = starts[i], .mem_bytes = bytes };
	}
	*ret_n = n;
}
