// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a profile; what is accepted must also fold, and, where it is one of ours, come apart without loss. */
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/compress.h"
#include "pprof/build.h"
#include "pprof/copier.h"
#include "pprof/profile.h"
#include "pprof/split.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/proto-writer.h"

#define MAX_INPUT_BYTES ((size_t)64 << 10)
#define MAX_FOLDED_BYTES ((size_t)4 << 20)

static void read_all(const struct profile *p)
{
	volatile uint64_t seen = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		for (size_t l = 0; l < p->samples[i].n_labels; l++)
			seen += (uint8_t)*p->samples[i].labels[l].key;
	for (size_t i = 0; i < p->n_mappings; i++)
		seen += (uint8_t)*p->mappings[i].filename + (uint8_t)*p->mappings[i].build_id;
	for (size_t i = 0; i < p->n_comments; i++)
		seen += (uint8_t)*p->comments[i];
	seen += (uint8_t)*p->doc_url + (uint8_t)*p->period_type.unit;
}

static uint64_t total(const struct profile *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		sum += (uint64_t)p->samples[i].values[COPIER_COUNT];
	return sum;
}

/* What the builder does not take, such as a sum beyond the format's, ends it. */
static int add_part(const struct profile_part *part, uint64_t *ret_sum)
{
	const struct profile_part_options options = { .drops_series_labels = true, .max_frames = 2 };
	_cleanup_(buf_done) struct buf raw = {};
	_cleanup_(profile_freep) struct profile *p = NULL;
	int r = profile_part_encode(part, &options, &raw);

	if (r < 0)
		return r;
	if (profile_decode(raw.data, raw.size, &p) < 0)
		abort();
	*ret_sum += total(p);
	return 0;
}

static void split(const struct profile *p)
{
	static const char *const keys[] = { "*", "comm", NULL };
	const struct profile_split_limits limits = { .max_bytes = 200, .max_samples = 3, .series_keys = keys };
	_cleanup_(profile_split_done) struct profile_split s = {};
	uint64_t sum = 0;
	int r = profile_split_init(p, &limits, &s);

	if (r == 0 && s.n_parts > 0 && profile_split_halve(&s, s.n_parts - 1) < 0)
		return;
	for (size_t i = 0; r == 0 && i < s.n_parts; i++)
		r = add_part(&s.parts[i], &sum);
	if (r == 0 && sum != total(p))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const roots[] = { "/bin/x", "absent" };
	_cleanup_(buf_done) struct buf folded = { .limit_bytes = MAX_FOLDED_BYTES };
	_cleanup_(profile_freep) struct profile *p = NULL;

	if (size > MAX_INPUT_BYTES || profile_decode(data, size, &p) < 0)
		return 0;
	read_all(p);
	split(p);
	for (size_t i = 0; i < p->n_sample_types; i++)
		if (profile_fold(p, i, NULL, 0, &folded) < 0 ||
		    profile_fold(p, i, roots, ARRAY_SIZE(roots), &folded) < 0)
			break;
	return 0;
}

static void put_sample(struct buf *b, uint64_t location, uint64_t value)
{
	struct buf sample = {};

	proto_number(&sample, 1, location);
	proto_number(&sample, 1, 7);
	proto_number(&sample, 2, value);
	PROTO_MESSAGE(&sample, 3, { 1, 4 }, { 2, 3 });
	proto_field(b, 2, sample.data, sample.size);
	buf_done(&sample);
}

static void put_profile(struct buf *b)
{
	static const char *const strings[] = { "", "cpu", "nanoseconds", "main", "/bin/x" };
	struct buf location = {};

	PROTO_MESSAGE(b, 1, { 1, 1 }, { 2, 2 });
	put_sample(b, 7, 3);
	put_sample(b, 900, 4);
	PROTO_MESSAGE(b, 3, { 1, 1 }, { 2, 0x1000 }, { 3, 0x2000 }, { 5, 4 }, { 7, 1 });
	proto_number(&location, 1, 7);
	proto_number(&location, 2, 1);
	proto_number(&location, 3, 0x1234);
	PROTO_MESSAGE(&location, 4, { 1, 1 }, { 2, 13 });
	proto_field(b, 4, location.data, location.size);
	buf_done(&location);
	PROTO_MESSAGE(b, 4, { 1, 900 }, { 2, 1 }, { 3, 0x1300 });
	PROTO_MESSAGE(b, 5, { 1, 1 }, { 2, 3 }, { 3, 3 }, { 4, 4 });
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		proto_field(b, 6, strings[i], strlen(strings[i]));
	PROTO_MESSAGE(b, 11, { 1, 1 }, { 2, 2 });
	proto_number(b, 12, 10000000);
	proto_number(b, 13, 3);
}

/* One of ours. */
static void put_own(struct buf *b)
{
	const struct profile_meta meta = { .time_ns = 1, .duration_ns = 2, .period_ns = 3 };
	const struct frame frames[] = { { .function = "f", .inlined = true }, { .function = "g" }, { .addr = 9 } };
	const struct label labels[] = { { .key = "comm", .str = "a" },
					{ .key = "pid", .num = 7 },
					{ .key = "x", .str = "y" } };
	_cleanup_(profile_builder_freep) struct profile_builder *builder = NULL;

	if (profile_builder_new(&builder) < 0)
		abort();
	for (size_t i = 1; i <= ARRAY_SIZE(frames); i++)
		if (profile_builder_add(builder, frames, i, labels, i, i, 3 * i) < 0)
			abort();
	if (profile_builder_encode(builder, &meta, b) < 0)
		abort();
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const enum compression kinds[] = { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD,
						  COMPRESSION_NONE };
	static struct buf seeds[ARRAY_SIZE(kinds)];
	_cleanup_(buf_done) struct buf raw = {};

	if (i >= ARRAY_SIZE(kinds))
		return NULL;
	if (i + 1 == ARRAY_SIZE(kinds))
		put_own(&raw);
	else
		put_profile(&raw);
	buf_clear(&seeds[i]);
	if (compress_add(kinds[i], raw.data, raw.size, &seeds[i]) < 0)
		abort();
	*ret_size = seeds[i].size;
	return seeds[i].data;
}
