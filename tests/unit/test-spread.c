// SPDX-License-Identifier: Apache-2.0
/* Percentiles and outliers, worked out by hand. */
#include "report/spread.h"

#include "tests/unit/cmocka-all.h"

static void test_percentiles(void **state)
{
	static const double values[] = { 1, 2, 3, 4 };

	assert_true(spread_percentile(values, 4, 50) == 2);
	assert_true(spread_percentile(values, 4, 51) == 3);
	assert_true(spread_percentile(values, 4, 99) == 4);
	assert_true(spread_percentile(values, 4, 0) == 1);
	assert_true(spread_percentile(values, 1, 50) == 1);
}

/* The distances to 3 are 2, 1, 0, 1, 97. */
static void test_spread(void **state)
{
	double odd[] = { 100, 1, 2, 4, 3 }, even[] = { 4, 2, 8, 6 };
	struct spread s = spread_of(odd, 5);

	assert_true(s.median == 3);
	assert_true(s.mad == 1);
	s = spread_of(even, 4);
	assert_true(s.median == 5);
	assert_true(s.mad == 2);
}

static void test_stands_out(void **state)
{
	const struct spread s = { .median = 10, .mad = 1 }, same = { .median = 10 };

	assert_true(spread_stands_out(&s, 15.2, 1)); /* 3.5 * 1.4826 = 5.19 */
	assert_false(spread_stands_out(&s, 15.1, 1));
	assert_true(spread_stands_out(&s, 4.8, 1));
	assert_false(spread_stands_out(&s, 15.2, 6)); /* it may be the counting */
	assert_true(spread_stands_out(&same, 11.1, 0.1));
	assert_false(spread_stands_out(&same, 10.9, 0.1)); /* a trifle */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_stands_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
