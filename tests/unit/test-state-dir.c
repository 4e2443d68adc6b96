// SPDX-License-Identifier: Apache-2.0
#include "agent/state-dir.h"

#include <sys/wait.h>

#include "tests/unit/state-fixture.h"

static void test_makes_what_is_missing(void **state)
{
	struct state_dir d = STATE_DIR_NONE;
	char path[96];
	size_t n_removed;
	struct stat st;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/new", state_path);
	assert_int_equal(state_dir_open(path, &d, &pid, &n_removed), 0);
	assert_int_equal(n_removed, 0);
	assert_int_equal(fstat(d.fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(fstatat(d.fd, "windows", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	state_dir_done(&d);
	snprintf(path, sizeof(path), "%s/no/parent", state_path);
	assert_int_equal(state_dir_open(path, &d, &pid, &n_removed), -ENOENT);
}

/* The lock is of an open file: another open of the same process is refused just as another process is. */
static void test_one_at_a_time(void **state)
{
	struct state_dir first = STATE_DIR_NONE, second = STATE_DIR_NONE;
	size_t n_removed;
	pid_t pid;

	assert_int_equal(state_dir_open(state_path, &first, &pid, &n_removed), 0);
	assert_int_equal(state_dir_open(state_path, &second, &pid, &n_removed), STATE_DIR_IN_USE);
	assert_int_equal(pid, getpid());
	assert_int_equal(second.fd, -1);
	state_dir_done(&first);
	assert_int_equal(state_dir_open(state_path, &second, &pid, &n_removed), 0);
	state_dir_done(&second);
}

static void test_a_killed_holder_leaves_no_lock(void **state)
{
	struct state_dir d = STATE_DIR_NONE;
	size_t n_removed;
	int status;
	pid_t pid, child = fork();

	if (child == 0) {
		if (state_dir_open(state_path, &d, &pid, &n_removed) != 0)
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(state_dir_open(state_path, &d, &pid, &n_removed), 0);
	state_dir_done(&d);
}

static void test_removes_what_was_left_half_written(void **state)
{
	struct state_dir d = STATE_DIR_NONE;
	size_t n_removed;
	pid_t pid;

	assert_int_equal(mkdirat(state_fd, "windows", 0755), 0);
	assert_int_equal(mkdirat(state_fd, "windows/2026-11-29", 0755), 0);
	assert_int_equal(mkdirat(state_fd, "windows/2026-11-29/01", 0755), 0);
	state_put(".last-window.0000abcd.tmp", "");
	state_put("windows/2026-11-29/01/.a.pb.zst.0000abcd.tmp", "half");
	state_put("windows/2026-11-29/01/a.pb.zst", "whole");
	state_put("other.tmp", "somebody else's");
	assert_int_equal(state_dir_open(state_path, &d, &pid, &n_removed), 0);
	assert_int_equal(n_removed, 2);
	assert_false(state_has(".last-window.0000abcd.tmp"));
	assert_false(state_has("windows/2026-11-29/01/.a.pb.zst.0000abcd.tmp"));
	assert_true(state_has("windows/2026-11-29/01/a.pb.zst"));
	assert_true(state_has("other.tmp"));
	state_dir_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_makes_what_is_missing, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_one_at_a_time, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_a_killed_holder_leaves_no_lock, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_removes_what_was_left_half_written, state_set_up, state_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
