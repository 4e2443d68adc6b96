// SPDX-License-Identifier: Apache-2.0
/* web server: events and answers over a real socket, settings that replace others, and an end in the middle. */
#include "tests/unit/cmocka-all.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "web/server.h"

#define REQUEST(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

static struct web_settings settings;
static char reason[WEB_REASON_BYTES];
static struct sockaddr_in at;

static int listen_on(uint32_t address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = sizeof(at);

	at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(address) };
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	return fd;
}

static int ask(const char *request)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
	return fd;
}

static void step(struct web_server *s)
{
	static unsigned int n_steps;
	struct pollfd fd = { .fd = web_server_fd(s), .events = POLLIN };
	int ms = web_server_timeout_ms(s);

	assert_true(++n_steps < 300); /* else it hangs */
	assert_true(poll(&fd, 1, ms < 0 || ms > 100 ? 100 : ms) >= 0);
	web_server_dispatch(s);
}

static struct web_event take(struct web_server *s)
{
	struct web_event event;

	while (!web_server_take(s, &event))
		step(s);
	return event;
}

/* The first line of what comes; "" when the connection ends without an answer. */
static void read_line(struct web_server *s, int fd, char line[static 100])
{
	ssize_t n;

	while ((n = recv(fd, line, 99, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
		step(s);
	line[n < 0 ? 0 : n] = 0;
	line[strcspn(line, "\r\n")] = 0;
}

static struct web_server *new_server(int fd)
{
	struct web_server *s;

	assert_int_equal(web_server_new(&s), 0);
	assert_int_equal(web_server_set(s, fd, -1, &settings, reason), 0);
	return s;
}

static void test_answers(void **state)
{
	struct web_answer answer = { .status = 503, .body_fd = -1, .text = "why not" };
	int fd = listen_on(INADDR_LOOPBACK), client;
	struct web_server *s = new_server(fd);
	struct web_event event;
	char line[100];

	client = ask(REQUEST("/readyz"));
	event = take(s);
	assert_false(event.is_cancel);
	assert_int_equal(event.request.kind, WEB_READY);
	web_server_answer(s, event.id + 1, &answer);
	answer.status = 200;
	web_server_answer(s, event.id, &answer);
	answer.status = 500;
	web_server_answer(s, event.id, &answer); /* once only */
	read_line(s, client, line);
	assert_string_equal(line, "HTTP/1.1 200 OK");
	close(client);
	close(fd);
	web_server_free(s);
}

/* Ends with a request under way, one that is not told yet, a half one, and none. */
static void test_end(void **state)
{
	int fd = listen_on(INADDR_LOOPBACK), clients[4];
	struct web_server *s = new_server(fd);
	char byte;

	clients[0] = ask(REQUEST("/metrics"));
	take(s);
	clients[1] = ask(REQUEST("/metrics"));
	clients[2] = ask("GET /metr");
	clients[3] = ask("");
	while (web_server_counts(s)->n[WEB_N_CONNECTIONS] < 4)
		step(s);
	web_server_free(s);
	close(fd);
	for (size_t i = 0; i < 4; i++) {
		assert_true(recv(clients[i], &byte, 1, 0) <= 0);
		close(clients[i]);
	}
}

static void test_settings(void **state)
{
	struct web_answer answer = { .status = 200, .body_fd = -1, .text = "ok" };
	int fd = listen_on(INADDR_LOOPBACK), before, idle, after;
	struct web_server *s = new_server(fd);
	struct web_event event;
	char line[100];

	idle = ask("");
	before = ask(REQUEST("/healthz"));
	event = take(s);
	snprintf(settings.tokens[0].secret, sizeof(settings.tokens[0].secret), "0123456789abcdef");
	assert_int_equal(web_server_set(s, fd, -1, &settings, reason), 0);
	after = ask(REQUEST("/healthz"));
	read_line(s, after, line);
	assert_string_equal(line, "HTTP/1.1 401 Unauthorized");
	read_line(s, idle, line);
	assert_string_equal(line, "");
	web_server_answer(s, event.id, &answer); /* this one began under the old ones */
	read_line(s, before, line);
	assert_string_equal(line, "HTTP/1.1 200 OK");
	close(idle);
	close(before);
	close(after);
	web_server_free(s);
	close(fd);
	settings.tokens[0].secret[0] = 0;
}

/* Other hosts are not served without TLS and authentication: but for metrics at an address of their own. */
static void test_public(void **state)
{
	int fd = listen_on(INADDR_ANY), here;
	struct web_server *s;

	assert_int_equal(web_server_new(&s), 0);
	assert_int_equal(web_server_set(s, fd, -1, &settings, reason), -EINVAL);
	assert_non_null(strstr(reason, "other hosts can connect"));
	here = listen_on(INADDR_LOOPBACK);
	assert_int_equal(web_server_set(s, fd, here, &settings, reason), -EINVAL); /* neither is served then */
	assert_int_equal(web_server_set(s, here, fd, &settings, reason), 0);
	web_server_free(s);
	close(here);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_public),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
