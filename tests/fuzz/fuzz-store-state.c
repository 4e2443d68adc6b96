// SPDX-License-Identifier: Apache-2.0
/* Any text as targets/NAME.json and as losses.json: ranges and counts stay in their bounds, names are names of windows.
 */
#include <stdlib.h>
#include <string.h>

#include "store/losses.h"
#include "store/passed.h"
#include "tests/fuzz/fuzz.h"

#define MAX_INPUT_BYTES ((size_t)64 << 10)

static void check_passed(const char *text, size_t size)
{
	struct passed_target t;

	if (passed_parse(text, size, &t) && t.n_ranges > PASSED_MAX_RANGES)
		abort();
	for (size_t i = 0; i < t.n_ranges; i++)
		if (t.ranges[i].first <= t.ranges[i].last && !passed_by(&t, t.ranges[i].last))
			abort();
}

static void check_losses(const char *text, size_t size)
{
	static struct losses l;

	if (losses_parse(text, size, &l) != 0)
		return;
	if (l.n_targets > LOSSES_MAX_TARGETS || l.n_going > LOSSES_MAX_GOING)
		abort();
	for (size_t i = 0; i < l.n_going; i++) {
		struct window_path again;
		struct window_name name;
		enum window_tier tier = 0;

		while (tier < WINDOW_N_TIERS &&
		       (name_parse(tier, l.going[i].file, &name) != 0 || name_format(&name, &again) < 0 ||
			strcmp(again.folder, l.going[i].folder) != 0))
			tier++;
		if (tier == WINDOW_N_TIERS)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = size <= MAX_INPUT_BYTES ? malloc(size + 1) : NULL;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	check_passed(text, size);
	check_losses(text, size);
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const seeds[] = {
		"{\"version\":1,\"target\":\"t\",\"enabled\":true,\"passed\":[[0,41],[44,50]],\"open\":[],\"counters\":"
		"{}}",
		"{\"version\":1,\"enabled\":false,\"passed\":[]}",
		"{\"version\":1,\"lost\":{\"age\":{\"windows\":3,\"samples\":9},\"limit\":{\"windows\":1}},"
		"\"unsent\":{\"t\":{\"windows\":4,\"samples\":5}},"
		"\"going\":[\"windows/2026-11-29/01/20261129T014010.000Z-h-00000001.pb.zst\"]}",
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
