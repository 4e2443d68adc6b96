// SPDX-License-Identifier: Apache-2.0
/* recent files: found for a while, then closed; the oldest make way. */
#include "tests/unit/tool.h"

#include "agent/recent-files.h"

static int open_null(void)
{
	return tool_open("/dev/null");
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void test_expiry(void **state)
{
	struct recent_files r;
	int a = open_null(), root = open_null(), b = open_null();

	recent_files_init(&r);
	recent_files_put(&r, 7, a, root, 1000);
	recent_files_put(&r, 8, b, -1, 2000);
	assert_int_equal(recent_files_find(&r, 7)->fd, a);
	assert_int_equal(recent_files_find(&r, 8)->fd, b);
	assert_null(recent_files_find(&r, 9));
	recent_files_expire(&r, 1000 + RECENT_FILES_NS);
	assert_int_equal(recent_files_find(&r, 7)->fd, a);
	recent_files_expire(&r, 1001 + RECENT_FILES_NS);
	assert_null(recent_files_find(&r, 7));
	assert_false(is_open(a));
	assert_false(is_open(root));
	assert_int_equal(recent_files_find(&r, 8)->fd, b);
	recent_files_done(&r);
	assert_false(is_open(b));
}

static void test_full(void **state)
{
	int fds[RECENT_FILES + 1];
	struct recent_files r;

	recent_files_init(&r);
	for (uint32_t i = 0; i <= RECENT_FILES; i++) {
		fds[i] = open_null();
		recent_files_put(&r, i, fds[i], -1, i);
	}
	assert_null(recent_files_find(&r, 0));
	assert_false(is_open(fds[0]));
	for (uint32_t i = 1; i <= RECENT_FILES; i++)
		assert_int_equal(recent_files_find(&r, i)->fd, fds[i]);
	recent_files_done(&r);
	for (uint32_t i = 0; i <= RECENT_FILES; i++)
		assert_false(is_open(fds[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
