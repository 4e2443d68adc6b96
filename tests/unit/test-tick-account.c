// SPDX-License-Identifier: Apache-2.0
#include "agent/tick-account.h"
#include "tests/unit/cmocka-all.h"

#define PERIOD_NS 1000

static struct tick_reading at(uint64_t ns)
{
	return (struct tick_reading){ .monotonic_ns = 500 + ns, .enabled_ns = ns, .counted_ns = ns };
}

static struct tick_gaps closed(struct tick_account *a, const struct tick_reading *now, uint64_t n_taken,
			       uint64_t n_idle)
{
	struct tick_gaps gaps;

	tick_account_advance(a, now);
	tick_account_close(a, n_taken, n_idle, &gaps);
	assert_int_equal(gaps.n_due, n_taken + gaps.n_idle_cpu + gaps.n_throttled + gaps.n_other);
	return gaps;
}

/* Windows that are no multiple of the period: what is due adds up to what is due in all of the time. */
static void test_windows_add_up(void **state)
{
	const struct tick_reading start = at(0);
	struct tick_account a = {};
	uint64_t n_due = 0;

	tick_account_begin(&a, PERIOD_NS, &start);
	for (uint64_t i = 1; i <= 100; i++) {
		const struct tick_reading now = at(i * 3337);
		uint64_t n_taken = i * 3337 / PERIOD_NS - (i - 1) * 3337 / PERIOD_NS;
		struct tick_gaps gaps = closed(&a, &now, n_taken, 0);

		assert_int_equal(gaps.n_due, n_taken);
		n_due += gaps.n_due;
	}
	assert_int_equal(n_due, 333);
}

/* The flip comes a moment after the clock was read: a tick between them is this window's, and not the next one's too.
 */
static void test_early_tick_is_due_once(void **state)
{
	const struct tick_reading start = at(0), first = at(9999), second = at(19999), third = at(30000);
	struct tick_account a = {};

	tick_account_begin(&a, PERIOD_NS, &start);
	assert_int_equal(closed(&a, &first, 10, 0).n_due, 10);
	assert_int_equal(closed(&a, &second, 10, 0).n_due, 10);
	assert_int_equal(closed(&a, &third, 10, 0).n_due, 10);
}

/* A tick that is due comes late, after the flip: it is missing once, and is not missing for ever. */
static void test_late_tick(void **state)
{
	const struct tick_reading start = at(0), first = at(10000), second = at(20000), third = at(30000);
	struct tick_account a = {};

	tick_account_begin(&a, PERIOD_NS, &start);
	assert_int_equal(closed(&a, &first, 9, 0).n_other, 1);
	assert_int_equal(closed(&a, &second, 11, 0).n_due, 11);
	assert_int_equal(closed(&a, &third, 9, 0).n_due, 9);
}

static void test_reasons(void **state)
{
	const struct tick_reading start = at(0);
	struct tick_reading now = at(100000);
	struct tick_account a = {};
	struct tick_gaps gaps;

	tick_account_begin(&a, PERIOD_NS, &start);
	now.counted_ns -= 20500; /* throttled */
	now.idle_ns = 45000;     /* of them 10 ticks were taken */
	gaps = closed(&a, &now, 30, 10);
	assert_int_equal(gaps.n_due, 100);
	assert_int_equal(gaps.n_throttled, 20);
	assert_int_equal(gaps.n_idle_cpu, 35);
	assert_int_equal(gaps.n_other, 15);
}

/* The kernel throttles idle CPUs too: what idle time explains is not told as throttled. */
static void test_idle_and_throttled(void **state)
{
	const struct tick_reading start = at(0);
	struct tick_reading now = at(100000);
	struct tick_account a = {};
	struct tick_gaps gaps;

	tick_account_begin(&a, PERIOD_NS, &start);
	now.counted_ns -= 80000;
	now.idle_ns = 70000;
	gaps = closed(&a, &now, 20, 5);
	assert_int_equal(gaps.n_idle_cpu, 65);
	assert_int_equal(gaps.n_throttled, 15);
	assert_int_equal(gaps.n_other, 0);
}

/* The kernel tells idle time in steps of 10 ms: what it tells late explains what was missing, but not much later. */
static void test_left_over(void **state)
{
	const struct tick_reading start = at(0);
	struct tick_reading now = at(10000);
	struct tick_account a = {};

	tick_account_begin(&a, PERIOD_NS, &start);
	now.idle_ns = 20900; /* far more than is missing */
	assert_int_equal(closed(&a, &now, 10, 0).n_idle_cpu, 0);
	now = at(20000);
	now.idle_ns = 20900;
	assert_int_equal(closed(&a, &now, 5, 0).n_idle_cpu, 1);

	/* Ticks that were taken idle before the kernel told of it are not explained a second time. */
	now = at(30000);
	now.idle_ns = 20900;
	assert_int_equal(closed(&a, &now, 10, 1).n_idle_cpu, 0);
	now = at(40000);
	now.idle_ns = 22900;
	assert_int_equal(closed(&a, &now, 8, 0).n_idle_cpu, 1);
}

/* Paused time is nobody's; and what was early before a pause or a new period is not missing after it. */
static void test_pause_and_period(void **state)
{
	const struct tick_reading start = at(0), stop = at(5000), resume = at(90000), first = at(92999);
	const struct tick_reading slower = at(100000), second = at(119999), again = at(200000), third = at(220000);
	struct tick_account a = {};

	tick_account_begin(&a, PERIOD_NS, &start);
	tick_account_advance(&a, &stop);
	tick_account_begin(&a, PERIOD_NS, &resume);
	assert_int_equal(closed(&a, &first, 6, 0).n_due, 7); /* 5 and 2 */
	tick_account_begin(&a, 2 * PERIOD_NS, &slower);
	assert_int_equal(closed(&a, &second, 10, 0).n_due, 10); /* one early */
	tick_account_begin(&a, 2 * PERIOD_NS, &again);
	assert_int_equal(closed(&a, &third, 9, 0).n_due, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_windows_add_up),     cmocka_unit_test(test_early_tick_is_due_once),
		cmocka_unit_test(test_late_tick),          cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_idle_and_throttled), cmocka_unit_test(test_left_over),
		cmocka_unit_test(test_pause_and_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
