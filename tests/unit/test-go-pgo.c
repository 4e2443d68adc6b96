// SPDX-License-Identifier: Apache-2.0
/* Calls as the Go compiler counts them: of the two innermost frames of code, each once a stack, the heaviest first. */
#include "report/go-pgo.h"

#include <string.h>

#include "tests/unit/built-profile.h"

static const struct profile_mapping app = { .start = 0x1000, .limit = 0x9000, .filename = "/bin/app" };
static const struct profile_mapping kernel = { .start = 0xf000, .limit = 0xffff, .filename = "[kernel.kallsyms]" };

#define GO(name, start, at)                                                                                            \
	{                                                                                                              \
		.addr = 0x1000 + (at), .mapping = &app, .function = (name), .start_line = (start), .line = (at)        \
	}
#define INLINED(name, start, at)                                                                                       \
	{                                                                                                              \
		.addr = 0x1000, .mapping = &app, .function = (name), .start_line = (start), .line = (at),              \
		.inlined = true                                                                                        \
	}

/* What is there, as "CALLER:START+OFFSET CALLEE SAMPLES" lines. */
static int calls(const struct built_stack *stacks, size_t n, struct buf *ret)
{
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, n, NULL), *out = NULL;
	_cleanup_(buf_done) struct buf raw = {};
	struct go_pgo_counts counts;
	int r = go_pgo_encode(p, &raw, &counts);

	if (r != 0)
		return r;
	assert_int_equal(profile_decode(raw.data, raw.size, &out), 0);
	assert_int_equal(counts.n_written, out->n_samples);
	for (size_t i = 0; i < out->n_samples; i++) {
		const struct profile_sample *s = &out->samples[i];
		const struct profile_line *callee = s->locations[0]->lines, *caller;

		assert_int_equal(s->n_locations, 2);
		assert_int_equal(s->n_labels, 0);
		assert_int_equal(s->values[1], s->values[0] * 10);
		caller = s->locations[1]->lines;
		assert_int_equal(buf_printf(ret, "%s:%d+%d %s %d\n", caller->function->name,
					    (int)caller->function->start_line,
					    (int)(caller->line - caller->function->start_line), callee->function->name,
					    (int)s->values[0]),
				 0);
	}
	return 0;
}

static void assert_calls(const struct built_stack *stacks, size_t n, const char *expected)
{
	_cleanup_(buf_done) struct buf have = {};

	assert_int_equal(calls(stacks, n, &have), 0);
	assert_string_equal(have.data, expected);
}

static void test_innermost_two(void **state)
{
	static const struct built_stack stacks[] = {
		{ { GO("main.leaf", 50, 55), GO("main.work", 30, 37), GO("main.main", 10, 12) }, 3, .count = 5 },
		{ { GO("main.leaf", 50, 52), GO("main.work", 30, 37), GO("main.main", 10, 12) }, 3, .count = 3 },
		{ { GO("main.work", 30, 33), GO("main.main", 10, 12) }, 2, .count = 4 },
	};

	assert_calls(stacks, ARRAY_SIZE(stacks), "main.work:30+7 main.leaf 8\nmain.main:10+2 main.work 4\n");
}

/* The kernel's time, and that of what has no lines, is the call's that led there. */
static void test_lineless(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0xf100, .mapping = &kernel, .function = "do_futex" },
		    { .addr = 0x1200, .mapping = &app },
		    GO("main.lock", 50, 55),
		    GO("main.main", 10, 14) },
		  4,
		  .count = 5 },
	};

	assert_calls(stacks, ARRAY_SIZE(stacks), "main.main:10+4 main.lock 5\n");
}

/* Inlined functions are calls, too; and of one location all are counted. */
static void test_inlined(void **state)
{
	static const struct built_stack stacks[] = {
		{ { INLINED("main.small", 70, 71), GO("main.leaf", 50, 55), GO("main.work", 30, 37),
		    GO("main.main", 10, 12) },
		  4,
		  .count = 6 },
	};

	assert_calls(stacks, ARRAY_SIZE(stacks), "main.leaf:50+5 main.small 6\nmain.work:30+7 main.leaf 6\n");
}

static void test_recursion(void **state)
{
	static const struct built_stack stacks[] = {
		{ { INLINED("main.walk", 30, 33), INLINED("main.walk", 30, 33), GO("main.walk", 30, 33) },
		  3,
		  .count = 7 },
	};

	assert_calls(stacks, ARRAY_SIZE(stacks), "main.walk:30+3 main.walk 7\n");
}

/* 990 of 1000 is 99 %, which Go goes past: the first beyond is written as well. */
static void test_cut(void **state)
{
	static const struct built_stack stacks[] = {
		{ { GO("a", 1, 1), GO("main.main", 10, 11) }, 2, .count = 990 },
		{ { GO("b", 1, 1), GO("main.main", 10, 12) }, 2, .count = 6 },
		{ { GO("c", 1, 1), GO("main.main", 10, 13) }, 2, .count = 4 },
	};

	assert_calls(stacks, ARRAY_SIZE(stacks), "main.main:10+1 a 990\nmain.main:10+2 b 6\n");
}

static void test_linkage_names(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x1100,
		      .mapping = &app,
		      .function = "shown",
		      .linkage_name = "linked",
		      .start_line = 1,
		      .line = 2 },
		    GO("main.main", 10, 11) },
		  2,
		  .count = 1 },
	};

	assert_calls(stacks, ARRAY_SIZE(stacks), "main.main:10+1 linked 1\n");
}

static void test_guessed(void **state)
{
	static const struct built_stack stacks[] = {
		{ { GO("main.leaf", 50, 55), GO("main.main", 10, 12) }, 2, .count = 5 },
		{ { GO("main.leaf", 50, 55), GO("main.other", 30, 33) },
		  2,
		  { { .key = "stack", .str = "guessed" } },
		  1,
		  .count = 9 },
	};
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	_cleanup_(buf_done) struct buf out = {};
	struct go_pgo_counts counts;

	assert_calls(stacks, ARRAY_SIZE(stacks), "main.main:10+2 main.leaf 5\n");
	assert_int_equal(go_pgo_encode(p, &out, &counts), 0);
	assert_int_equal(counts.n_guessed, 9);
	assert_int_equal(counts.n_calls, 1);
}

static void test_nothing(void **state)
{
	static const struct built_stack without[] = {
		{ { { .addr = 0x1100, .mapping = &app, .function = "f" },
		    { .addr = 0x1200, .mapping = &app, .function = "g" } },
		  2,
		  .count = 1 },
		{ .n_frames = 0, .count = 3 },
		{ { GO("main.main", 10, 11) }, 1, .count = 1 },
	};
	static const struct profile_value_type type = { "alloc_space", "bytes" };
	const struct profile heap = { .sample_types = &type, .n_sample_types = 1 };
	_cleanup_(buf_done) struct buf out = {};
	struct go_pgo_counts counts;

	assert_int_equal(calls(without, ARRAY_SIZE(without), &out), GO_PGO_NO_LINES);
	assert_int_equal(go_pgo_encode(&heap, &out, &counts), GO_PGO_FOREIGN);
	assert_int_equal(out.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_innermost_two), cmocka_unit_test(test_lineless),
		cmocka_unit_test(test_inlined),       cmocka_unit_test(test_recursion),
		cmocka_unit_test(test_cut),           cmocka_unit_test(test_linkage_names),
		cmocka_unit_test(test_guessed),       cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
