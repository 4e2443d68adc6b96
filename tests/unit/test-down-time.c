// SPDX-License-Identifier: Apache-2.0
#include "agent/down-time.h"

#include "common/clock.h"
#include "tests/unit/state-fixture.h"

#define BOOT "0b4f6e7a-1f1d-4c43-a9b5-6b8d1f2d3c4e"
#define OTHER_BOOT "ffffffff-1f1d-4c43-a9b5-6b8d1f2d3c4e"

static void test_round_trip(void **state)
{
	const struct last_window w = { .boot_id = BOOT, .end_boottime_ns = 5, .end_realtime_ns = 7, .sequence = 9 };
	struct last_window got = {};

	assert_int_equal(last_window_read(state_fd, &got), LAST_WINDOW_NONE);
	assert_int_equal(last_window_write(state_fd, &w), 0);
	assert_int_equal(last_window_read(state_fd, &got), 0);
	assert_string_equal(got.boot_id, BOOT);
	assert_int_equal(got.end_boottime_ns, 5);
	assert_int_equal(got.end_realtime_ns, 7);
	assert_int_equal(got.sequence, 9);
}

static void test_damaged_files_are_none(void **state)
{
	static const char *const texts[] = {
		"",
		BOOT,
		BOOT "\n",
		BOOT " 1 2\n",
		BOOT " 1 2 3",
		BOOT " 1 2 3\nmore",
		BOOT " 1 2 3 4\n",
		BOOT " 1 -2 3\n",
		BOOT " 1 99999999999999999999 3\n",
		BOOT " 1 18446744073709551615 3\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct last_window got = {};

		state_put("last-window", texts[i]);
		assert_int_equal(last_window_read(state_fd, &got), LAST_WINDOW_NONE);
		assert_int_equal(got.sequence, 0);
	}
}

static void test_clocks(void **state)
{
	const struct last_window last = { BOOT, 100 * NS_PER_S, 1000 * NS_PER_S, 1 };
	const struct last_window same_boot = { BOOT, 130 * NS_PER_S, 500 * NS_PER_S, 0 }; /* the wall clock went back */
	const struct last_window other_boot = { OTHER_BOOT, 3 * NS_PER_S, 1060 * NS_PER_S, 0 };
	const struct last_window earlier = { OTHER_BOOT, 200 * NS_PER_S, 900 * NS_PER_S, 0 };

	assert_int_equal(down_time_ns(&last, &same_boot), 30 * NS_PER_S);
	assert_int_equal(down_time_ns(&last, &other_boot), 60 * NS_PER_S);
	assert_int_equal(down_time_ns(&last, &earlier), 0);
}

static void test_boot_id(void **state)
{
	char a[BOOT_ID_SIZE], b[BOOT_ID_SIZE];

	assert_int_equal(boot_id_read(a), 0);
	assert_int_equal(boot_id_read(b), 0);
	assert_int_equal(strlen(a), BOOT_ID_SIZE - 1);
	assert_string_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_files_are_none, state_set_up, state_tear_down),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_boot_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
