// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/cfi-sections.h"

#define HDR_BYTES 64          /* of .eh_frame_hdr: its first 4 and a pointer */
#define COMPRESSED_RATIO 1032 /* deflate's best */

static struct cfi_section section_of(const Elf_Data *data, uint64_t vaddr)
{
	return (struct cfi_section){ .data = data->d_buf, .size = data->d_size, .vaddr = vaddr };
}

static int answer(int r)
{
	return r == -ENOMEM ? r : CFI_SECTIONS_NONE;
}

/* The address of .eh_frame, which .eh_frame_hdr begins with (LSB 5.0, 10.6.2). */
static bool read_hdr(const struct elffile *f, uint64_t vaddr, uint64_t size, uint64_t *ret)
{
	struct cfi_section hdr;
	struct byte_reader r;
	Elf_Data *data;
	uint8_t version, encoding;

	if (elffile_read_at(f, vaddr, size < HDR_BYTES ? size : HDR_BYTES, ELF_T_BYTE, &data) < 0)
		return false;
	hdr = section_of(data, vaddr);
	hdr.datarel = vaddr;
	r = byte_reader_of(hdr.data, hdr.size);
	version = bytes_u8(&r);
	encoding = bytes_u8(&r);
	bytes_skip(&r, 2); /* encodings of the table behind */
	*ret = cfi_pointer(&r, &hdr, encoding);
	return version == 1 && !r.failed;
}

/* Without a section header nothing tells where it ends: at a zero, or with its segment. */
static int by_segment(const struct elffile *f, struct cfi_section *ret)
{
	uint64_t vaddr, n_bytes;
	Elf_Data *data;
	GElf_Phdr p;
	int r;

	for (size_t i = 0; i < f->n_phdrs; i++) {
		if (!gelf_getphdr(f->elf, (int)i, &p) || p.p_type != PT_GNU_EH_FRAME ||
		    !read_hdr(f, p.p_vaddr, p.p_filesz, &vaddr))
			continue;
		n_bytes = elffile_bytes_at(f, vaddr);
		r = elffile_read_at(f, vaddr, n_bytes < ELFFILE_SECTION_BYTES ? n_bytes : ELFFILE_SECTION_BYTES,
				    ELF_T_BYTE, &data);
		if (r < 0)
			return answer(r);
		*ret = section_of(data, vaddr);
		ret->is_eh = ret->ends_at_zero = true;
		return 0;
	}
	return CFI_SECTIONS_NONE;
}

int cfi_sections_eh_frame(const struct elffile *f, struct cfi_section *ret)
{
	Elf_Scn *scn = elffile_find_section(f, ".eh_frame");
	Elf_Data *data;
	GElf_Shdr h;
	int r;

	if (!scn || !gelf_getshdr(scn, &h))
		return by_segment(f, ret);
	r = elffile_section_data(f, scn, &data);
	if (r < 0)
		return answer(r);
	*ret = section_of(data, h.sh_addr);
	ret->is_eh = true;
	return 0;
}

/* libelf asks for memory for as many bytes as the file says there will be. */
static int unpack(const struct elffile *f, Elf_Scn *scn)
{
	GElf_Shdr h;
	GElf_Chdr c;

	if (!gelf_getshdr(scn, &h) || !(h.sh_flags & SHF_COMPRESSED))
		return 0;
	if (h.sh_offset > f->n_bytes || h.sh_size > f->n_bytes - h.sh_offset || !gelf_getchdr(scn, &c))
		return -EBADMSG;
	if (c.ch_size > ELFFILE_SECTION_BYTES || c.ch_size / COMPRESSED_RATIO > h.sh_size)
		return -EBADMSG;
	return elf_compress(scn, 0, 0) < 0 ? -EBADMSG : 0;
}

int cfi_sections_debug_frame(const struct elffile *f, struct cfi_section *ret)
{
	Elf_Scn *scn = elffile_find_section(f, ".debug_frame");
	Elf_Data *data;
	int r;

	if (!scn)
		return CFI_SECTIONS_NONE;
	r = unpack(f, scn);
	if (r < 0)
		return CFI_SECTIONS_NONE;
	r = elffile_section_data(f, scn, &data);
	if (r < 0)
		return answer(r);
	*ret = section_of(data, 0);
	return 0;
}
