// SPDX-License-Identifier: Apache-2.0
/*
 * Rankings whose numbers are worked out by hand. A sample is worth 10 ns; a window lasts 1 s: n samples in one are n
 * times 10 billionths of a core.
 */
#include "report/hogs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "report/categories.h"
#include "report/coverage.h"
#include "report/frame-table.h"
#include "report/grouping.h"
#include "report/source.h"
#include "report/stack-filter.h"
#include "tests/unit/built-profile.h"

#define START (INT64_C(1795916400) * (int64_t)NS_PER_S)

static const struct profile_mapping server = {
	.start = 0x1000, .limit = 0x9000, .filename = "/app/server", .build_id = "aa"
};
static const struct profile_mapping libz = {
	.start = 0x1000, .limit = 0x9000, .filename = "/usr/lib/libz.so.1", .build_id = "bb"
};
static const struct profile_mapping kernel = { .start = 0x1000, .limit = 0x9000, .filename = "[kernel.kallsyms]" };

#define MAIN                                                                                                           \
	{                                                                                                              \
		.addr = 0x1010, .mapping = &server, .function = "main"                                                 \
	}
#define WORK                                                                                                           \
	{                                                                                                              \
		.addr = 0x1020, .mapping = &server, .function = "work"                                                 \
	}
#define INFLATE                                                                                                        \
	{                                                                                                              \
		.addr = 0x1030, .mapping = &libz, .function = "inflate"                                                \
	}
#define READ                                                                                                           \
	{                                                                                                              \
		.addr = 0x1040, .mapping = &kernel, .function = "vfs_read"                                             \
	}

struct fixture {
	struct frame_table *frames;
	struct grouping *grouping;
	struct categories *categories;
	struct hogs *hogs;
	struct coverage *coverages[HOGS_N_SIDES];
	struct stack_filter filter;
	struct hogs_answer answer;
};

static void set_up(struct fixture *f, const char *by)
{
	static const char rules[] = "[copy]\nfunction = mem*\n[zip]\nlibrary = libz*\n";
	char why[CATEGORIES_WHY_BYTES];

	*f = (struct fixture){};
	assert_int_equal(frame_table_new(&f->frames), 0);
	assert_int_equal(categories_parse(rules, strlen(rules), &f->categories, why), 0);
	assert_int_equal(grouping_new(by, f->frames, f->categories, &f->grouping), 0);
	assert_int_equal(hogs_new(f->frames, f->grouping, true, &f->hogs), 0);
	for (int i = 0; i < HOGS_N_SIDES; i++)
		assert_int_equal(coverage_new(&f->coverages[i]), 0);
}

static void tear_down(struct fixture *f)
{
	hogs_answer_done(&f->answer);
	hogs_free(f->hogs);
	grouping_free(f->grouping);
	categories_free(f->categories);
	frame_table_free(f->frames);
	stack_filter_done(&f->filter);
	for (int i = 0; i < HOGS_N_SIDES; i++)
		coverage_free(f->coverages[i]);
}

/* A window of a host that begins start_s after START. */
static void add(struct fixture *f, enum hogs_side side, const char *host, int64_t start_s,
		const struct built_stack *stacks, size_t n)
{
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, n, NULL);
	struct source_item item = {
		.profile = p,
		.is_window = true,
		.window = { .start_ns = START + start_s * (int64_t)NS_PER_S, .duration_ns = NS_PER_S, .period_ns = 10 }
	};

	snprintf(item.window.host, sizeof(item.window.host), "%s", host);
	assert_int_equal(coverage_add_window(f->coverages[side], &item.window), 0);
	assert_int_equal(hogs_add(f->hogs, side, f->coverages[side], &item, &f->filter), 0);
}

static void answer(struct fixture *f, const struct hogs_question *q)
{
	for (int i = 0; i < HOGS_N_SIDES; i++)
		coverage_finish(f->coverages[i]);
	assert_int_equal(hogs_answer(f->hogs, q, &f->answer), 0);
	assert_true(f->answer.has_cores);
}

/* In billionths. */
static void assert_cores(double cores, double billionths)
{
	if (fabs(cores * 1e9 - billionths) > 1e-6)
		fail_msg("%.9g, not %.9g", cores * 1e9, billionths);
}

static const struct hogs_row *row(const struct fixture *f, size_t i, const char *name)
{
	const char *more;

	assert_in_range(i, 0, f->answer.n_rows - 1);
	assert_string_equal(grouping_value(f->grouping, f->answer.rows[i].group, 0, &more), name);
	return &f->answer.rows[i];
}

#define OF(service)                                                                                                    \
	{                                                                                                              \
		{                                                                                                      \
			.key = "service_name", .str = service                                                          \
		}                                                                                                      \
	}

static const struct built_stack api[] = { { { INFLATE, MAIN }, 2, OF("api"), 1, .count = 30 },
					  { { READ, MAIN }, 2, OF("db"), 1, .count = 10 } };
static const struct built_stack more_api[] = { { { WORK, MAIN }, 2, OF("api"), 1, .count = 40 } };
static const struct built_stack db[] = { { { READ, MAIN }, 2, OF("db"), 1, .count = 20 } };

static void test_services_over_hosts(void **state)
{
	const struct hogs_question q = { .max_rows = 10 };
	const struct hogs_row *r;
	const char *library;
	struct fixture f;

	set_up(&f, "service");
	add(&f, HOGS_NOW, "a", 0, api, 2);
	add(&f, HOGS_NOW, "b", 0, more_api, 1);
	add(&f, HOGS_NOW, "b", 1, db, 1);
	answer(&f, &q);
	assert_int_equal(f.answer.n_rows, 2);
	assert_int_equal(f.answer.n_shown, 2);
	assert_false(f.answer.has_before);
	r = row(&f, 0, "api"); /* 300 of a's second, 400 of b's two */
	assert_cores(r->self.cores, 500);
	assert_cores(r->self.sd, sqrt(30 * 100 + 40 * 100 / 4.0));
	assert_int_equal(r->self.amount.n_samples, 70);
	assert_int_equal(r->self.amount.value_ns, 700);
	assert_cores(r->total.cores, 500);
	assert_int_equal(r->n_hosts, 2);
	assert_cores(r->host_p50, 200);
	assert_cores(r->host_p99, 300);
	assert_int_equal(r->kernel_ns, 0);
	assert_int_equal(r->n_frames, 140);
	assert_int_equal(r->n_named, 140);
	assert_true(r->has_top);
	assert_string_equal(grouping_function(f.grouping, r->top, &library), "work");
	assert_string_equal(library, "server");
	assert_int_equal(r->top_amount.value_ns, 400);
	r = row(&f, 1, "db");
	assert_cores(r->self.cores, 200);
	assert_int_equal(r->kernel_ns, 300);
	assert_cores(f.answer.all.cores, 700);
	assert_true(fabs(hogs_share(&r->self, &f.answer.all) - 2.0 / 7) < 1e-9);
	tear_down(&f);
}

/* A signal handler that interrupted the kernel is no time of the kernel; what was folded away is nobody's. */
static void test_quality(void **state)
{
	static const struct built_stack stacks[] = {
		{ { WORK, READ, MAIN }, 3, OF("api"), 1, .count = 2 },
		{ { READ, MAIN }, 2, OF("api"), 1, .count = 1 },
		{ { { .function = "(other)" } }, 1, OF("api"), 1, .count = 7 },
	};
	const struct hogs_row *r;
	const char *library;
	struct fixture f;

	set_up(&f, "service");
	add(&f, HOGS_NOW, "a", 0, stacks, ARRAY_SIZE(stacks));
	answer(&f, &(struct hogs_question){ .max_rows = 10 });
	r = row(&f, 0, "api");
	assert_int_equal(r->kernel_ns, 10);
	assert_int_equal(r->n_folded, 7);
	assert_int_equal(r->n_frames, 8);
	assert_string_equal(grouping_function(f.grouping, r->top, &library), "work");
	assert_int_equal(r->top_amount.value_ns, 20);
	tear_down(&f);
}

/* More services than are at hand at a time. */
static void test_many_services(void **state)
{
	enum {
		N = 2000
	};
	static char names[N][8];
	struct built_stack *stacks = calloc(N, sizeof(*stacks));
	struct fixture f;

	assert_non_null(stacks);
	for (size_t i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "s%04zu", i);
		stacks[i] = (struct built_stack){ { MAIN }, 1, OF(names[i]), 1, .count = 5000 - i };
	}
	set_up(&f, "service");
	add(&f, HOGS_NOW, "a", 0, stacks, N);
	answer(&f, &(struct hogs_question){ .max_rows = N });
	assert_int_equal(f.answer.n_rows, N);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(row(&f, i, names[i])->self.amount.n_samples, 5000 - i);
	free(stacks);
	tear_down(&f);
}

/* What is of one group more than there may be is counted, and in no other. */
static void test_limit(void **state)
{
	const size_t n_beyond = 20, n = GROUPING_MAX_GROUPS - 1 + n_beyond; /* one group is what is beyond */
	struct built_stack *stacks = calloc(n, sizeof(*stacks));
	struct fixture f;

	assert_non_null(stacks);
	for (size_t i = 0; i < n; i++)
		stacks[i] =
			(struct built_stack){ { MAIN }, 1, { { .key = "pid", .num = (int64_t)i + 1 } }, 1, .count = 1 };
	set_up(&f, "pid");
	add(&f, HOGS_NOW, "a", 0, stacks, n);
	answer(&f, &(struct hogs_question){ .max_rows = 1 });
	assert_int_equal(f.answer.n_rows, GROUPING_MAX_GROUPS);
	assert_int_equal(f.answer.n_beyond_groups, n_beyond);
	assert_int_equal(row(&f, 0, "(beyond the limit)")->self.amount.n_samples, n_beyond);
	assert_int_equal(f.answer.taken.self.amount.n_samples, n);
	free(stacks);
	tear_down(&f);
}

/* What is not shown is summed up; the smallest cores may be asked for. */
static void test_rest(void **state)
{
	struct fixture f;

	set_up(&f, "service");
	add(&f, HOGS_NOW, "a", 0, api, 2);
	answer(&f, &(struct hogs_question){ .max_rows = 1 });
	assert_int_equal(f.answer.n_shown, 1);
	assert_cores(f.answer.rest.self.cores, 100);
	assert_int_equal(f.answer.rest.n_hosts, 1);
	assert_cores(f.answer.taken.self.cores, 400);
	hogs_answer_done(&f.answer);
	answer(&f, &(struct hogs_question){ .max_rows = 9, .min_cores = 150e-9 });
	assert_int_equal(f.answer.n_shown, 1);
	hogs_answer_done(&f.answer);
	answer(&f, &(struct hogs_question){ .max_rows = 9, .min_cores = 350e-9 });
	assert_int_equal(f.answer.n_shown, 0);
	assert_cores(f.answer.rest.self.cores, 400);
	tear_down(&f);
}

/* walk calls itself: it is in a stack once, and main alone is its caller from outside. */
static void test_functions(void **state)
{
	static const struct built_stack stacks[] = {
		{ { INFLATE, WORK, WORK, MAIN }, 4, .count = 2 },
		{ { INFLATE, WORK, INFLATE, WORK }, 4, .count = 1 },
		{ { WORK, MAIN }, 2, .count = 5 },
		{ { INFLATE, MAIN }, 2, .count = 4 },
		{ { { .addr = 0x1050, .mapping = &libz }, MAIN }, 2, .count = 1 },
		{ { { .addr = 0x1060, .mapping = &libz }, MAIN }, 2, .count = 1 },
	};
	const struct hogs_question q = { .max_rows = 10, .max_callers = 2 };
	const struct hogs_row *r;
	const char *library;
	struct fixture f;

	set_up(&f, "function");
	add(&f, HOGS_NOW, "a", 0, stacks, ARRAY_SIZE(stacks));
	answer(&f, &q);
	assert_int_equal(f.answer.n_rows, 4);
	r = row(&f, 0, "inflate");
	assert_cores(r->self.cores, 70);
	assert_cores(r->total.cores, 70);
	r = row(&f, 1, "work");
	assert_cores(r->self.cores, 50);
	assert_cores(r->total.cores, 80);
	r = row(&f, 2, "[libz.so.1]");
	assert_cores(r->self.cores, 20);
	assert_int_equal(r->n_frames, 4);
	assert_int_equal(r->n_named, 2);
	r = row(&f, 3, "main");
	assert_cores(r->self.cores, 0);
	assert_cores(r->total.cores, 130);
	/* Of inflate main 40 and work 30; of work main 70 and inflate 10; of what has no name main 20. */
	assert_int_equal(f.answer.n_callers, 5);
	assert_int_equal(f.answer.callers[0].row, 0);
	assert_string_equal(grouping_function(f.grouping, f.answer.callers[0].function, &library), "main");
	assert_int_equal(f.answer.callers[0].amount.value_ns, 40);
	assert_string_equal(grouping_function(f.grouping, f.answer.callers[1].function, &library), "work");
	assert_int_equal(f.answer.callers[1].amount.value_ns, 30);
	assert_int_equal(f.answer.callers[2].row, 1);
	assert_int_equal(f.answer.callers[2].amount.value_ns, 70);
	assert_int_equal(f.answer.callers[3].amount.value_ns, 10);
	tear_down(&f);
}

/* The innermost frame that a rule fits; a helper of libz has its category, main has none. */
static void test_categories(void **state)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x1070, .mapping = &server, .function = "memcpy" }, INFLATE, MAIN }, 3, .count = 2 },
		{ { WORK, INFLATE, MAIN }, 3, .count = 3 },
		{ { WORK, MAIN }, 2, .count = 1 },
	};
	const struct hogs_row *r;
	struct fixture f;

	set_up(&f, "category");
	add(&f, HOGS_NOW, "a", 0, stacks, ARRAY_SIZE(stacks));
	answer(&f, &(struct hogs_question){ .max_rows = 10 });
	assert_int_equal(f.answer.n_rows, 3);
	r = row(&f, 0, "zip");
	assert_cores(r->self.cores, 30);
	assert_cores(r->total.cores, 50);
	r = row(&f, 1, "copy");
	assert_cores(r->self.cores, 20);
	assert_cores(r->total.cores, 20);
	r = row(&f, 2, "other");
	assert_cores(r->self.cores, 10);
	assert_cores(r->total.cores, 10);
	tear_down(&f);
}

static void test_several_keys(void **state)
{
	const char *more;
	struct fixture f;

	set_up(&f, "library,service,pid");
	add(&f, HOGS_NOW, "a", 0,
	    &(const struct built_stack){ { INFLATE },
					 1,
					 { { .key = "service_name", .str = "api" }, { .key = "pid", .num = 7 } },
					 2,
					 .count = 1 },
	    1);
	answer(&f, &(struct hogs_question){ .max_rows = 10 });
	assert_int_equal(f.answer.n_rows, 1);
	row(&f, 0, "libz.so.1");
	assert_string_equal(grouping_value(f.grouping, f.answer.rows[0].group, 0, &more), "libz.so.1");
	assert_string_equal(more, "bb");
	assert_string_equal(grouping_value(f.grouping, f.answer.rows[0].group, 1, &more), "api");
	assert_string_equal(grouping_value(f.grouping, f.answer.rows[0].group, 2, &more), "7");
	tear_down(&f);
}

static void test_bad_keys(void **state)
{
	static const char *const bad[] = { "",    ",", "service,",          "service,service_name",
					   "a b", "7", "a,b,c,d,e,f,g,h,i", "function,function" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct grouping *g = NULL;

		assert_int_equal(grouping_new(bad[i], NULL, NULL, &g), GROUPING_BAD);
	}
}

/* 100 to 110 may be chance (28 to each side), 100 to 200 is none; what is gone is a row as well. */
static void test_change(void **state)
{
	static const struct built_stack before[] = { { { MAIN }, 1, OF("api"), 1, .count = 100 },
						     { { MAIN }, 1, OF("db"), 1, .count = 100 },
						     { { MAIN }, 1, OF("gone"), 1, .count = 50 } };
	static const struct built_stack now[] = { { { MAIN }, 1, OF("api"), 1, .count = 110 },
						  { { MAIN }, 1, OF("db"), 1, .count = 200 } };
	struct hogs_change c;
	struct fixture f;

	set_up(&f, "service");
	add(&f, HOGS_BEFORE, "a", 0, before, ARRAY_SIZE(before));
	add(&f, HOGS_NOW, "a", 100, now, ARRAY_SIZE(now));
	answer(&f, &(struct hogs_question){ .max_rows = 10 });
	assert_true(f.answer.has_before);
	assert_int_equal(f.answer.n_rows, 3);
	row(&f, 0, "db");
	c = hogs_change_of(&f.answer.rows[0].self, &f.answer.rows[0].self_before);
	assert_cores(c.cores, 1000);
	assert_cores(c.error, 1.96 * sqrt(300) * 10);
	assert_true(fabs(c.ratio - 1) < 1e-9);
	assert_false(c.is_noise);
	row(&f, 1, "api");
	c = hogs_change_of(&f.answer.rows[1].self, &f.answer.rows[1].self_before);
	assert_cores(c.cores, 100);
	assert_true(c.is_noise);
	row(&f, 2, "gone");
	c = hogs_change_of(&f.answer.rows[2].self, &f.answer.rows[2].self_before);
	assert_cores(c.cores, -500);
	assert_false(c.is_noise);
	tear_down(&f);
}

static void test_outliers(void **state)
{
	static const uint64_t counts[] = { 1000, 1010, 990, 1005, 3000 };
	struct fixture f;
	size_t n;

	set_up(&f, "service");
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		const struct built_stack s = { { MAIN }, 1, OF("api"), 1, .count = counts[i] };
		const char host[] = { (char)('a' + i), 0 };

		add(&f, HOGS_NOW, host, 0, &s, 1);
	}
	answer(&f, &(struct hogs_question){ .max_rows = 10, .has_outliers = true });
	assert_int_equal(f.answer.n_outliers, 1);
	assert_string_equal(coverage_hosts(f.coverages[HOGS_NOW], &n)[f.answer.outliers[0].host].name, "e");
	assert_cores(f.answer.outliers[0].cores, 30000);
	assert_cores(f.answer.outliers[0].median, 10050);
	tear_down(&f);
}

/* Shares are of the whole, with what the filter leaves out. */
static void test_filter(void **state)
{
	struct fixture f;

	set_up(&f, "service");
	f.filter.function = strdup("inflate");
	add(&f, HOGS_NOW, "a", 0, api, 2);
	answer(&f, &(struct hogs_question){ .max_rows = 10 });
	assert_int_equal(f.answer.n_rows, 1);
	assert_cores(row(&f, 0, "api")->self.cores, 300);
	assert_cores(f.answer.all.cores, 400);
	assert_cores(f.answer.taken.self.cores, 300);
	tear_down(&f);
}

/* Of a file the samples tell the host; a sample without it has no name. */
static void test_file(void **state)
{
	static const struct built_stack stacks[] = {
		{ { MAIN }, 1, { { .key = "host", .str = "a" } }, 1, .count = 5 },
		{ { { .function = "[truncated: no_rows]" } }, 1, .count = 3 },
	};
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, 2, NULL);
	const struct source_item item = { .profile = p, .window = { .start_ns = START, .duration_ns = 2 * NS_PER_S } };
	struct fixture f;

	set_up(&f, "host");
	assert_int_equal(coverage_add_profile(f.coverages[0], p, &item.window, false), 0);
	assert_int_equal(hogs_add(f.hogs, HOGS_NOW, f.coverages[0], &item, &f.filter), 0);
	answer(&f, &(struct hogs_question){ .max_rows = 10 });
	assert_cores(row(&f, 0, "a")->self.cores, 50); /* a second for each */
	assert_cores(row(&f, 1, "")->self.cores, 30);
	assert_int_equal(f.answer.rows[0].n_truncated, 0);
	assert_int_equal(f.answer.rows[1].n_truncated, 3);
	assert_int_equal(f.answer.rows[1].n_frames, 0);
	tear_down(&f);
}

/* One file that does not tell how long it took: no cores at all, ranks and shares by CPU time. */
static void test_no_duration(void **state)
{
	_cleanup_(profile_freep) struct profile *p = built_profile(api, 2, NULL);
	const struct source_item timed = { .profile = p, .window = { .start_ns = START, .duration_ns = NS_PER_S } };
	const struct source_item untimed = { .profile = p };
	struct fixture f;

	set_up(&f, "service");
	assert_int_equal(coverage_add_profile(f.coverages[0], p, &untimed.window, false), 0);
	assert_int_equal(hogs_add(f.hogs, HOGS_NOW, f.coverages[0], &untimed, &f.filter), 0);
	coverage_finish(f.coverages[0]);
	assert_int_equal(hogs_answer(f.hogs, &(struct hogs_question){ .max_rows = 10, .min_cores = 1 }, &f.answer), 0);
	assert_false(f.answer.has_cores);
	assert_int_equal(f.answer.n_shown, 2);
	assert_int_equal(row(&f, 0, "api")->self.amount.value_ns, 300);
	assert_true(row(&f, 0, "api")->self.cores == 0);
	assert_true(fabs(hogs_share(&row(&f, 0, "api")->self, &f.answer.all) - 0.75) < 1e-9);
	hogs_answer_done(&f.answer);
	/* Beside another one that does it is not known either: its CPU time has no time to be divided by. */
	assert_int_equal(coverage_add_profile(f.coverages[0], p, &timed.window, false), 0);
	assert_int_equal(hogs_add(f.hogs, HOGS_NOW, f.coverages[0], &timed, &f.filter), 0);
	coverage_finish(f.coverages[0]);
	assert_int_equal(hogs_answer(f.hogs, &(struct hogs_question){ .max_rows = 10 }, &f.answer), 0);
	assert_false(f.answer.has_cores);
	assert_int_equal(row(&f, 0, "api")->self.amount.value_ns, 600);
	tear_down(&f);
}

/* What is no CPU time is not ranked. */
static void test_not_cpu(void **state)
{
	static const struct profile_value_type space = { "inuse_space", "bytes" };
	const struct profile p = { .sample_types = &space, .n_sample_types = 1 };
	const struct source_item item = { .profile = (struct profile *)(uintptr_t)&p };
	struct fixture f;

	set_up(&f, "service");
	assert_int_equal(hogs_add(f.hogs, HOGS_NOW, f.coverages[0], &item, &f.filter), HOGS_NOT_CPU);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_services_over_hosts),
		cmocka_unit_test(test_quality),
		cmocka_unit_test(test_many_services),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_categories),
		cmocka_unit_test(test_several_keys),
		cmocka_unit_test(test_bad_keys),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_outliers),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_no_duration),
		cmocka_unit_test(test_not_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
