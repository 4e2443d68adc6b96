// SPDX-License-Identifier: Apache-2.0
#include "agent/status-socket.h"

#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tests/unit/state-fixture.h"

static char run_dir[96]; /* below the fixture's directory, and not there yet */

static int set_up(void **state)
{
	int r = state_set_up(state);

	snprintf(run_dir, sizeof(run_dir), "%s/run", state_path);
	return r;
}

static struct status_socket *make(void)
{
	struct status_socket *s;

	assert_int_equal(status_socket_new(run_dir, &s), 0);
	return s;
}

/* -1: the queue is full. */
static int try_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/" STATUS_SOCKET_NAME, run_dir);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	assert_int_equal(errno, EAGAIN);
	close(fd);
	return -1;
}

static int connect_now(void)
{
	int fd = try_connect();

	assert_true(fd >= 0);
	return fd;
}

/* Whatever comes until the end; closes it. */
static size_t read_answer(int fd, char *ret, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while ((got = recv(fd, ret + n, size - n, 0)) > 0)
		n += (size_t)got;
	assert_int_equal(got, 0); /* the end, and not EAGAIN */
	close(fd);
	return n;
}

static bool is_readable(const struct status_socket *s)
{
	struct pollfd fd = { .fd = status_socket_fd(s), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

static size_t n_open(void)
{
	size_t n = 0;
	DIR *dir = opendir("/proc/self/fd");

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_answer(void **state)
{
	struct status_socket *s = make();
	char text[64];
	int fd;

	assert_false(is_readable(s));
	assert_int_equal(status_socket_dispatch(s), 0);
	fd = connect_now();
	assert_true(is_readable(s));
	assert_int_equal(status_socket_dispatch(s), 1);
	status_socket_answer(s, "{}\n", 3);
	assert_false(is_readable(s));
	assert_int_equal(read_answer(fd, text, sizeof(text)), 3);
	assert_memory_equal(text, "{}\n", 3);
	status_socket_free(s);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(state_fd, name, &st, 0), 0);
	return st.st_mode & 07777;
}

static void test_modes(void **state)
{
	mode_t before = umask(0);
	struct status_socket *s = make();

	umask(before);
	assert_int_equal(mode_of("run"), 0750);
	assert_int_equal(mode_of("run/" STATUS_SOCKET_NAME), 0660);
	assert_int_equal(mode_of("run/agent.lock"), 0600);
	status_socket_free(s);
	assert_false(state_has("run/" STATUS_SOCKET_NAME));
}

/* A client that reads nothing gets what fits, and costs no wait. */
static void test_lazy_clients(void **state)
{
	struct status_socket *s = make();
	size_t size = 150000;
	char *answer = calloc(1, size + 1);
	int fds[STATUS_SOCKET_MAX_CLIENTS];

	assert_non_null(answer);
	for (size_t i = 0; i < STATUS_SOCKET_MAX_CLIENTS; i++)
		fds[i] = connect_now();
	assert_int_equal(status_socket_dispatch(s), STATUS_SOCKET_MAX_CLIENTS);
	status_socket_answer(s, answer, size);
	for (size_t i = 0; i < STATUS_SOCKET_MAX_CLIENTS; i++)
		assert_int_equal(read_answer(fds[i], answer, size + 1), size);
	free(answer);
	status_socket_free(s);
}

/* Of no size is the end missing. */
static void test_sizes(void **state)
{
	struct status_socket *s = make();
	char answer[20000] = {};

	for (size_t size = 1; size < sizeof(answer); size += 61) {
		int fd = connect_now();

		assert_int_equal(status_socket_dispatch(s), 1);
		status_socket_answer(s, answer, size);
		assert_int_equal(read_answer(fd, answer, sizeof(answer)), size);
	}
	status_socket_free(s);
}

/* More than a socket can hold: the client is dropped with a part of it. */
static void test_too_much(void **state)
{
	struct status_socket *s = make();
	size_t size = (size_t)64 << 20;
	char *answer = calloc(1, size);
	int fd = connect_now();

	assert_non_null(answer);
	assert_int_equal(status_socket_dispatch(s), 1);
	status_socket_answer(s, answer, size);
	assert_in_range(read_answer(fd, answer, size), 1, size - 1);
	assert_int_equal(status_socket_dispatch(s), 0);
	free(answer);
	status_socket_free(s);
}

/* Those who hang up before, and those who come in crowds. */
static void test_crowd(void **state)
{
	struct status_socket *s = make();
	size_t before = n_open(), n_answered = 0, n_refused = 0;

	for (size_t i = 0; i < 10000; i++) {
		int fd = try_connect();

		n_refused += fd < 0;
		close_fd(fd);
		if (i % 100 == 99) {
			size_t n = status_socket_dispatch(s);

			assert_true(n <= STATUS_SOCKET_MAX_CLIENTS);
			n_answered += n;
			status_socket_answer(s, "{}\n", 3);
		}
	}
	while (status_socket_dispatch(s))
		status_socket_answer(s, "{}\n", 3);
	assert_true(n_answered >= 100);
	assert_true(n_refused > 0);
	assert_int_equal(n_open(), before);
	status_socket_free(s);
	assert_true(n_open() < before);
}

static void test_one_owner(void **state)
{
	struct status_socket *s = make(), *other = NULL;
	char text[8];
	int fd;

	assert_int_equal(status_socket_new(run_dir, &other), STATUS_SOCKET_IN_USE);
	assert_null(other);
	fd = connect_now(); /* still the first one's */
	assert_int_equal(status_socket_dispatch(s), 1);
	status_socket_answer(s, "{}\n", 3);
	assert_int_equal(read_answer(fd, text, sizeof(text)), 3);
	status_socket_free(s);
	status_socket_free(make());
}

static void test_killed_owner(void **state)
{
	struct status_socket *s;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(status_socket_new(run_dir, &s) == 0 ? 0 : 1); /* and so leaves the file behind */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(state_has("run/" STATUS_SOCKET_NAME));
	s = make();
	close(connect_now());
	status_socket_free(s);
}

static void test_refused(void **state)
{
	struct status_socket *s = NULL;
	char long_dir[200];

	memset(long_dir, 'x', sizeof(long_dir) - 1);
	long_dir[sizeof(long_dir) - 1] = 0;
	assert_int_equal(status_socket_new(long_dir, &s), -ENAMETOOLONG);
	assert_int_equal(status_socket_new("/dev/null", &s), -ENOTDIR);
	assert_int_equal(mkdirat(state_fd, "run", 0755), 0);
	state_put("run/" STATUS_SOCKET_NAME, "precious");
	assert_int_equal(status_socket_new(run_dir, &s), -ENOTSOCK);
	assert_true(state_has("run/" STATUS_SOCKET_NAME));
	assert_null(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, state_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answer),       TEST(test_sizes),        TEST(test_modes),
		TEST(test_lazy_clients), TEST(test_too_much),     TEST(test_crowd),
		TEST(test_one_owner),    TEST(test_killed_owner), TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
