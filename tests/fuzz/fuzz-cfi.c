// SPDX-License-Identifier: Apache-2.0
/*
 * cfi: any bytes as .eh_frame or .debug_frame, of x86-64 or aarch64 (the first byte chooses). What is made of them must
 * pass index_unwind_check(), and so have its rows in order whatever overlaps.
 */
#include <stdlib.h>

#include "symbolizer/index-unwind.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/cfi-bytes.h"

#define MAX_BYTES (1 << 20)

static void check(const struct cfi_section *section, uint16_t machine)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	_cleanup_(buf_done) struct buf out = {};
	struct elffile f = cfi_bytes_file(machine);
	struct index_unwind u;

	if (unwind_builder_new(&b) < 0)
		abort();
	if (cfi_add_section(&f, section, b) < 0 || unwind_builder_finish(b, &out) < 0)
		abort(); /* neither memory nor rows run out on so few bytes */
	if (out.size && index_unwind_check(out.data, out.size, machine, &u) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cfi_section section = { .vaddr = CFI_BYTES_VADDR, .datarel = 0x2000 };

	if (size == 0 || size > MAX_BYTES)
		return 0;
	section.data = data + 1;
	section.size = size - 1;
	section.is_eh = !(data[0] & 1);
	section.ends_at_zero = data[0] & 2;
	check(&section, data[0] & 4 ? EM_AARCH64 : EM_X86_64);
	return 0;
}

/* Functions in each other's way, with most instructions. */
static const char programs[][40] = {
	"\x41\x0e\x10\x86\x02\x43\x0d\x06\x0a\x42\x0c\x07\x08\x41\x0b\x07\x10",
	"\x0f\x06\x77\x98\x01\x06\x23\x08\x44\x10\x06\x02\x76\x70\x02\x30\x13\x7d\x09\x10\x05",
	"\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22\x03\x04\x00\x2e\x10\x2f\x06\x02\x14\x07\x01",
	"\x04\x08\x00\x00\x00\x05\x06\x02\x11\x06\x7e\x06\x06\x08\x06\x15\x06\x01\xc6\x12\x07\x7e\x16\x06\x01\x30",
	"\x01\x10\x21\x00\x00\x00\x00\x00\x00\x0a\x0a\x0e\x20\x0b\x2d\x41\x2d",
};

static void add_functions(struct cfi_bytes *b, uint32_t (*id)(const struct cfi_bytes *b))
{
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		cfi_bytes_open(b, id(b));
		cfi_bytes_number(b, 0x2000 + i % 3 * 0x40 + i, 8);
		cfi_bytes_number(b, 0x80 + (i == 3 ? 0x20000 : 0), 8);
		cfi_bytes_add(b, programs[i], sizeof(programs[i]));
		cfi_bytes_close(b);
	}
}

static uint32_t back_to_start(const struct cfi_bytes *b)
{
	return (uint32_t)b->n + 4;
}

static uint32_t start(const struct cfi_bytes *b)
{
	return 0;
}

static void make_eh_frame(struct cfi_bytes *b)
{
	cfi_bytes_cie(b, "", NULL, 0);
	add_functions(b, back_to_start);
	cfi_bytes_cie(b, "zPLRS", "\x9b\x01\x02\x03\x04\x1b\x1b", 7);
	cfi_bytes_open_fde(b, b->entry);
	cfi_bytes_number(b, 0x2100 - CFI_BYTES_VADDR - b->n, 4);
	cfi_bytes_number(b, 0x40, 4);
	cfi_bytes_add(b, "\x04\0\0\0\0\x0f\x04\x77\xa0\x01\x06", 11);
	cfi_bytes_close(b);
}

static void make_debug_frame(struct cfi_bytes *b)
{
	cfi_bytes_open(b, 0xffffffff);
	cfi_bytes_add(b, "\x04\0\x08\0\x01\x78\x10\x0c\x07\x08\x90\x01", 12);
	cfi_bytes_close(b);
	add_functions(b, start);
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const uint8_t kinds[] = { 0, 6, 1 };
	static struct cfi_bytes seeds[ARRAY_SIZE(kinds)];

	if (i >= ARRAY_SIZE(kinds))
		return NULL;
	seeds[i].n = 0;
	if (kinds[i] & 1)
		make_debug_frame(&seeds[i]);
	else
		make_eh_frame(&seeds[i]);
	memmove(seeds[i].data + 1, seeds[i].data, seeds[i].n); /* the section follows its kind */
	seeds[i].data[0] = kinds[i];
	*ret_size = seeds[i].n + 1;
	return seeds[i].data;
}
