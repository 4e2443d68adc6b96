// SPDX-License-Identifier: Apache-2.0
/* Hosts and the time for which they were recorded: each moment once, whatever the windows are. */
#include "report/coverage.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "store/window.h"
#include "tests/unit/built-profile.h"

#define S ((int64_t)NS_PER_S)
#define START (INT64_C(1795916400) * S)

static void add_tier(struct coverage *c, const char *host, int64_t start_s, uint64_t duration_s, enum window_tier tier)
{
	struct window_info w = { .tier = tier,
				 .start_ns = START + start_s * S,
				 .duration_ns = duration_s * NS_PER_S,
				 .ledger = { .due = 2, .taken = 2, .in_profile = 2, .windows = 1 } };

	snprintf(w.host, sizeof(w.host), "%s", host);
	assert_int_equal(coverage_add_window(c, &w), 0);
}

static void add(struct coverage *c, const char *host, int64_t start_s, uint64_t duration_s)
{
	add_tier(c, host, start_s, duration_s, WINDOW_RAW);
}

static const struct coverage_host *host(struct coverage *c, const char *name)
{
	uint32_t number;
	size_t n;

	assert_int_equal(coverage_find(c, name, &number), 0);
	coverage_finish(c);
	return &coverage_hosts(c, &n)[number];
}

static struct coverage *new_coverage(void)
{
	struct coverage *c = NULL;

	assert_int_equal(coverage_new(&c), 0);
	return c;
}

static void test_each_moment_once(void **state)
{
	struct coverage *c = new_coverage();

	add(c, "a", 0, 10);
	add(c, "b", 0, 10);
	add(c, "a", 10, 10);
	add(c, "a", 15, 10);
	add(c, "a", 0, 10); /* a part of a window that is there */
	add(c, "a", 100, 5);
	add(c, "a", 101, 1);
	add(c, "b", 5, 2);
	assert_int_equal(host(c, "a")->wall_ns, 30 * S);
	assert_int_equal(host(c, "b")->wall_ns, 10 * S);
	assert_int_equal(host(c, "a")->start_ns, START);
	assert_int_equal(host(c, "a")->end_ns, START + 105 * S);
	assert_int_equal(coverage_totals(c)->start_ns, START);
	assert_int_equal(coverage_totals(c)->end_ns, START + 105 * S);
	assert_int_equal(coverage_totals(c)->n_windows, 8);
	assert_int_equal(coverage_totals(c)->ledger.due, 16);
	coverage_free(c);
}

static void test_silent(void **state)
{
	struct coverage *c = new_coverage();

	add(c, "a", 0, 10);
	add(c, "b", 0, 310);
	add_tier(c, "c", 0, 10, WINDOW_HOUR); /* its hour ends later: 02:00 */
	assert_false(coverage_is_silent(c, host(c, "a"), START + 310 * S));
	assert_true(coverage_is_silent(c, host(c, "a"), START + 311 * S));
	assert_false(coverage_is_silent(c, host(c, "b"), START + 311 * S));
	assert_int_equal(host(c, "c")->end_ns, START + 1200 * S);
	assert_int_equal(host(c, "c")->wall_ns, 10 * S);
	assert_true(coverage_is_silent(c, host(c, "a"), 0)); /* c's end is the last one */
	coverage_free(c);
}

/* It was merged before it was over: its end is not that of the hour, which is yet to come. */
static void test_hour_that_is_not_over(void **state)
{
	struct window_info w = { .tier = WINDOW_HOUR,
				 .host = "a",
				 .start_ns = START,
				 .duration_ns = 300 * NS_PER_S,
				 .end_ns = START + 320 * S };
	struct coverage *c = new_coverage();

	add(c, "b", 0, 330);
	assert_int_equal(coverage_add_window(c, &w), 0);
	assert_int_equal(host(c, "a")->end_ns, START + 320 * S);
	assert_int_equal(host(c, "a")->wall_ns, 300 * S);
	assert_int_equal(coverage_totals(c)->end_ns, START + 330 * S);
	assert_true(coverage_is_silent(c, host(c, "a"), START + 621 * S));
	assert_false(coverage_is_silent(c, host(c, "b"), 0));
	coverage_free(c);
}

/* What was away from 600 to 2400 and came later is a second file of the hour. */
static void test_late_part_of_an_hour(void **state)
{
	struct coverage *c = new_coverage();

	add_tier(c, "a", 0, 1800, WINDOW_HOUR);
	add_tier(c, "a", 600, 1800, WINDOW_HOUR);
	add(c, "a", 3600, 10);
	assert_int_equal(host(c, "a")->wall_ns, 3610 * S);
	assert_int_equal(host(c, "a")->start_ns, START);
	assert_int_equal(host(c, "a")->end_ns, START + 3610 * S);
	coverage_free(c);
}

/* Any spelling is the host that file names tell. */
static void test_spelling(void **state)
{
	struct coverage *c = new_coverage();
	uint32_t a, b;

	assert_int_equal(coverage_find(c, "db 7/x", &a), 0);
	assert_int_equal(coverage_find(c, "db_7_x", &b), 0);
	assert_int_equal(a, b);
	assert_int_equal(coverage_find(c, "", &b), 0);
	assert_int_not_equal(a, b);
	coverage_free(c);
}

/* What merging made of two hosts lasted 20 s: 10 each. What does not tell when it was adds up. */
static void test_profiles(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 1, .function = "f" } }, 1, { { .key = "host", .str = "a" } }, 1, .count = 1 },
		{ { { .addr = 2, .function = "g" } }, 1, { { .key = "host", .str = "b" } }, 1, .count = 1 },
		{ { { .addr = 3, .function = "h" } }, 1, { { .key = "host", .str = "a" } }, 1, .count = 1 },
	};
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, ARRAY_SIZE(stacks), NULL);
	const struct window_info timed = { .start_ns = START, .duration_ns = 20 * NS_PER_S };
	const struct window_info untimed = { .duration_ns = 8 * NS_PER_S };
	struct coverage *c = new_coverage();

	assert_int_equal(coverage_add_profile(c, p, &timed, false), 0);
	assert_int_equal(host(c, "a")->wall_ns, 10 * S);
	assert_int_equal(host(c, "b")->wall_ns, 10 * S);
	assert_int_equal(coverage_add_profile(c, p, &timed, false), 0); /* the same time */
	assert_int_equal(host(c, "a")->wall_ns, 10 * S);
	assert_int_equal(coverage_add_profile(c, p, &untimed, false), 0);
	assert_int_equal(coverage_add_profile(c, p, &untimed, false), 0);
	assert_int_equal(host(c, "a")->wall_ns, 18 * S);
	assert_int_equal(coverage_totals(c)->n_ledgers, 0);
	coverage_free(c);
}

/* A server tells how long a host was recorded, with gaps, and when its last profile ended. */
static void test_told(void **state)
{
	const struct coverage_host told = {
		.name = "web-1", .wall_ns = 60 * NS_PER_S, .start_ns = START, .end_ns = START + 3600 * S
	};
	struct coverage *c = new_coverage();
	const struct coverage_host *h;

	assert_int_equal(coverage_add_host(c, &told, 7), 0);
	h = host(c, "web-1");
	assert_int_equal(h->wall_ns, told.wall_ns);
	assert_int_equal(h->start_ns, START);
	assert_int_equal(h->end_ns, told.end_ns);
	assert_false(coverage_is_silent(c, h, START + 3700 * S));
	assert_true(coverage_is_silent(c, h, START + 4000 * S));
	assert_int_equal(coverage_totals(c)->n_windows, 7);
	assert_int_equal(coverage_totals(c)->n_ledgers, 0);
	coverage_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_moment_once),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_hour_that_is_not_over),
		cmocka_unit_test(test_late_part_of_an_hour),
		cmocka_unit_test(test_spelling),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
