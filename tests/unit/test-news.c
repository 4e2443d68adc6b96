// SPDX-License-Identifier: Apache-2.0
/* news: when somebody looks whether there is any. */
#include "tests/unit/cmocka-all.h"

#include "agent/news.h"
#include "common/clock.h"

#define LATE_MS 100 /* that this test may be interrupted for */

static int timeout_ms_after(uint64_t silent_ms)
{
	const struct news n = { .last_ns = clock_now_ns(CLOCK_MONOTONIC) - silent_ms * NS_PER_MS };

	return news_timeout_ms(&n);
}

static void test_next_look_is_after_as_long_again(void **state)
{
	assert_in_range(timeout_ms_after(3), 3, 3 + LATE_MS);
	assert_in_range(timeout_ms_after(60), 60, 60 + LATE_MS);
	assert_in_range(timeout_ms_after(150), 150, 150 + LATE_MS);
}

static void test_looks_never_cease(void **state)
{
	assert_in_range(timeout_ms_after(10000), 1, 251);
}

static void test_what_is_due_is_not_put_off(void **state)
{
	const struct news n = { .due_ns = clock_now_ns(CLOCK_MONOTONIC) + 3 * NS_PER_MS };

	assert_in_range(news_timeout_ms(&n), 0, 4);
	assert_true(news_is_due(&n, n.due_ns));
	assert_false(news_is_due(&n, n.due_ns - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next_look_is_after_as_long_again),
		cmocka_unit_test(test_looks_never_cease),
		cmocka_unit_test(test_what_is_due_is_not_put_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
