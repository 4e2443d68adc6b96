// SPDX-License-Identifier: Apache-2.0
/* Folded text of models made by hand. */
#include <string.h>

#include "common/buf.h"
#include "pprof/profile.h"
#include "tests/unit/cmocka-all.h"

static const struct profile_value_type types[] = { { "samples", "count" }, { "cpu", "nanoseconds" } };
static const struct profile_function functions[] = {
	{ .name = "main" }, { .name = "a;b" }, { .name = "new\nline\xff" }, { .name = "" }, { .name = "inner" },
};
static const struct profile_map maps[] = { { .filename = "/lib/x/libfoo.so.1" }, { .filename = "[vdso]" } };
static const struct profile_line main_line[] = { { &functions[0], 1 } };
static const struct profile_line two_lines[] = { { &functions[4], 1 }, { &functions[1], 2 } };
static const struct profile_line bad_line[] = { { &functions[2], 1 } };
static const struct profile_line unnamed_lines[] = { { NULL, 1 }, { &functions[3], 2 } };
static const struct profile_location locations[] = {
	{ .address = 0x10, .lines = main_line, .n_lines = 1 },
	{ .address = 0x20, .lines = two_lines, .n_lines = 2 },
	{ .address = 0x1234, .mapping = &maps[0] },
	{ .address = 0xff, .mapping = &maps[1], .lines = unnamed_lines, .n_lines = 2 },
	{ .address = 0xffffffffffffffff },
	{ .address = 0x30, .lines = bad_line, .n_lines = 1 },
};
#define AT(i) (&locations[i])

/* roots: labels with a comma behind each; "": none. */
static void assert_folded_below(const char *roots, const struct profile_sample *samples, size_t n, size_t type,
				const char *expected)
{
	const struct profile p = {
		.sample_types = types,
		.n_sample_types = 2,
		.samples = samples,
		.n_samples = n,
		.locations = locations,
		.n_locations = 6,
		.functions = functions,
		.n_functions = 5,
	};
	_cleanup_free_ char *words = strdup(roots);
	const char *labels[4];
	size_t n_labels = 0;
	_cleanup_(buf_done) struct buf b = {};

	for (char *rest = words, *word = strsep(&rest, ","); rest; word = strsep(&rest, ","))
		labels[n_labels++] = word;
	assert_int_equal(buf_add_str(&b, "> "), 0);
	assert_int_equal(profile_fold(&p, type, labels, n_labels, &b), 0);
	assert_memory_equal(b.data, "> ", 2);
	assert_string_equal(b.data + 2, expected);
}

static void assert_folded(const struct profile_sample *samples, size_t n, size_t type, const char *expected)
{
	assert_folded_below("", samples, n, type, expected);
}

#define STACK(...)                                                                                                     \
	.locations = (const struct profile_location *const[])                                                          \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}
#define VALUES(...)                                                                                                    \
	.values = (const int64_t[])                                                                                    \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}

static void test_names(void **state)
{
	const struct profile_sample samples[] = {
		{ STACK(AT(1), AT(0)), .n_locations = 2, VALUES(1, 10) },
		{ STACK(AT(2), AT(0)), .n_locations = 2, VALUES(2, 20) },
		{ STACK(AT(3), AT(0)), .n_locations = 2, VALUES(3, 30) },
		{ STACK(AT(4)), .n_locations = 1, VALUES(4, 40) },
		{ STACK(AT(5)), .n_locations = 1, VALUES(5, 50) },
		{ .n_locations = 0, VALUES(6, 60) },
	};

	assert_folded(samples, ARRAY_SIZE(samples), 0,
		      "0xffffffffffffffff 4\n"
		      "[no stack] 6\n"
		      "main;[vdso]+0xff;[vdso]+0xff 3\n"
		      "main;a:b;inner 1\n"
		      "main;libfoo.so.1+0x1234 2\n"
		      "new\xef\xbf\xbdline\xef\xbf\xbd 5\n");
	assert_folded(samples, 1, 1, "main;a:b;inner 10\n");
	assert_folded(samples, 0, 0, "");
}

static void test_sums_and_order(void **state)
{
	const struct profile_sample samples[] = {
		{ STACK(AT(0), AT(0)), .n_locations = 2, VALUES(1, 0) },
		{ STACK(AT(0)), .n_locations = 1, VALUES(2, -7) },
		{ STACK(AT(0), AT(0)), .n_locations = 2, VALUES(30, 5) },
		{ STACK(AT(0)), .n_locations = 1, VALUES(-2, 0) },
	};

	assert_folded(samples, 4, 0, "main;main 31\n");
	assert_folded(samples, 4, 1, "main -7\nmain;main 5\n");
}

#define LABELS(...)                                                                                                    \
	.labels = (const struct profile_label[])                                                                       \
	{                                                                                                              \
		__VA_ARGS__                                                                                            \
	}

static void test_root_label(void **state)
{
	const struct profile_sample samples[] = {
		{ STACK(AT(0)), .n_locations = 1, VALUES(1, 10), LABELS({ "service", "b;c" }), .n_labels = 1 },
		{ STACK(AT(0)), .n_locations = 1, VALUES(2, 20), LABELS({ "x", "y" }, { "service", "api" }),
		  .n_labels = 2 },
		{ STACK(AT(0)), .n_locations = 1, VALUES(4, 40), LABELS({ "service", "api" }), .n_labels = 1 },
		{ STACK(AT(0)), .n_locations = 1, VALUES(8, 80), LABELS({ "x", "service" }), .n_labels = 1 },
		{ STACK(AT(0)), .n_locations = 1, VALUES(16, 160), LABELS({ "service", NULL, -7, "id" }),
		  .n_labels = 1 },
		{ .n_locations = 0, VALUES(32, 320), LABELS({ "service", "api" }), .n_labels = 1 },
	};

	assert_folded_below("service,", samples, ARRAY_SIZE(samples), 0,
			    "(none);main 8\n"
			    "-7;main 16\n"
			    "api;[no stack] 32\n"
			    "api;main 6\n"
			    "b:c;main 1\n");
	/* The first label is the outermost. */
	assert_folded_below("service,x,", samples, ARRAY_SIZE(samples), 0,
			    "(none);service;main 8\n"
			    "-7;(none);main 16\n"
			    "api;(none);[no stack] 32\n"
			    "api;(none);main 4\n"
			    "api;y;main 2\n"
			    "b:c;(none);main 1\n");
	assert_folded_below("absent,", samples, ARRAY_SIZE(samples), 1, "(none);[no stack] 320\n(none);main 310\n");
}

static void test_limits(void **state)
{
	const struct profile_sample samples[] = {
		{ STACK(AT(0)), .n_locations = 1, VALUES(INT64_MAX, 1) },
		{ STACK(AT(0)), .n_locations = 1, VALUES(1, 1) },
	};
	const struct profile p = { .sample_types = types,
				   .n_sample_types = 2,
				   .samples = samples,
				   .n_samples = 2,
				   .locations = locations,
				   .n_locations = 6 };
	_cleanup_(buf_done) struct buf b = { .limit_bytes = 256 };

	assert_int_equal(profile_fold(&p, 0, NULL, 0, &b), -ERANGE);
	assert_int_equal(b.size, 0);
	assert_int_equal(profile_fold(&p, 1, NULL, 0, &b), 0);
	assert_string_equal(b.data, "main 2\n");
	b.limit_bytes = 8;
	assert_int_equal(profile_fold(&p, 1, NULL, 0, &b), -EFBIG);
	assert_string_equal(b.data, "main 2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_sums_and_order),
		cmocka_unit_test(test_root_label),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
