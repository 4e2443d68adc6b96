// SPDX-License-Identifier: Apache-2.0
#include "web/address.h"

#include <arpa/inet.h>
#include <string.h>

#define V4_PREFIX_BYTES 12
#define NETWORK_BYTES 8

static struct in6_addr from_v4(const struct in_addr *v4)
{
	struct in6_addr a = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	memcpy(a.s6_addr + V4_PREFIX_BYTES, v4, sizeof(*v4));
	return a;
}

struct in6_addr web_address_of(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&v4, address, sizeof(v4));
		return from_v4(&v4.sin_addr);
	case AF_INET6:
		memcpy(&v6, address, sizeof(v6));
		return v6.sin6_addr;
	default:
		return in6addr_any;
	}
}

bool web_address_is_loopback(const struct in6_addr *a)
{
	if (IN6_IS_ADDR_V4MAPPED(a))
		return a->s6_addr[V4_PREFIX_BYTES] == 127;
	return IN6_IS_ADDR_LOOPBACK(a);
}

bool web_address_is_equal(const struct in6_addr *a, const struct in6_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool web_address_is_neighbour(const struct in6_addr *a, const struct in6_addr *b)
{
	if (IN6_IS_ADDR_V4MAPPED(a))
		return web_address_is_equal(a, b);
	return !IN6_IS_ADDR_V4MAPPED(b) && memcmp(a, b, NETWORK_BYTES) == 0;
}

int web_address_parse(int family, const char *text, struct in6_addr *ret)
{
	struct in_addr v4;

	if (family == AF_INET6)
		return inet_pton(AF_INET6, text, ret) == 1 ? 0 : -EINVAL;
	if (inet_pton(AF_INET, text, &v4) != 1)
		return -EINVAL;
	*ret = from_v4(&v4);
	return 0;
}
