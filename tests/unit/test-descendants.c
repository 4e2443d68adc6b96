// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka-all.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "agent/descendants.h"

/* A child with a child of its own; both wait to be killed. The name would fool a careless parser. */
static pid_t start_family(pid_t *ret_grandchild)
{
	int fds[2];
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_NAME, ") S 1 (");
		pid_t grandchild = fork();

		if (grandchild == 0)
			for (;;)
				pause();
		if (write(fds[1], &grandchild, sizeof(grandchild)) != sizeof(grandchild))
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(fds[0], ret_grandchild, sizeof(*ret_grandchild)), sizeof(*ret_grandchild));
	close_fd(fds[0]);
	close_fd(fds[1]);
	return child;
}

static void test_generations(void **state)
{
	_cleanup_close_ int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ pid_t *all = NULL, *some = NULL, *none = NULL;
	pid_t child, grandchild;
	size_t n;

	child = start_family(&grandchild);
	assert_int_equal(descendants_read(proc_fd, getpid(), &all, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(all[0] + all[1], child + grandchild);
	assert_int_equal(descendants_read(proc_fd, child, &some, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(some[0], grandchild);
	assert_int_equal(descendants_read(proc_fd, grandchild, &none, &n), 0);
	assert_int_equal(n, 0);
	kill(grandchild, SIGKILL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
