// SPDX-License-Identifier: Apache-2.0
#include "agent/start-guard.h"

#include "tests/unit/state-fixture.h"

#define BOOT "0b4f6e7a-1f1d-4c43-a9b5-6b8d1f2d3c4%d"
#define S ((int64_t)NS_PER_S)

static struct start_note note(int boot, int64_t at_ns)
{
	struct start_note n = { .realtime_ns = at_ns };

	snprintf(n.boot_id, sizeof(n.boot_id), BOOT, boot);
	return n;
}

static enum start_verdict begin(int boot, int64_t at_ns)
{
	const struct start_note now = note(boot, at_ns);
	enum start_verdict verdict = -1;

	assert_int_equal(start_guard_begin(state_fd, &now, &verdict), 0);
	return verdict;
}

static void test_crashes(void **state)
{
	for (int i = 0; i < START_GUARD_CRASHES; i++)
		assert_int_equal(begin(1, i * S), START_GO);
	assert_int_equal(begin(1, 5 * S), START_CRASH_LOOP);
	assert_int_equal(begin(1, 700 * S), START_GO); /* the others are long ago */
	assert_int_equal(start_guard_end(state_fd), 0);
	assert_int_equal(start_guard_end(state_fd), 0);
	for (int i = 0; i < START_GUARD_CRASHES; i++)
		assert_int_equal(begin(1, (701 + i) * S), START_GO);
	assert_int_equal(begin(1, 710 * S), START_CRASH_LOOP);
}

static void test_clean_stops_never_hold(void **state)
{
	for (int i = 0; i < 100; i++) {
		assert_int_equal(begin(i % 10, i * S), START_GO);
		assert_int_equal(start_guard_end(state_fd), 0);
	}
}

static void test_the_machine_goes_down(void **state)
{
	assert_int_equal(begin(1, 0), START_GO);
	assert_int_equal(begin(2, 3600 * S), START_GO);
	assert_int_equal(begin(3, 7200 * S), START_GO);
	assert_int_equal(begin(4, 9000 * S), START_BOOT_LOOP);
	assert_int_equal(begin(4, 9001 * S), START_BOOT_LOOP);
	assert_int_equal(begin(4, 9000 * S + (int64_t)START_GUARD_BOOTS_NS), START_GO);
}

/* More starts than notes are kept; and a wall clock that went back makes nothing of them. */
static void test_many(void **state)
{
	for (int i = 0; i < 100; i++)
		assert_int_equal(begin(1, i * 10 * S), i < START_GUARD_CRASHES ? START_GO : START_CRASH_LOOP);
	assert_int_equal(begin(1, 0), START_GO);
}

static void test_damaged_notes(void **state)
{
	static const char *const texts[] = { "x\n", "0b4f6e7a-1f1d-4c43-a9b5-6b8d1f2d3c41 12", "\n\n\n" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		state_put("starts", texts[i]);
		assert_int_equal(begin(1, 5), START_GO);
	}
	assert_int_equal(begin(1, 6), START_GO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_crashes, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_clean_stops_never_hold, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_the_machine_goes_down, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_many, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_notes, state_set_up, state_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
