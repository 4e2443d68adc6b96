// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/cfi-reader.h"

#include <dwarf.h>

#define DW_EH_PE_FORMAT 0x0f
#define DW_EH_PE_RELATION 0x70

static uint64_t read_format(struct byte_reader *r, uint8_t encoding)
{
	switch (encoding & DW_EH_PE_FORMAT) {
	case DW_EH_PE_absptr: /* of 8 bytes: no other files come here */
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8:
		return bytes_fixed(r, 8);
	case DW_EH_PE_uleb128:
		return bytes_uleb(r);
	case DW_EH_PE_udata2:
		return bytes_fixed(r, 2);
	case DW_EH_PE_udata4:
		return bytes_fixed(r, 4);
	case DW_EH_PE_sleb128:
		return (uint64_t)bytes_sleb(r);
	case DW_EH_PE_sdata2:
		return (uint64_t)bytes_signed(r, 2);
	case DW_EH_PE_sdata4:
		return (uint64_t)bytes_signed(r, 4);
	default:
		bytes_fail(r);
		return 0;
	}
}

static uint64_t vaddr_of(const struct byte_reader *r, const struct cfi_section *section)
{
	return section->vaddr + (uint64_t)(r->at - section->data);
}

/* Only within the section, as libdw has it: no tool writes them for code. */
static uint64_t follow(struct byte_reader *r, const struct cfi_section *section, uint64_t vaddr)
{
	uint64_t at = vaddr - section->vaddr, n;

	if (vaddr < section->vaddr || section->size < sizeof(n) || at > section->size - sizeof(n)) {
		bytes_fail(r);
		return 0;
	}
	memcpy(&n, section->data + at, sizeof(n));
	return n;
}

/* What an encoding's numbers count from; for a number that begins here. */
static uint64_t base_of(struct byte_reader *r, const struct cfi_section *section, uint8_t encoding)
{
	switch (encoding & DW_EH_PE_RELATION) {
	case DW_EH_PE_absptr:
		return 0;
	case DW_EH_PE_pcrel:
		return vaddr_of(r, section);
	case DW_EH_PE_datarel:
		return section->datarel;
	case DW_EH_PE_aligned:
		bytes_skip(r, -vaddr_of(r, section) % sizeof(uint64_t));
		return 0;
	default: /* textrel and funcrel have no meaning here */
		bytes_fail(r);
		return 0;
	}
}

uint64_t cfi_pointer(struct byte_reader *r, const struct cfi_section *section, uint8_t encoding)
{
	uint64_t n;

	if (encoding == DW_EH_PE_omit)
		return 0;
	n = base_of(r, section, encoding);
	n += read_format(r, encoding);
	return encoding & DW_EH_PE_indirect && !r->failed ? follow(r, section, n) : n;
}

uint64_t cfi_length(struct byte_reader *r, uint8_t encoding)
{
	return read_format(r, encoding);
}
