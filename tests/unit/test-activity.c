// SPDX-License-Identifier: Apache-2.0
/* A sample is worth 10 ns; every number is worked out by hand. */
#include "report/activity.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/built-profile.h"

static const struct profile_mapping server = { .start = 0x1000, .limit = 0x9000, .filename = "/app/server" };
static const struct profile_mapping libz = { .start = 0x1000, .limit = 0x9000, .filename = "/lib/libz.so.1" };
static const struct profile_mapping kernel = { .start = 0x1000, .limit = 0x9000, .filename = "[kernel.kallsyms]" };

#define MAIN                                                                                                           \
	{                                                                                                              \
		.addr = 0x1010, .mapping = &server, .function = "main"                                                 \
	}
#define LABELS(service, number, thread)                                                                                \
	{                                                                                                              \
		{ .key = "service_name", .str = service }, { .key = "pid", .num = number },                            \
		{                                                                                                      \
			.key = "comm", .str = thread                                                                   \
		}                                                                                                      \
	}

/* api: 9 and 30; db: 100, of which 40 in the kernel; one without labels: 5. */
static struct profile *make(void)
{
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x1030, .mapping = &libz, .function = "inflate" }, MAIN },
		  2,
		  LABELS("api", 9, "worker"),
		  3,
		  6 },
		{ { MAIN }, 1, LABELS("api", 9, "idler"), 3, 1 },
		{ { MAIN }, 1, LABELS("api", 9, "worker"), 3, 2 },
		{ { { .addr = 0x1040, .mapping = &libz }, MAIN }, 2, LABELS("api", 10, "server"), 3, 30 },
		{ { MAIN }, 1, LABELS("db", 11, "postgres"), 3, 60 },
		{ { { .addr = 0x1050, .mapping = &kernel, .function = "do_read" }, MAIN },
		  2,
		  LABELS("db", 11, "io"),
		  3,
		  40 },
		{ { { .addr = 0x1060, .mapping = &kernel, .function = "memcpy" } }, 1, {}, 0, 5 },
	};

	return built_profile(stacks, sizeof(stacks) / sizeof(stacks[0]), NULL);
}

static struct activity *make_activity(const char *by, size_t n_times)
{
	_cleanup_(profile_freep) struct profile *p = make();
	struct activity *a;

	assert_int_equal(activity_new(by, &a), 0);
	for (size_t i = 0; i < n_times; i++)
		assert_int_equal(activity_add(a, p), 0);
	assert_int_equal(activity_finish(a), 0);
	return a;
}

/* The rows in the order in which they are shown, "depth name[ @ more] cpu/kernel/samples/unnamed". */
static void assert_rows(const struct activity *a, const char *const *expected, size_t n_expected)
{
	size_t n, i = 0;
	const struct activity_row *rows = activity_rows(a, &n);

	assert_int_equal(n, n_expected);
	for (uint32_t row = activity_first(a); row != ACTIVITY_NONE; row = activity_next(a, row, true), i++) {
		char text[200];

		assert_true(i < n_expected);
		snprintf(text, sizeof(text), "%u %s%s%s %ld/%ld/%ld/%ld", rows[row].depth, rows[row].name,
			 rows[row].more[0] ? " @ " : "", rows[row].more, (long)rows[row].cpu_ns,
			 (long)rows[row].kernel_ns, (long)rows[row].n_samples, (long)rows[row].n_unnamed);
		assert_string_equal(text, expected[i]);
	}
	assert_int_equal(i, n_expected);
}

static void test_tree(void **state)
{
	static const char *const expected[] = {
		"0 db 1000/400/100/0",
		"1 11 @ postgres 1000/400/100/0",
		"2 main @ server 600/0/60/0",
		"2 do_read @ [kernel.kallsyms] 400/400/40/0",
		"0 api 390/0/39/30",
		"1 10 @ server 300/0/30/30",
		"2 [libz.so.1] @ libz.so.1 300/0/30/30",
		"1 9 @ worker 90/0/9/0",
		"2 inflate @ libz.so.1 60/0/6/0",
		"2 main @ server 30/0/3/0",
		"0 (none) 50/50/5/0",
		"1 (none) 50/50/5/0",
		"2 memcpy @ [kernel.kallsyms] 50/50/5/0",
	};
	_cleanup_(activity_freep) struct activity *a = make_activity("service,pid,function", 1);
	const struct activity_row *sum = activity_sum(a);

	assert_rows(a, expected, ARRAY_SIZE(expected));
	assert_int_equal(sum->cpu_ns, 1440);
	assert_int_equal(sum->kernel_ns, 450);
	assert_int_equal(sum->n_samples, 144);
	assert_int_equal(sum->n_unnamed, 30);
	assert_int_equal(activity_n_levels(a), 3);
	assert_string_equal(activity_level(a, 0), "service");
	assert_string_equal(activity_level(a, 1), "pid");
}

/* The rows below a row add up to it, and the first ones to all; also over several profiles. */
static void test_sums(void **state)
{
	_cleanup_(activity_freep) struct activity *a = make_activity("service,pid,library,function", 3);
	size_t n;
	const struct activity_row *rows = activity_rows(a, &n);
	int64_t all = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t below = 0;

		for (uint32_t c = rows[i].first_child; c != ACTIVITY_NONE; c = rows[c].next_sibling)
			below += rows[c].cpu_ns;
		assert_int_equal(below, rows[i].depth < 3 ? rows[i].cpu_ns : 0);
		all += rows[i].depth == 0 ? rows[i].cpu_ns : 0;
	}
	assert_int_equal(all, 3 * 1440);
	assert_int_equal(activity_sum(a)->cpu_ns, 3 * 1440);
}

static void test_order(void **state)
{
	static const char *const by_kernel[] = { "0 db 1000/400/100/0", "0 (none) 50/50/5/0", "0 api 390/0/39/30" };
	static const char *const by_name[] = { "0 (none) 50/50/5/0", "0 api 390/0/39/30", "0 db 1000/400/100/0" };
	static const char *const pids[] = { "0 (none) 50/50/5/0", "0 9 @ worker 90/0/9/0", "0 10 @ server 300/0/30/30",
					    "0 11 @ postgres 1000/400/100/0" };
	_cleanup_(activity_freep) struct activity *a = make_activity("service", 1), *by_pid = make_activity("pid", 1);

	assert_int_equal(activity_sort(a, ACTIVITY_BY_KERNEL), 0);
	assert_rows(a, by_kernel, ARRAY_SIZE(by_kernel));
	assert_int_equal(activity_sort(a, ACTIVITY_BY_NAME), 0);
	assert_rows(a, by_name, ARRAY_SIZE(by_name));
	assert_int_equal(activity_sort(by_pid, ACTIVITY_BY_NAME), 0); /* as numbers */
	assert_rows(by_pid, pids, ARRAY_SIZE(pids));
}

static void test_nothing(void **state)
{
	_cleanup_(activity_freep) struct activity *a = NULL, *bad = NULL;
	size_t n;

	assert_int_equal(activity_new("service", &a), 0);
	assert_int_equal(activity_finish(a), 0);
	assert_int_equal(activity_first(a), ACTIVITY_NONE);
	activity_rows(a, &n);
	assert_int_equal(n, 0);
	assert_int_equal(activity_sum(a)->cpu_ns, 0);
	assert_int_equal(activity_new("service,service", &bad), ACTIVITY_BAD);
	assert_int_equal(activity_new("category", &bad), ACTIVITY_BAD);
	assert_null(bad);
}

static void test_not_cpu(void **state)
{
	_cleanup_(profile_freep) struct profile *p = make();
	_cleanup_(activity_freep) struct activity *a = NULL;

	p->default_type = 0; /* samples/count */
	assert_int_equal(activity_new("service", &a), 0);
	assert_int_equal(activity_add(a, p), ACTIVITY_NOT_CPU);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),    cmocka_unit_test(test_sums),    cmocka_unit_test(test_order),
		cmocka_unit_test(test_nothing), cmocka_unit_test(test_not_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
