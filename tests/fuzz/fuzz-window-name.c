// SPDX-License-Identifier: Apache-2.0
/* Any text as the name of a file in the store: what is taken for a window's name is one, and is written again so. */
#include <stdlib.h>
#include <string.h>

#include "store/name.h"
#include "tests/fuzz/fuzz.h"

#define MAX_INPUT_BYTES 512

static void check(enum window_tier tier, const char *text)
{
	struct window_path path;
	struct window_name name;
	uint64_t last;

	if (name_parse(tier, text, &name) != 0)
		return;
	if (name.tier != tier || name.first > name.last || !name.host[0] || strchr(name.host, '/') ||
	    name_format(&name, &path) < 0 || strcmp(path.file, text) != 0 || !name_find_sequence(text, &last) ||
	    last != name.last)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;
	uint64_t last;

	if (size > MAX_INPUT_BYTES)
		return 0;
	text = strndup((const char *)data, size);
	if (!text)
		return 0;
	for (enum window_tier tier = 0; tier < WINDOW_N_TIERS; tier++)
		check(tier, text);
	(void)name_find_sequence(text, &last);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const seeds[] = {
		"20261129T014242.123Z-db-7-00000007.pb.zst",
		"20261129T014200.000Z-db-7-00000001-00000006.pb.zst",
		"19700101T000000.000Z---9223372036854775806-9223372036854775807.pb.zst",
		".20261129T014242.123Z-h-00000007.pb.zst.0011aabb.tmp",
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
