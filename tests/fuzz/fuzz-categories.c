// SPDX-License-Identifier: Apache-2.0
/* Rules of categories: any text is taken or refused with a reason, and what is taken can be asked. */
#include <stdlib.h>
#include <string.h>

#include "report/categories.h"
#include "report/frame-table.h"
#include "tests/fuzz/fuzz.h"

#define MAX_INPUT_BYTES ((size_t)16 << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct frame_info frames[] = {
		{ "inflate", "libz.so.1", "", "", FRAME_USER, 1 },
		{ "tcp_sendmsg", "[kernel.kallsyms]", "", "", FRAME_KERNEL, 1 },
		{ "(other)", "", "", "", FRAME_MARKER, 1 },
	};
	_cleanup_(categories_freep) struct categories *c = NULL;
	char why[CATEGORIES_WHY_BYTES] = "";
	int r;

	if (size > MAX_INPUT_BYTES)
		return 0;
	r = categories_parse((const char *)data, size, &c, why);
	if (r < 0 || (r == CATEGORIES_BAD) != (why[0] != 0))
		abort();
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(frames); i++)
		if (!categories_name(c, categories_match(c, &frames[i])))
			abort();
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const seeds[] = {
		"# rules\n[zip]\nlibrary = libz*\nfunction = crc* @ lib?.so*\n[kernel net]\nkernel = tcp_*\n",
		"[a]\nfunction_regex = ^in(flate|f)+$ @ *\nkernel_regex = (?i)TCP\n[b c d]\nfunction = *\n",
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
