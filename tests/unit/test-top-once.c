// SPDX-License-Identifier: Apache-2.0
/* What `top` prints of an interval of a second; a sample is worth 10 ns: 100 are a millionth of a core. */
#include "cli/top-once.h"

#include <stdio.h>
#include <string.h>

#include "cli/text.h"
#include "cli/top-line.h"
#include "common/json.h"
#include "tests/unit/top-fixture.h"

#define M 1000000 /* samples: 0.01 cores */

static struct top_interval make(const char *matcher)
{
	const struct built_stack stacks[] = {
		top_stack("api", 1, "main", "work", false, 30 * M), top_stack("api", 1, "main", "read", true, 10 * M),
		top_stack("api", 2, "main", NULL, false, 20 * M),   top_stack("db", 3, "pg", "scan", false, 35 * M),
		top_stack("web", 4, "www", "serve", false, 5 * M),
	};

	return top_made(stacks, ARRAY_SIZE(stacks), matcher);
}

static char *print(const struct top_interval *i, size_t depth, size_t max_rows)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(top_once_print(i, depth, max_rows, out), 0);
	fclose(out);
	return text;
}

static void test_table(void **state)
{
	_cleanup_(top_interval_done) struct top_interval i = make(NULL);
	_cleanup_free_ char *text = print(&i, 2, 10);

	assert_string_equal(text, "CORES  SHARE  KERNEL              SERVICE > PID > FUNCTION\n"
				  "0.600  60.0%     17%  ##||||||||  api\n"
				  "0.400  40.0%     25%  ##||||        1 main\n"
				  "0.200  20.0%      0%  |||           2 main\n"
				  "0.350  35.0%      0%  ||||||      db\n"
				  "0.350  35.0%      0%  ||||||        3 pg\n"
				  "0.050   5.0%      0%  |           web\n"
				  "0.050   5.0%      0%  |             4 www\n"
				  "total: 1.000 of 2 cores in 1.0 s, 10 % of it in the kernel; 100000000 samples at "
				  "100000000 Hz from the agent, 3 lost, 20000000 unnamed (20.0 %)\n");
}

/* What is not shown is summed up; one row alone is shown instead. */
static void test_rest(void **state)
{
	_cleanup_(top_interval_done) struct top_interval i = make(NULL);
	_cleanup_free_ char *text = print(&i, 3, 1);

	assert_non_null(strstr(text, "0.600  60.0%     17%  ##||||||||  api\n"));
	assert_non_null(strstr(text, "0.300  30.0%      0%  |||||           work @ server\n"));
	assert_non_null(strstr(text, "0.100  10.0%    100%  ##              read @ [kernel.kallsyms]\n"));
	assert_non_null(strstr(text, "0.200  20.0%      0%  |||           2 main\n"));
	assert_non_null(strstr(text, "0.400  40.0%      0%  ||||||      (2 more)\n"));
}

static void test_matcher(void **state)
{
	_cleanup_(top_interval_done) struct top_interval i = make("pid=3");
	_cleanup_free_ char *text = print(&i, 1, 10);

	assert_non_null(strstr(text, "0.350  100.0%      0%"));
	assert_null(strstr(text, "api"));
	assert_non_null(strstr(text, "total: 0.350 of 2 cores"));
}

static void test_json(void **state)
{
	_cleanup_(top_interval_done) struct top_interval i = make(NULL);
	_cleanup_(json_putp) struct json_object *object = NULL;
	struct json_object *rows, *row;

	assert_int_equal(top_once_to_json(&i, 2, &object), 0);
	assert_string_equal(json_find_string(object, "source"), "agent");
	assert_int_equal(json_find_number(object, "cpu_ns"), 1000000000);
	assert_int_equal(json_find_number(object, "lost_samples"), 3);
	rows = json_find(object, "rows");
	assert_int_equal(json_object_array_length(rows), 3);
	row = json_object_array_get_idx(rows, 0);
	assert_string_equal(json_find_string(row, "name"), "api");
	assert_int_equal(json_find_number(row, "kernel_ns"), 100000000);
	assert_int_equal(json_find_number(row, "unnamed_samples"), 20 * M);
	row = json_object_array_get_idx(json_find(row, "rows"), 0);
	assert_string_equal(json_find_string(row, "name"), "1");
	assert_string_equal(json_find_string(row, "more"), "main");
	assert_null(json_find(row, "rows"));
	json_object_put(take_ptr(object));
	assert_int_equal(top_once_to_json(&i, SIZE_MAX, &object), 0);
	row = json_object_array_get_idx(json_find(object, "rows"), 0);
	row = json_object_array_get_idx(json_find(row, "rows"), 0);
	row = json_object_array_get_idx(json_find(row, "rows"), 0);
	assert_string_equal(json_find_string(row, "name"), "work");
	assert_null(json_find(row, "rows")); /* it is of the last level */
}

/* Escape sequences, marks of direction, bytes that are no text. */
static void test_hostile_names(void **state)
{
	const struct built_stack stack = top_stack("\x1b[2Jboo\xe2\x80\xae", 1, "a\nb\x07",
						   "\x9b"
						   "31mred\r",
						   false, 1);
	_cleanup_(top_interval_done) struct top_interval i = top_made(&stack, 1, NULL);
	_cleanup_free_ char *text = print(&i, 3, 10);

	for (const char *p = text; *p; p++)
		assert_true(*p == '\n' || (unsigned char)*p >= ' ');
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_null(strstr(text, "\x9b"));
	assert_non_null(strstr(text, "[2Jboo"));
}

static void test_names_are_cut(void **state)
{
	_cleanup_(top_interval_done) struct top_interval i = make(NULL);
	size_t n;
	const struct activity_row *rows = activity_rows(i.activity, &n);

	for (size_t k = 0; k < n; k++) {
		for (size_t max = 5; max < 30; max++) {
			_cleanup_(buf_done) struct buf text = {};

			assert_int_equal(top_line_add_name(i.activity, &rows[k], max, &text), 0);
			assert_in_range(text_n_chars(&text), 1, max);
		}
	}
}

/* A part of a bar that is not 0 can be seen, and none is longer than the bar. */
static void test_bars(void **state)
{
	const struct built_stack stacks[] = { top_stack("a", 1, "a", "f", false, 1000),
					      top_stack("b", 2, "b", "k", true, 1) };
	_cleanup_(top_interval_done) struct top_interval i = top_made(stacks, 2, NULL);
	size_t n, n_kernel, n_rest;
	const struct activity_row *rows = activity_rows(i.activity, &n);

	top_line_bar(&i, &rows[activity_first(i.activity)], 10, &n_kernel, &n_rest);
	assert_int_equal(n_kernel, 0);
	assert_int_equal(n_rest, 10);
	top_line_bar(&i, &rows[rows[activity_first(i.activity)].next_sibling], 10, &n_kernel, &n_rest);
	assert_int_equal(n_kernel, 1);
	assert_int_equal(n_rest, 0);
	top_line_bar(&i, activity_sum(i.activity), 10, &n_kernel, &n_rest);
	assert_int_equal(n_kernel + n_rest, 10);
}

static void test_nothing_ran(void **state)
{
	_cleanup_(top_interval_done) struct top_interval i = {};
	_cleanup_free_ char *text = NULL;

	assert_int_equal(top_interval_init(&i, "service", true), 0);
	assert_int_equal(top_interval_finish(&i), 0);
	text = print(&i, 1, 10);
	assert_non_null(strstr(text, "total: 0.000 of 0 cores in 0.0 s, 0 % of it in the kernel; 0 samples"));
	assert_non_null(strstr(text, "from an own sampler"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),         cmocka_unit_test(test_rest),
		cmocka_unit_test(test_matcher),       cmocka_unit_test(test_json),
		cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_names_are_cut),
		cmocka_unit_test(test_bars),          cmocka_unit_test(test_nothing_ran),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
