// SPDX-License-Identifier: Apache-2.0
/* What the two sides of `cpuhound diff` may be. */
#include "cli/diff-options.h"

#include <string.h>

#include "common/clock.h"
#include "common/parse.h"
#include "tests/unit/cmocka-all.h"

#define MAX_WORDS 12

/* The words are separated by spaces. EXIT_OK, or what it came to. */
static int parse(struct diff_options *o, char *words, char **argv)
{
	bool done;
	int argc = 0;

	argv[argc++] = words;
	for (char *rest = words, *word = strsep(&rest, " "); word && argc < MAX_WORDS; word = strsep(&rest, " "))
		argv[argc++] = word;
	argv[0] = argv[1]; /* the name, which nobody looks at */
	return diff_options_parse(o, argc, argv, &done);
}

struct expected {
	const char *words;
	size_t n_files, n_matchers; /* of the first side */
	const char *since, *until;  /* RFC 3339; NULL: none */
};

static void assert_time(const char *text, int64_t otherwise, int64_t have)
{
	int64_t ns = otherwise;

	if (text)
		assert_int_equal(parse_rfc3339_ns(text, &ns), 0);
	assert_int_equal(have, ns);
}

static void test_sides(void **state)
{
#define T "2026-11-29T01:00:00Z"
#define U "2026-11-29T02:00:00Z"
	static const struct expected cases[] = {
		{ "a.pb.gz b.pb.gz", 1, 0, NULL, NULL },
		{ T ".." U " x", 0, 0, T, U },
		{ T ".. x", 0, 0, T, NULL },
		{ ".." U " x", 0, 0, NULL, U },
		{ "version=1.2 x", 0, 1, NULL, NULL },
		{ "version=~1.2,service!=api x", 0, 2, NULL, NULL },
		{ T ".." U ",version=1.2 x", 0, 1, T, U },
		{ "a.pb.gz,version=1.2 x", 1, 1, NULL, NULL },
		{ "a,b.pb.gz x", 1, 0, NULL, NULL },            /* no label behind the comma */
		{ "v=~a{1,2} x", 0, 1, NULL, NULL },            /* nor here */
		{ "../a.pb.gz x", 1, 0, NULL, NULL },           /* no times */
		{ "a..b x", 1, 0, NULL, NULL },                 /* nor here */
		{ ".. x", 1, 0, NULL, NULL },                   /* both ends open */
		{ "-- - x", 1, 0, NULL, NULL },                 /* standard input */
		{ "a x service=api host=h", 1, 2, NULL, NULL }, /* for both */
		{ "--since " T " " T ".." U " x", 0, 0, T, U },
		{ "--until " U " version=1 x", 0, 1, NULL, U },
	};

	const int64_t hour_ago_ns = (int64_t)(clock_now_ns(CLOCK_REALTIME) - 3600 * NS_PER_S);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(diff_options_done) struct diff_options o = DIFF_OPTIONS_NONE;
		_cleanup_free_ char *words = strdup(cases[i].words);
		const struct report_options *first = &o.sides[0].report;
		char *argv[MAX_WORDS + 1];

		assert_int_equal(parse(&o, words, argv), EXIT_OK);
		if (first->n_files != cases[i].n_files || first->selection.selection.n_matchers != cases[i].n_matchers)
			fail_msg("'%s' has %zu files and %zu matchers", cases[i].words, first->n_files,
				 first->selection.selection.n_matchers);
		if (first->n_files == 0 && !cases[i].since && !cases[i].until)
			assert_true(first->selection.selection.since_ns >= hour_ago_ns); /* of a store */
		else
			assert_time(cases[i].since, 0, first->selection.selection.since_ns);
		assert_time(cases[i].until, INT64_MAX, first->selection.selection.until_ns);
	}
}

/* What is said for both is on both. */
static void test_both(void **state)
{
	_cleanup_(diff_options_done) struct diff_options o = DIFF_OPTIONS_NONE;
	char words[] = "version=1 version=2 service=api --function f --stack a;b --kernel --by host,version", *argv[13];

	assert_int_equal(parse(&o, words, argv), EXIT_OK);
	for (size_t i = 0; i < DIFF_N_SIDES; i++) {
		assert_int_equal(o.sides[i].report.selection.selection.n_matchers, 2);
		assert_string_equal(o.sides[i].report.filter.function, "f");
		assert_non_null(o.sides[i].report.filter.stack);
		assert_int_equal(o.sides[i].report.filter.domain, STACK_KERNEL);
	}
	assert_string_equal(o.sides[1].text, "version=2");
	assert_int_equal(o.by, DIFF_BY_LABELS);
	assert_int_equal(o.labels.n, 2);
	assert_string_equal(o.labels.labels[1], "version");
}

/* The key of frames may stand anywhere. */
static void test_labels_and_frames(void **state)
{
	static const struct {
		const char *words;
		enum diff_by by;
		size_t n_labels;
	} cases[] = {
		{ "a b", DIFF_BY_FUNCTION, 0 },
		{ "a b --by library", DIFF_BY_LIBRARY, 0 },
		{ "a b --by service,function", DIFF_BY_FUNCTION, 1 },
		{ "a b --by library,service,version", DIFF_BY_LIBRARY, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(diff_options_done) struct diff_options o = DIFF_OPTIONS_NONE;
		_cleanup_free_ char *words = strdup(cases[i].words);
		char *argv[MAX_WORDS + 1];

		assert_int_equal(parse(&o, words, argv), EXIT_OK);
		assert_int_equal(o.by, cases[i].by);
		assert_int_equal(o.labels.n, cases[i].n_labels);
		if (o.labels.n > 0)
			assert_string_equal(o.labels.labels[0], "service_name");
	}
}

static void test_mistakes(void **state)
{
	static const char *const mistakes[] = { "a",
						"a b c",
						"version=~( b",
						"a b --fail-above 5",
						"a b --fail-above -5%",
						"a b --fail-above nan%",
						"a b --by a,,b",
						"a b --by function,library",
						"a b --by function,function",
						"a b --by function --by service",
						"a b --by 1,2,3,4,5,6,7,8,9",
						"a b --by a --by b",
						"a b --json --csv",
						"a b -o x.pb.gz",
						"a b -o x.svg -o y.svg",
						"a b --top x" };

	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		_cleanup_(diff_options_done) struct diff_options o = DIFF_OPTIONS_NONE;
		_cleanup_free_ char *words = strdup(mistakes[i]);
		char *argv[MAX_WORDS + 1];

		if (parse(&o, words, argv) != EXIT_USAGE)
			fail_msg("'%s' was taken", mistakes[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_labels_and_frames),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
