// SPDX-License-Identifier: Apache-2.0
/* news: when somebody looks whether there is any. */
#include "tests/unit/cmocka-all.h"

#include "agent/news.h"
#include "common/clock.h"
#include "workload/sideband.h"

#define LATE_MS 100 /* that this test may be interrupted for */

static int timeout_ms_after(uint64_t silent_ms)
{
	const struct news n = { .last_ns = clock_now_ns(CLOCK_MONOTONIC) - silent_ms * NS_PER_MS };

	return news_timeout_ms(&n);
}

static void test_next_look_is_after_twice_as_long(void **state)
{
	assert_in_range(timeout_ms_after(3), 6, 6 + 2 * LATE_MS);
	assert_in_range(timeout_ms_after(60), 120, 251);
	assert_in_range(timeout_ms_after(150), 250, 251);
}

static void test_looks_never_cease(void **state)
{
	assert_in_range(timeout_ms_after(10000), 1, 251);
}

/* A pool of threads must not have us look every 3 ms. */
static void test_what_more_follows(void **state)
{
	assert_true(news_has_sequel(&(struct sideband_event){ .kind = SIDEBAND_EXEC }));
	assert_true(news_has_sequel(&(struct sideband_event){ .kind = SIDEBAND_MMAP }));
	assert_true(news_has_sequel(&(struct sideband_event){ .kind = SIDEBAND_FORK, .pid = 7, .tid = 7 }));
	assert_false(news_has_sequel(&(struct sideband_event){ .kind = SIDEBAND_FORK, .pid = 7, .tid = 8 }));
	assert_false(news_has_sequel(&(struct sideband_event){ .kind = SIDEBAND_EXIT, .pid = 7, .tid = 7 }));
	assert_false(news_has_sequel(&(struct sideband_event){ .kind = SIDEBAND_COMM }));
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
		cmocka_unit_test(test_next_look_is_after_twice_as_long),
		cmocka_unit_test(test_what_more_follows),
		cmocka_unit_test(test_looks_never_cease),
		cmocka_unit_test(test_what_is_due_is_not_put_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
