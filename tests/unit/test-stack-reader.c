// SPDX-License-Identifier: Apache-2.0
/* Samples as stacks of numbers: inlined lines, names, kinds, labels; of models that the builder made. */
#include "report/stack-facts.h"
#include "report/stack-reader.h"

#include <string.h>

#include "report/frame-table.h"
#include "tests/unit/built-profile.h"

static const struct profile_mapping server = {
	.start = 0x1000, .limit = 0x9000, .filename = "/app/server", .build_id = "aa"
};
static const struct profile_mapping kernel = { .start = 0xffffffff81000000,
					       .limit = 0xffffffff82000000,
					       .filename = "[kernel.kallsyms]" };
static const struct profile_mapping vmlinux = { .start = 0x1000, .limit = 0x9000, .filename = "vmlinux" };
static const struct profile_mapping anon = { .start = 0x1000, .limit = 0x9000, .filename = "//anon" };

static const struct frame_info *frame(const struct frame_table *t, const struct stack *s, size_t i)
{
	assert_in_range(i, 0, s->n_frames - 1);
	return frame_table_get(t, s->frames[i]);
}

static void test_stack(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x2010, .mapping = &server, .function = "inner", .file = "in.h", .inlined = true },
		    { .addr = 0x2010, .mapping = &server, .function = "outer", .file = "out.c" },
		    { .addr = 0x5555, .mapping = &server } },
		  3,
		  { { .key = "service_name", .str = "api" }, { .key = "pid", .num = 7 } },
		  2,
		  .count = 3 },
	};
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	_cleanup_(frame_table_freep) struct frame_table *t = NULL;
	_cleanup_(stack_reader_done) struct stack_reader reader = {};
	struct stack s, again;

	assert_int_equal(frame_table_new(&t), 0);
	assert_int_equal(stack_reader_init(&reader, t, p), 0);
	assert_int_equal(stack_reader_read(&reader, 0, &s), 0);
	assert_int_equal(s.n_frames, 3);
	assert_string_equal(frame(t, &s, 0)->function, "inner");
	assert_string_equal(frame(t, &s, 0)->file, "in.h");
	assert_string_equal(frame(t, &s, 1)->function, "outer");
	assert_string_equal(frame(t, &s, 1)->library, "server");
	assert_string_equal(frame(t, &s, 1)->build_id, "aa");
	assert_true(frame(t, &s, 1)->is_named);
	assert_string_equal(frame(t, &s, 2)->function, "server+0x5555");
	assert_string_equal(frame(t, &s, 2)->file, "");
	assert_false(frame(t, &s, 2)->is_named);
	assert_int_equal(s.n_samples, 3);
	assert_int_equal(s.value, 30);
	assert_string_equal(stack_label(&s, "service_name"), "api");
	assert_string_equal(stack_label(&s, "pid"), ""); /* a number */
	assert_string_equal(stack_label(&s, "nothing"), "");
	assert_int_equal(stack_reader_read(&reader, 0, &again), 0);
	assert_int_equal(again.n_frames, 3);
	assert_string_equal(frame(t, &again, 0)->function, "inner");
}

/* Each stack anew: where one has an inlined frame, the next one may have a called one. */
static void test_inlined(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x2010, .mapping = &server, .function = "innermost", .inlined = true },
		    { .addr = 0x2010, .mapping = &server, .function = "inner", .inlined = true },
		    { .addr = 0x2010, .mapping = &server, .function = "outer" } },
		  3,
		  .count = 1 },
		{ { { .addr = 0x2020, .mapping = &server, .function = "outer" },
		    { .addr = 0x2030, .mapping = &server, .function = "inner", .inlined = true },
		    { .addr = 0x2030, .mapping = &server, .function = "outer" } },
		  3,
		  .count = 1 },
		{ .n_frames = 0, .count = 1 },
	};
	static const bool expected[][3] = { { true, true, false }, { false, true, false }, { false } };
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	_cleanup_(frame_table_freep) struct frame_table *t = NULL;
	_cleanup_(stack_reader_done) struct stack_reader reader = {};
	struct stack s;

	assert_int_equal(frame_table_new(&t), 0);
	assert_int_equal(stack_reader_init(&reader, t, p), 0);
	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++) {
		assert_int_equal(stack_reader_read(&reader, i, &s), 0);
		assert_memory_equal(s.is_inlined, expected[i], s.n_frames * sizeof(bool));
	}
}

/* One function of the profile may lie in several files; and at several lines it is one frame. */
static void test_same_function(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x2010, .mapping = &server, .function = "f", .line = 1 },
		    { .addr = 0x2020, .mapping = &server, .function = "f", .line = 2 },
		    { .addr = 0x2010, .mapping = &vmlinux, .function = "f", .line = 1 } },
		  3,
		  .count = 1 },
	};
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	_cleanup_(frame_table_freep) struct frame_table *t = NULL;
	_cleanup_(stack_reader_done) struct stack_reader reader = {};
	struct stack s;

	assert_int_equal(p->n_functions, 1);
	assert_int_equal(frame_table_new(&t), 0);
	assert_int_equal(stack_reader_init(&reader, t, p), 0);
	assert_int_equal(stack_reader_read(&reader, 0, &s), 0);
	assert_int_equal(s.frames[0], s.frames[1]);
	assert_string_equal(frame(t, &s, 0)->library, "server");
	assert_string_equal(frame(t, &s, 2)->library, "vmlinux");
}

static void test_no_stack(void **state)
{
	static const struct built_stack stacks[] = { { .n_frames = 0, .count = 1 } };
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	_cleanup_(frame_table_freep) struct frame_table *t = NULL;
	_cleanup_(stack_reader_done) struct stack_reader reader = {};
	struct stack s;

	assert_int_equal(frame_table_new(&t), 0);
	assert_int_equal(stack_reader_init(&reader, t, p), 0);
	assert_int_equal(stack_reader_read(&reader, 0, &s), 0);
	assert_int_equal(s.n_frames, 1);
	assert_string_equal(frame(t, &s, 0)->function, FRAME_NO_STACK);
	assert_int_equal(frame(t, &s, 0)->kind, FRAME_MARKER);
}

static void test_kinds(void **state)
{
	static const struct {
		struct frame frame;
		enum frame_kind kind;
	} cases[] = {
		{ { .addr = 0x2000, .mapping = &server, .function = "f" }, FRAME_USER },
		{ { .addr = 0xffffffff81000010, .mapping = &kernel, .function = "f" }, FRAME_KERNEL },
		{ { .addr = 0x2000, .mapping = &vmlinux, .function = "f" }, FRAME_KERNEL },
		{ { .addr = 0x2000, .mapping = &anon, .function = "f" }, FRAME_JIT },
		{ { .function = "[irq]" }, FRAME_MARKER },
		{ { .function = "[truncated: no_frames]" }, FRAME_MARKER },
		{ { .function = "(other)" }, FRAME_MARKER },
		{ { .function = "main.work" }, FRAME_USER }, /* as Go writes its profiles: without mappings */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct built_stack one = { { cases[i].frame }, 1, .count = 1 };
		_cleanup_(profile_freep) struct profile *p = built_profile(&one, 1, NULL);
		_cleanup_(frame_table_freep) struct frame_table *t = NULL;
		_cleanup_(stack_reader_done) struct stack_reader reader = {};
		struct stack s;

		assert_int_equal(frame_table_new(&t), 0);
		assert_int_equal(stack_reader_init(&reader, t, p), 0);
		assert_int_equal(stack_reader_read(&reader, 0, &s), 0);
		if (frame(t, &s, 0)->kind != cases[i].kind)
			fail_msg("case %zu: kind %u", i, frame(t, &s, 0)->kind);
	}
}

static void assert_facts(const struct stack_facts *facts, const struct stack_facts *expected)
{
	assert_int_equal(facts->n_code, expected->n_code);
	assert_int_equal(facts->n_named, expected->n_named);
	assert_int_equal(facts->n_folded, expected->n_folded);
	assert_int_equal(facts->is_truncated, expected->is_truncated);
}

/* Whether all frames are read or innermost ones alone, and of all what they are. */
static void test_innermost(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x2010, .mapping = &server, .function = "inner", .inlined = true },
		    { .addr = 0x2010, .mapping = &server, .function = "outer" },
		    { .addr = 0x5555, .mapping = &server },
		    { .function = "[truncated: no_frames]" } },
		  4,
		  .count = 1 },
		{ { { .addr = 0x2020, .mapping = &server, .function = "outer" },
		    { .addr = 0x2010, .mapping = &server, .function = "inner", .inlined = true },
		    { .addr = 0x2010, .mapping = &server, .function = "outer" } },
		  3,
		  .count = 1 },
		{ { { .function = "(other)" }, { .addr = 0x2020, .mapping = &server, .function = "[main]" } },
		  2,
		  .count = 1 },
		{ { { .function = "[truncated: no_frames]" }, { .function = "main.work" } }, 2, .count = 1 },
		{ .n_frames = 0, .count = 1 },
	};
	static const struct {
		const char *innermost;
		struct stack_facts facts;
	} expected[] = {
		{ "inner", { .n_code = 3, .n_named = 2, .is_truncated = true } },
		{ "outer", { .n_code = 3, .n_named = 3 } },
		{ "(other)", { .n_code = 1, .n_named = 1, .n_folded = 1 } },
		{ "[truncated: no_frames]", { .n_code = 1, .n_named = 1 } },
		{ FRAME_NO_STACK, {} },
	};
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	_cleanup_free_ struct stack_facts *facts = NULL;

	assert_int_equal(stack_facts_new(p, &facts), 0);
	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++)
		assert_facts(&facts[i], &expected[i].facts);
	for (int skips_frames = 0; skips_frames < 2; skips_frames++) {
		_cleanup_(frame_table_freep) struct frame_table *t = NULL;
		_cleanup_(stack_reader_done) struct stack_reader reader = {};
		struct stack s;

		assert_int_equal(frame_table_new(&t), 0);
		assert_int_equal(skips_frames ? stack_reader_init_innermost(&reader, t, p)
					      : stack_reader_init(&reader, t, p),
				 0);
		for (size_t i = 0; i < 2 * ARRAY_SIZE(stacks); i++) { /* looked up, and known */
			size_t n = i % ARRAY_SIZE(stacks);

			assert_int_equal(stack_reader_read(&reader, n, &s), 0);
			assert_int_equal(s.n_frames, skips_frames ? 1 : stacks[n].n_frames ?: 1);
			assert_int_equal(!s.is_inlined, skips_frames);
			assert_string_equal(frame(t, &s, 0)->function, expected[n].innermost);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stack),    cmocka_unit_test(test_inlined), cmocka_unit_test(test_same_function),
		cmocka_unit_test(test_no_stack), cmocka_unit_test(test_kinds),   cmocka_unit_test(test_innermost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
