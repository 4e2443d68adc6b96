// SPDX-License-Identifier: Apache-2.0
/* The labels of a profile: the same from who builds it and from who reads it, and never more than is kept. */
#include "pprof/label-values.h"

#include <stdio.h>
#include <string.h>

#include "pprof/build.h"
#include "pprof/profile.h"
#include "tests/unit/cmocka-all.h"

static struct profile *decoded(struct profile_builder *b)
{
	const struct profile_meta meta = { .time_ns = 1, .duration_ns = 1, .period_ns = 1 };
	_cleanup_(buf_done) struct buf raw = {};
	struct profile *p = NULL;

	assert_int_equal(profile_builder_encode(b, &meta, &raw), 0);
	assert_int_equal(profile_decode(raw.data, raw.size, &p), 0);
	return p;
}

static void add(struct profile_builder *b, const struct label *labels, size_t n)
{
	const struct frame frame = { .function = "f" };

	assert_int_equal(profile_builder_add(b, &frame, 1, labels, n, 1, 1), 0);
}

static void check(const struct label_values *v, const char *const (*expected)[2], size_t n)
{
	assert_int_equal(v->n, n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(v->items[i].key, expected[i][0]);
		assert_string_equal(v->items[i].value, expected[i][1]);
	}
}

static void test_both_ways(void **state)
{
	static const char *const expected[][2] = {
		{ "comm", "a" }, { "comm", "b" }, { "pid", "" }, { "service_name", "a" }, { "service_name", "api" },
	};
	const struct label sets[][3] = {
		{ { .key = "service_name", .str = "api" }, { .key = "comm", .str = "b" }, { .key = "pid", .num = 2 } },
		{ { .key = "service_name", .str = "api" }, { .key = "comm", .str = "a" }, { .key = "pid", .num = 1 } },
		{ { .key = "service_name", .str = "a" }, { .key = "comm", .str = "a" }, { .key = "pid", .num = 1 } },
	};
	_cleanup_(label_values_done) struct label_values built = {}, read = {}, none = {};
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	struct profile *p;

	assert_int_equal(profile_builder_new(&b), 0);
	assert_int_equal(profile_builder_label_values(b, &none), 0);
	assert_int_equal(none.n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		add(b, sets[i], 3);
	p = decoded(b);
	assert_int_equal(profile_builder_label_values(b, &built), 0);
	assert_int_equal(label_values_of_profile(p, &read), 0);
	check(&built, expected, ARRAY_SIZE(expected));
	check(&read, expected, ARRAY_SIZE(expected));
	assert_false(built.is_partial);
	assert_false(read.is_partial);
	profile_free(p);
}

static void test_bounds(void **state)
{
	static const struct {
		size_t n, size;
	} cases[] = { { LABEL_VALUES_MAX + 10, 8 }, { 100, 4000 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(label_values_done) struct label_values built = {}, read = {};
		_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
		struct profile *p;

		assert_int_equal(profile_builder_new(&b), 0);
		for (size_t j = 0; j < cases[i].n; j++) {
			char value[4096], number[24];
			const struct label label = { .key = "comm", .str = value };

			memset(value, 'x', sizeof(value));
			snprintf(number, sizeof(number), "%08zu", j);
			strcpy(value + cases[i].size - 8, number);
			add(b, &label, 1);
		}
		p = decoded(b);
		assert_int_equal(profile_builder_label_values(b, &built), 0);
		assert_int_equal(label_values_of_profile(p, &read), 0);
		assert_true(built.is_partial && read.is_partial);
		assert_true(built.n <= LABEL_VALUES_MAX && built.n * cases[i].size <= LABEL_VALUES_MAX_BYTES);
		assert_int_equal(built.n, read.n);
		assert_true(built.n > 50);
		profile_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
