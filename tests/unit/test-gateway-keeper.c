// SPDX-License-Identifier: Apache-2.0
/*
 * gateway keeper: against gateways that were taken over. The child is this program; its second argument tells what it
 * does to the keeper, which must replace it, and come to no harm.
 */
#include "tests/unit/cmocka-all.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/gateway-keeper.h"
#include "agent/gateway-protocol.h"
#include "agent/gateway-socket.h"
#include "common/clock.h"
#include "symbolizer/child-process.h"

static const struct web_request metrics = { .kind = WEB_METRICS };

/* -- the child -- */

static void say(const struct gateway_word *word)
{
	if (gateway_send_word(CHILD_SOCKET_FD, word, -1) != 0)
		_exit(EXIT_FAILURE);
}

static void hear(uint32_t kind, struct gateway_order *ret)
{
	do {
		int fds[PACKET_MAX_FDS];

		if (gateway_receive_order(CHILD_SOCKET_FD, ret, fds) != 0)
			_exit(EXIT_FAILURE);
		for (size_t i = 0; i < PACKET_MAX_FDS; i++)
			close_fd(fds[i]);
	} while (ret->kind != kind);
}

static void serve(void)
{
	struct gateway_order order;

	say(&(struct gateway_word){ .kind = GATEWAY_HELLO });
	hear(GATEWAY_SETTINGS, &order);
	say(&(struct gateway_word){ .kind = GATEWAY_SET, .id = order.id });
}

static void say_bytes(const void *data, size_t size)
{
	if (send(CHILD_SOCKET_FD, data, size, 0) != (ssize_t)size)
		_exit(EXIT_FAILURE);
}

static int play(const char *what)
{
	struct gateway_word word = { .kind = GATEWAY_ASK, .id = 1, .request = metrics };
	struct gateway_order order;

	if (strcmp(what, "silence") == 0)
		pause();
	if (strcmp(what, "no hello") == 0)
		say(&word);
	if (strcmp(what, "cannot") == 0)
		say(&(struct gateway_word){ .kind = GATEWAY_HELLO, .status = -EPERM, .reason = "no sandbox" });
	serve();
	if (strcmp(what, "short") == 0)
		say_bytes(&word, sizeof(word) - 1);
	else if (strcmp(what, "empty kind") == 0)
		say(&(struct gateway_word){});
	else if (strcmp(what, "wrong request") == 0)
		say(&(struct gateway_word){ .kind = GATEWAY_ASK, .request = { .kind = WEB_PROFILE, .seconds = 61 } });
	else if (strcmp(what, "two hellos") == 0)
		say(&(struct gateway_word){ .kind = GATEWAY_HELLO });
	else if (strcmp(what, "wrong settings") == 0)
		say(&(struct gateway_word){ .kind = GATEWAY_SET, .id = 99 });
	else if (strcmp(what, "control") == 0)
		say(&(struct gateway_word){ .kind = GATEWAY_PONG, .reason = "a\033[31m" });
	else if (strcmp(what, "twice") == 0)
		say(&word), say(&word);
	else if (strcmp(what, "flood") == 0)
		for (;; word.id++)
			say(&word);
	else if (strcmp(what, "cancels") == 0) {
		for (uint64_t i = 0; i < 1000; i++)
			say(&(struct gateway_word){ .kind = GATEWAY_CANCEL, .id = i });
		say(&word);
		hear(GATEWAY_ANSWER, &order);
		if (order.status != 200 || strcmp(order.text, "caf?? ?") != 0)
			return EXIT_FAILURE;
		say(&(struct gateway_word){ .kind = GATEWAY_ASK,
					    .id = 1, /* free again */
					    .request = { .kind = WEB_PROFILE, .seconds = 7 } });
	}
	pause();
	return 0;
}

/* -- the keeper -- */

static struct gateway_keeper *start(const char *what, const struct web_settings *settings)
{
	static char *argv[4];
	struct gateway_keeper_config config = {
		.path = "/proc/self/exe",
		.argv = argv,
		.metrics_listen_fd = -1,
		.settings = settings,
	};
	struct sockaddr_storage address;
	struct gateway_keeper *g;

	argv[0] = (char *)(uintptr_t) "test";
	argv[1] = (char *)(uintptr_t) "play";
	argv[2] = (char *)(uintptr_t)what;
	assert_int_equal(gateway_socket_parse("127.0.0.1:0", &address), 0);
	assert_int_equal(gateway_socket_open(&address, &config.listen_fd), 0);
	assert_int_equal(gateway_keeper_new(&config, &g), 0);
	return g;
}

static void step(struct gateway_keeper *g)
{
	struct pollfd fd = { .fd = gateway_keeper_fd(g), .events = POLLIN };
	int ms = gateway_keeper_timeout_ms(g);

	assert_true(poll(&fd, 1, ms < 0 || ms > 100 ? 100 : ms) >= 0);
	gateway_keeper_dispatch(g);
}

static void test_misbehaviour(void **state)
{
	static const char *const rows[] = { "short",    "empty kind",     "wrong request", "two hellos",
					    "no hello", "wrong settings", "control",       "twice" };
	static const struct web_settings settings;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct gateway_keeper *g = start(rows[i], &settings);
		struct gateway_event event;
		uint64_t begun_ns = clock_now_ns(CLOCK_MONOTONIC), n_asked = 0;

		while (gateway_keeper_stats(g).n_restarts < 3) {
			step(g);
			while (gateway_keeper_take(g, &event))
				n_asked += event.kind == GATEWAY_REQUEST;
			if (clock_now_ns(CLOCK_MONOTONIC) - begun_ns > 20 * NS_PER_S)
				fail_msg("'%s' is not replaced", rows[i]);
		}
		/* It is not started as fast as it dies: 100 ms, 200 ms, but for those that never stood. */
		if (strcmp(rows[i], "no hello") != 0)
			assert_true(clock_now_ns(CLOCK_MONOTONIC) - begun_ns >= 300 * NS_PER_MS);
		assert_true(n_asked <= 3);
		gateway_keeper_free(g);
	}
}

static void test_start_fails(void **state)
{
	static const struct web_settings settings;
	struct gateway_keeper *g = start("cannot", &settings);

	while (!gateway_keeper_fault(g))
		step(g);
	assert_string_equal(gateway_keeper_fault(g), "no sandbox");
	assert_int_equal(gateway_keeper_state(g), GATEWAY_STARTING);
	gateway_keeper_free(g);
}

/* It asks without an end: the agent has so many requests and no more, and time for other things. */
static void test_flood(void **state)
{
	static const struct web_settings settings;
	struct gateway_keeper *g = start("flood", &settings);
	struct gateway_event event;
	size_t n_open = 0;

	for (int i = 0; i < 50; i++) {
		step(g);
		while (gateway_keeper_take(g, &event))
			n_open += event.kind == GATEWAY_REQUEST ? 1 : (size_t)-1;
		assert_true(n_open <= 256);
	}
	assert_true(n_open > 0 || gateway_keeper_stats(g).n_restarts > 0);
	gateway_keeper_free(g);
}

/* Cancels of nothing are nothing; text is made printable. */
static void test_answer(void **state)
{
	static const struct web_settings settings;
	struct gateway_keeper *g = start("cancels", &settings);
	struct gateway_event event;

	while (!gateway_keeper_take(g, &event))
		step(g);
	assert_int_equal(gateway_keeper_state(g), GATEWAY_SERVING);
	assert_int_equal(event.kind, GATEWAY_REQUEST);
	gateway_keeper_answer(g, event.id + 1, 200, -1, "for nobody");
	gateway_keeper_answer(g, event.id, 200, -1, "caf\xc3\xa9 \n");
	gateway_keeper_answer(g, event.id, 200, -1, "once only");
	while (!gateway_keeper_take(g, &event)) {
		step(g);
		assert_int_equal(gateway_keeper_stats(g).n_restarts, 0);
	}
	assert_int_equal(event.kind, GATEWAY_REQUEST);
	assert_int_equal(event.request.seconds, 7);
	gateway_keeper_free(g);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_misbehaviour),
		cmocka_unit_test(test_start_fails),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_answer),
	};

	if (argc > 2 && strcmp(argv[1], "play") == 0)
		return play(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
