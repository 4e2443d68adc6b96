// SPDX-License-Identifier: Apache-2.0
/* The live feed without a recorder: who is heard, who is answered, who is hung up on. tests/unit/test-recorder.c has a
 * recorder feed it, tests/e2e/test-top an agent. */
#include "agent/live-feed.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "agent/live-packet.h"
#include "agent/sealed-file.h"
#include "common/clock.h"
#include "tests/unit/state-fixture.h"

#define WHY "nothing is sampled"
#define BEGIN_NS (1000 * NS_PER_S)

static struct live_feed *make(void)
{
	struct live_feed *f;

	assert_int_equal(live_feed_new(state_path, &f), 0);
	return f;
}

static int connect_now(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/" LIVE_SOCKET_NAME, state_path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void dispatch(struct live_feed *f, uint64_t now_ns)
{
	live_feed_dispatch(f, NULL, WHY, is_readable(live_feed_fd(f)), now_ns);
}

/* PACKET_AGAIN: no answer; PACKET_CLOSED: hung up; 0: an answer, which says why there is no profile. */
static int hear(int fd, uint64_t *ret_sequence)
{
	struct live_answer answer;
	int profile_fd, r = live_receive_answer(fd, &answer, &profile_fd);

	if (r != 0)
		return r;
	assert_string_equal(answer.why, WHY);
	assert_int_equal(profile_fd, -1);
	*ret_sequence = answer.sequence;
	return 0;
}

/* Each question has one answer, at the end of the span. */
static void test_questions(void **state)
{
	struct live_feed *f = make();
	uint64_t sequence, now_ns = BEGIN_NS;
	int fd = connect_now();
	struct stat st;

	assert_int_equal(fstatat(state_fd, LIVE_SOCKET_NAME, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	dispatch(f, now_ns);
	assert_int_equal(live_feed_n_clients(f), 1);
	assert_int_equal(live_feed_due_ns(f), UINT64_MAX); /* nobody has asked */
	assert_int_equal(live_send_question(fd), 0);
	assert_int_equal(live_send_question(fd), 0);
	dispatch(f, now_ns);
	assert_int_equal(live_feed_due_ns(f), now_ns + NS_PER_S);
	assert_int_equal(hear(fd, &sequence), PACKET_AGAIN);
	for (uint64_t i = 0; i < 3; i++) {
		now_ns += NS_PER_S;
		dispatch(f, now_ns);
		assert_int_equal(hear(fd, &sequence), 0);
		assert_int_equal(sequence, i);
		assert_int_equal(hear(fd, &sequence), PACKET_AGAIN);
		assert_int_equal(live_send_question(fd), 0);
	}
	now_ns += 2 * NS_PER_S; /* what passes unasked has a number */
	dispatch(f, now_ns);
	now_ns += NS_PER_S;
	dispatch(f, now_ns);
	assert_int_equal(live_send_question(fd), 0);
	now_ns += NS_PER_S;
	dispatch(f, now_ns);
	assert_int_equal(hear(fd, &sequence), 0);
	assert_int_equal(hear(fd, &sequence), 0);
	assert_int_equal(sequence, 5);
	assert_int_equal(live_send_question(fd), 0);
	dispatch(f, now_ns);
	live_feed_end(f, NULL); /* sampling pauses: who waits is told all the same */
	assert_int_equal(live_feed_due_ns(f), now_ns + NS_PER_S);
	dispatch(f, now_ns + NS_PER_S);
	assert_int_equal(hear(fd, &sequence), 0);
	live_feed_free(f);
	assert_false(state_has(LIVE_SOCKET_NAME));
	assert_int_equal(hear(fd, &sequence), PACKET_CLOSED);
	close(fd);
}

/* So many for this reason, and none for another. */
static void assert_hung_up(const struct live_feed *f, enum live_feed_reason reason, uint64_t n)
{
	for (enum live_feed_reason i = 0; i < LIVE_FEED_N_REASONS; i++)
		assert_int_equal(live_feed_n_hung_up(f, i), i == reason ? n : 0);
}

/* Nobody is there any more: nothing is due. */
static void test_end(void **state)
{
	struct live_feed *f = make();
	int fd = connect_now();

	assert_int_equal(live_send_question(fd), 0);
	dispatch(f, BEGIN_NS);
	assert_int_not_equal(live_feed_due_ns(f), UINT64_MAX);
	close(fd);
	dispatch(f, BEGIN_NS);
	assert_int_equal(live_feed_n_clients(f), 0);
	assert_int_equal(live_feed_due_ns(f), UINT64_MAX);
	assert_hung_up(f, LIVE_FEED_N_REASONS, 0); /* it went by itself */
	live_feed_free(f);
}

static void test_silent(void **state)
{
	struct live_feed *f = make();
	int silent = connect_now(), loud = connect_now(), pair[2];
	uint64_t sequence;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(live_feed_add(f, pair[0]), 0);
	for (uint64_t s = 0; s < 40; s++) {
		if (s < 5)
			assert_int_equal(live_send_question(silent), 0);
		assert_int_equal(live_send_question(loud), 0);
		dispatch(f, BEGIN_NS + s * NS_PER_S);
		while (hear(loud, &sequence) == 0)
			;
		if (s < 30)
			assert_int_equal(live_feed_n_clients(f), 3);
	}
	assert_int_equal(live_feed_n_clients(f), 2); /* ours may be silent */
	assert_hung_up(f, LIVE_FEED_SLOW, 1);
	for (size_t i = 0; i < 5; i++)
		assert_in_range(hear(silent, &sequence), 0, PACKET_CLOSED);
	assert_int_equal(hear(silent, &sequence), PACKET_CLOSED);
	assert_int_equal(hear(pair[1], &sequence), PACKET_AGAIN);
	close(silent);
	close(loud);
	close(pair[1]);
	live_feed_free(f);
}

static void assert_hung_up_after(const void *data, size_t size)
{
	struct live_feed *f = make();
	uint64_t sequence;
	int fd = connect_now();

	assert_int_equal(send(fd, data, size, 0), size);
	dispatch(f, BEGIN_NS);
	assert_int_equal(live_feed_n_clients(f), 0);
	assert_hung_up(f, LIVE_FEED_NOT_UNDERSTOOD, 1);
	assert_int_equal(hear(fd, &sequence), PACKET_CLOSED);
	close(fd);
	live_feed_free(f);
}

static void test_other_questions(void **state)
{
	const struct live_question newer = { .version = LIVE_VERSION + 1 };
	static const char large[4096];

	assert_hung_up_after(&newer, sizeof(newer));
	assert_hung_up_after("?", 1);
	assert_hung_up_after(large, sizeof(large));
}

/* One that asks again and again, and reads nothing. */
static void test_unread(void **state)
{
	struct live_feed *f = make();
	int fd = connect_now();

	for (uint64_t s = 0; s == 0 || live_feed_n_clients(f) > 0; s++) {
		assert_true(s < 100000);
		if (live_send_question(fd) != 0) /* hung up on since */
			break;
		dispatch(f, BEGIN_NS + s * NS_PER_S);
	}
	assert_hung_up(f, LIVE_FEED_SLOW, 1);
	close(fd);
	live_feed_free(f);
}

/* Who has never asked makes way for whoever comes. */
static void test_never_asked(void **state)
{
	struct live_feed *f = make();
	int fds[LIVE_FEED_MAX_CLIENTS + 1];
	uint64_t sequence;

	for (size_t i = 0; i < LIVE_FEED_MAX_CLIENTS; i++) {
		fds[i] = connect_now();
		dispatch(f, BEGIN_NS + (i ? 30 * NS_PER_S : 0));
	}
	fds[LIVE_FEED_MAX_CLIENTS] = connect_now();
	dispatch(f, BEGIN_NS + 31 * NS_PER_S);
	assert_int_equal(live_feed_n_clients(f), LIVE_FEED_MAX_CLIENTS);
	assert_hung_up(f, LIVE_FEED_SLOW, 1);
	assert_int_equal(hear(fds[0], &sequence), PACKET_CLOSED);
	assert_int_equal(hear(fds[LIVE_FEED_MAX_CLIENTS], &sequence), PACKET_AGAIN);
	for (size_t i = 0; i <= LIVE_FEED_MAX_CLIENTS; i++)
		close(fds[i]);
	live_feed_free(f);
}

static void test_many(void **state)
{
	struct live_feed *f = make();
	int fds[LIVE_FEED_MAX_CLIENTS + 1];
	uint64_t sequence;

	for (size_t i = 0; i <= LIVE_FEED_MAX_CLIENTS; i++) {
		fds[i] = connect_now();
		dispatch(f, BEGIN_NS);
	}
	assert_int_equal(live_feed_n_clients(f), LIVE_FEED_MAX_CLIENTS);
	assert_hung_up(f, LIVE_FEED_NO_ROOM, 1);
	assert_int_equal(hear(fds[LIVE_FEED_MAX_CLIENTS], &sequence), PACKET_CLOSED);
	assert_int_equal(hear(fds[0], &sequence), PACKET_AGAIN);
	close(fds[0]);
	dispatch(f, BEGIN_NS);
	fds[0] = connect_now(); /* there is room again */
	dispatch(f, BEGIN_NS);
	assert_int_equal(live_feed_n_clients(f), LIVE_FEED_MAX_CLIENTS);
	for (size_t i = 0; i <= LIVE_FEED_MAX_CLIENTS; i++)
		close(fds[i]);
	live_feed_free(f);
}

/* A socket that a killed agent left is replaced; anything else stays. */
static void test_left_over(void **state)
{
	struct live_feed *f = make(), *next;

	assert_int_equal(live_feed_new(state_path, &next), 0); /* the lock of the directory is the caller's matter */
	live_feed_free(next);
	live_feed_free(f);
	state_put(LIVE_SOCKET_NAME, "precious");
	assert_int_equal(live_feed_new(state_path, &f), -ENOTSOCK);
	assert_true(state_has(LIVE_SOCKET_NAME));
}

/* What a client may be told by who is no agent. */
static void test_bad_answers(void **state)
{
	struct live_answer answer = { .version = LIVE_VERSION, .why = WHY }, got;
	int pair[2], fd, profile_fd;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(sealed_file_new("x", "x", 1, &fd), 0);
	assert_int_equal(live_send_answer(pair[0], &answer, fd), 0); /* why there is none, and one */
	assert_int_equal(live_receive_answer(pair[1], &got, &profile_fd), -EBADMSG);
	answer.why[0] = 0;
	assert_int_equal(live_send_answer(pair[0], &answer, -1), 0);
	assert_int_equal(live_receive_answer(pair[1], &got, &profile_fd), -EBADMSG);
	assert_int_equal(live_send_answer(pair[0], &answer, fd), 0);
	assert_int_equal(live_receive_answer(pair[1], &got, &profile_fd), 0);
	close(profile_fd);
	memset(answer.why, 'x', sizeof(answer.why)); /* without an end */
	assert_int_equal(live_send_answer(pair[0], &answer, -1), 0);
	assert_int_equal(live_receive_answer(pair[1], &got, &profile_fd), -EBADMSG);
	strcpy(answer.why, "\x1b[2J");
	assert_int_equal(live_send_answer(pair[0], &answer, -1), 0);
	assert_int_equal(live_receive_answer(pair[1], &got, &profile_fd), -EBADMSG);
	answer = (struct live_answer){ .version = LIVE_VERSION + 1, .why = WHY };
	assert_int_equal(live_send_answer(pair[0], &answer, -1), 0);
	assert_int_equal(live_receive_answer(pair[1], &got, &profile_fd), -EBADMSG);
	assert_int_equal(send(pair[0], "{}\n", 3, 0), 3);
	assert_int_equal(live_receive_answer(pair[1], &got, &profile_fd), -EBADMSG);
	close(fd);
	close(pair[0]);
	assert_int_equal(live_receive_answer(pair[1], &got, &profile_fd), PACKET_CLOSED);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, state_set_up, state_tear_down)
		TEST(test_questions),       TEST(test_end),    TEST(test_silent),
		TEST(test_other_questions), TEST(test_many),   TEST(test_left_over),
		TEST(test_bad_answers),     TEST(test_unread), TEST(test_never_asked),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
