// SPDX-License-Identifier: Apache-2.0
#include "web/host.h"

#include <string.h>
#include <strings.h>

#include "web/address.h"

#define PORT_DIGITS 5
#define HOST_BYTES 256

/* The port does not matter, it may have been forwarded. */
static bool is_port(const char *s)
{
	size_t n;

	if (*s == 0)
		return true;
	n = strspn(s + 1, "0123456789");
	return *s == ':' && n >= 1 && n <= PORT_DIGITS && s[1 + n] == 0;
}

static bool is_our_address(int family, const char *host, const struct in6_addr *local)
{
	struct in6_addr a;

	return web_address_parse(family, host, &a) == 0 &&
	       (web_address_is_loopback(&a) || web_address_is_equal(&a, local));
}

static bool is_our_name(const char *host, const struct web_settings *s)
{
	if (strcasecmp(host, "localhost") == 0)
		return true;
	for (size_t i = 0; i < WEB_MAX_HOST_NAMES && s->host_names[i][0]; i++) {
		if (strcasecmp(host, s->host_names[i]) == 0)
			return true;
	}
	return false;
}

bool web_host_is_ours(const char *text, const struct in6_addr *local, const struct web_settings *settings)
{
	bool is_bracketed = *text == '[';
	const char *start = text + is_bracketed;
	size_t n = strcspn(start, is_bracketed ? "]" : ":");
	char host[HOST_BYTES];

	if (n == 0 || n >= sizeof(host) || (is_bracketed && start[n] != ']') || !is_port(start + n + is_bracketed))
		return false;
	memcpy(host, start, n);
	host[n] = 0;
	if (is_bracketed)
		return is_our_address(AF_INET6, host, local);
	return is_our_address(AF_INET, host, local) || is_our_name(host, settings);
}
