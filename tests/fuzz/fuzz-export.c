// SPDX-License-Identifier: Apache-2.0
/* Any profile that can be read can be exported and compared: JSON that can be read, calls that are a profile, sums
 * kept. */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "pprof/build.h"
#include "pprof/profile.h"
#include "report/diff.h"
#include "report/frame-table.h"
#include "report/go-pgo.h"
#include "report/speedscope.h"
#include "report/stack-reader.h"
#include "tests/fuzz/fuzz.h"

#define MAX_INPUT_BYTES ((size_t)64 << 10)
#define MAX_OUTPUT_BYTES ((size_t)16 << 20) /* long names that stacks share multiply in folded text */

static void check_speedscope(const struct profile *p)
{
	static const char *const by[] = { "service_name" };
	const struct speedscope_options options = {
		.name = "x", .value_type = p->default_type, .by = by, .n_by = p->n_samples % 2
	};
	_cleanup_(buf_done) struct buf text = {};
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r = speedscope_add(p, &options, &text);

	if (r == SPEEDSCOPE_NEGATIVE || r == -ERANGE)
		return;
	if (r != 0 || json_parse(text.data, text.size - 1, &top) != 0)
		abort();
}

static void check_go_pgo(const struct profile *p)
{
	_cleanup_(profile_freep) struct profile *calls = NULL;
	_cleanup_(buf_done) struct buf raw = {};
	struct go_pgo_counts counts;
	int r = go_pgo_encode(p, &raw, &counts);

	if (r > 0 || r == -ERANGE)
		return;
	if (r < 0 || profile_decode(raw.data, raw.size, &calls) < 0 || counts.n_written > counts.n_calls)
		abort();
}

static void check_folded(const struct profile *p)
{
	static const char *const roots[] = { "service_name", "comm" };
	_cleanup_(buf_done) struct buf text = { .limit_bytes = MAX_OUTPUT_BYTES };
	int r = profile_fold(p, p->default_type, roots, ARRAY_SIZE(roots), &text);

	if (r < 0 && r != -ERANGE && r != -EFBIG)
		abort();
}

/* What functions do themselves is all there is. */
static void check_rows(const struct diff *d)
{
	struct diff_scale scale = { .factors = { 1, 0.5 }, .has_errors = true };
	_cleanup_free_ struct diff_row *rows = NULL;
	uint64_t sum = 0;
	size_t n;

	if (diff_rows(d, &scale, &rows, &n) < 0)
		abort();
	for (size_t i = 0; i < n; i++)
		sum += (uint64_t)rows[i].self[DIFF_AFTER].value;
	if (sum != (uint64_t)diff_sum(d, DIFF_AFTER).value)
		abort();
}

static int add_stacks(struct diff *d, struct frame_table *frames, struct stack_reader *reader)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < reader->profile->n_samples; i++) {
		struct stack s;

		r = stack_reader_read(reader, i, &s);
		if (r == 0)
			r = diff_add(d, DIFF_AFTER, frames, &s);
	}
	return r;
}

static void check_diff(const struct profile *p)
{
	_cleanup_(frame_table_freep) struct frame_table *frames = NULL;
	_cleanup_(stack_reader_done) struct stack_reader reader = {};
	_cleanup_(diff_freep) struct diff *d = NULL;
	int r;

	if (frame_table_new(&frames) < 0 || diff_new(DIFF_BY_FUNCTION, NULL, 0, &d) < 0 ||
	    stack_reader_init(&reader, frames, p) < 0)
		abort();
	r = add_stacks(d, frames, &reader);
	if (r < 0 && r != -ERANGE)
		abort();
	if (r == 0)
		check_rows(d);
}

static void check_scaled(struct profile *p)
{
	int r = profile_scale(p, p->default_type, 0.3);

	if (r < 0 && r != -ERANGE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(profile_freep) struct profile *p = NULL;

	if (size > MAX_INPUT_BYTES || profile_decode(data, size, &p) < 0)
		return 0;
	check_speedscope(p);
	check_go_pgo(p);
	check_folded(p);
	check_diff(p);
	check_scaled(p);
	return 0;
}

static int put_profile(struct buf *ret)
{
	static const struct profile_mapping app = { .start = 0x1000, .limit = 0x9000, .filename = "/bin/app\n" };
	static const struct frame frames[] = {
		{ .addr = 0x1010,
		  .mapping = &app,
		  .function = "in\"lined",
		  .start_line = 3,
		  .line = 5,
		  .inlined = true },
		{ .addr = 0x1010, .mapping = &app, .function = "leaf", .file = "a.go", .start_line = 9, .line = 11 },
		{ .addr = 0x2010, .mapping = &app, .function = "main.main", .start_line = 20, .line = 21 },
		{ .addr = 0x3010, .mapping = &app },
	};
	static const struct label labels[] = { { .key = "service_name", .str = "api;x" },
					       { .key = "comm", .num = 7, .num_unit = "ids" } };
	const struct profile_meta meta = { .time_ns = 1, .duration_ns = 1000, .period_ns = 10 };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	int r = profile_builder_new(&b);

	for (size_t n = 0; r == 0 && n <= ARRAY_SIZE(frames); n++)
		r = profile_builder_add(b, frames + ARRAY_SIZE(frames) - n, n, labels, n % 3, n + 1, 10 * n);
	return r == 0 ? profile_builder_encode(b, &meta, ret) : r;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static struct buf seed;

	buf_clear(&seed);
	if (i > 0 || put_profile(&seed) < 0)
		return NULL;
	*ret_size = seed.size;
	return seed.data;
}
