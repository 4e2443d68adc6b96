// SPDX-License-Identifier: Apache-2.0
/* gateway socket: addresses as they are written, whom they let in, and a port that is taken. */
#include "tests/unit/cmocka-all.h"

#include <unistd.h>

#include "agent/gateway-socket.h"

static void test_addresses(void **state)
{
	static const struct {
		const char *text;
		int result;
		bool is_loopback;
	} rows[] = {
		{ "127.0.0.1:7171", 0, true },
		{ "127.9.9.9:0", 0, true },
		{ "localhost:65535", 0, true },
		{ "[::1]:7171", 0, true },
		{ "[::ffff:127.0.0.1]:7171", 0, true },
		{ "0.0.0.0:7171", 0, false },
		{ "192.0.2.1:7171", 0, false },
		{ "[::]:7171", 0, false },
		{ "[2001:db8::1]:7171", 0, false },
		{ "", -EINVAL },
		{ ":", -EINVAL },
		{ ":7171", -EINVAL },
		{ "7171", -EINVAL },
		{ "127.0.0.1", -EINVAL },
		{ "127.0.0.1:", -EINVAL },
		{ "127.0.0.1:65536", -EINVAL },
		{ "127.0.0.1:-1", -EINVAL },
		{ "127.0.0.1:http", -EINVAL },
		{ "127.1:7171", -EINVAL },
		{ "::1:7171", -EINVAL },
		{ "[::1:7171", -EINVAL },
		{ "[:7171", -EINVAL },
		{ "[]:7171", -EINVAL },
		{ "[127.0.0.1]:7171", -EINVAL },
		{ "example.org:7171", -EINVAL },
		{ "11111111111111111111111111111111111111111111111111111111111111111111111111111111:1", -EINVAL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sockaddr_storage address;
		int r = gateway_socket_parse(rows[i].text, &address);

		if (r != rows[i].result || (r == 0 && gateway_socket_is_loopback(&address) != rows[i].is_loopback))
			fail_msg("'%s'", rows[i].text);
	}
}

static void test_open(void **state)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	int fd = -1, other = -1;

	assert_int_equal(gateway_socket_parse("127.0.0.1:0", &address), 0);
	assert_int_equal(gateway_socket_open(&address, &fd), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(gateway_socket_open(&address, &other), -EADDRINUSE);
	assert_int_equal(other, -1);
	close(fd);
	assert_int_equal(gateway_socket_open(&address, &other), 0);
	close(other);
	assert_int_equal(gateway_socket_parse("192.0.2.1:0", &address), 0);
	assert_int_equal(gateway_socket_open(&address, &fd), -EADDRNOTAVAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
