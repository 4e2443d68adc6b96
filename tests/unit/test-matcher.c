// SPDX-License-Identifier: Apache-2.0
/* Matchers and times as people write them. */
#include "store/matcher.h"

#include <string.h>

#include "common/clock.h"
#include "store/selection.h"
#include "tests/unit/built-profile.h"

static struct matcher *made(const char *text)
{
	char why[MATCHER_WHY_BYTES] = "";
	struct matcher *m = NULL;

	if (matcher_new(text, &m, why) != 0)
		fail_msg("'%s': %s", text, why);
	return m;
}

static void test_values(void **state)
{
	static const struct {
		const char *text, *value;
		bool is_taken;
	} cases[] = {
		{ "a=x", "x", true },
		{ "a=x", "xx", false },
		{ "a=", "", true }, /* samples without it */
		{ "a=", "x", false },
		{ "a==x", "=x", true },
		{ "a!=x", "x", false },
		{ "a!=x", "", true },
		{ "a=~x", "x", true },
		{ "a=~x", "xx", false }, /* the whole value */
		{ "a=~x+|y", "xxx", true },
		{ "a=~x+|y", "yx", false },
		{ "a=~(?i)API.*", "api-7", true },
		{ "a=~.*", "", true },
		{ "a=~.+", "", false },
		{ "a=~.", "\xc3\xa4", true }, /* a character */
		{ "a=~.*x", "\xff x", true }, /* that is not UTF-8 all of it */
		{ "a=~.*", "x\ny", true },
		{ "a!~x.*", "xy", false },
		{ "a!~x.*", "y", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct matcher *m = made(cases[i].text);

		assert_string_equal(matcher_key(m), "a");
		if (matcher_takes(m, cases[i].value) != cases[i].is_taken)
			fail_msg("%s of '%s'", cases[i].text, cases[i].value);
		assert_int_equal(matcher_n_given_up(m), 0);
		matcher_free(m);
	}
}

static void test_keys(void **state)
{
	static const char *const none[] = { "", "=", "=x", "a", "1a=x", "a-b=x", "file.pb.gz", "a b=x", "a!x", "a~x" };
	struct matcher *m = made("service=api");
	char why[MATCHER_WHY_BYTES] = "";

	assert_string_equal(matcher_key(m), "service_name");
	matcher_free(m);
	m = made("service_=api");
	assert_string_equal(matcher_key(m), "service_");
	matcher_free(m);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_int_equal(matcher_new(none[i], &m, why), MATCHER_NOT_ONE);
	assert_int_equal(matcher_new("a=~(", &m, why), MATCHER_BAD);
	assert_non_null(strstr(why, "character"));
}

/* Of whoever writes one that would take for ever. */
static void test_expensive(void **state)
{
	struct matcher *m = made("a=~(x+x+)+[yz]");
	uint64_t start_ns = clock_now_ns(CLOCK_MONOTONIC);

	assert_false(matcher_takes(m, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
	assert_int_equal(matcher_n_given_up(m), 1);
	assert_true(clock_now_ns(CLOCK_MONOTONIC) - start_ns < NS_PER_S);
	matcher_free(m);
}

static void add(struct selection *s, const char *text)
{
	char why[MATCHER_WHY_BYTES];

	assert_int_equal(selection_add(s, text, why), 0);
}

static void test_samples(void **state)
{
	const struct built_stack stacks[] = {
		{ .frames = { { .function = "a" } },
		  .n_frames = 1,
		  .labels = { { .key = "service_name", .str = "api" }, { .key = "pid", .num = 7 } },
		  .n_labels = 2,
		  .count = 1 },
		{ .frames = { { .function = "b" } },
		  .n_frames = 1,
		  .labels = { { .key = "service_name", .str = "db" }, { .key = "pid", .num = 8 } },
		  .n_labels = 2,
		  .count = 2 },
		{ .frames = { { .function = "c" } }, .n_frames = 1, .count = 4 },
	};
	static const struct {
		const char *matchers[2];
		int64_t count;
	} cases[] = {
		{ { "service=api" }, 1 },
		{ { "service!=api" }, 6 },
		{ { "service=" }, 4 },
		{ { "service=~api|db" }, 3 },
		{ { "service!~api|db" }, 4 },
		{ { "pid=7" }, 1 },
		{ { "pid=~[78]", "service=db" }, 2 },
		{ { "nothing=x" }, 0 },
		{ { "nothing=", "service=~.*" }, 7 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(selection_done) struct selection s = SELECTION_ALL_TIME;
		struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
		int64_t count = 0;

		for (size_t j = 0; j < 2 && cases[i].matchers[j]; j++)
			add(&s, cases[i].matchers[j]);
		assert_int_equal(selection_keep_samples(&s, p), 0);
		for (size_t j = 0; j < p->n_samples; j++)
			count += p->samples[j].values[0];
		if (count != cases[i].count)
			fail_msg("%s: %ld samples", cases[i].matchers[0], (long)count);
		profile_free(p);
	}
}

static void test_too_many(void **state)
{
	_cleanup_(selection_done) struct selection s = SELECTION_ALL_TIME;
	char why[MATCHER_WHY_BYTES];

	for (int i = 0; i < SELECTION_MAX_MATCHERS; i++)
		add(&s, "a=b");
	assert_int_equal(selection_add(&s, "a=b", why), -ENOSPC);
}

static void test_times(void **state)
{
	const int64_t now_ns = INT64_C(1795916562123000000);
	static const struct {
		const char *text;
		int64_t ns; /* below 0: before now */
	} cases[] = {
		{ "10", -10 * (int64_t)NS_PER_S },
		{ "500ms", -500 * (int64_t)NS_PER_MS },
		{ "5m", -300 * (int64_t)NS_PER_S },
		{ "7d", -7 * 86400 * (int64_t)NS_PER_S },
		{ "2026-11-29T01:42:42Z", INT64_C(1795916562000000000) },
		{ "2026-11-29t01:42:42.123z", INT64_C(1795916562123000000) },
		{ "2026-11-29 02:42:42.0000000019+01:00", INT64_C(1795916562000000001) },
		{ "2026-11-28T20:12:42-05:30", INT64_C(1795916562000000000) },
	};
	static const char *const bad[] = {
		"",
		"yesterday",
		"-5m",
		"5y",
		"2026-11-29",
		"2026-11-29T01:42:42",
		"2026-11-29T01:42Z",
		"2026-11-31T01:42:42Z",
		"2026-11-29T25:42:42Z",
		"2026-11-29T01:42:42.Z",
		"2026-11-29T01:42:42Z ",
		"2026-11-29T01:42:42+1:00",
		"1969-11-29T01:42:42Z",
		"9999-11-29T01:42:42Z", /* beyond what 64 bits of ns hold */
	};
	int64_t ns;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(selection_parse_time(cases[i].text, now_ns, &ns), 0);
		assert_int_equal(ns, cases[i].ns < 0 ? now_ns + cases[i].ns : cases[i].ns);
	}
	assert_int_equal(selection_parse_time("100000d", now_ns, &ns), 0);
	assert_int_equal(ns, 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (selection_parse_time(bad[i], now_ns, &ns) != SELECTION_BAD_TIME)
			fail_msg("'%s' was taken for a time", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),  cmocka_unit_test(test_keys),     cmocka_unit_test(test_expensive),
		cmocka_unit_test(test_samples), cmocka_unit_test(test_too_many), cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
