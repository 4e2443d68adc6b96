// SPDX-License-Identifier: Apache-2.0
/* plan: which windows are a batch, when it is closed, whose turn it is. */
#include "tests/unit/cmocka-all.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "uploader/plan.h"

#define S ((int64_t)NS_PER_S)
#define T0 (1764000000 * S) /* a multiple of 15 s */

static struct source_window windows[4000];
static struct source source = { .windows = windows };
static struct queue q;
static struct plan_options options;

static int set_up(void **state)
{
	source.n = 0;
	queue_init(&q, "central");
	options = (struct plan_options){ .interval_ns = 15 * NS_PER_S, .now_ns = T0 };
	return 0;
}

static void add(int64_t start_s, uint64_t host)
{
	windows[source.n] = (struct source_window){ .sequence = source.n ? windows[source.n - 1].sequence + 1 : 1,
						    .start_ns = T0 + start_s * S,
						    .duration_ns = 10 * NS_PER_S,
						    .host = host };
	source.n++;
}

static void expect(int64_t now_s, const char *expected)
{
	char text[64] = "nothing";
	struct plan_run run;

	options.now_ns = T0 + now_s * S;
	if (plan_next(&source, &q, &options, &run) == 0)
		sprintf(text, "%zu+%zu at %ld %s", run.first, run.n, (long)((run.start_ns - T0) / S),
			run.is_fresh ? "fresh" : "old");
	assert_string_equal(text, expected);
}

static void pass(uint64_t first, uint64_t last)
{
	assert_int_equal(queue_pass(&q, (struct queue_range){ first, last }), 0);
}

static void test_a_run_is_closed_by_a_later_window(void **state)
{
	expect(0, "nothing");
	add(0, 1);
	add(10, 1);
	expect(21, "nothing");
	add(20, 1);
	expect(31, "0+2 at 0 fresh");
}

static void test_a_run_is_closed_by_time(void **state)
{
	add(0, 1);
	add(10, 1);
	expect(15 + 10 + 29, "nothing");
	expect(15 + 10 + 30, "0+2 at 0 fresh");
}

static void test_what_is_behind_or_open_is_no_part_of_a_run(void **state)
{
	for (int i = 0; i < 12; i++)
		add(i, 1); /* sequences 1 to 12, all in one interval */
	pass(3, 4);
	q.open[0].sequences = (struct queue_range){ 8, 9 };
	q.n_open = 1;
	expect(60, "9+3 at 0 fresh");
	pass(10, 12);
	expect(60, "4+3 at 0 fresh");
	pass(5, 7);
	expect(60, "0+2 at 0 fresh");
}

static void test_hosts_are_apart(void **state)
{
	add(0, 1);
	add(1, 2);
	add(2, 2);
	add(20, 1);
	expect(31, "1+2 at 0 fresh");
}

static void test_newest_first_also_of_the_past(void **state)
{
	for (int i = 0; i < 600; i++)
		add(i * 10, 1);
	expect(6001, "597+2 at 5970 fresh"); /* the one behind it may still grow */
	pass(598, 599);
	expect(6001, "596+1 at 5955 fresh");
	/* All that is fresh was sent: now what an outage left, back from where it ended. */
	pass(580, 599);
	expect(6001, "578+1 at 5775 old");
	pass(579, 579);
	expect(6001, "576+2 at 5760 old");
	/* Something fresh comes in between. */
	add(6000, 1);
	expect(6031, "599+1 at 5985 fresh");
}

/* So many outages that the queue cannot tell of one more: the first hole is closed before anything new. */
static void test_many_outages(void **state)
{
	unsigned int n = 0;
	struct plan_run run;

	for (int i = 0; i < 2000; i++)
		add(i * 15, 1);
	for (uint64_t i = 0; i < QUEUE_MAX_RANGES - QUEUE_MAX_OPEN; i++)
		pass(20 * i + 10, 20 * i + 12);
	expect(30001, "0+1 at 0 old");
	pass(0, 9);
	expect(30001, "12+1 at 180 old");
	pass(13, 29); /* the first hole is closed: the newest is next again */
	expect(30001, "1998+1 at 29970 fresh");
	while (plan_next(&source, &q, &options, &run) == 0) {
		assert_int_equal(queue_pass(&q, plan_range(&source, &run)), 0);
		assert_true(q.n_passed <= QUEUE_MAX_RANGES && ++n < 2000);
	}
	assert_int_equal(q.n_passed, 1);
	assert_int_equal(queue_last_passed(&q), 1999); /* the last may still grow */
}

static void test_the_phase_is_waited_for(void **state)
{
	options.phase_ns = 12 * NS_PER_S;
	add(0, 1);
	add(10, 1);
	add(20, 1);
	expect(26, "nothing");
	expect(27, "0+2 at 0 fresh");
}

/* A clock that was a day ahead, and was set back: what it left is not waited for. */
static void test_times_ahead_are_not_waited_for(void **state)
{
	options.phase_ns = 12 * NS_PER_S;
	add(86400, 1);
	add(86410, 1);
	add(0, 1);
	add(15, 1);
	expect(16, "0+2 at 86400 fresh");
}

static void test_age_limit(void **state)
{
	size_t too_old;

	options.max_age_ns = 3600 * NS_PER_S;
	for (int i = 0; i < 100; i++)
		add(i * 10, 1);
	pass(5, 7);
	options.now_ns = T0 + 3600 * S;
	assert_int_equal(plan_too_old(&source, &q, &options, &too_old), 0);
	options.now_ns = T0 + 3691 * S;
	assert_int_equal(plan_too_old(&source, &q, &options, &too_old), 10);
	assert_int_equal(too_old, 7);
	options.max_age_ns = 0;
	assert_int_equal(plan_too_old(&source, &q, &options, &too_old), 0);
}

/* What the store does not have any more lies behind, too, so that the past stays in one piece. */
static void test_gaps_belong_to_the_run_behind_them(void **state)
{
	struct plan_run run = { .first = 0, .n = 2 };
	struct queue_range range;

	add(0, 1);
	windows[0].sequence = 100;
	add(10, 1);
	windows[1].sequence = 105;
	add(20, 1);
	windows[2].sequence = 140;
	range = plan_range(&source, &run);
	assert_int_equal(range.first, 0);
	assert_int_equal(range.last, 105);
	run = (struct plan_run){ .first = 2, .n = 1 };
	range = plan_range(&source, &run);
	assert_int_equal(range.first, 106);
	assert_int_equal(range.last, 140);
}

/* However it is done, each window is in one batch, and the queue stays small. */
static void test_all_is_sent_once(void **state)
{
	unsigned int seen[4000] = {}, n = 0;
	struct plan_run run;

	for (int i = 0; i < 4000; i++)
		add(i * 7, 1);
	options.now_ns = T0 + 4000 * 7 * S + 3600 * S;
	while (plan_next(&source, &q, &options, &run) == 0) {
		for (size_t i = 0; i < run.n; i++)
			seen[run.first + i]++;
		assert_int_equal(queue_pass(&q, plan_range(&source, &run)), 0);
		assert_true(q.n_passed <= 3);
		assert_true(++n < 4000);
	}
	for (size_t i = 0; i < source.n; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(q.n_passed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_run_is_closed_by_a_later_window, set_up),
		cmocka_unit_test_setup(test_a_run_is_closed_by_time, set_up),
		cmocka_unit_test_setup(test_what_is_behind_or_open_is_no_part_of_a_run, set_up),
		cmocka_unit_test_setup(test_hosts_are_apart, set_up),
		cmocka_unit_test_setup(test_newest_first_also_of_the_past, set_up),
		cmocka_unit_test_setup(test_many_outages, set_up),
		cmocka_unit_test_setup(test_the_phase_is_waited_for, set_up),
		cmocka_unit_test_setup(test_times_ahead_are_not_waited_for, set_up),
		cmocka_unit_test_setup(test_age_limit, set_up),
		cmocka_unit_test_setup(test_gaps_belong_to_the_run_behind_them, set_up),
		cmocka_unit_test_setup(test_all_is_sent_once, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
