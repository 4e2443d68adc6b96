/* SPDX-License-Identifier: Apache-2.0 */
/* cfi bytes: call frame information written by hand, entry by entry, and the file that it would be in. */
#pragma once

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "symbolizer/cfi.h"

struct cfi_bytes {
	uint8_t data[8192];
	size_t n;
	size_t entry; /* where the length of the open one lies */
};

#define CFI_BYTES_VADDR 0x500000 /* of data[0], where a test does not choose */

static inline void cfi_bytes_add(struct cfi_bytes *b, const void *data, size_t size)
{
	if (size)
		memcpy(b->data + b->n, data, size);
	b->n += size;
}

static inline void cfi_bytes_number(struct cfi_bytes *b, uint64_t n, size_t size)
{
	cfi_bytes_add(b, &n, size);
}

static inline void cfi_bytes_open(struct cfi_bytes *b, uint32_t id)
{
	b->entry = b->n;
	cfi_bytes_number(b, 0, 4);
	cfi_bytes_number(b, id, 4);
}

static inline void cfi_bytes_close(struct cfi_bytes *b)
{
	uint32_t length = (uint32_t)(b->n - b->entry - 4);

	memcpy(b->data + b->entry, &length, sizeof(length));
}

/* Version 1, code by 1, data by -8, return address 16; the CFA is rsp + 8, the return address below it. */
static inline void cfi_bytes_cie(struct cfi_bytes *b, const char *augmentation, const void *data, uint8_t n_data)
{
	cfi_bytes_open(b, 0);
	cfi_bytes_number(b, 1, 1);
	cfi_bytes_add(b, augmentation, strlen(augmentation) + 1);
	cfi_bytes_add(b, "\x01\x78\x10", 3);
	if (augmentation[0] == 'z')
		cfi_bytes_number(b, n_data, 1);
	cfi_bytes_add(b, data, n_data);
	cfi_bytes_add(b, "\x0c\x07\x08\x90\x01", 5);
	cfi_bytes_close(b);
}

/* An FDE of the CIE at an offset, up to its address. */
static inline void cfi_bytes_open_fde(struct cfi_bytes *b, size_t cie)
{
	cfi_bytes_open(b, (uint32_t)(b->n + 4 - cie));
}

/* One with absolute addresses and no augmentation data. */
static inline void cfi_bytes_fde(struct cfi_bytes *b, size_t cie, uint64_t start, uint64_t size, const void *program,
				 size_t n_program)
{
	cfi_bytes_open_fde(b, cie);
	cfi_bytes_number(b, start, 8);
	cfi_bytes_number(b, size, 8);
	cfi_bytes_add(b, program, n_program);
	cfi_bytes_close(b);
}

/* A file with one executable segment: all that cfi_add_section() looks at. */
static inline struct elffile cfi_bytes_file(uint16_t machine)
{
	struct elffile f = { .n_segments = 1 };

	f.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	f.ehdr.e_machine = machine;
	f.segments[0] = (struct index_segment){ .vaddr = 0x1000, .mem_bytes = 0x100000, .file_bytes = 0x100000 };
	return f;
}

static inline struct cfi_section cfi_bytes_section(const struct cfi_bytes *b)
{
	return (struct cfi_section){ .data = b->data, .size = b->n, .vaddr = CFI_BYTES_VADDR, .is_eh = true };
}
