// SPDX-License-Identifier: Apache-2.0
/*
 * gopclntab: any bytes as a Go binary: the table, the code that it is read with, and the rows that are made of both.
 * The index checks that they are good ones.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "symbolizer/elf-index.h"
#include "symbolizer/go-binary.h"
#include "symbolizer/go-frame.h"
#include "symbolizer/index.h"
#include "symbolizer/mapped-file.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/elf-bytes.h"
#include "tests/unit/pclntab-bytes.h"

#define MAX_BYTES (1 << 20)

/* Whatever a function's code is taken for, where things change in it is ascending, from its start on. */
static void check_frames(const struct gopclntab *t, const struct gopclntab_function *f, const uint8_t *code, size_t n)
{
	static const uint16_t machines[] = { EM_X86_64, EM_AARCH64 };
	struct go_frame frame;

	for (enum go_frame_kind kind = GO_FRAME_COMPILED; kind <= GO_FRAME_SIGRETURN; kind++) {
		for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
			go_frame_read(machines[i], kind, t, f, code, n, &frame);
			if (frame.n == 0 || frame.n > GO_FRAME_MAX_CUTS || frame.cuts[0].at != 0)
				abort();
			for (size_t k = 1; k < frame.n; k++) {
				if (frame.cuts[k].at <= frame.cuts[k - 1].at)
					abort();
			}
		}
	}
}

static void check_table(const uint8_t *data, size_t size)
{
	struct gopclntab_function f;
	struct gopclntab t;

	if (gopclntab_parse(data, size, &t) != 0)
		return;
	for (size_t i = 0; i < t.n_functions; i++) {
		if (gopclntab_function(&t, i, &f))
			check_frames(&t, &f, data, size < GO_FRAME_CODE_BYTES ? size : GO_FRAME_CODE_BYTES);
	}
}

static void check_file(const uint8_t *data, size_t size)
{
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_close_ int in = memfd_create("fuzz", MFD_CLOEXEC), out = memfd_create("fuzz", MFD_CLOEXEC);
	struct build_id id;

	if (in < 0 || out < 0 || write(in, data, size) != (ssize_t)size)
		abort();
	if (elf_index_build(in, out, NULL, &id) == 0 && index_open(out, &index) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > MAX_BYTES)
		return 0;
	check_table(data, size);
	check_file(data, size);
	return 0;
}

/* asmcgocall of Go 1.26, as far as it moves the stack pointer, behind a table: code and table are the same bytes there.
 */
static const void *table_seed(size_t i, uint32_t magic, size_t *ret_size)
{
	static struct {
		struct pclntab_bytes table;
		uint8_t code[64];
	} seeds[3];
	static const uint8_t code[] = { 0x55, 0x48, 0x89, 0xe5, 0x48, 0x8b, 0x66, 0x38, 0x48, 0x83, 0xec,
					0x10, 0x48, 0x89, 0x7c, 0x24, 0x08, 0x48, 0x8b, 0x7f, 0x08, 0x48,
					0x29, 0xd7, 0x48, 0x89, 0x3c, 0x24, 0x48, 0x89, 0xf4, 0x48, 0x89,
					0x14, 0x24, 0x48, 0x89, 0x6c, 0x24, 0x10, 0x48, 0x8d, 0x6c, 0x24,
					0x10, 0x48, 0x8b, 0x6c, 0x24, 0x10, 0x48, 0x83, 0xc4, 0x18 };

	pclntab_bytes_init(&seeds[i].table, magic, 0);
	memcpy(seeds[i].code, code, sizeof(code));
	*ret_size = sizeof(seeds[i]);
	return &seeds[i];
}

static const void *file_seed(size_t i, uint32_t magic, bool sections, size_t *ret_size)
{
	static struct elf_bytes all[3];
	struct elf_bytes *b = &all[i];

	elf_bytes_init(b);
	pclntab_bytes_init((void *)b->debugdata, magic, EB_AT(text));
	pclntab_bytes_text(b->text);
	b->shdrs[EB_SYMTAB].sh_type = SHT_PROGBITS;
	b->shdrs[EB_DEBUGDATA].sh_name = elf_bytes_string(b->names, sizeof(b->names), ".gopclntab");
	if (!sections)
		b->ehdr.e_shoff = b->ehdr.e_shnum = b->ehdr.e_shstrndx = 0;
	*ret_size = sizeof(*b);
	return b;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	switch (i) {
	case 0:
		return table_seed(0, 0xfffffff1, ret_size);
	case 1:
		return table_seed(1, 0xfffffff0, ret_size);
	case 2:
		return table_seed(2, 0xfffffffa, ret_size);
	case 3:
		return file_seed(0, 0xfffffff1, true, ret_size);
	case 4:
		return file_seed(1, 0xfffffff1, false, ret_size);
	case 5:
		return file_seed(2, 0xfffffffa, true, ret_size);
	default:
		return NULL;
	}
}
