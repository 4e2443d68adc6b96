// SPDX-License-Identifier: Apache-2.0
/* web: what is asked: arguments, what a request may hold, pages and their methods. */
#include "tests/unit/cmocka-all.h"

#include <string.h>

#include "web/request.h"
#include "web/routes.h"

static int set(struct web_request *r, const char *key, const char *value)
{
	const char *reason = NULL;
	int result = web_request_set(r, key, value, strlen(value), &reason);

	if (result < 0)
		assert_non_null(reason);
	return result;
}

static void test_arguments(void **state)
{
	struct web_request r = { .kind = WEB_PROFILE };

	assert_int_equal(set(&r, "seconds", "60"), 0);
	assert_int_equal(set(&r, "pid", "4194304"), 0);
	assert_int_equal(set(&r, "service", "caf\xc3\xa9"), 0);
	assert_int_equal(set(&r, "container", "a b"), 0);
	assert_int_equal(r.seconds, 60);
	assert_int_equal(r.pid, 4194304);
	assert_string_equal(r.service, "caf\xc3\xa9");
	assert_string_equal(r.container, "a b");
	assert_true(web_request_is_valid(&r));
	assert_int_equal(set(&r, "seconds", "1"), -EINVAL); /* twice */
	assert_int_equal(set(&r, "pid", "1"), -EINVAL);
	assert_int_equal(set(&r, "service", "x"), -EINVAL);
	assert_int_equal(set(&r, "container", "x"), -EINVAL);
	assert_int_equal(r.seconds, 60);
	assert_string_equal(r.service, "caf\xc3\xa9");
}

static void test_wrong_arguments(void **state)
{
	static const struct {
		const char *key, *value;
	} rows[] = {
		{ "seconds", "0" },    { "seconds", "61" },
		{ "seconds", "" },     { "seconds", "-1" },
		{ "seconds", " 1" },   { "seconds", "1s" },
		{ "seconds", "1.0" },  { "seconds", "18446744073709551617" },
		{ "pid", "0" },        { "pid", "4194305" },
		{ "pid", "self" },     { "service", "" },
		{ "service", "a\nb" }, { "service", "\xff" },
		{ "container", "" },   { "container", "\xed\xa0\x80" },
		{ "Seconds", "1" },    { "", "1" },
		{ "hz", "99" },        { "secondsx", "1" },
	};
	const char *reason;
	struct web_request r = {};
	char longest[WEB_NAME_BYTES + 1];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (set(&r, rows[i].key, rows[i].value) != -EINVAL)
			fail_msg("%s=%s", rows[i].key, rows[i].value);
	}
	assert_int_equal(web_request_set(&r, "seconds", "1\0", 2, &reason), -EINVAL);
	assert_int_equal(web_request_set(&r, "service", "a\0b", 3, &reason), -EINVAL);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[WEB_NAME_BYTES] = 0;
	assert_int_equal(set(&r, "service", longest), -EINVAL);
	longest[WEB_NAME_BYTES - 1] = 0;
	assert_int_equal(set(&r, "service", longest), 0);
	assert_string_equal(r.service, longest);
}

static void test_validity(void **state)
{
	const struct web_request good = { .kind = WEB_PROFILE, .seconds = 1 };
	struct web_request r;

	assert_true(web_request_is_valid(&good));
	r = good;
	r.seconds = 0;
	assert_false(web_request_is_valid(&r));
	r.seconds = WEB_MAX_SECONDS + 1;
	assert_false(web_request_is_valid(&r));
	r = good;
	r.pid = UINT32_MAX;
	assert_false(web_request_is_valid(&r));
	r = good;
	memset(r.service, 'x', sizeof(r.service)); /* no end */
	assert_false(web_request_is_valid(&r));
	r = good;
	r.container[0] = '\n';
	assert_false(web_request_is_valid(&r));
	for (uint32_t kind = 0; kind < 12; kind++) {
		r = (struct web_request){ .kind = kind };
		assert_int_equal(web_request_is_valid(&r), (kind >= WEB_METRICS && kind <= WEB_READY) ||
								   (kind >= WEB_WINDOWS && kind <= WEB_ABOUT));
		r.seconds = 1;
		assert_int_equal(web_request_is_valid(&r), kind == WEB_PROFILE);
	}
}

static void test_questions(void **state)
{
	static struct web_request r = { .kind = WEB_QUESTION };
	const char *reason;

	question_init(&r.question, QUESTION_HOGS, 1000000000);
	assert_int_equal(question_finish(&r.question, &reason), 0);
	assert_true(web_request_is_valid(&r));
	r.accepts_gzip = 2;
	assert_false(web_request_is_valid(&r));
	r.accepts_gzip = 1;
	r.pid = 1;
	assert_false(web_request_is_valid(&r));
	r.pid = 0;
	assert_true(web_request_is_valid(&r));
	memset(r.question.by, 'x', sizeof(r.question.by)); /* no end */
	assert_false(web_request_is_valid(&r));
}

static void test_routes(void **state)
{
	static const char *const full[] = { "/", "/debug/pprof/", "/debug/pprof/profile", "/debug/pprof/cmdline",
					    "/debug/pprof/symbol" };
	static const char *const status[] = { "/metrics", "/healthz", "/readyz" };

	for (size_t i = 0; i < ARRAY_SIZE(full); i++) {
		assert_non_null(web_route_find(full[i], WEB_SITE_AGENT));
		assert_null(web_route_find(full[i], WEB_SITE_STATUS));
	}
	for (size_t i = 0; i < ARRAY_SIZE(status); i++) {
		assert_non_null(web_route_find(status[i], WEB_SITE_AGENT));
		assert_non_null(web_route_find(status[i], WEB_SITE_STATUS));
		assert_true(web_route_takes(web_route_find(status[i], WEB_SITE_STATUS), "HEAD"));
		assert_false(web_route_takes(web_route_find(status[i], WEB_SITE_STATUS), "POST"));
		assert_false(web_route_takes(web_route_find(status[i], WEB_SITE_STATUS), "get"));
	}
	assert_null(web_route_find("", WEB_SITE_AGENT));
	assert_null(web_route_find("/metrics/", WEB_SITE_AGENT));
	assert_null(web_route_find("/Metrics", WEB_SITE_AGENT));
	assert_false(web_route_takes(web_route_find("/debug/pprof/profile", WEB_SITE_AGENT), "HEAD"));
	assert_true(web_route_takes(web_route_find("/debug/pprof/symbol", WEB_SITE_AGENT), "POST"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments), cmocka_unit_test(test_wrong_arguments),
		cmocka_unit_test(test_validity),  cmocka_unit_test(test_questions),
		cmocka_unit_test(test_routes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
