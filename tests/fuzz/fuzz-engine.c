// SPDX-License-Identifier: Apache-2.0
/* Any bytes as what a server of the fleet answers: ClickHouse's rows, Pyroscope's sets of labels and times. The first
 * byte says which. */
#include <stdlib.h>
#include <string.h>

#include "pprof/build.h"
#include "report/clickhouse-rows.h"
#include "report/engine-stacks.h"
#include "report/pyroscope-query.h"
#include "store/selection.h"
#include "tests/fuzz/fuzz.h"

#define MAX_INPUT_BYTES ((size_t)64 << 10)
#define MAX_SETS 1000

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void read_hosts(const uint8_t *data, size_t size)
{
	_cleanup_(clickhouse_hosts_done) struct clickhouse_hosts h = {};
	const struct engine_host *host;

	if (clickhouse_hosts_read(&h, data, size) < 0)
		return;
	host = clickhouse_hosts_find(&h, "a");
	check(!host || (host->start_ns >= 0 && host->end_ns >= 0 && host->wall_ns >= 0));
}

static void read_sums(const uint8_t *data, size_t size)
{
	_cleanup_(clickhouse_sums_reader_done) struct clickhouse_sums_reader reader = {};
	struct clickhouse_sum sum;
	int r = clickhouse_sums_reader_init(&reader, data, size);

	while (r == 0 && (r = clickhouse_sums_reader_next(&reader, &sum)) == 0) {
		check(sum.n_samples >= 0 && sum.cpu_ns >= 0);
		for (size_t i = 0; i < sum.n_labels; i++)
			check(sum.labels[i].str[0]);
	}
}

static void read_stacks(const uint8_t *data, size_t size)
{
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(engine_stacks_done) struct engine_stacks s = {};
	_cleanup_(buf_done) struct buf frames = {};

	check(engine_stacks_init(&s) == 0);
	if (engine_stacks_read(&s, data, size) < 0 || profile_builder_new(&b) < 0)
		return;
	for (uint32_t i = 0; i < s.hashes.n; i++) {
		size_t n;
		uint64_t hash;

		memcpy(&hash, pool_get(&s.hashes, i, &n), sizeof(hash));
		check(engine_stacks_find(&s, hash, &frames) == 0);
		check(profile_builder_add(b, (const struct frame *)(const void *)frames.data,
					  frames.size / sizeof(struct frame), NULL, 0, 1, 1) == 0);
	}
}

/* Outside of quotation marks stands nothing of the answer but names. */
static void check_selector(const char *text)
{
	bool is_inside = false;

	for (; *text; text++) {
		check((unsigned char)*text >= 0x20);
		if (is_inside && *text == '\\')
			text++;
		else if (*text == '"')
			is_inside = !is_inside;
		else
			check(is_inside || strchr("{}=,_", *text) || (*text >= '0' && *text <= '9') ||
			      (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z'));
	}
	check(!is_inside);
}

static void read_series(const uint8_t *data, size_t size)
{
	_cleanup_(selection_done) struct selection all = SELECTION_ALL_TIME;
	_cleanup_(pyroscope_sets_done) struct pyroscope_sets sets = {};

	if (pyroscope_read_series(data, size, MAX_SETS, &sets) < 0)
		return;
	for (size_t i = 0; i < sets.n && i < 8; i++) {
		_cleanup_(buf_done) struct buf selector = {};

		check(pyroscope_add_selector(&all, false, &sets, &sets.sets[i], &selector) == 0);
		check_selector(selector.data);
	}
}

static void read_times(const uint8_t *data, size_t size)
{
	_cleanup_(pyroscope_times_done) struct pyroscope_times times = {};

	if (pyroscope_read_times(data, size, MAX_SETS, &times) < 0)
		return;
	for (size_t i = 0; i < times.n; i++) {
		const struct pyroscope_time *t = &times.hosts[i];
		int64_t wall_ms;

		check(pyroscope_wall_ms(t->points_ms, t->n, 15000, &wall_ms) == 0);
		check(wall_ms >= 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const uint8_t *data, size_t size) = { read_hosts, read_sums, read_stacks,
									     read_series, read_times };

	if (size < 1 || size > MAX_INPUT_BYTES)
		return 0;
	readers[data[0] % ARRAY_SIZE(readers)](data + 1, size - 1);
	return 0;
}

#define NUMBER "\7\0\0\0\0\0\0\0"

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const struct {
		const char *bytes;
		size_t size;
	} seeds[] = {
#define SEED(bytes) { bytes, sizeof(bytes) - 1 }
		SEED("\0\1a" NUMBER NUMBER NUMBER NUMBER "\0" NUMBER NUMBER NUMBER NUMBER),
		SEED("\1\2\4host\1a\4comm\0\3api" NUMBER NUMBER NUMBER "\0\0" NUMBER NUMBER NUMBER),
		SEED("\2" NUMBER "\2\14libz.so+0x12\4main\2\7libz.so\0\1\0\0\0\0\0\0\0\1\3abc\0"),
		SEED("\3\x12\x15\n\t\n\4host\x12\1a\n\x08\n\4comm\x12\0\x12\x0c\n\n\n\4host\x12\2b\""),
		SEED("\4\n\x22\n\t\n\4host\x12\1a\x12\x14\t\0\0\0\0\0\0\xf0?\x10\xe8\7\x12\0"),
		SEED("\4\n\x1b\n\t\n\4host\x12\1a\x12\x0e\t\0\0\0\0\0\0\xf0?\x10\xe8\7\x18\0"),
#undef SEED
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = seeds[i].size;
	return seeds[i].bytes;
}
