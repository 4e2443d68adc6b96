// SPDX-License-Identifier: Apache-2.0
/* Rankings of profiles that the builder made and the decoder read, and of models made by hand. */
#include <string.h>

#include "report/top.h"
#include "tests/unit/built-profile.h"

#define CPU 1 /* the value type of what the builder makes; samples is 0 */

static void assert_rows(const struct top *top, const struct top_row *rows, size_t n)
{
	assert_int_equal(top->n_rows, n);
	for (size_t i = 0; i < n; i++) {
		const struct top_row *have = &top->rows[i], *want = &rows[i];

		if (strcmp(have->name, want->name) != 0 || strcmp(have->module, want->module) != 0 ||
		    have->self != want->self || have->total != want->total)
			fail_msg("row %zu: '%s' (%s) %ld %ld, not '%s' (%s) %ld %ld", i, have->name, have->module,
				 (long)have->self, (long)have->total, want->name, want->module, (long)want->self,
				 (long)want->total);
	}
}

static char *name(const char *s)
{
	return (char *)(uintptr_t)s;
}

static const struct profile_mapping server = { .start = 0x1000, .limit = 0x9000, .filename = "/app/server" };
static const struct profile_mapping libz = { .start = 0x1000, .limit = 0x9000, .filename = "/usr/lib/libz.so.1" };

static void test_self_and_total(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x1010, .mapping = &libz, .function = "inflate" },
		    { .addr = 0x1020, .mapping = &server, .function = "main" } },
		  2,
		  .count = 3 },
		{ { { .addr = 0x1030, .mapping = &server, .function = "main" } }, 1, .count = 2 },
		{ { { .addr = 0x1040, .mapping = &server, .function = "inflate" } }, 1, .count = 1 },
	};
	const struct top_row expected[] = {
		{ name("inflate"), "libz.so.1", 30, 30 },
		{ name("main"), "server", 20, 50 },
		{ name("inflate"), "server", 10, 10 }, /* the same name in another module is another function */
	};
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	_cleanup_(top_done) struct top top = {};

	assert_int_equal(top_functions(p, CPU, &top), 0);
	assert_rows(&top, expected, ARRAY_SIZE(expected));
	assert_int_equal(top.sum, 60);
	assert_int_equal(top.whole, 60);
	top_done(&top);
	assert_int_equal(top_functions(p, 0, &top), 0);
	assert_int_equal(top.sum, 6);
	assert_int_equal(top.rows[0].self, 3);
}

static void test_recursion(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x1010, .mapping = &server, .function = "walk" },
		    { .addr = 0x1010, .mapping = &server, .function = "walk" },
		    { .addr = 0x1018, .mapping = &server, .function = "walk" },
		    { .addr = 0x1020, .mapping = &server, .function = "main" } },
		  4,
		  .count = 7 },
		{ { { .addr = 0x1020, .mapping = &server, .function = "main" },
		    { .addr = 0x1010, .mapping = &server, .function = "walk" } },
		  2,
		  .count = 1 },
	};
	const struct top_row expected[] = { { name("walk"), "server", 70, 80 }, { name("main"), "server", 10, 80 } };
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	_cleanup_(top_done) struct top top = {};

	assert_int_equal(top_functions(p, CPU, &top), 0);
	assert_rows(&top, expected, ARRAY_SIZE(expected));
}

static void test_inlined(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x1010, .mapping = &server, .function = "inner", .inlined = true },
		    { .addr = 0x1010, .mapping = &server, .function = "middle", .inlined = true },
		    { .addr = 0x1010, .mapping = &server, .function = "outer" },
		    { .addr = 0x1020, .mapping = &server, .function = "inner" } },
		  4,
		  .count = 5 },
	};
	const struct top_row expected[] = {
		{ name("inner"), "server", 50, 50 },
		{ name("middle"), "server", 0, 50 },
		{ name("outer"), "server", 0, 50 },
	};
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	_cleanup_(top_done) struct top top = {};

	assert_int_equal(p->n_locations, 2);
	assert_int_equal(top_functions(p, CPU, &top), 0);
	assert_rows(&top, expected, ARRAY_SIZE(expected));
}

static void test_unnamed(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x1234, .mapping = &server }, { .addr = 0x7f0000001000 } }, 2, .count = 3 },
		{ .n_frames = 0, .count = 1 },
	};
	const struct top_row expected[] = {
		{ name("server+0x1234"), "server", 30, 30 },
		{ name("[no stack]"), "", 10, 10 },
		{ name("0x7f0000001000"), "", 0, 30 },
	};
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	_cleanup_(top_done) struct top top = {};

	assert_int_equal(top_functions(p, CPU, &top), 0);
	assert_rows(&top, expected, ARRAY_SIZE(expected));
}

static void test_label(void **state)
{
	static const struct built_stack stacks[] = {
		{ .labels = { { .key = "service", .str = "api" } }, .n_labels = 1, .count = 4 },
		{ .labels = { { .key = "service", .str = "api" }, { .key = "pid", .num = 4711, .num_unit = "id" } },
		  .n_labels = 2,
		  .count = 2 },
		{ .labels = { { .key = "pid", .num = -1 } }, .n_labels = 1, .count = 5 },
	};
	const struct top_row services[] = { { name("api"), "", 60, 60 }, { name("(none)"), "", 50, 50 } };
	const struct top_row pids[] = { { name("-1"), "", 50, 50 },
					{ name("(none)"), "", 40, 40 },
					{ name("4711 id"), "", 20, 20 } };
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	_cleanup_(top_done) struct top top = {};

	assert_int_equal(top_label(p, CPU, "service", &top), 0);
	assert_rows(&top, services, ARRAY_SIZE(services));
	assert_int_equal(top.sum, 110);
	top_done(&top);
	assert_int_equal(top_label(p, CPU, "pid", &top), 0);
	assert_rows(&top, pids, ARRAY_SIZE(pids));
}

/* The rest needs what the builder does not make. */
static const struct profile_value_type count_type[] = { { "samples", "count" } };
static const struct profile_function functions[] = { { .name = "a" }, { .name = "b" }, { .name = "" } };
static const struct profile_map map = { .filename = "/lib/x/" };
static const struct profile_line lines[] = {
	{ &functions[0], 1 }, { &functions[1], 1 }, { NULL, 1 }, { &functions[0], 2 }, { &functions[2], 1 },
};
static const struct profile_location locations[] = {
	{ .address = 0x10, .lines = &lines[0], .n_lines = 1 },
	{ .address = 0x20, .lines = &lines[1], .n_lines = 1 },
	{ .address = 0x30, .lines = &lines[2], .n_lines = 2 },                  /* an unnamed one inlined into a */
	{ .address = 0x40, .lines = &lines[4], .n_lines = 1, .mapping = &map }, /* no sample has it */
};
static const struct profile_location *const a[] = { &locations[0] }, *const b[] = { &locations[1] };
static const struct profile_label base[] = { { .key = "pprof::base", .str = "true" } };

static struct profile model(const struct profile_sample *samples, size_t n)
{
	return (struct profile){
		.sample_types = count_type,
		.n_sample_types = 1,
		.samples = samples,
		.n_samples = n,
		.locations = locations,
		.n_locations = ARRAY_SIZE(locations),
	};
}

static void test_difference(void **state)
{
	static const int64_t more[] = { 30 }, less[] = { -50 }, back[] = { 20 };
	static const struct profile_sample samples[] = {
		{ .locations = a, .n_locations = 1, .values = more },
		{ .locations = b, .n_locations = 1, .values = less, .labels = base, .n_labels = 1 },
		{ .locations = b, .n_locations = 1, .values = back },
	};
	const struct top_row expected[] = { { name("a"), "", 30, 30 }, { name("b"), "", -30, -30 } };
	const struct profile with_base = model(samples, 3), no_base = model(samples, 1);
	_cleanup_(top_done) struct top top = {};

	assert_int_equal(top_functions(&with_base, 0, &top), 0);
	assert_rows(&top, expected, ARRAY_SIZE(expected));
	assert_int_equal(top.sum, 0);
	assert_int_equal(top.whole, 50);
	top_done(&top);
	assert_int_equal(top_functions(&no_base, 0, &top), 0);
	assert_int_equal(top.whole, 30);
}

static void test_unnamed_line(void **state)
{
	static const struct profile_location *const stack[] = { &locations[2] };
	static const int64_t value[] = { 4 };
	static const struct profile_sample samples[] = { { .locations = stack, .n_locations = 1, .values = value } };
	const struct top_row expected[] = { { name("0x30"), "", 4, 4 }, { name("a"), "", 0, 4 } };
	const struct profile p = model(samples, 1);
	_cleanup_(top_done) struct top top = {};

	assert_int_equal(top_functions(&p, 0, &top), 0);
	assert_rows(&top, expected, ARRAY_SIZE(expected));
}

static void test_too_large(void **state)
{
	static const int64_t most[] = { INT64_MAX }, one[] = { 1 }, least[] = { INT64_MIN };
	static const struct profile_sample over[] = {
		{ .locations = a, .n_locations = 1, .values = most },
		{ .locations = a, .n_locations = 1, .values = one },
	};
	static const struct profile_sample apart[] = {
		{ .locations = a, .n_locations = 1, .values = most },
		{ .locations = b, .n_locations = 1, .values = least },
	};
	const struct profile p = model(over, 2), q = model(apart, 2);
	struct top top = { .n_rows = 42 };

	assert_int_equal(top_functions(&p, 0, &top), -ERANGE);
	assert_int_equal(top_label(&p, 0, "x", &top), -ERANGE);
	assert_int_equal(top.n_rows, 42);
	assert_int_equal(top_functions(&q, 0, &top), 0);
	assert_int_equal(top.sum, -1);
	assert_true(top.whole == UINT64_MAX);
	assert_string_equal(top.rows[0].name, "b");
	assert_true(top.rows[0].self == INT64_MIN);
	top_done(&top);
}

static void test_nothing(void **state)
{
	const struct profile p = model(NULL, 0);
	_cleanup_(top_done) struct top top = {};

	assert_int_equal(top_functions(&p, 0, &top), 0);
	assert_int_equal(top.n_rows, 0); /* locations alone are no rows */
	assert_int_equal(top.whole, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self_and_total), cmocka_unit_test(test_recursion),
		cmocka_unit_test(test_inlined),        cmocka_unit_test(test_unnamed),
		cmocka_unit_test(test_label),          cmocka_unit_test(test_difference),
		cmocka_unit_test(test_unnamed_line),   cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
