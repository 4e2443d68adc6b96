// SPDX-License-Identifier: Apache-2.0
/* elf-index: any bytes as an ELF file. What is made of them must be a good index. */
#include <lzma.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbolizer/elf-index.h"
#include "symbolizer/index.h"
#include "symbolizer/mapped-file.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/elf-bytes.h"

#define MAX_BYTES (1 << 20)

static int memory_file(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_close_ int in = -1, out = -1;
	struct build_id id, built_id;
	struct index_frame frame;

	if (size > MAX_BYTES)
		return 0;
	in = memory_file(data, size);
	out = memory_file("", 0);
	if (elf_index_identify(in, &id) < 0)
		return 0;
	if (elf_index_build(in, out, NULL, &built_id) < 0)
		return 0;
	if (!build_id_equal(&id, &built_id) || index_open(out, &index) < 0)
		abort();
	for (uint64_t addr = 0; addr < 8192; addr += 16)
		index_lookup(index, addr, &frame, 1);
	return 0;
}

/* A library inside of a library: .gnu_debugdata is a damaged copy's way in. */
static const void *nested_seed(size_t *ret_size)
{
	static struct elf_bytes outer, inner;
	size_t size = 0;

	elf_bytes_init(&inner);
	elf_bytes_init(&outer);
	outer.shdrs[EB_SYMTAB].sh_type = SHT_PROGBITS;
	if (lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, (const uint8_t *)&inner, sizeof(inner), outer.debugdata,
				    &size, sizeof(outer.debugdata)) != LZMA_OK)
		abort();
	outer.shdrs[EB_DEBUGDATA].sh_size = size;
	*ret_size = sizeof(outer);
	return &outer;
}

static const void *plain_seed(bool sections, size_t *ret_size)
{
	static struct elf_bytes bytes[2];

	elf_bytes_init(&bytes[sections]);
	if (!sections) {
		bytes[0].ehdr.e_shoff = 0;
		bytes[0].ehdr.e_shnum = 0;
	}
	*ret_size = sizeof(bytes[0]);
	return &bytes[sections];
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	switch (i) {
	case 0:
		return plain_seed(true, ret_size);
	case 1:
		return plain_seed(false, ret_size);
	case 2:
		return nested_seed(ret_size);
	case 3:
		*ret_size = 8192; /* [vdso] has two pages or more */
		return (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	default:
		return NULL;
	}
}
