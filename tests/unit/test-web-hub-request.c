// SPDX-License-Identifier: Apache-2.0
/* What clients want of a hub: headers of a push, arguments of a query, the path of a window; and what is none. */
#include "tests/unit/cmocka-all.h"

#include <string.h>

#include "store/window.h"
#include "web/request.h"

#define BATCH "0123456789abcdef0123456789abcdef"

static const char *reason;

static int push(const struct web_push_headers *headers, struct web_hub_request *ret)
{
	*ret = (struct web_hub_request){};
	return web_hub_request_set_push(ret, headers, &reason);
}

static void test_push(void **state)
{
	const struct web_push_headers good = { BATCH, "17", "web%2D1", "1000", "2000" };
	struct web_request r = { .kind = WEB_PUSH };

	assert_int_equal(push(&good, &r.hub), 0);
	assert_string_equal(r.hub.batch, BATCH);
	assert_string_equal(r.hub.host, "web-1");
	assert_int_equal(r.hub.part, 17);
	assert_int_equal(r.hub.since_ns, 1000);
	assert_int_equal(r.hub.until_ns, 2000);
	assert_true(web_request_is_valid(&r));
	r.seconds = 1;
	assert_false(web_request_is_valid(&r));
	r.seconds = 0;
	memset(r.hub.token, 'x', sizeof(r.hub.token)); /* no end */
	assert_false(web_request_is_valid(&r));
}

static void test_wrong_push(void **state)
{
	static const struct web_push_headers wrong[] = {
		{ NULL, "0", "h", "1", "2" },
		{ BATCH "0", "0", "h", "1", "2" },
		{ "0123", "0", "h", "1", "2" },
		{ BATCH, NULL, "h", "1", "2" },
		{ BATCH, "65536", "h", "1", "2" },
		{ BATCH, "0x1", "h", "1", "2" },
		{ BATCH, "0", NULL, "1", "2" },
		{ BATCH, "0", "", "1", "2" },
		{ BATCH, "0", "%", "1", "2" },
		{ BATCH, "0", "%4", "1", "2" },
		{ BATCH, "0", "%zz", "1", "2" },
		{ BATCH, "0", "%00", "1", "2" },
		{ BATCH, "0", "a%00b", "1", "2" },
		{ BATCH, "0", "%ff", "1", "2" },
		{ BATCH, "0", "h", NULL, "2" },
		{ BATCH, "0", "h", "2", "2" },
		{ BATCH, "0", "h", "-1", "2" },
		{ BATCH, "0", "h", "1", NULL },
		{ BATCH, "0", "h", "1", "9223372036854775808" },
	};
	char host[WEB_HOST_BYTES + 1];
	struct web_push_headers long_host = { BATCH, "0", host, "1", "2" };
	struct web_hub_request r;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		reason = NULL;
		assert_int_equal(push(&wrong[i], &r), -EINVAL);
		assert_non_null(reason);
	}
	memset(host, 'h', sizeof(host));
	host[WEB_HOST_BYTES] = 0;
	assert_int_equal(push(&long_host, &r), -EINVAL);
	host[WEB_HOST_BYTES - 1] = 0;
	assert_int_equal(push(&long_host, &r), 0);
}

static int set(struct web_hub_request *r, const char *key, const char *value)
{
	return web_hub_request_set(r, key, value, strlen(value), &reason);
}

static void test_query(void **state)
{
	struct web_request r = { .kind = WEB_WINDOWS, .hub.until_ns = INT64_MAX };
	char large[WEB_MATCH_BYTES];

	assert_int_equal(set(&r.hub, "since_ns", "5"), 0);
	assert_int_equal(set(&r.hub, "until_ns", "7"), 0);
	assert_int_equal(set(&r.hub, "cursor", "6"), 0);
	assert_int_equal(set(&r.hub, "match", "service=api"), 0);
	assert_int_equal(set(&r.hub, "match", "host=~web-.*"), 0);
	assert_string_equal(r.hub.match, "service=api\nhost=~web-.*\n");
	assert_true(web_request_is_valid(&r));
	assert_int_equal(set(&r.hub, "since_ns", "8"), 0);
	assert_false(web_request_is_valid(&r));
	assert_int_equal(set(&r.hub, "since_ns", "1h"), -EINVAL);
	assert_int_equal(set(&r.hub, "seconds", "1"), -EINVAL);
	assert_int_equal(set(&r.hub, "match", ""), -EINVAL);
	assert_int_equal(set(&r.hub, "match", "a=b\nc=d"), -EINVAL); /* it would be two */
	assert_int_equal(web_hub_request_set(&r.hub, "match", "a=b\0c", 5, &reason), -EINVAL);
	memset(large, 'x', sizeof(large));
	large[sizeof(large) - 2] = 0;
	assert_int_equal(set(&r.hub, "match", large), -EINVAL); /* with what is there already */
	r.hub.match[0] = 0;
	assert_int_equal(set(&r.hub, "match", large), 0);
	assert_int_equal(set(&r.hub, "match", "a"), -EINVAL);
}

static void test_window(void **state)
{
	static const char *const wrong[] = { "",  "raw", "raw/", "day/1", "raw/x", "raw/1/2", "raw/9223372036854775808",
					     "/1" };
	struct web_hub_request r = {};

	assert_int_equal(web_hub_request_set_window(&r, "minute/17", &reason), 0);
	assert_int_equal(r.tier, WINDOW_MINUTE);
	assert_int_equal(r.first, 17);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(web_hub_request_set_window(&r, wrong[i], &reason), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_push),
		cmocka_unit_test(test_wrong_push),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
