// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a profile; what is accepted must also fold. */
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/compress.h"
#include "pprof/profile.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(buf_done) struct buf folded = { .limit_bytes = MAX_FOLDED_BYTES };
	_cleanup_(profile_freep) struct profile *p = NULL;

	if (size > MAX_INPUT_BYTES || profile_decode(data, size, &p) < 0)
		return 0;
	read_all(p);
	for (size_t i = 0; i < p->n_sample_types; i++)
		if (profile_fold(p, i, NULL, &folded) < 0 || profile_fold(p, i, "/bin/x", &folded) < 0)
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

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const enum compression kinds[] = { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };
	static struct buf seeds[ARRAY_SIZE(kinds)];
	_cleanup_(buf_done) struct buf raw = {};

	if (i >= ARRAY_SIZE(kinds))
		return NULL;
	put_profile(&raw);
	buf_clear(&seeds[i]);
	if (compress_add(kinds[i], raw.data, raw.size, &seeds[i]) < 0)
		abort();
	*ret_size = seeds[i].size;
	return seeds[i].data;
}
