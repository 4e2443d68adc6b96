// SPDX-License-Identifier: Apache-2.0
#include "agent/budget.h"

#include <string.h>

#include "common/clock.h"
#include "tests/unit/cmocka-all.h"

#define MIB (UINT64_C(1) << 20)

static const struct budget_limits limits = { .cpu_permyriad = 100, .rss_bytes = 64 * MIB, .map_bytes = 100 * MIB };

/* So many windows of 10 s with this use; returns how often the step changed. */
static unsigned int live_through(struct budget *b, unsigned int n, uint64_t cpu_ms, uint64_t rss, uint64_t maps)
{
	const struct budget_usage usage = { 10 * NS_PER_S, cpu_ms * NS_PER_MS, rss * MIB, maps * MIB };
	unsigned int n_changes = 0;

	while (n-- > 0)
		n_changes += budget_judge(b, &limits, &usage);
	return n_changes;
}

static void test_within(void **state)
{
	struct budget b = {};

	assert_int_equal(live_through(&b, 1000, 100, 64, 100), 0); /* just the limit */
	assert_int_equal(b.step, BUDGET_FULL);
	assert_int_equal(b.cpu_permyriad, 100);
	assert_int_equal(b.reason, BUDGET_WITHIN);
}

static void test_each_reason(void **state)
{
	static const struct {
		uint64_t cpu_ms, rss, maps;
		enum budget_reason reason;
	} cases[] = {
		{ 102, 1, 1, BUDGET_CPU },
		{ 1, 65, 1, BUDGET_RSS },
		{ 1, 1, 101, BUDGET_MAPS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct budget b = {};

		assert_int_equal(live_through(&b, 2, cases[i].cpu_ms, cases[i].rss, cases[i].maps), 0);
		assert_int_equal(b.reason, cases[i].reason);
		assert_int_equal(live_through(&b, 1, cases[i].cpu_ms, cases[i].rss, cases[i].maps), 1);
		assert_int_equal(b.step, BUDGET_NO_DEBUG_INFO);
		assert_int_equal(b.n_steps_down, 1);
	}
}

static void test_a_burst_is_no_reason(void **state)
{
	struct budget b = {};

	for (int i = 0; i < 100; i++) {
		assert_int_equal(live_through(&b, 2, 5000, 1, 1), 0);
		assert_int_equal(live_through(&b, 1, 50, 1, 1), 0);
	}
	assert_int_equal(b.step, BUDGET_FULL);
}

/* All the way down, not further, and all the way up again. */
static void test_the_whole_ladder(void **state)
{
	struct budget b = {};

	assert_int_equal(live_through(&b, 100, 5000, 1, 1), BUDGET_N_STEPS - 1);
	assert_int_equal(b.step, BUDGET_FEW_TICKS);
	assert_int_equal(live_through(&b, 1000, 90, 1, 1), 0); /* within, but not by enough to go back */
	assert_int_equal(b.step, BUDGET_FEW_TICKS);
	assert_int_equal(live_through(&b, BUDGET_UNDER_WINDOWS - 1, 50, 1, 1), 0);
	assert_int_equal(live_through(&b, 1, 50, 1, 1), 1);
	assert_int_equal(b.step, BUDGET_LONG_WINDOWS);
	assert_int_equal(live_through(&b, 1000, 50, 1, 1), 2);
	assert_int_equal(b.step, BUDGET_FULL);
	assert_int_equal(b.n_steps_down, 3);
	assert_int_equal(b.n_steps_up, 3);
}

static void test_no_limit_for_maps(void **state)
{
	const struct budget_limits no_maps = { 100, 64 * MIB, UINT64_MAX };
	const struct budget_usage usage = { NS_PER_S, 0, 0, UINT64_MAX };
	struct budget b = {};

	for (int i = 0; i < 10; i++)
		assert_false(budget_judge(&b, &no_maps, &usage));
	assert_int_equal(b.reason, BUDGET_WITHIN);
}

static void test_no_time_is_no_window(void **state)
{
	const struct budget_usage usage = { 0, NS_PER_S, UINT64_MAX, 0 };
	struct budget b = {};

	for (int i = 0; i < 10; i++)
		assert_false(budget_judge(&b, &limits, &usage));
}

static void test_words(void **state)
{
	for (int i = 0; i < BUDGET_N_STEPS; i++)
		assert_true(strlen(budget_step_to_string(i)) > 0);
	for (int i = BUDGET_WITHIN; i <= BUDGET_MAPS; i++)
		assert_true(strlen(budget_reason_to_string(i)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_each_reason),
		cmocka_unit_test(test_a_burst_is_no_reason),
		cmocka_unit_test(test_the_whole_ladder),
		cmocka_unit_test(test_no_limit_for_maps),
		cmocka_unit_test(test_no_time_is_no_window),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
