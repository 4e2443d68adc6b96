// SPDX-License-Identifier: Apache-2.0
/* Spans laid over each other. */
#include "report/wall-time.h"
#include "tests/unit/cmocka-all.h"

static void assert_sum(const int64_t (*spans)[2], size_t n, int64_t start_ns, int64_t end_ns, uint64_t covered_ns)
{
	_cleanup_(wall_time_done) struct wall_time w = {};
	struct wall_span sum;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(wall_time_add(&w, spans[i][0], (uint64_t)spans[i][1]), 0);
	sum = wall_time_sum(&w);
	assert_int_equal(sum.start_ns, start_ns);
	assert_int_equal(sum.end_ns, end_ns);
	assert_int_equal(sum.covered_ns, covered_ns);
}

static void test_sums(void **state)
{
	assert_sum(NULL, 0, 0, 0, 0);
	assert_sum((const int64_t[][2]){ { 10, 5 } }, 1, 10, 15, 5);
	assert_sum((const int64_t[][2]){ { 20, 5 }, { 10, 5 } }, 2, 10, 25, 10);              /* with a gap */
	assert_sum((const int64_t[][2]){ { 10, 10 }, { 10, 10 }, { 12, 3 } }, 3, 10, 20, 10); /* hosts, parts */
	assert_sum((const int64_t[][2]){ { 10, 10 }, { 15, 10 } }, 2, 10, 25, 15);
	assert_sum((const int64_t[][2]){ { 10, 0 } }, 1, 10, 10, 0);
	assert_sum((const int64_t[][2]){ { 10, INT64_MAX } }, 1, 10, INT64_MAX, INT64_MAX - 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sums) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
