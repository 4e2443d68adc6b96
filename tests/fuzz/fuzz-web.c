// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz web: what a client says: a host, a token, a page, how it takes it, an argument and its value, a line each. What
 * is taken is valid; a host that is ours stands in a list of what may be.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "web/address.h"
#include "web/encoding.h"
#include "web/host.h"
#include "web/request.h"
#include "web/routes.h"
#include "web/token.h"

#define MAX_BYTES 16384 /* a struct web_request has room */

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_host(const char *host)
{
	static const struct web_settings settings = { .host_names = { "profiles.example" } };
	const struct in6_addr local = { .s6_addr = { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1 } };

	if (!web_host_is_ours(host, &local, &settings))
		return;
	must(strncasecmp(host, "localhost", 9) == 0 || strncmp(host, "127.", 4) == 0 || host[0] == '[' ||
	     strncmp(host, "192.0.2.1", 9) == 0 || strncasecmp(host, "profiles.example", 16) == 0);
}

static void check_argument(const char *key, const char *value, size_t value_size)
{
	struct web_request r = { .kind = WEB_PROFILE };
	const char *reason = NULL;

	if (web_request_set(&r, key, value, value_size, &reason) < 0) {
		must(reason && r.seconds == 0 && r.pid == 0 && !r.service[0] && !r.container[0]);
		return;
	}
	if (r.seconds == 0)
		r.seconds = WEB_DEFAULT_SECONDS;
	must(web_request_is_valid(&r));
	must(web_request_set(&r, key, value, value_size, &reason) < 0); /* once only */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char token[WEB_TOKEN_BYTES] = "correct-horse-battery";
	char text[MAX_BYTES + 1], *rest = text;
	const char *lines[5] = { "", "", "", "", "" };
	const struct web_route *route;
	struct web_request r;

	if (size > MAX_BYTES)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(lines) && rest; i++)
		lines[i] = strsep(&rest, "\n");
	check_host(lines[0]);
	must(!web_token_is_right(lines[1], token) || strcmp(lines[1] + 7, token) == 0);
	route = web_route_find(lines[2], WEB_SITE_AGENT);
	must(!route || strcmp(route->path, lines[2]) == 0);
	route = web_route_find(lines[2], WEB_SITE_HUB);
	must(!route || strcmp(route->path, lines[2]) == 0 || route->is_prefix);
	must(!web_accepts_gzip(lines[3]) || strcasestr(lines[3], "gzip") || strchr(lines[3], '*'));
	if (rest)
		check_argument(lines[4], rest, size - (size_t)(rest - text));
	memcpy(&r, data, size < sizeof(r) ? size : sizeof(r));
	if (size >= sizeof(r) && web_request_is_valid(&r))
		must(memchr(r.service, 0, sizeof(r.service)) && memchr(r.container, 0, sizeof(r.container)));
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const seeds[] = {
		"localhost:7171\nBearer correct-horse-battery\n/debug/pprof/profile\ngzip, br\nseconds\n30",
		"[::1]:7171\nbearer correct-horse-battery\n/page/page.css\n*;q=0, gzip;q=0.5\nservice\ncaf\xc3\xa9",
		"192.0.2.1\nBasic xxx\n/api/v1/windows/raw/1\ngzip;q=0\npid\n4194304",
		"Profiles.Example\n\n/\n\ncontainer\n0123456789abcdef",
		"[::ffff:127.0.0.1]\nBearer \n/readyz\n,;, *\nseconds\n61",
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
