// SPDX-License-Identifier: Apache-2.0
/* runtime socket, with a runtime in a process of its own that answers well, late, in part, too much, or not at all. */
#include "tests/unit/cmocka-all.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "agent/runtime-socket.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "tests/unit/cri-server.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define START_NS (1000 * NS_PER_S) /* of the test's clock */
#define LATE_NS (START_NS + 3 * NS_PER_S)

struct runtime {
	char path[64];
	pid_t pid;
};

/* Reads a question and writes these bytes, so many at a time; then it closes, or stays. */
static void serve(int listener, const struct buf *answer, size_t piece, bool stays)
{
	char question[1024];
	int fd = accept(listener, NULL, NULL);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	if (recv(fd, question, sizeof(question), 0) <= 0)
		_exit(1);
	for (size_t at = 0; at < answer->size; at += piece) {
		size_t n = answer->size - at < piece ? answer->size - at : piece;

		if (fs_write_all(fd, answer->data + at, n) < 0)
			break;
		if (piece < 100)
			usleep(100);
	}
	if (stays)
		pause();
	_exit(0);
}

static void start(struct runtime *r, const struct buf *answer, size_t piece, bool stays)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(r->path, sizeof(r->path), "/tmp/cpuhound-test-%d.sock", getpid());
	unlink(r->path);
	strcpy(address.sun_path, r->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	r->pid = fork();
	if (r->pid == 0)
		serve(fd, answer, piece, stays);
	close(fd);
}

static void stop(struct runtime *r)
{
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	unlink(r->path);
}

/* The test's clock stands still, so only what comes can end it. */
static int take(struct runtime_socket *s, int *ret_fd)
{
	int r;

	while ((r = runtime_socket_take(s, START_NS, ret_fd)) == RUNTIME_WAITING) {
		struct pollfd ready = { .fd = s->fd, .events = POLLIN };

		if (poll(&ready, 1, 60000) == 0)
			fail_msg("nothing comes");
	}
	return r;
}

/* What is taken of these bytes; `ret`: of that which is handed on. */
static int ask(enum runtime_api api, const struct buf *answer, size_t piece, bool stays, struct buf *ret)
{
	struct runtime_socket s = RUNTIME_SOCKET_NONE;
	struct runtime runtime;
	int fd = -1, r;

	start(&runtime, answer, piece, stays);
	r = runtime_socket_ask(&s, api, runtime.path, ID, START_NS);
	if (r == 0)
		r = take(&s, &fd);
	assert_int_equal(s.fd, -1);
	assert_int_equal(s.answer_fd, -1);
	stop(&runtime);
	if (r == 0) {
		assert_int_equal(buf_reserve(ret, answer->size + 1), 0);
		ret->size = (size_t)fs_pread_all(fd, ret->data, answer->size + 1, 0);
		close(fd);
	}
	return r;
}

static void answer_of(struct buf *ret)
{
	struct buf question = {};

	assert_int_equal(cri_call_ask(&question, ID), 0);
	cri_put_answer(ret, &question, ID);
	buf_done(&question);
}

/* The connection stays, and nobody waits for its end; each byte is handed on, however the answer is cut. */
static void test_whole(void **state)
{
	static const size_t pieces[] = { 1, 9, 100000 };
	struct buf answer = {}, got = {};

	answer_of(&answer);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		assert_int_equal(ask(RUNTIME_CRI, &answer, pieces[i], true, &got), 0);
		assert_int_equal(got.size, answer.size);
		assert_memory_equal(got.data, answer.data, answer.size);
	}
	buf_done(&answer);
	buf_done(&got);
}

/* Docker's ends with the connection, whatever is in it. */
static void test_docker(void **state)
{
	struct buf answer = {}, got = {};

	answer_of(&answer);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(buf_add_str(&answer, "and more"), 0);
	assert_int_equal(ask(RUNTIME_DOCKER, &answer, 5000, false, &got), 0);
	assert_int_equal(got.size, answer.size);
	buf_done(&answer);
	buf_done(&got);
}

/* It closes amid its answer: what there is is handed on, and others find out. */
static void test_half(void **state)
{
	struct buf answer = {}, got = {};

	answer_of(&answer);
	answer.size /= 2;
	assert_int_equal(ask(RUNTIME_CRI, &answer, 100000, false, &got), 0);
	assert_int_equal(got.size, answer.size);
	buf_done(&answer);
	buf_done(&got);
}

static void test_too_large(void **state)
{
	struct buf answer = {}, got = {};

	answer_of(&answer);
	answer.size /= 2;
	for (size_t i = 0; i < RUNTIME_ANSWER_BYTES; i += 8)
		proto_bytes(&answer, "\0\0\0\0\0\0\0\0", 8);
	assert_int_equal(ask(RUNTIME_CRI, &answer, 65536, true, &got), -EFBIG);
	assert_int_equal(ask(RUNTIME_DOCKER, &answer, 65536, true, &got), -EFBIG);
	buf_done(&answer);
	buf_done(&got);
}

/* Nobody waits: a call comes back at once, and after the deadline with an end. */
static void test_slow(void **state)
{
	struct runtime_socket s = RUNTIME_SOCKET_NONE;
	struct runtime runtime;
	struct buf answer = {};
	uint64_t begin_ns;
	int fd = -1;

	answer_of(&answer);
	answer.size /= 2;
	start(&runtime, &answer, 100000, true);
	begin_ns = clock_now_ns(CLOCK_MONOTONIC);
	assert_int_equal(runtime_socket_ask(&s, RUNTIME_CRI, runtime.path, ID, START_NS), 0);
	assert_int_equal(runtime_socket_take(&s, START_NS, &fd), RUNTIME_WAITING);
	assert_true(clock_now_ns(CLOCK_MONOTONIC) - begin_ns < NS_PER_S);
	while (s.n_bytes < answer.size)
		assert_int_equal(runtime_socket_take(&s, START_NS, &fd), RUNTIME_WAITING);
	assert_int_equal(runtime_socket_take(&s, LATE_NS, &fd), -ETIMEDOUT);
	assert_int_equal(fd, -1);
	assert_int_equal(s.fd, -1);
	stop(&runtime);
	buf_done(&answer);
}

static void test_nobody(void **state)
{
	struct runtime_socket s = RUNTIME_SOCKET_NONE;
	char long_path[200] = {};

	assert_int_equal(runtime_socket_ask(&s, RUNTIME_CRI, "/nowhere/x.sock", ID, START_NS), -ENOENT);
	assert_int_equal(runtime_socket_ask(&s, RUNTIME_CRI, "/dev/null", ID, START_NS), -ECONNREFUSED);
	memset(long_path, '/', sizeof(long_path) - 1);
	assert_int_equal(runtime_socket_ask(&s, RUNTIME_CRI, long_path, ID, START_NS), -ENAMETOOLONG);
	assert_int_equal(s.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),     cmocka_unit_test(test_docker), cmocka_unit_test(test_half),
		cmocka_unit_test(test_too_large), cmocka_unit_test(test_slow),   cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
