// SPDX-License-Identifier: Apache-2.0
/* Any profile, merged with itself: what is taken has twice its totals afterwards, folded or not. */
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "pprof/build.h"
#include "pprof/merge.h"
#include "pprof/profile.h"
#include "tests/fuzz/fuzz.h"

#define MAX_INPUT_BYTES ((size_t)64 << 10)

static unsigned __int128 total(const struct profile *p, size_t type)
{
	unsigned __int128 sum = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		sum += (uint64_t)p->samples[i].values[type];
	return sum;
}

static void check_merged(const struct profile *p, uint32_t fold_below_ppm)
{
	const struct merge_options options = { .id = "m", .stands_for = "1 x", .fold_below_ppm = fold_below_ppm };
	_cleanup_(profile_freep) struct profile *merged = NULL;
	_cleanup_(merge_freep) struct merge *m = NULL;
	_cleanup_(buf_done) struct buf raw = {};

	if (merge_new(&m) < 0 || merge_add(m, p) != 0 || merge_add(m, p) != 0 || merge_encode(m, &options, &raw) < 0)
		return;
	if (profile_decode(raw.data, raw.size, &merged) < 0)
		abort();
	for (size_t type = 0; type < 2; type++)
		if (total(merged, type) != 2 * total(p, type))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(profile_freep) struct profile *p = NULL;

	if (size > MAX_INPUT_BYTES || profile_decode(data, size, &p) < 0)
		return 0;
	check_merged(p, 0);
	check_merged(p, 300000);
	return 0;
}

static int put_profile(struct buf *b)
{
	const struct profile_meta meta = { .time_ns = 1, .duration_ns = 2, .period_ns = 3 };
	const struct profile_mapping app = { .start = 0x1000, .limit = 0x2000, .filename = "/a", .build_id = "aa" };
	const struct frame frames[] = {
		{ .addr = 0x1234, .mapping = &app, .function = "f", .line = 7, .inlined = true },
		{ .addr = 0x1234, .mapping = &app, .function = "g" },
		{ .addr = 0x1300, .mapping = &app }
	};
	const struct label labels[] = { { .key = "service_name", .str = "api" }, { .key = "pid", .num = 9 } };
	_cleanup_(profile_builder_freep) struct profile_builder *builder = NULL;
	int r = profile_builder_new(&builder);

	if (r == 0)
		r = profile_builder_add(builder, frames, 3, labels, 2, 5, 50);
	if (r == 0)
		r = profile_builder_add(builder, frames + 2, 1, labels, 1, 2, 20);
	if (r == 0)
		r = profile_builder_add_comment(builder, "ledger w due=7 taken=7 idle=0 filtered=0 in_profile=7 "
							 "idle_cpu=0 throttled=0 other=0");
	if (r == 0)
		r = profile_builder_add_comment(builder, "merged 1 minute 3-4");
	return r == 0 ? profile_builder_encode(builder, &meta, b) : r;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static struct buf seed;

	if (i > 0)
		return NULL;
	buf_clear(&seed);
	if (put_profile(&seed) < 0)
		abort();
	*ret_size = seed.size;
	return seed.data;
}
