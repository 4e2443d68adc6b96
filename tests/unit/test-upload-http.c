// SPDX-License-Identifier: Apache-2.0
/*
 * http: what became of a request, told by a peer that plays a script byte by byte: whether the body was taken is never
 * guessed.
 */
#include "tests/unit/cmocka-all.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "uploader/http-answer.h"
#include "uploader/http.h"

#define LARGE_BYTES ((size_t)16 << 20) /* more than the sockets between two processes hold */

static struct http *http;
static struct http_peer peer;
static struct upload_request request;
static struct upload_response response;
static int listening = -1, client = -1;

static int set_up(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);

	listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(listening, (struct sockaddr *)&at, size) < 0 || listen(listening, 10) < 0 ||
	    getsockname(listening, (struct sockaddr *)&at, &size) < 0)
		return -1;
	peer = (struct http_peer){ .timeout_ns = 5 * NS_PER_S };
	request = (struct upload_request){ .method = "POST" };
	if (buf_printf(&request.url, "http://127.0.0.1:%u/take", ntohs(at.sin_port)) < 0 ||
	    buf_add_str(&request.headers, "Content-Type: application/proto\nX-Batch: 17\n") < 0 ||
	    buf_add_str(&request.body, "0123456789") < 0)
		return -1;
	return http_new(&http);
}

static int tear_down(void **state)
{
	http = http_free(http);
	upload_request_done(&request);
	upload_response_done(&response);
	response = (struct upload_response){};
	client = close_fd(client);
	listening = close_fd(listening);
	return 0;
}

static void step(void)
{
	struct pollfd fds[] = {
		{ .fd = http_fd(http), .events = POLLIN },
		{ .fd = client >= 0 ? -1 : listening, .events = POLLIN },
	};
	int ms = http_timeout_ms(http);

	assert_true(poll(fds, 2, ms < 0 || ms > 5 ? 5 : ms) >= 0);
	http_dispatch(http);
	if (client < 0)
		client = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* Reads the request up to the end of its body, or so many bytes of it. */
static void read_request(char *text, size_t limit)
{
	size_t n = 0;

	text[0] = 0;
	for (int i = 0; i < 2000 && n < limit; i++) {
		ssize_t more = client >= 0 ? recv(client, text + n, limit - n, 0) : -1;

		n += more > 0 ? (size_t)more : 0;
		text[n] = 0;
		if (strstr(text, "\r\n\r\n0123456789"))
			return;
		step();
	}
	assert_int_equal(n, limit);
}

static void answer(const char *text)
{
	assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void reset(void)
{
	const struct linger now = { .l_onoff = 1 };

	setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	client = close_fd(client);
}

static struct http_transfer *begin(void)
{
	struct http_transfer *t;

	upload_response_done(&response);
	assert_int_equal(http_send(http, &peer, &request, &t), 0);
	return t;
}

/* The end of a transfer, which must come. */
static void end(struct http_transfer *t)
{
	for (int i = 0; i < 2000 && !http_transfer_is_done(t); i++)
		step();
	assert_true(http_transfer_is_done(t));
	http_transfer_take(t, &response);
	http_transfer_free(t);
}

static void test_an_answer(void **state)
{
	struct http_transfer *t = begin();
	char text[2048];

	read_request(text, sizeof(text) - 1);
	assert_non_null(strstr(text, "POST /take HTTP/1.1\r\n"));
	assert_non_null(strstr(text, "Content-Type: application/proto\r\n"));
	assert_non_null(strstr(text, "X-Batch: 17\r\n"));
	assert_non_null(strstr(text, "Content-Length: 10\r\n"));
	assert_null(strstr(text, "Expect"));
	assert_null(strstr(text, "Authorization"));
	answer("HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nDate: Sun, 29 Nov 2026 14:00:00 GMT\r\n"
	       "X-ClickHouse-Exception-Code: 252\r\nContent-Length: 5\r\n\r\nlater");
	end(t);
	assert_int_equal(response.outcome, UPLOAD_ANSWERED);
	assert_int_equal(response.status, 429);
	assert_int_equal(response.retry_after_s, 7);
	assert_int_equal(response.date_s, 1795960800);
	assert_int_equal(response.exception_code, 252);
	assert_int_equal(response.grpc_status, -1);
	assert_int_equal(response.sent_bytes, 10);
	assert_string_equal(response.body.data, "later");
}

static void test_retry_after_as_a_date(void **state)
{
	struct http_transfer *t = begin();
	char text[2048], line[256], date[64];
	time_t then = time(NULL) + 100;
	struct tm tm;

	read_request(text, sizeof(text) - 1);
	gmtime_r(&then, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	snprintf(line, sizeof(line), "HTTP/1.1 503 Later\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", date);
	answer(line);
	end(t);
	assert_in_range(response.retry_after_s, 97, 100);
	assert_string_equal(response.body.data, "");
}

static void test_nobody_listens(void **state)
{
	listening = close_fd(listening);
	end(begin());
	assert_int_equal(response.outcome, UPLOAD_NOT_SENT);
	assert_int_equal(response.sent_bytes, 0);
	assert_true(response.fault[0] != 0);
}

static void make_large(void)
{
	buf_clear(&request.body);
	assert_int_equal(buf_reserve(&request.body, LARGE_BYTES), 0);
	memset(request.body.data, 'x', LARGE_BYTES);
	request.body.size = LARGE_BYTES;
}

static void test_reset_within_the_body(void **state)
{
	struct http_transfer *t;
	char text[4096];

	make_large();
	t = begin();
	read_request(text, sizeof(text) - 1);
	reset();
	end(t);
	assert_int_equal(response.outcome, UPLOAD_NOT_SENT);
	assert_in_range(response.sent_bytes, 1, LARGE_BYTES - 1);
}

static void test_reset_behind_the_body(void **state)
{
	struct http_transfer *t = begin();
	char text[2048];

	read_request(text, sizeof(text) - 1);
	reset();
	end(t);
	assert_int_equal(response.outcome, UPLOAD_NO_ANSWER);
	assert_int_equal(response.sent_bytes, 10);
}

static void test_silence_behind_the_body(void **state)
{
	struct http_transfer *t;
	char text[2048];

	peer.timeout_ns = NS_PER_S / 2;
	t = begin();
	read_request(text, sizeof(text) - 1);
	end(t);
	assert_int_equal(response.outcome, UPLOAD_NO_ANSWER);
}

static void test_silence_within_the_body(void **state)
{
	struct http_transfer *t;
	char text[4096];

	make_large();
	peer.timeout_ns = NS_PER_S;
	peer.bandwidth_bytes_per_s = 1000 * LARGE_BYTES; /* the deadline takes the body's size into account */
	t = begin();
	read_request(text, sizeof(text) - 1);
	end(t);
	assert_int_equal(response.outcome, UPLOAD_NOT_SENT);
	assert_in_range(response.sent_bytes, 1, LARGE_BYTES - 1);
}

/* The one that libcurl would send again: the kept connection dies after the request went out on it. */
static void test_a_dead_connection_repeats_nothing(void **state)
{
	struct http_transfer *t = begin();
	char text[2048];

	read_request(text, sizeof(text) - 1);
	answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	end(t);
	assert_int_equal(response.status, 200);
	t = begin();
	read_request(text, sizeof(text) - 1); /* on the same connection */
	client = close_fd(client);
	end(t);
	assert_int_equal(response.outcome, UPLOAD_NO_ANSWER);
	assert_int_equal(response.sent_bytes, 10);
	/* libcurl has connected once more before it asked; but it has sent nothing. */
	assert_int_equal(client >= 0 ? recv(client, text, sizeof(text), 0) : 0, 0);
}

/* One that died before is noticed in time: nothing was sent on it, so it is sent on another. */
static void test_a_connection_that_died_earlier(void **state)
{
	struct http_transfer *t = begin();
	char text[2048];

	read_request(text, sizeof(text) - 1);
	answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	end(t);
	client = close_fd(client);
	usleep(20000);
	t = begin();
	read_request(text, sizeof(text) - 1);
	answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	end(t);
	assert_int_equal(response.outcome, UPLOAD_ANSWERED);
}

static void test_redirects_are_answers(void **state)
{
	struct http_transfer *t = begin();
	char text[2048];

	read_request(text, sizeof(text) - 1);
	answer("HTTP/1.1 307 Elsewhere\r\nLocation: /take\r\nContent-Length: 0\r\n\r\n");
	end(t);
	assert_int_equal(response.status, 307);
}

static void test_endless_answers_are_cut(void **state)
{
	static char flood[1 << 20];
	struct http_transfer *t = begin();
	char text[2048];

	memset(flood, 'y', sizeof(flood));
	read_request(text, sizeof(text) - 1);
	answer("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n");
	for (int i = 0; i < 2000 && !http_transfer_is_done(t); i++) {
		ssize_t n = send(client, flood, sizeof(flood), MSG_NOSIGNAL);

		step();
		if (n < 0 && errno != EAGAIN)
			break;
	}
	end(t);
	assert_int_equal(response.outcome, UPLOAD_ANSWERED);
	assert_int_equal(response.status, 200);
	assert_int_equal(response.body.size, RESPONSE_MAX_BYTES);
}

static void test_what_speaks_otherwise(void **state)
{
	struct http_transfer *t = begin();
	char text[2048];

	read_request(text, sizeof(text) - 1);
	answer("220 smtp.example.com ready\r\n");
	client = close_fd(client);
	end(t);
	assert_int_equal(response.outcome, UPLOAD_BAD_PROTOCOL);
}

static void test_credentials(void **state)
{
	struct http_transfer *t;
	char text[2048];

	setenv("http_proxy", "http://127.0.0.1:9", 1);
	peer.username = "me";
	peer.password = "secret";
	t = begin();
	read_request(text, sizeof(text) - 1);
	assert_non_null(strstr(text, "Authorization: Basic bWU6c2VjcmV0\r\n"));
	answer("HTTP/1.1 204 No content\r\n\r\n");
	end(t);
	assert_int_equal(response.status, 204);
	peer.username = NULL;
	peer.bearer = "abc";
	t = begin();
	read_request(text, sizeof(text) - 1);
	assert_non_null(strstr(text, "Authorization: Bearer abc\r\n"));
	http_transfer_free(t);
	unsetenv("http_proxy");
}

/* All of a request goes to the proxy, which is told the whole address; nobody else need know the name. */
static void test_a_proxy(void **state)
{
	struct http_transfer *t;
	char proxy[64], text[2048];

	assert_non_null(strstr(request.url.data, "http://127.0.0.1:"));
	snprintf(proxy, sizeof(proxy), "%.*s", (int)strcspn(request.url.data + 7, "/") + 7, request.url.data);
	buf_clear(&request.url);
	assert_int_equal(buf_add_str(&request.url, "http://store.invalid/take"), 0);
	peer.proxy = proxy;
	t = begin();
	read_request(text, sizeof(text) - 1);
	assert_non_null(strstr(text, "POST http://store.invalid/take HTTP/1.1\r\n"));
	assert_non_null(strstr(text, "Host: store.invalid\r\n"));
	answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	end(t);
	assert_int_equal(response.status, 200);
}

/* Of a megabyte, at half of one a second, two thirds are still to come after half a second. */
static void test_bandwidth_is_capped(void **state)
{
	static char text[(1 << 20) + 4096];
	uint64_t began_ns = clock_now_ns(CLOCK_MONOTONIC), took_ns;
	struct http_transfer *t;
	size_t n = 0, n_early = 0;

	make_large();
	request.body.size = 1 << 20;
	peer.bandwidth_bytes_per_s = 512 << 10;
	t = begin();
	for (int i = 0; i < 4000 && n < request.body.size; i++) {
		ssize_t more = client >= 0 ? recv(client, text, sizeof(text), 0) : -1;

		n += more > 0 ? (size_t)more : 0;
		if (clock_now_ns(CLOCK_MONOTONIC) - began_ns < NS_PER_S / 2)
			n_early = n;
		step();
	}
	took_ns = clock_now_ns(CLOCK_MONOTONIC) - began_ns;
	assert_true(n >= request.body.size);
	assert_true(n_early < request.body.size * 2 / 3);
	assert_true(took_ns > NS_PER_S);
	http_transfer_free(t);
}

static void header(struct http_answer *a, const char *line)
{
	assert_int_equal(http_answer_add_header(a, line, strlen(line)), 0);
}

static void expect_grpc(const char *const *lines, int code, enum upload_outcome outcome, int status,
			const char *message)
{
	const struct http_end how = { .code = code, .error = "", .is_body_sent = true, .is_grpc = true };
	struct http_answer a;

	http_answer_init(&a);
	for (; *lines; lines++)
		header(&a, *lines);
	http_answer_end(&a, &how);
	assert_int_equal(a.response.outcome, outcome);
	assert_int_equal(a.response.grpc_status, status);
	assert_string_equal(a.response.grpc_message.data ? a.response.grpc_message.data : "", message);
	upload_response_done(&a.response);
}

/* Trailers come as headers behind the body; where there is no body they are all there is. */
static void test_grpc_trailers(void **state)
{
	static const char *const refused[] = {
		"HTTP/2 200\r\n",     "content-type: application/grpc\r\n",        "\r\n",
		"grpc-status: 8\r\n", "grpc-message: larger%20than 100%25%zz\r\n", NULL
	};
	static const char *const only[] = { "HTTP/2 200\r\n", "grpc-status: 0\r\n", "\r\n", NULL };
	static const char *const cut[] = { "HTTP/2 200\r\n", "\r\n", NULL };
	static const char *const proxy[] = { "HTTP/2 502\r\n", "\r\n", NULL };

	expect_grpc(refused, 0, UPLOAD_ANSWERED, 8, "larger than 100%%zz");
	expect_grpc(only, 0, UPLOAD_ANSWERED, 0, "");
	expect_grpc(cut, 0, UPLOAD_ANSWERED, -1, "");
	expect_grpc(cut, 92, UPLOAD_NO_ANSWER, -1, "");
	expect_grpc(proxy, 92, UPLOAD_ANSWERED, -1, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_an_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_retry_after_as_a_date, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_listens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reset_within_the_body, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reset_behind_the_body, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_silence_behind_the_body, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_silence_within_the_body, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_dead_connection_repeats_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_connection_that_died_earlier, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_redirects_are_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_endless_answers_are_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_speaks_otherwise, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_credentials, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_proxy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bandwidth_is_capped, set_up, tear_down),
		cmocka_unit_test(test_grpc_trailers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
