// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/elf-entry.h"

#include <string.h>

#define START_BYTES 64 /* of _start: 34 are enough */

/* The beginning of .eh_frame_hdr (LSB 5.0, 10.6.2), and the encodings that linkers use there. */
struct table_head {
	uint8_t version, frame_encoding, count_encoding, row_encoding;
	int32_t frame;
	uint32_t n_rows;
};
#define COUNT_ENCODING 0x03 /* DW_EH_PE_udata4 */
#define ROW_ENCODING 0x3b   /* DW_EH_PE_datarel | DW_EH_PE_sdata4 */

struct table_row {
	int32_t start, fde; /* relative to the head */
};

/* An FDE whose addresses are DW_EH_PE_pcrel | DW_EH_PE_sdata4. */
struct fde {
	uint32_t length, cie;
	int32_t start;
	uint32_t n_bytes;
};

static bool read_struct(const struct elffile *f, uint64_t vaddr, void *ret, size_t size)
{
	return elffile_copy(f, vaddr, ret, size) == size;
}

static bool find_table(const struct elffile *f, uint64_t *ret_vaddr, struct table_head *ret)
{
	GElf_Phdr p;

	for (size_t i = 0; i < f->n_phdrs; i++) {
		if (!gelf_getphdr(f->elf, (int)i, &p) || p.p_type != PT_GNU_EH_FRAME)
			continue;
		*ret_vaddr = p.p_vaddr;
		return read_struct(f, p.p_vaddr, ret, sizeof(*ret)) && ret->version == 1 &&
		       ret->count_encoding == COUNT_ENCODING && ret->row_encoding == ROW_ENCODING;
	}
	return false;
}

static bool read_fde(const struct elffile *f, uint64_t vaddr, uint64_t start, uint64_t *ret_bytes)
{
	struct fde fde;

	if (!read_struct(f, vaddr, &fde, sizeof(fde)) ||
	    vaddr + offsetof(struct fde, start) + (uint64_t)(int64_t)fde.start != start)
		return false;
	*ret_bytes = fde.n_bytes;
	return fde.n_bytes > 0;
}

/* The size of the function that begins at an address. */
static bool find_size(const struct elffile *f, uint64_t start, uint64_t *ret_bytes)
{
	struct table_head head;
	struct table_row row;
	uint64_t table, low = 0, high;

	if (!find_table(f, &table, &head))
		return false;
	for (high = head.n_rows; low < high;) {
		uint64_t mid = low + (high - low) / 2, at;

		if (!read_struct(f, table + sizeof(head) + mid * sizeof(row), &row, sizeof(row)))
			return false;
		at = table + (uint64_t)(int64_t)row.start;
		if (at == start)
			return read_fde(f, table + (uint64_t)(int64_t)row.fde, start, ret_bytes);
		if (at < start)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static int add(const struct elffile *f, const char *name, uint64_t start, uint64_t n_bytes, struct symbols *ret)
{
	const struct index_segment *segment = elffile_segment_at(f, start);
	uint64_t end;

	if (!segment || n_bytes == 0 || __builtin_add_overflow(start, n_bytes, &end) ||
	    end > segment->vaddr + segment->mem_bytes)
		return 0;
	return symbols_add(ret, &(struct symbol){
					.start = start,
					.end = end,
					.name = name,
					.name_bytes = (uint16_t)strlen(name),
					.sized = true,
					.source = SYMBOL_ENTRY,
				});
}

/* `lea main(%rip), %rdi` or `mov $main, %rdi`, then a call, then hlt: as crt1.o has it. 0: something else. */
static uint64_t main_of(const unsigned char *code, size_t size, uint64_t vaddr)
{
	static const unsigned char lea[] = { 0x48, 0x8d, 0x3d }, mov[] = { 0x48, 0xc7, 0xc7 };
	enum {
		LOAD_BYTES = 7,
		CALL_BYTES = 6
	};

	for (size_t at = 0; at + LOAD_BYTES + CALL_BYTES < size; at++) {
		const unsigned char *call = code + at + LOAD_BYTES;
		bool is_indirect = call[0] == 0xff && call[1] == 0x15, is_direct = call[0] == 0x67 && call[1] == 0xe8;
		int32_t value;

		if ((!is_indirect && !is_direct) || call[CALL_BYTES] != 0xf4)
			continue;
		memcpy(&value, code + at + sizeof(lea), sizeof(value));
		if (memcmp(code + at, lea, sizeof(lea)) == 0)
			return vaddr + at + LOAD_BYTES + (uint64_t)(int64_t)value;
		if (memcmp(code + at, mov, sizeof(mov)) == 0)
			return (uint64_t)(int64_t)value;
	}
	return 0;
}

static int add_start(const struct elffile *f, struct symbols *ret)
{
	uint64_t start = f->ehdr.e_entry, n_bytes, main_start;
	unsigned char code[START_BYTES];
	size_t size;
	int r = 0;

	if (start == 0 || !elffile_segment_at(f, start))
		return 0;
	size = elffile_copy(f, start, code, sizeof(code));
	main_start = main_of(code, size, start);
	if (main_start == 0)
		return 0; /* another C library's, or a language's own: what it is called there is not known */
	if (find_size(f, start, &n_bytes))
		r = add(f, "_start", start, n_bytes, ret);
	if (r == 0 && find_size(f, main_start, &n_bytes))
		r = add(f, "main", main_start, n_bytes, ret);
	return r;
}

/* A section that is a function: .init is _init. */
static int add_section(const struct elffile *f, const char *section, const char *name, struct symbols *ret)
{
	Elf_Scn *scn = elffile_find_section(f, section);
	GElf_Shdr h;

	if (!scn || !gelf_getshdr(scn, &h) || h.sh_type != SHT_PROGBITS || !(h.sh_flags & SHF_EXECINSTR))
		return 0;
	return add(f, name, h.sh_addr, h.sh_size, ret);
}

int elf_entry_add(const struct elffile *f, struct symbols *ret)
{
	int r = 0;

	if (f->ehdr.e_machine != EM_X86_64 || f->ehdr.e_type == ET_REL)
		return 0;
	r = add_start(f, ret);
	if (r == 0)
		r = add_section(f, ".init", "_init", ret);
	if (r == 0)
		r = add_section(f, ".fini", "_fini", ret);
	return r;
}
