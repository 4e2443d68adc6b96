// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway-socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "common/parse.h"
#include "web/address.h"

#define BACKLOG 4096 /* that wait while the gateway is started anew; the kernel may allow less */
#define HOST_BYTES 64

static int parse_port(const char *text, in_port_t *ret)
{
	uint64_t port;
	int r = parse_u64(text, 10, &port);

	if (r < 0 || port > UINT16_MAX)
		return -EINVAL;
	*ret = htons((uint16_t)port);
	return 0;
}

/* What is in front of the last colon, without the brackets. */
static int parse_host(const char *text, const char *colon, bool is_bracketed, char host[static HOST_BYTES])
{
	size_t n = (size_t)(colon - text);

	if (is_bracketed && (n < 2 || text[n - 1] != ']'))
		return -EINVAL;
	if (is_bracketed) {
		text++;
		n -= 2;
	}
	if (n >= HOST_BYTES)
		return -EINVAL;
	memcpy(host, text, n);
	host[n] = 0;
	return 0;
}

static int parse_v6(const char *host, in_port_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = port };

	if (inet_pton(AF_INET6, host, &a.sin6_addr) != 1)
		return -EINVAL;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, &a, sizeof(a));
	return 0;
}

static int parse_v4(const char *host, in_port_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = port };

	if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &a.sin_addr) != 1)
		return -EINVAL;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, &a, sizeof(a));
	return 0;
}

int gateway_socket_parse(const char *text, struct sockaddr_storage *ret)
{
	const char *colon = strrchr(text, ':');
	bool is_bracketed = *text == '[';
	char host[HOST_BYTES];
	in_port_t port;

	if (!colon || parse_port(colon + 1, &port) < 0 || parse_host(text, colon, is_bracketed, host) < 0)
		return -EINVAL;
	return is_bracketed ? parse_v6(host, port, ret) : parse_v4(host, port, ret);
}

bool gateway_socket_is_loopback(const struct sockaddr_storage *address)
{
	struct in6_addr a = web_address_of((const struct sockaddr *)address);

	return web_address_is_loopback(&a);
}

int gateway_socket_open(const struct sockaddr_storage *address, int *ret_fd)
{
	_cleanup_close_ int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;

	/* Reuse: what an earlier agent served may still be in TIME_WAIT. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	*ret_fd = take_fd(fd);
	return 0;
}
