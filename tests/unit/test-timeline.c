// SPDX-License-Identifier: Apache-2.0
/*
 * Timelines whose numbers are worked out by hand: a sample is worth 1 s of CPU time, so that a window of 10 s with 5 of
 * them is half a core.
 */
#include "report/timeline.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "pprof/build.h"
#include "pprof/profile.h"
#include "report/frame-table.h"
#include "report/grouping.h"
#include "report/source.h"
#include "report/stack-filter.h"
#include "tests/unit/cmocka-all.h"

#define S ((int64_t)NS_PER_S)
#define START (INT64_C(1795914000) * S) /* 2026-11-29T01:00:00Z */

struct fixture {
	struct frame_table *frames;
	struct grouping *grouping;
	struct timeline *timeline;
	struct stack_filter filter;
	struct json_object *top;
};

static void set_up(struct fixture *f, int64_t start_s, int64_t end_s, size_t max_steps)
{
	*f = (struct fixture){};
	assert_int_equal(frame_table_new(&f->frames), 0);
	assert_int_equal(grouping_new("service", f->frames, NULL, &f->grouping), 0);
	assert_int_equal(timeline_new(f->frames, f->grouping, START + start_s * S, START + end_s * S, max_steps,
				      &f->timeline),
			 0);
}

static void tear_down(struct fixture *f)
{
	json_object_put(f->top);
	timeline_free(f->timeline);
	grouping_free(f->grouping);
	frame_table_free(f->frames);
	stack_filter_done(&f->filter);
}

static struct window_info window(const char *host, int64_t start_s, int64_t duration_s, enum window_tier tier)
{
	struct window_info w = { .tier = tier,
				 .start_ns = START + start_s * S,
				 .duration_ns = (uint64_t)(duration_s * S) };

	strcpy(w.host, host);
	return w;
}

static struct profile *made(const char *service, const char *function, uint64_t n, const char *unit_of_first)
{
	const struct profile_meta meta = { .time_ns = 1, .duration_ns = 1, .period_ns = S };
	const struct frame frame = { .function = function };
	const struct label label = { .key = "service_name", .str = service };
	_cleanup_(profile_builder_freep) struct profile_builder *b = NULL;
	_cleanup_(buf_done) struct buf raw = {};
	struct profile *p = NULL;

	assert_int_equal(profile_builder_new(&b), 0);
	assert_int_equal(profile_builder_add(b, &frame, 1, &label, 1, n, n * (uint64_t)S), 0);
	assert_int_equal(profile_builder_encode(b, &meta, &raw), 0);
	assert_int_equal(profile_decode(raw.data, raw.size, &p), 0);
	if (unit_of_first)
		p->default_type = 0;
	return p;
}

static int add(struct fixture *f, const struct window_info *w, const char *service, const char *function, uint64_t n)
{
	_cleanup_(profile_freep) struct profile *p = made(service, function, n, NULL);
	const struct source_item item = { .profile = p, .window = *w, .is_window = true };

	return timeline_add(f->timeline, &item, &f->filter);
}

static void finish(struct fixture *f, size_t n_groups)
{
	f->top = json_object_new_object();
	assert_int_equal(timeline_json_add(f->timeline, n_groups, f->top), 0);
}

/* -1: null. */
static void assert_steps(struct json_object *array, const double *expected, size_t n)
{
	assert_int_equal(json_object_array_length(array), n);
	for (size_t i = 0; i < n; i++) {
		struct json_object *o = json_object_array_get_idx(array, i);
		double value = o ? json_object_get_double(o) : -1;

		if (fabs(value - expected[i]) > 1e-6)
			fail_msg("step %zu: %g, not %g", i, value, expected[i]);
	}
}
#define STEPS(...) (const double[]){ __VA_ARGS__ }, ARRAY_SIZE(((const double[]){ __VA_ARGS__ }))

static struct json_object *cores_of(const struct fixture *f, size_t i, const char *name)
{
	struct json_object *group = json_object_array_get_idx(json_find(f->top, "groups"), i);

	assert_string_equal(json_object_get_string(json_object_array_get_idx(json_find(group, "name"), 0)), name);
	return json_find(group, "cores");
}

/* Two hosts; the second one is recorded for the half of a step alone, and not at all in another. */
static void test_hosts(void **state)
{
	const struct window_info a[] = { window("a", 0, 10, WINDOW_RAW), window("a", 10, 10, WINDOW_RAW) };
	const struct window_info b = window("b", 15, 5, WINDOW_RAW);
	struct fixture f;

	set_up(&f, 0, 30, 3);
	assert_int_equal(timeline_add_recorded(f.timeline, &a[0]), 0);
	assert_int_equal(timeline_add_recorded(f.timeline, &a[1]), 0);
	assert_int_equal(timeline_add_recorded(f.timeline, &b), 0);
	assert_int_equal(add(&f, &a[0], "api", "f", 5), 0);
	assert_int_equal(add(&f, &a[1], "db", "f", 2), 0);
	assert_int_equal(add(&f, &b, "api", "f", 10), 0); /* two cores while it was recorded */
	finish(&f, 1);
	assert_int_equal(json_find_number(f.top, "step_ns"), 10 * S);
	assert_int_equal(json_find_number(f.top, "start_ns"), START);
	assert_int_equal(json_find_number(f.top, "n_steps"), 3);
	assert_int_equal(json_find_number(f.top, "n_groups"), 2);
	assert_steps(json_find(f.top, "coarsest_ns"), STEPS(10e9, 10e9, 0));
	assert_steps(cores_of(&f, 0, "api"), STEPS(0.5, 2, -1));
	assert_steps(json_find(f.top, "rest"), STEPS(0, 0.2, -1));
	assert_steps(json_find(f.top, "all"), STEPS(0.5, 2.2, -1));
	assert_steps(json_find(f.top, "n_hosts"), STEPS(1, 2, 0));
	assert_int_equal(timeline_n_untimed(f.timeline), 0);
	tear_down(&f);
}

/* A window over the border of a step, one that reaches out of the range, and an hour of minutes. */
static void test_spans(void **state)
{
	const struct window_info over = window("a", 5, 10, WINDOW_RAW), out = window("a", 15, 10, WINDOW_RAW);
	struct fixture f;

	set_up(&f, 0, 20, 2);
	assert_int_equal(timeline_add_recorded(f.timeline, &over), 0);
	assert_int_equal(timeline_add_recorded(f.timeline, &out), 0);
	assert_int_equal(add(&f, &over, "api", "f", 10), 0);
	assert_int_equal(add(&f, &out, "api", "f", 20), 0);
	finish(&f, 5);
	/* 5 s of the first in each step; of the second 5 s with 10 of CPU time */
	assert_steps(cores_of(&f, 0, "api"), STEPS(1, 1.5));
	tear_down(&f);
}

static void test_merged(void **state)
{
	const struct window_info hour = window("a", 1800, 900, WINDOW_HOUR), late = window("a", 1800, 90, WINDOW_HOUR);
	struct window_info short_ = window("a", 0, 300, WINDOW_HOUR);
	struct fixture f;

	set_up(&f, 0, 3600, 4);
	short_.end_ns = START + 900 * S; /* which minutes tell */
	assert_int_equal(timeline_add_recorded(f.timeline, &short_), 0);
	assert_int_equal(add(&f, &short_, "api", "f", 600), 0);
	assert_int_equal(timeline_add_recorded(f.timeline, &hour), 0);
	assert_int_equal(timeline_add_recorded(f.timeline, &late), 0);
	assert_int_equal(add(&f, &hour, "api", "f", 450), 0);
	assert_int_equal(add(&f, &late, "api", "f", 45), 0);
	finish(&f, 5);
	assert_int_equal(json_find_number(f.top, "step_ns"), 900 * S);
	assert_steps(cores_of(&f, 0, "api"), STEPS(2, -1, 0.5, 0.5));
	assert_steps(json_find(f.top, "coarsest_ns"), STEPS(900e9, 0, 1800e9, 1800e9));
	tear_down(&f);
}

/* Steps begin at multiples of their length, and are no more than was asked for. */
static void test_steps(void **state)
{
	static const struct {
		int64_t start_s, end_s;
		size_t max_steps;
		int64_t step_s, first_s;
		size_t n_steps;
	} all[] = {
		{ 0, 3600, 400, 10, 0, 360 },
		{ 7, 3607, 60, 120, 0, 31 },
		{ 3599, 3601, 400, 1, 3599, 2 },
		{ 0, 90 * 86400, 400, 21600, -3600, 361 },
		{ 0, 1, 1, 1, 0, 1 },
		{ 3599, 3601, 1, 10800, -3600, 1 },
		{ 0, INT64_C(86400) * 365 * 200, 400, 604800 * 32, INT64_MIN, 0 },
	};
	struct fixture f;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		set_up(&f, all[i].start_s, all[i].end_s, all[i].max_steps);
		finish(&f, 1);
		assert_int_equal(json_find_number(f.top, "step_ns"), all[i].step_s * S);
		if (all[i].first_s != INT64_MIN)
			assert_int_equal(json_find_number(f.top, "start_ns"), START + all[i].first_s * S);
		if (all[i].n_steps)
			assert_int_equal(json_find_number(f.top, "n_steps"), all[i].n_steps);
		assert_in_range(json_find_number(f.top, "n_steps"), 1, all[i].max_steps);
		tear_down(&f);
	}
}

/* What a filter leaves out is part of all. */
static void test_filter(void **state)
{
	const struct window_info w = window("a", 0, 10, WINDOW_RAW);
	struct fixture f;

	set_up(&f, 0, 10, 1);
	f.filter.function = strdup("f");
	assert_int_equal(timeline_add_recorded(f.timeline, &w), 0);
	assert_int_equal(add(&f, &w, "api", "f", 5), 0);
	assert_int_equal(add(&f, &w, "api", "g", 20), 0);
	finish(&f, 5);
	assert_steps(cores_of(&f, 0, "api"), STEPS(0.5));
	assert_steps(json_find(f.top, "all"), STEPS(2.5));
	tear_down(&f);
}

/* One that tells no duration, one that came meanwhile, and one that measures something else. */
static void test_untimed(void **state)
{
	const struct window_info untimed = window("a", 0, 0, WINDOW_RAW), unknown = window("a", 0, 10, WINDOW_RAW);
	_cleanup_(profile_freep) struct profile *other = made("api", "f", 1, "count");
	const struct source_item item = { .profile = other, .window = unknown };
	struct fixture f;

	set_up(&f, 0, 10, 1);
	assert_int_equal(timeline_add_recorded(f.timeline, &untimed), 0);
	assert_int_equal(add(&f, &untimed, "api", "f", 5), 0);
	assert_int_equal(add(&f, &unknown, "api", "f", 5), 0);
	assert_int_equal(timeline_n_untimed(f.timeline), 2);
	assert_int_equal(timeline_add(f.timeline, &item, &f.filter), TIMELINE_NOT_CPU);
	finish(&f, 1);
	assert_steps(json_find(f.top, "all"), STEPS(-1));
	tear_down(&f);
}

/* More groups than have room: the large ones stay, and nothing is lost. */
static void test_many_groups(void **state)
{
	const size_t n = TIMELINE_MAX_CELLS / 400 + 1000;
	const struct window_info w = window("a", 0, 10, WINDOW_RAW);
	struct json_object *all;
	struct fixture f;
	char service[32];

	set_up(&f, 0, 400, 400);
	assert_int_equal(timeline_add_recorded(f.timeline, &w), 0);
	for (size_t i = 0; i < n; i++) {
		snprintf(service, sizeof(service), "service-%zu", i);
		assert_int_equal(add(&f, &w, service, "f", i == 7 ? 1000 : 10), 0);
	}
	finish(&f, 1);
	assert_in_range(timeline_n_dropped(f.timeline), TIMELINE_MAX_CELLS / 400 / 2, n);
	assert_int_equal(json_find_number(f.top, "n_groups"), n);
	assert_int_equal(json_object_get_int(json_object_array_get_idx(cores_of(&f, 0, "service-7"), 3)), 100);
	all = json_find(f.top, "rest");
	assert_int_equal(json_object_get_int(json_object_array_get_idx(all, 3)), n - 1);
	tear_down(&f);
}

/* A step at a time: what is not in it does not count. */
static void test_one_step_at_a_time(void **state)
{
	const struct window_info w = window("a", 5, 10, WINDOW_RAW);
	int64_t since_ns, until_ns;
	struct fixture f;

	set_up(&f, 5, 18, 2);
	assert_true(timeline_take_step(f.timeline, 0, &since_ns, &until_ns));
	assert_int_equal(since_ns, START + 5 * S);
	assert_int_equal(until_ns, START + 10 * S);
	assert_int_equal(timeline_add_recorded(f.timeline, &w), 0);
	assert_int_equal(add(&f, &w, "api", "f", 10), 0);
	assert_true(timeline_take_step(f.timeline, 1, &since_ns, &until_ns));
	assert_int_equal(until_ns, START + 18 * S);
	assert_false(timeline_take_step(f.timeline, 2, &since_ns, &until_ns));
	finish(&f, 1);
	assert_steps(cores_of(&f, 0, "api"), STEPS(1, -1));
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),       cmocka_unit_test(test_spans),
		cmocka_unit_test(test_merged),      cmocka_unit_test(test_steps),
		cmocka_unit_test(test_filter),      cmocka_unit_test(test_untimed),
		cmocka_unit_test(test_many_groups), cmocka_unit_test(test_one_step_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
