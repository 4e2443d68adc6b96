// SPDX-License-Identifier: Apache-2.0
/* Parts that a hub has taken: once each, whoever was killed between the announcement and the window; and bounded. */
#include "store/arrivals.h"

#include <sqlite3.h>
#include <string.h>

#include "tests/unit/scratch-dir.h"

#define BATCH "0123456789abcdef0123456789abcdef"
#define OTHER "ffffffffffffffff0123456789abcdef"

static int dir_fd;
static bool is_anew;

static struct arrivals *open_arrivals(void)
{
	struct arrivals *a = NULL;

	assert_int_equal(arrivals_open(dir_fd, &a, &is_anew), 0);
	return a;
}

static int setup(void **state)
{
	static const char *const files[] = { ARRIVALS_NAME, ARRIVALS_NAME "-wal", ARRIVALS_NAME "-shm" };

	dir_fd = open(scratch_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlinkat(dir_fd, files[i], 0);
	return dir_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	dir_fd = close_fd(dir_fd);
	return 0;
}

static void test_once(void **state)
{
	_cleanup_(arrivals_freep) struct arrivals *a = open_arrivals();
	const struct arrival first = { "web-1", BATCH, 0, 1000 }, second = { "web-1", BATCH, 1, 1000 },
			     of_other = { "web-2", BATCH, 0, 1000 }, other = { "web-1", OTHER, 0, 1000 };

	assert_int_equal(arrivals_find(a, &first, 0), 0);
	assert_int_equal(arrivals_announce(a, &first, 0), 0);
	assert_int_equal(arrivals_find(a, &first, 0), 0); /* the window was not written yet */
	assert_int_equal(arrivals_find(a, &first, 1), ARRIVALS_TAKEN);
	assert_int_equal(arrivals_find(a, &second, 1), ARRIVALS_OTHER_PART);
	assert_int_equal(arrivals_find(a, &of_other, 1), 0);
	assert_int_equal(arrivals_find(a, &other, 1), 0);
	assert_int_equal(arrivals_announce(a, &second, 1), 0);
	assert_int_equal(arrivals_find(a, &second, 2), ARRIVALS_TAKEN);
}

/* Killed before the window was there: its number goes to another, and the part may come again. */
static void test_killed(void **state)
{
	const struct arrival killed = { "web-1", BATCH, 0, 1000 }, next = { "web-1", OTHER, 0, 1000 };
	struct arrivals *a = open_arrivals();

	assert_int_equal(arrivals_announce(a, &killed, 5), 0);
	arrivals_free(a);
	a = open_arrivals();
	assert_int_equal(arrivals_find(a, &killed, 5), 0);
	assert_int_equal(arrivals_announce(a, &next, 5), 0);
	assert_int_equal(arrivals_find(a, &next, 6), ARRIVALS_TAKEN);
	assert_int_equal(arrivals_find(a, &killed, 6), 0);
	assert_int_equal(arrivals_announce(a, &killed, 6), 0);
	assert_int_equal(arrivals_announce(a, &killed, 7), 0); /* killed again */
	assert_int_equal(arrivals_find(a, &killed, 7), 0);
	assert_int_equal(arrivals_find(a, &killed, 8), ARRIVALS_TAKEN);
	arrivals_free(a);
}

static void test_forget(void **state)
{
	struct arrivals *a = open_arrivals();

	for (uint32_t i = 0; i < 10; i++) {
		const struct arrival x = { "web-1", BATCH, i, 1000 + i };

		assert_int_equal(arrivals_announce(a, &x, i), 0);
	}
	assert_int_equal(arrivals_horizon_ns(a), 0);
	assert_int_equal(arrivals_forget(a, 1003, 100), 0);
	assert_int_equal(arrivals_horizon_ns(a), 1003);
	assert_int_equal(arrivals_find(a, &(struct arrival){ "web-1", BATCH, 2, 0 }, 99), ARRIVALS_OTHER_PART);
	assert_int_equal(arrivals_find(a, &(struct arrival){ "web-1", BATCH, 3, 0 }, 99), ARRIVALS_TAKEN);
	assert_int_equal(arrivals_forget(a, 1001, 100), 0); /* never lowered */
	assert_int_equal(arrivals_horizon_ns(a), 1003);
	assert_int_equal(arrivals_forget(a, 0, 2), 0); /* too many */
	assert_int_equal(arrivals_horizon_ns(a), 1008);
	arrivals_free(a);
	a = open_arrivals();
	assert_int_equal(arrivals_horizon_ns(a), 1008);
	assert_int_equal(arrivals_find(a, &(struct arrival){ "web-1", BATCH, 7, 0 }, 99), ARRIVALS_OTHER_PART);
	assert_int_equal(arrivals_find(a, &(struct arrival){ "web-1", BATCH, 8, 0 }, 99), ARRIVALS_TAKEN);
	arrivals_free(a);
}

static void test_files(void **state)
{
	struct arrivals *a = NULL;
	sqlite3 *db = NULL;
	char path[64];

	scratch_write(ARRIVALS_NAME,
		      "not a database, but long enough for its header: not a database, but long ...\n....", 80);
	arrivals_free(open_arrivals());
	assert_true(is_anew);
	assert_int_equal(faccessat(dir_fd, ARRIVALS_NAME ".old", F_OK, 0), 0);
	arrivals_free(open_arrivals());
	assert_false(is_anew);
	snprintf(path, sizeof(path), "%s/" ARRIVALS_NAME, scratch_dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(arrivals_open(dir_fd, &a, &is_anew), ARRIVALS_NEWER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forget, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
	};

	return cmocka_run_group_tests(tests, scratch_dir_new, scratch_dir_free);
}
