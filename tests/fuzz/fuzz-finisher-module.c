// SPDX-License-Identifier: Apache-2.0
/* finisher module: any bytes as an .eh_frame. What is found lies within it, sorted. */
#include <stdlib.h>
#include <string.h>

#include "symbolizer/finisher-module.h"
#include "tests/fuzz/fuzz.h"

#define MAX_BYTES 65536
#define EH_FRAME_AT 0x2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(finisher_module_freep) struct finisher_module *m = calloc(1, sizeof(*m));

	if (size > MAX_BYTES)
		return 0;
	m->eh_frame = malloc(size + 1);
	if (!m->eh_frame)
		abort();
	memcpy(m->eh_frame, data, size);
	m->eh_frame[size] = 0;
	m->eh_frame_bytes = size;
	m->eh_frame_vaddr = EH_FRAME_AT;
	if (finisher_module_scan(m) < 0)
		abort();
	for (size_t i = 0; i < m->n_fdes; i++) {
		const struct finisher_fde *fde = &m->fdes[i];

		if (fde->offset >= size || fde->n_bytes == 0 || (i > 0 && fde->start < fde[-1].start))
			abort();
		if (!finisher_module_find(m, fde->start + fde->n_bytes - 1) && i + 1 == m->n_fdes)
			abort();
	}
	return 0;
}

/* A CIE as compilers make it, one with a personality routine and 'S', and two FDEs of each. */
static const uint8_t plain[] = {
	0x14, 0, 0,    0,    0,    0,    0,    0,    1, 'z', 'R',  0, 1,    0x78, 0x10, 1,    0x1b, 0x0c,
	7,    8, 0x90, 1,    0,    0,    0x14, 0,    0, 0,   0x1c, 0, 0,    0,    0,    0xf0, 0xff, 0xff,
	0x40, 0, 0,    0,    0,    0x44, 0x0e, 0x10, 0, 0,   0,    0, 0x10, 0,    0,    0,    0x34, 0,
	0,    0, 0x80, 0xf0, 0xff, 0xff, 0x10, 0,    0, 0,   0,    0, 0,    0,    0,    0,    0,    0,
};
static const uint8_t signal_frame[] = {
	0x1c, 0, 0, 0,    0,    0,    0,    0,    1, 'z', 'P',  'L',  'R',  'S',  0, 1, 0x78, 0x10, 7,
	0x9b, 1, 2, 3,    4,    0x1b, 0x1b, 0x0c, 7, 8,   0x90, 1,    0,    0x14, 0, 0, 0,    0x24, 0,
	0,    0, 0, 0xf0, 0xff, 0xff, 0x40, 0,    0, 0,   0,    0x44, 0x0e, 0x10, 0, 0, 0,    0,
};
static const uint8_t wide[] = {
	/* a size of 64 bits */
	0xff, 0xff, 0xff, 0xff, 0x10, 0, 0,    0, 0, 0,    0, 0, 0, 0,    0, 0, 3, 0, 1,
	0x78, 0x10, 0x0c, 7,    8,    0, 0,    0, 0, 0x18, 0, 0, 0, 0x20, 0, 0, 0, 0, 0x10,
	0,    0,    0,    0,    0,    0, 0x40, 0, 0, 0,    0, 0, 0, 0,    0, 0, 0, 0,
};

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const struct {
		const uint8_t *bytes;
		size_t size;
	} seeds[] = {
		{ plain, sizeof(plain) },
		{ signal_frame, sizeof(signal_frame) },
		{ wide, sizeof(wide) },
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = seeds[i].size;
	return seeds[i].bytes;
}
