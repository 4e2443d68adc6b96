// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway-socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

int gateway_socket_parse(const char *text, struct sockaddr_storage *ret)
{
	bool is_bracketed = *text == '[';
	const char *colon = strrchr(text, ':'), *start = text + is_bracketed;
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	char host[HOST_BYTES];
	in_port_t port;
	size_t n;

	if (!colon || parse_port(colon + 1, &port) < 0)
		return -EINVAL;
	n = (size_t)(colon - text);
	if (n < (size_t)is_bracketed * 2 || (is_bracketed && text[n - 1] != ']'))
		return -EINVAL;
	n -= (size_t)is_bracketed * 2;
	if (n >= sizeof(host))
		return -EINVAL;
	memcpy(host, start, n);
	host[n] = 0;
	v4.sin_port = v6.sin6_port = port;
	memset(ret, 0, sizeof(*ret));
	if (is_bracketed) {
		memcpy(ret, &v6, sizeof(v6));
		return inet_pton(AF_INET6, host, &((struct sockaddr_in6 *)ret)->sin6_addr) == 1 ? 0 : -EINVAL;
	}
	memcpy(ret, &v4, sizeof(v4));
	return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host,
			 &((struct sockaddr_in *)ret)->sin_addr) == 1
		       ? 0
		       : -EINVAL;
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
