// SPDX-License-Identifier: Apache-2.0
/* A stamp changes with each window that comes, goes or is merged, and not with who reads. */
#include "store/stamp.h"

#include "tests/unit/store-fixture.h"

static struct stamp taken(void)
{
	struct stamp s;

	/* A file system tells times in steps of some milliseconds. */
	nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	stamp_take(state_fd, &s);
	return s;
}

static void read_all(void)
{
	const struct selection all = SELECTION_ALL_TIME;
	struct store *s = open_store(STORE_READ);

	assert_string_not_equal(selected(s, &all), "");
	store_free(s);
}

static void test_changes(void **state)
{
	struct stamp before = taken(), now;
	struct store *s = open_store(STORE_WRITE);
	struct window_info info;

	for (unsigned int i = 0; i < 3; i++) {
		put_windows(s, i, i);
		now = taken();
		assert_false(stamp_is_same(&before, &now));
		before = now;
	}
	store_free(s);
	read_all(); /* the last one to leave tidies the journal up */
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(store_find(s, WINDOW_RAW, 1, &info), 0);
	before = taken();
	assert_int_equal(store_remove(s, &info), 0);
	now = taken();
	assert_false(stamp_is_same(&before, &now));
	store_free(s);
}

static void test_readers(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct stamp before, now;

	put_windows(s, 0, 2);
	read_all();
	before = taken();
	read_all(); /* beside a writer */
	now = taken();
	assert_true(stamp_is_same(&before, &now));
	store_free(s);
	read_all();
	before = taken();
	read_all();
	now = taken();
	assert_true(stamp_is_same(&before, &now));
}

static void test_nowhere(void **state)
{
	struct stamp a, b;

	stamp_take(-1, &a);
	stamp_take(-1, &b);
	assert_true(stamp_is_same(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_changes, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_readers, state_set_up, state_tear_down),
		cmocka_unit_test(test_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
