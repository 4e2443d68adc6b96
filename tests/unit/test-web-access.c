// SPDX-License-Identifier: Apache-2.0
/* web: who may ask: names of this host, tokens, and settings that nobody should be served with. */
#include "tests/unit/cmocka-all.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "web/address.h"
#include "web/host.h"
#include "web/settings.h"
#include "web/token.h"

static struct in6_addr address(const char *text)
{
	struct in6_addr a;

	assert_int_equal(web_address_parse(strchr(text, ':') ? AF_INET6 : AF_INET, text, &a), 0);
	return a;
}

static void test_hosts(void **state)
{
	static const struct {
		const char *host, *local;
		bool is_ours;
	} rows[] = {
		{ "localhost", "127.0.0.1", true },
		{ "LocalHost:7171", "127.0.0.1", true },
		{ "127.0.0.1:1", "192.0.2.1", true },
		{ "127.255.0.9", "192.0.2.1", true },
		{ "[::1]:7171", "::1", true },
		{ "[::ffff:127.0.0.1]", "::1", true },
		{ "192.0.2.1:7171", "192.0.2.1", true },
		{ "192.0.2.1", "::ffff:192.0.2.1", true }, /* a socket for both families */
		{ "[2001:db8::1]", "2001:db8:0::1", true },
		{ "one.example", "192.0.2.1", true },
		{ "TWO.example:80", "192.0.2.1", true },
		{ "192.0.2.2", "192.0.2.1", false },
		{ "[2001:db8::2]", "2001:db8::1", false },
		{ "2001:db8::1", "2001:db8::1", false },
		{ "three.example", "192.0.2.1", false },
		{ "one.example.evil", "192.0.2.1", false },
		{ "one.example.", "192.0.2.1", false },
		{ "xone.example", "192.0.2.1", false },
		{ "localhost.evil", "127.0.0.1", false },
		{ "127.0.0.1.evil", "127.0.0.1", false },
		{ "127.1", "127.0.0.1", false },
		{ "0x7f000001", "127.0.0.1", false },
		{ "128.0.0.1", "127.0.0.1", false },
		{ "", "127.0.0.1", false },
		{ ":80", "127.0.0.1", false },
		{ "[]", "127.0.0.1", false },
		{ "[::1", "::1", false },
		{ "[::1]x", "::1", false },
		{ "[127.0.0.1]", "127.0.0.1", false },
		{ "localhost:", "127.0.0.1", false },
		{ "localhost:http", "127.0.0.1", false },
		{ "localhost:123456", "127.0.0.1", false },
		{ "localhost:80:80", "127.0.0.1", false },
		{ " localhost", "127.0.0.1", false },
		{ "evil@localhost", "127.0.0.1", false },
	};
	static struct web_settings settings = { .host_names = { "one.example", "two.example" } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct in6_addr local = address(rows[i].local);

		if (web_host_is_ours(rows[i].host, &local, &settings) != rows[i].is_ours)
			fail_msg("'%s' at %s", rows[i].host, rows[i].local);
	}
}

static void test_long_hosts(void **state)
{
	static struct web_settings settings;
	struct in6_addr local = address("127.0.0.1");
	char host[1000];

	memset(settings.host_names[0], 'a', WEB_HOST_NAME_BYTES - 1);
	for (size_t n = 1; n < sizeof(host); n++) {
		memset(host, 'a', n);
		host[n] = 0;
		assert_int_equal(web_host_is_ours(host, &local, &settings), n == WEB_HOST_NAME_BYTES - 1);
	}
}

static void test_neighbours(void **state)
{
	struct in6_addr v4 = address("192.0.2.1"), other = address("192.0.2.2"), a = address("2001:db8:0:1::1"),
			b = address("2001:db8:0:1:ffff::2"), c = address("2001:db8:0:2::1"), mapped = address("::1");

	assert_true(web_address_is_neighbour(&v4, &v4));
	assert_false(web_address_is_neighbour(&v4, &other));
	assert_true(web_address_is_neighbour(&a, &b));
	assert_false(web_address_is_neighbour(&a, &c));
	assert_false(web_address_is_neighbour(&mapped, &v4)); /* both begin with zeros */
	assert_false(web_address_is_neighbour(&v4, &mapped));
}

static void test_tokens(void **state)
{
	char token[WEB_TOKEN_BYTES] = "correct-horse-battery", longest[WEB_TOKEN_BYTES] = {},
	     none[WEB_TOKEN_BYTES] = {};
	char header[2 * WEB_TOKEN_BYTES] = "Bearer ";

	assert_true(web_token_is_right("Bearer correct-horse-battery", token));
	assert_true(web_token_is_right("bearer correct-horse-battery", token));
	assert_false(web_token_is_right(NULL, token));
	assert_false(web_token_is_right("", token));
	assert_false(web_token_is_right("Bearer", token));
	assert_false(web_token_is_right("Bearer ", token));
	assert_false(web_token_is_right("correct-horse-battery", token));
	assert_false(web_token_is_right("Basic correct-horse-battery", token));
	assert_false(web_token_is_right("Bearer  correct-horse-battery", token));
	for (size_t i = 0; token[i]; i++) { /* each byte counts, and the end does */
		char wrong[WEB_TOKEN_BYTES + 10];

		snprintf(wrong, sizeof(wrong), "Bearer %s", token);
		wrong[7 + i] ^= 1;
		assert_false(web_token_is_right(wrong, token));
		wrong[7 + i] = 0;
		assert_false(web_token_is_right(wrong, token));
	}
	assert_false(web_token_is_right("Bearer correct-horse-batteryx", token));

	memset(longest, 'x', sizeof(longest) - 1);
	memset(header + 7, 'x', sizeof(longest) - 1);
	assert_true(web_token_is_right(header, longest));
	memset(header + 7, 'x', sizeof(longest));
	assert_false(web_token_is_right(header, longest));
	/* Nobody is let in by an empty one, even if somebody asked for that. */
	assert_false(web_token_is_right("Bearer ", none));
}

#define PEM "-----BEGIN"

static void test_settings(void **state)
{
	static const struct {
		const char *token, *certificate, *key, *client_ca;
		bool works_here, works_public;
	} rows[] = {
		{ "", "", "", "", true, false },
		{ "0123456789abcdef", "", "", "", true, false }, /* anybody on the way could read it */
		{ "", PEM, PEM, "", true, false },
		{ "0123456789abcdef", PEM, PEM, "", true, true },
		{ "", PEM, PEM, PEM, true, true },
		{ "0123456789abcdef", PEM, PEM, PEM, true, true },
		{ "", PEM, "", "", false, false },
		{ "", "", PEM, "", false, false },
		{ "", "", "", PEM, false, false },
		{ "0123456789abcdef", "", "", PEM, false, false },
		{ "0123456789abcde", PEM, PEM, PEM, false, false },
		{ "0123456789abcde ", PEM, PEM, PEM, false, false },
		{ "0123456789abcde\n", PEM, PEM, PEM, false, false },
		{ "0123456789abcde\xff", PEM, PEM, PEM, false, false },
	};
	static struct web_settings s;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(s.tokens[0].secret, sizeof(s.tokens[0].secret), "%s", rows[i].token);
		snprintf(s.certificate, sizeof(s.certificate), "%s", rows[i].certificate);
		snprintf(s.private_key, sizeof(s.private_key), "%s", rows[i].key);
		snprintf(s.client_ca, sizeof(s.client_ca), "%s", rows[i].client_ca);
		if (!web_settings_fault(&s, true) != rows[i].works_here ||
		    !web_settings_fault(&s, false) != rows[i].works_public)
			fail_msg("row %zu", i);
	}
	memset(s.tokens[0].secret, 'x', sizeof(s.tokens[0].secret)); /* a field without an end */
	assert_non_null(web_settings_fault(&s, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),  cmocka_unit_test(test_long_hosts), cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_tokens), cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
