// SPDX-License-Identifier: Apache-2.0
/* web: who has to go when there are too many, or when somebody takes too long. The sockets are real. */
#include "tests/unit/cmocka-all.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "web/connections.h"

static struct web_connections table;
static int clients[2 * WEB_MAX_CONNECTIONS], servers[2 * WEB_MAX_CONNECTIONS];
static size_t n_sockets;

static int setup(void **state)
{
	memset(&table, 0, sizeof(table));
	n_sockets = 0;
	return 0;
}

static int teardown(void **state)
{
	for (size_t i = 0; i < n_sockets; i++) {
		close(clients[i]);
		close(servers[i]);
	}
	return 0;
}

static struct web_connection *add(uint32_t host, uint64_t now_ns)
{
	struct in6_addr address = { .s6_addr = { [10] = 0xff, [11] = 0xff, [12] = 10 } };
	int pair[2];

	host = htonl(host);
	memcpy(address.s6_addr + 13, (const char *)&host + 1, 3);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	assert_true(n_sockets < ARRAY_SIZE(clients));
	clients[n_sockets] = pair[0];
	servers[n_sockets++] = pair[1];
	return web_connections_add(&table, pair[1], &address, now_ns);
}

/* What its client sees. */
static bool is_shut(size_t i)
{
	char byte;

	return recv(clients[i], &byte, 1, 0) == 0;
}

/* Who is refused, and sends its body all the same, keeps no place; who may push does. */
static void test_bodies(void **state)
{
	struct web_connection *refused = add(1, 0), *pushing = add(1, 1);

	refused->is_refused = true;
	web_connection_enter(refused, WEB_TAKING, 0);
	assert_true(web_connection_begin_body(pushing, 100));
	assert_false(web_connection_begin_body(add(2, 2), WEB_MAX_BODIES_BYTES - 99));
	web_connection_enter(pushing, WEB_TAKING, 0);
	for (size_t i = 2; i < WEB_MAX_OF_ONE_CLIENT; i++)
		assert_non_null(add(1, 1 + i));
	assert_non_null(add(1, 100));
	assert_true(is_shut(0));
	assert_int_equal(table.n_body_bytes, 100);
	web_connection_remove(pushing);
	assert_int_equal(table.n_body_bytes, 0);
}

static void test_one_client(void **state)
{
	assert_non_null(add(2, 0)); /* older, of another */
	for (size_t i = 0; i < WEB_MAX_OF_ONE_CLIENT; i++)
		assert_non_null(add(1, 1 + i));
	assert_int_equal(table.counts.n[WEB_N_EVICTED], 0);
	assert_non_null(add(1, 100));
	assert_int_equal(table.counts.n[WEB_N_EVICTED], 1);
	assert_false(is_shut(0)); /* not the other's */
	assert_true(is_shut(1));
	assert_false(is_shut(2));
	assert_non_null(add(2, 101));
	assert_int_equal(table.counts.n[WEB_N_EVICTED], 1);
}

static void test_requests_under_way_stay(void **state)
{
	for (size_t i = 0; i < WEB_MAX_OF_ONE_CLIENT; i++) {
		struct web_connection *c = add(1, i);

		c->request.kind = WEB_METRICS;
		web_connection_enter(c, i % 2 ? WEB_NEW : WEB_SENDING, i);
	}
	assert_null(add(1, 100));
	assert_int_equal(table.counts.n[WEB_N_EVICTED], 1);
	for (size_t i = 0; i < WEB_MAX_OF_ONE_CLIENT; i++)
		assert_false(is_shut(i));
	assert_non_null(add(2, 100));
}

/* Of those who do not read their answers the oldest makes room, but not at once. */
static void test_slow_readers(void **state)
{
	for (size_t i = 0; i < WEB_MAX_OF_ONE_CLIENT; i++)
		web_connection_enter(add(1, i), WEB_SENDING, i);
	assert_null(add(1, 5 * NS_PER_S));
	web_connection_enter(add(1, 5 * NS_PER_S + 1), WEB_SENDING, 5 * NS_PER_S + 1);
	assert_true(is_shut(0));
	assert_false(is_shut(1));
	assert_null(add(1, 5 * NS_PER_S + 1));
}

static bool begin_answer(struct web_connection *c, size_t n_bytes, uint64_t now_ns)
{
	bool is_begun;

	c->answer.body_fd = memfd_create("answer", MFD_CLOEXEC);
	assert_int_equal(ftruncate(c->answer.body_fd, (off_t)n_bytes), 0);
	is_begun = web_connection_begin_answer(c, now_ns);
	close(c->answer.body_fd);
	c->answer.body_fd = -1;
	if (is_begun)
		web_connection_enter(c, WEB_SENDING, now_ns);
	return is_begun;
}

/* What is read slowly does not pile up. */
static void test_large_answers(void **state)
{
	struct web_connection *first = add(1, 0);

	assert_true(begin_answer(first, 2 * WEB_MAX_ANSWERS_BYTES, 0)); /* alone */
	assert_false(begin_answer(add(2, 0), 1, 0));
	assert_true(begin_answer(add(3, 0), WEB_MAX_ANSWERS_BYTES - 1, 6 * NS_PER_S));
	assert_true(is_shut(0)); /* it had its time */
	assert_true(begin_answer(add(4, 0), 1, 6 * NS_PER_S));
	assert_false(begin_answer(add(5, 0), 1, 6 * NS_PER_S));
	assert_int_equal(table.counts.n[WEB_N_EVICTED], 1);
}

static void test_all_clients(void **state)
{
	size_t n = 0;

	/* Many addresses of two connections each: the oldest go, one by one, and places remain for those that close. */
	while (table.counts.n[WEB_N_EVICTED] == 0)
		assert_non_null(add((uint32_t)n / 2, n)), n++;
	assert_true(n > WEB_MAX_OF_ONE_CLIENT && n < WEB_MAX_CONNECTIONS);
	assert_true(is_shut(0));
	assert_false(is_shut(1));
	for (size_t i = n; i < WEB_MAX_CONNECTIONS; i++)
		assert_non_null(add((uint32_t)n, n + i));
	assert_null(add((uint32_t)n + 1, 1000)); /* all places are taken until the library has closed some */
	for (size_t i = 0; i < WEB_MAX_CONNECTIONS; i++) {
		if (table.all[i].is_closing)
			web_connection_remove(&table.all[i]);
	}
	assert_non_null(add((uint32_t)n + 1, 1001));
	assert_int_equal(table.counts.n[WEB_N_CONNECTIONS], WEB_MAX_CONNECTIONS + 2);
}

static void test_deadlines(void **state)
{
	struct web_connection *reading = add(1, 0), *asking = add(2, 0), *profile = add(3, 0), *sending = add(4, 0);

	asking->request.kind = WEB_METRICS;
	web_connection_enter(asking, WEB_NEW, 0);
	asking->state = WEB_ASKED;
	profile->request = (struct web_request){ .kind = WEB_PROFILE, .seconds = 60 };
	web_connection_enter(profile, WEB_NEW, 0);
	web_connection_enter(sending, WEB_SENDING, 0);

	assert_int_equal(web_connections_deadline_ns(&table), 10 * NS_PER_S);
	web_connections_expire(&table, 10 * NS_PER_S - 1);
	assert_int_equal(asking->state, WEB_ASKED);
	web_connections_expire(&table, 10 * NS_PER_S);
	assert_int_equal(asking->state, WEB_LEFT);
	assert_int_equal(asking->answer.status, 503);

	assert_int_equal(web_connections_deadline_ns(&table), 20 * NS_PER_S);
	web_connections_expire(&table, 20 * NS_PER_S);
	assert_true(is_shut(0));
	assert_true(reading->is_closing);

	assert_int_equal(web_connections_deadline_ns(&table), 90 * NS_PER_S); /* 60 s, and time for names */
	web_connections_expire(&table, 90 * NS_PER_S);
	assert_int_equal(profile->state, WEB_LEFT);
	assert_false(is_shut(3));
	web_connections_expire(&table, 120 * NS_PER_S);
	assert_true(is_shut(3));
	assert_int_equal(table.counts.n[WEB_N_OVERDUE], 2);
	web_connections_expire(&table, 1000 * NS_PER_S); /* once only */
	assert_int_equal(table.counts.n[WEB_N_OVERDUE], 2);
	assert_int_equal(web_connections_deadline_ns(&table), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bodies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_client, setup, teardown),
		cmocka_unit_test_setup_teardown(test_requests_under_way_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_readers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_clients, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deadlines, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
