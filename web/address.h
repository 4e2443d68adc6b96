/* SPDX-License-Identifier: Apache-2.0 */
/* address: IP addresses of both families in one form, IPv4 as ::ffff:a.b.c.d. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "common/clean.h"

struct in6_addr web_address_of(const struct sockaddr *address); /* :: for other families */
bool web_address_is_loopback(const struct in6_addr *a);
bool web_address_is_equal(const struct in6_addr *a, const struct in6_addr *b);

/* Of one client, for all we know: the address, or the network of 64 bits that an IPv6 host may choose from. */
bool web_address_is_neighbour(const struct in6_addr *a, const struct in6_addr *b);

/* Digits, no name; -EINVAL. */
_must_check_ int web_address_parse(int family, const char *text, struct in6_addr *ret);
