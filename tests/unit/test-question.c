// SPDX-License-Identifier: Apache-2.0
/* Arguments of a query: what each of them says, what is none, and what goes together. */
#include "report/question.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "report/normalize.h"
#include "report/stack-filter.h"
#include "tests/unit/cmocka-all.h"

#define S ((int64_t)NS_PER_S)
#define HOUR_NS (3600 * S)
#define NOW_NS (1795916400 * S + 1) /* 2026-11-29T01:40:00Z */

static const char *reason;

static int set(struct question *q, const char *key, const char *value)
{
	reason = NULL;
	return question_set(q, key, value, strlen(value), &reason);
}

/* "key=value&key=value" of a kind, finished. */
static int ask(struct question *q, enum question_kind kind, const char *query)
{
	char text[512], *rest = text, *argument;
	int r = 0;

	question_init(q, kind, NOW_NS);
	snprintf(text, sizeof(text), "%s", query);
	while (r == 0 && (argument = strsep(&rest, "&")) && *argument) {
		char *value = strchr(argument, '=');

		assert_non_null(value);
		*value++ = 0;
		r = set(q, argument, value);
	}
	return r == 0 ? question_finish(q, &reason) : r;
}

static void assert_good(struct question *q, enum question_kind kind, const char *query)
{
	if (ask(q, kind, query) != 0)
		fail_msg("%s: %s", query, reason);
	assert_true(question_is_valid(q));
}

static void assert_bad(enum question_kind kind, const char *query, const char *why)
{
	struct question q;

	if (ask(&q, kind, query) != -EINVAL)
		fail_msg("%s is taken", query);
	assert_non_null(reason);
	if (!strstr(reason, why))
		fail_msg("%s: %s", query, reason);
}

static void test_nothing(void **state)
{
	static const struct {
		enum question_kind kind;
		const char *by;
		uint32_t n_rows, n_points;
	} all[] = {
		{ QUESTION_HOGS, "service", 20, 0 },
		{ QUESTION_FLAME, "", 0, 0 },
		{ QUESTION_TIMELINE, "service", 8, 200 },
		{ QUESTION_LABELS, "", 50, 0 },
		{ QUESTION_EXPORT, "", 0, 0 },
	};
	struct question q;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		assert_good(&q, all[i].kind, "");
		assert_string_equal(q.by, all[i].by);
		assert_int_equal(q.n_rows, all[i].n_rows);
		assert_int_equal(q.n_points, all[i].n_points);
		assert_int_equal(q.side.since_ns, NOW_NS - HOUR_NS);
		assert_int_equal(q.side.until_ns, INT64_MAX);
		assert_int_equal(q.has_before, 0);
		assert_int_equal(q.normalize, NORMALIZE_NONE);
	}
}

static void test_each(void **state)
{
	struct question q;

	assert_good(&q, QUESTION_HOGS,
		    "since=10m&until=5&match=service=api&match=host=~w.*&stack=a|b&function=f(int)&library=libz.so.1&"
		    "domain=kernel&by=function&n=1000&vs=7d&callers=3&outliers=1&min_cores=0.25");
	assert_int_equal(q.side.since_ns, NOW_NS - 600 * S);
	assert_int_equal(q.side.until_ns, NOW_NS - 5 * S);
	assert_string_equal(q.side.match, "service=api\nhost=~w.*\n");
	assert_string_equal(q.stack, "a|b");
	assert_string_equal(q.function, "f(int)");
	assert_string_equal(q.library, "libz.so.1");
	assert_int_equal(q.domain, STACK_KERNEL);
	assert_string_equal(q.by, "function");
	assert_int_equal(q.n_rows, 1000);
	assert_int_equal(q.n_callers, 3);
	assert_int_equal(q.has_outliers, 1);
	assert_true(fabs(q.min_cores - 0.25) < 1e-12);
	assert_int_equal(q.before.since_ns, NOW_NS - 600 * S - 7 * 24 * HOUR_NS);
	assert_string_equal(q.before.match, q.side.match);

	assert_good(&q, QUESTION_TIMELINE, "since_ns=17&until_ns=18&points=400&domain=user&by=service,version&n=50");
	assert_int_equal(q.side.since_ns, 17);
	assert_int_equal(q.side.until_ns, 18);
	assert_int_equal(q.n_points, 400);
	assert_int_equal(q.domain, STACK_USER);

	assert_good(&q, QUESTION_LABELS, "key=service&prefix=a&n=3");
	assert_string_equal(q.key, "service");
	assert_string_equal(q.prefix, "a");

	assert_good(&q, QUESTION_EXPORT, "format=speedscope&normalize=hosts&by=host&since=2026-11-29T01:00:00Z");
	assert_int_equal(q.format, QUESTION_SPEEDSCOPE);
	assert_int_equal(q.normalize, NORMALIZE_HOSTS);
	assert_int_equal(q.side.since_ns, 1795914000 * S);
	assert_string_equal(question_content_type(&q), "application/json");
	assert_string_equal(question_file_name(&q), "cpuhound.speedscope.json");

	assert_good(&q, QUESTION_FLAME, "by=service,host&normalize=total");
	assert_null(question_file_name(&q));
}

/* Six hours and more begin at an hour, whichever end it is. */
static void test_long_times(void **state)
{
	struct question q;

	assert_good(&q, QUESTION_HOGS, "since=24h");
	assert_int_equal(q.side.since_ns % HOUR_NS, 0);
	assert_in_range(NOW_NS - 24 * HOUR_NS - q.side.since_ns, 1, HOUR_NS);
	assert_good(&q, QUESTION_HOGS, "since=7d&until=2d");
	assert_int_equal(q.side.until_ns - q.side.since_ns, 5 * 24 * HOUR_NS);
	assert_good(&q, QUESTION_HOGS, "since=6h");
	assert_in_range(NOW_NS - 6 * HOUR_NS - q.side.since_ns, 1, HOUR_NS);
	assert_good(&q, QUESTION_HOGS, "since=5h");
	assert_int_equal(q.side.since_ns, NOW_NS - 5 * HOUR_NS);
}

static void test_before(void **state)
{
	struct question q;

	assert_good(&q, QUESTION_DIFF, "vs=1h");
	assert_int_equal(q.before.since_ns, NOW_NS - 2 * HOUR_NS);
	assert_int_equal(q.before.until_ns, NOW_NS - HOUR_NS);
	assert_int_equal(q.normalize, NORMALIZE_TIME);
	assert_string_equal(q.by, "function");
	assert_good(&q, QUESTION_DIFF, "match=version=2&before_match=version=1&match=service=api&normalize=none");
	assert_string_equal(q.before.match, "version=1\n");
	assert_int_equal(q.before.since_ns, q.side.since_ns);
	assert_int_equal(q.before.until_ns, q.side.until_ns);
	assert_int_equal(q.normalize, NORMALIZE_NONE);
	assert_good(&q, QUESTION_FLAME, "match=service=api&before_since=2h&before_until=1h");
	assert_string_equal(q.before.match, "service=api\n");
	assert_int_equal(q.before.since_ns, NOW_NS - 2 * HOUR_NS);
	assert_int_equal(q.has_before, 1);
	assert_int_equal(q.normalize, NORMALIZE_TIME);
	assert_good(&q, QUESTION_DIFF, "before_since_ns=1&before_until_ns=2&by=library");

	assert_bad(QUESTION_DIFF, "", "what is before?");
	assert_bad(QUESTION_DIFF, "vs=1h&before_since=1h", "exclude each other");
	assert_bad(QUESTION_DIFF, "vs=1h&before_match=a=b", "exclude each other");
	assert_bad(QUESTION_DIFF, "before_since=1h&before_until=2h", "before_since is not before");
	assert_bad(QUESTION_DIFF, "vs=30000d", "before_since is not before");
	assert_bad(QUESTION_HOGS, "before_since=1h", "none of since");
}

static void test_keys(void **state)
{
	struct question q;

	assert_good(&q, QUESTION_HOGS, "by=category,host");
	assert_good(&q, QUESTION_HOGS, "by=service,function&callers=1");
	assert_good(&q, QUESTION_TIMELINE, "by=library");
	assert_bad(QUESTION_HOGS, "by=a,a", "by takes");
	assert_bad(QUESTION_HOGS, "by=,", "by takes");
	assert_bad(QUESTION_HOGS, "by=a b", "by takes");
	assert_bad(QUESTION_HOGS, "by=a,b,c,d,e,f,g,h,i", "by takes");
	assert_bad(QUESTION_HOGS, "by=service&callers=1", "callers needs");
	assert_bad(QUESTION_HOGS, "by=function,library&callers=1", "callers needs");
	assert_good(&q, QUESTION_DIFF, "vs=1h&by=service,function");
	assert_bad(QUESTION_DIFF, "vs=1h&by=function,library", "by takes");
	assert_bad(QUESTION_DIFF, "vs=1h&by=category", "by takes");
	assert_bad(QUESTION_FLAME, "by=function", "by takes");
	assert_bad(QUESTION_EXPORT, "by=file", "by takes");
	assert_bad(QUESTION_LABELS, "by=service", "none of since");
}

static void test_wrong_values(void **state)
{
	static const struct {
		enum question_kind kind;
		const char *query;
	} wrong[] = {
		{ QUESTION_HOGS, "since=" },
		{ QUESTION_HOGS, "since=yesterday" },
		{ QUESTION_HOGS, "since=-1h" },
		{ QUESTION_HOGS, "since_ns=-1" },
		{ QUESTION_HOGS, "since_ns=9223372036854775808" },
		{ QUESTION_HOGS, "since_ns=0x10" },
		{ QUESTION_HOGS, "since_ns=9223372036854775806" },
		{ QUESTION_HOGS, "since=1h&since_ns=1" },
		{ QUESTION_HOGS, "since=1h&since=1h" },
		{ QUESTION_HOGS, "until_ns=5&until=5" },
		{ QUESTION_HOGS, "since=5m&until=10m" },
		{ QUESTION_HOGS, "since_ns=5&until_ns=5" },
		{ QUESTION_HOGS, "match=" },
		{ QUESTION_HOGS, "stack=" },
		{ QUESTION_HOGS, "stack=a&stack=b" },
		{ QUESTION_HOGS, "function=a\nb" },
		{ QUESTION_HOGS, "function=\xff" },
		{ QUESTION_HOGS, "library=a&library=a" },
		{ QUESTION_HOGS, "domain=both" },
		{ QUESTION_HOGS, "domain=user&domain=user" },
		{ QUESTION_HOGS, "n=0" },
		{ QUESTION_HOGS, "n=1001" },
		{ QUESTION_HOGS, "n=1e2" },
		{ QUESTION_HOGS, "n=5&n=5" },
		{ QUESTION_TIMELINE, "n=51" },
		{ QUESTION_HOGS, "vs=0" },
		{ QUESTION_HOGS, "vs=1h&vs=1h" },
		{ QUESTION_HOGS, "callers=101" },
		{ QUESTION_HOGS, "outliers=0" },
		{ QUESTION_HOGS, "outliers=2" },
		{ QUESTION_HOGS, "min_cores=-1" },
		{ QUESTION_HOGS, "min_cores=nan" },
		{ QUESTION_HOGS, "min_cores=inf" },
		{ QUESTION_HOGS, "min_cores=1.2.3" },
		{ QUESTION_HOGS, "min_cores=." },
		{ QUESTION_HOGS, "normalize=time" },
		{ QUESTION_FLAME, "normalize=much" },
		{ QUESTION_FLAME, "normalize=none&normalize=none" },
		{ QUESTION_TIMELINE, "points=0" },
		{ QUESTION_TIMELINE, "points=401" },
		{ QUESTION_LABELS, "key=" },
		{ QUESTION_LABELS, "key=a&key=b" },
		{ QUESTION_LABELS, "prefix=a&prefix=a" },
		{ QUESTION_EXPORT, "format=xml" },
		{ QUESTION_EXPORT, "format=svg&format=svg" },
		{ QUESTION_HOGS, "no_such=1" },
		{ QUESTION_HOGS, "SINCE=1h" },
		{ QUESTION_HOGS, "=" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_bad(wrong[i].kind, wrong[i].query, "");
}

/* What is as long as its room is taken, one byte more is not; nothing is beside it. */
static void test_lengths(void **state)
{
	static const struct {
		enum question_kind kind;
		const char *key;
		size_t most;
	} all[] = {
		{ QUESTION_HOGS, "stack", 1023 },        { QUESTION_HOGS, "function", 2047 },
		{ QUESTION_HOGS, "library", 255 },       { QUESTION_LABELS, "key", 255 },
		{ QUESTION_LABELS, "prefix", 255 },      { QUESTION_HOGS, "match", 1022 },
		{ QUESTION_DIFF, "before_match", 1022 },
	};
	char value[4096];

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct question q;

		memset(value, 'x', sizeof(value));
		value[all[i].most + 1] = 0;
		question_init(&q, all[i].kind, NOW_NS);
		assert_int_equal(set(&q, all[i].key, value), -EINVAL);
		assert_non_null(reason);
		value[all[i].most] = 0;
		question_init(&q, all[i].kind, NOW_NS);
		assert_int_equal(set(&q, all[i].key, value), 0);
		assert_int_equal(question_finish(&q, &reason), 0);
		assert_true(question_is_valid(&q));
	}
}

static void test_nul(void **state)
{
	static const char *const keys[] = { "since",    "since_ns", "match",  "stack",
					    "function", "n",        "domain", "min_cores" };
	struct question q;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		question_init(&q, QUESTION_HOGS, NOW_NS);
		reason = NULL;
		assert_int_equal(question_set(&q, keys[i], "1\0x", 3, &reason), -EINVAL);
		assert_non_null(reason);
	}
	question_init(&q, QUESTION_HOGS, NOW_NS);
	assert_int_equal(question_set(&q, "match", "a=b\nc=d", 7, &reason), -EINVAL);
}

/* One that was changed on its way. */
#define ASSERT_SPOILT(change)                                                                                          \
	do {                                                                                                           \
		struct question q;                                                                                     \
		assert_good(&q, QUESTION_DIFF, "vs=1h&match=a=b");                                                     \
		change;                                                                                                \
		assert_false(question_is_valid(&q));                                                                   \
	} while (0)

static void test_spoilt(void **state)
{
	ASSERT_SPOILT(q.kind = 0);
	ASSERT_SPOILT(q.kind = QUESTION_N_KINDS);
	ASSERT_SPOILT(q.kind = QUESTION_TIMELINE); /* of which there is no vs */
	ASSERT_SPOILT(q.domain = STACK_USER + 1);
	ASSERT_SPOILT(q.normalize = NORMALIZE_HOSTS + 1);
	ASSERT_SPOILT(q.format = QUESTION_N_FORMATS);
	ASSERT_SPOILT(q.n_rows = QUESTION_MAX_ROWS + 1);
	ASSERT_SPOILT(q.n_callers = 1);
	ASSERT_SPOILT(q.n_callers = QUESTION_MAX_CALLERS + 1);
	ASSERT_SPOILT(q.n_points = QUESTION_MAX_POINTS + 1);
	ASSERT_SPOILT(q.n_points = 1);
	ASSERT_SPOILT(q.has_outliers = 1);
	ASSERT_SPOILT(strcpy(q.prefix, "a"));
	ASSERT_SPOILT(q.has_before = 0);
	ASSERT_SPOILT(q.has_before = 2);
	ASSERT_SPOILT(q.given = UINT32_MAX);
	ASSERT_SPOILT(q.now_ns = -1);
	ASSERT_SPOILT(q.now_ns = INT64_MAX);
	ASSERT_SPOILT(q.vs_ns = -1);
	ASSERT_SPOILT(q.min_cores = NAN);
	ASSERT_SPOILT(q.min_cores = -1);
	ASSERT_SPOILT(q.side.since_ns = -1);
	ASSERT_SPOILT(q.side.until_ns = q.side.since_ns);
	ASSERT_SPOILT(q.before.until_ns = 0);
	ASSERT_SPOILT(memset(q.side.match, 'x', sizeof(q.side.match)));
	ASSERT_SPOILT(strcpy(q.before.match, "a=b"));
	ASSERT_SPOILT(strcpy(q.before.match, "\n"));
	ASSERT_SPOILT(memset(q.stack, 'x', sizeof(q.stack)));
	ASSERT_SPOILT(memset(q.function, 'x', sizeof(q.function)));
	ASSERT_SPOILT(memset(q.library, 'x', sizeof(q.library)));
	ASSERT_SPOILT(memset(q.by, 'x', sizeof(q.by)));
	ASSERT_SPOILT(memset(q.key, 'x', sizeof(q.key)));
	ASSERT_SPOILT(memset(q.prefix, 'x', sizeof(q.prefix)));
	ASSERT_SPOILT(strcpy(q.stack, "\xff"));
	ASSERT_SPOILT(strcpy(q.by, ""));
	ASSERT_SPOILT(strcpy(q.by, "function,library"));
}

static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		char hex[3] = { from[0] == '%' ? from[1] : 0, from[0] == '%' ? from[2] : 0 };

		*to++ = hex[0] ? (char)strtoul(hex, NULL, 16) : *from;
		from += hex[0] ? 2 : 0;
	}
	*to = 0;
}

/* Asked of another program it is the same question, whatever is said of it. */
static void test_query(void **state)
{
	static const struct {
		enum question_kind kind;
		const char *query;
	} all[] = {
		{ QUESTION_HOGS, "" },
		{ QUESTION_HOGS, "since=2h&until=1h&match=service=api&match=a=~\"b|c\"&stack=x;y+ z%#&function=f<g*>()"
				 "&library=libz.so.1&file=a/b.c&category=memory copy&domain=kernel" },
		{ QUESTION_HOGS, "by=function,host&n=7&vs=7d&callers=3&outliers=1&min_cores=0.1" },
		{ QUESTION_DIFF, "vs=90s&by=library&n=2&normalize=none&domain=user" },
		{ QUESTION_DIFF,
		  "since=1h&before_since=2h&before_until=90m&match=a=b&before_match=a=c&before_match=d!=e" },
		{ QUESTION_DIFF, "match=a=b&before_since=2h" },
		{ QUESTION_FLAME, "by=service,host&normalize=hosts" },
		{ QUESTION_FLAME, "before_match=service=db" },
		{ QUESTION_TIMELINE, "by=category&n=3&points=17&since_ns=5&until_ns=7000000000" },
		{ QUESTION_LABELS, "key=service_name&prefix=a/b&n=9" },
		{ QUESTION_LABELS, "until=5m" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		_cleanup_(buf_done) struct buf query = {};
		struct question q, again;
		char *rest, *argument;

		assert_good(&q, all[i].kind, all[i].query);
		assert_int_equal(question_add_query(&q, &query), 0);
		assert_int_equal(query.data[0], '?');
		question_init(&again, all[i].kind, NOW_NS);
		for (rest = query.data + 1; (argument = strsep(&rest, "&"));) {
			char *value = strchr(argument, '=');

			assert_non_null(value);
			*value++ = 0;
			unescape(value);
			if (set(&again, argument, value) != 0)
				fail_msg("%zu: %s=%s: %s", i, argument, value, reason);
		}
		assert_int_equal(question_finish(&again, &reason), 0);
		again.given = q.given; /* since is since_ns there */
		if (memcmp(&again, &q, sizeof(q)) != 0)
			fail_msg("%zu: another question", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing), cmocka_unit_test(test_each), cmocka_unit_test(test_long_times),
		cmocka_unit_test(test_before),  cmocka_unit_test(test_keys), cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_lengths), cmocka_unit_test(test_nul),  cmocka_unit_test(test_query),
		cmocka_unit_test(test_spoilt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
