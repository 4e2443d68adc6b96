// SPDX-License-Identifier: Apache-2.0
/* What is printed of models made by hand, to the character. */
#include <string.h>

#include "cli/tables.h"
#include "cli/value.h"
#include "pprof/ledger.h"
#include "pprof/profile.h"
#include "tests/unit/cmocka-all.h"

static const struct profile_value_type cpu[] = { { "samples", "count" }, { "cpu", "nanoseconds" } };
static const struct profile_function functions[] = {
	{ .name = "main" },
	{ .name = "\x1b[31mred\n" },
	{ .name = "std::very_long_namespace::Class<std::with, std::many, std::template_arguments<of, templates> >::"
		  "method(std::and_an argument, std::another_one) const" },
};
static const struct profile_map maps[] = { { .filename = "/bin/server" }, { .filename = "/lib/evil\x9b.so" } };
static const struct profile_line lines[] = { { &functions[0], 1 }, { &functions[1], 1 }, { &functions[2], 1 } };
static const struct profile_location locations[] = {
	{ .address = 0x10, .mapping = &maps[0], .lines = &lines[0], .n_lines = 1 },
	{ .address = 0x20, .mapping = &maps[1], .lines = &lines[1], .n_lines = 1 },
	{ .address = 0x30, .mapping = &maps[0], .lines = &lines[2], .n_lines = 1 },
	{ .address = 0x1234, .mapping = &maps[0] },
};
static const struct profile_location *const plain[] = { &locations[0] };
static const struct profile_location *const red[] = { &locations[1], &locations[0] };
static const struct profile_location *const templates[] = { &locations[2], &locations[0] };
static const struct profile_location *const unnamed[] = { &locations[3] };
static const struct profile_label api[] = { { .key = "service", .str = "a\x07pi" } };

static const struct profile_sample samples[] = {
	{ plain, 1, (const int64_t[]){ 1, 500000000 }, api, 1 },
	{ red, 2, (const int64_t[]){ 1, 1250000000 }, api, 1 },
	{ templates, 2, (const int64_t[]){ 1, 2000000000 }, NULL, 0 },
	{ unnamed, 1, (const int64_t[]){ 1, 1250000000 }, NULL, 0 },
};

static struct profile model(int64_t duration_ns, const struct profile_value_type *types, size_t default_type)
{
	return (struct profile){
		.sample_types = types,
		.n_sample_types = 2,
		.default_type = default_type,
		.samples = samples,
		.n_samples = ARRAY_SIZE(samples),
		.locations = locations,
		.n_locations = ARRAY_SIZE(locations),
		.duration_ns = duration_ns,
	};
}

static void assert_functions(const struct profile *p, size_t max_rows, const char *expected)
{
	_cleanup_free_ char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	assert_int_equal(tables_print_functions(f, p, max_rows), 0);
	fclose(f);
	assert_string_equal(text, expected);
}

static void assert_label(const struct profile *p, size_t max_rows, const char *expected)
{
	_cleanup_free_ char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	assert_int_equal(tables_print_label(f, p, "service", "SERVICE", max_rows), 0);
	fclose(f);
	assert_string_equal(text, expected);
}

static void test_cores(void **state)
{
	const struct profile p = model(2500000000, cpu, 1);

	assert_functions(&p, 3,
			 "CORES   SELF%  TOTAL%  FUNCTION\n"
			 "0.800   40.0%   40.0%  std::very_long_namespace::Class<\xe2\x80\xa6>::method(\xe2\x80\xa6) "
			 "const"
			 "  (server)\n"
			 "0.500   25.0%   25.0%  \xef\xbf\xbd[31mred\xef\xbf\xbd  (evil\xef\xbf\xbd.so)\n"
			 "0.500   25.0%   25.0%  server+0x1234\n"
			 "0.200   10.0%          (1 more)\n");
	assert_label(&p, 9,
		     "CORES   SHARE  SERVICE\n"
		     "1.300   65.0%  (none)\n"
		     "0.700   35.0%  a\xef\xbf\xbdpi\n");
	assert_label(&p, 0,
		     "CORES   SHARE  SERVICE\n"
		     "2.000  100.0%  (2 more)\n");
}

static void test_no_duration(void **state)
{
	const struct profile p = model(0, cpu, 1), counted = model(2500000000, cpu, 0);

	assert_label(&p, 1,
		     "   CPU   SHARE  SERVICE\n"
		     "3.25 s   65.0%  (none)\n"
		     "1.75 s   35.0%  (1 more)\n");
	assert_label(&counted, 9,
		     "SAMPLES   SHARE  SERVICE\n"
		     "      2   50.0%  (none)\n"
		     "      2   50.0%  a\xef\xbf\xbdpi\n");
}

/* Time that is spent waiting is no cores. */
static void test_other_types(void **state)
{
	static const struct profile_value_type locks[] = { { "contentions", "count" }, { "delay", "nanoseconds" } };
	static const struct profile_value_type space[] = { { "objects\x1b", "count" }, { "space", "bytes" } };
	const struct profile waiting = model(2500000000, locks, 1), heap = model(1, space, 1), odd = model(1, space, 0);

	assert_label(&waiting, 9,
		     " DELAY   SHARE  SERVICE\n"
		     "3.25 s   65.0%  (none)\n"
		     "1.75 s   35.0%  a\xef\xbf\xbdpi\n");
	assert_label(&heap, 9,
		     "   SPACE   SHARE  SERVICE\n"
		     "3.03 GiB   65.0%  (none)\n"
		     "1.63 GiB   35.0%  a\xef\xbf\xbdpi\n");
	assert_label(&odd, 0,
		     "OBJECTS?   SHARE  SERVICE\n"
		     "       4  100.0%  (2 more)\n");
}

static void test_difference(void **state)
{
	const struct profile_sample changes[] = {
		{ plain, 1, (const int64_t[]){ 3, 0 }, NULL, 0 },
		{ red, 2, (const int64_t[]){ -1000, 0 }, NULL, 0 },
		{ unnamed, 1, (const int64_t[]){ -7, 0 }, NULL, 0 },
	};
	struct profile p = model(0, cpu, 0);

	p.samples = changes;
	p.n_samples = 3;
	assert_functions(&p, 1,
			 "SAMPLES   SELF%  TOTAL%  FUNCTION\n"
			 "  -1000  -99.0%  -99.0%  \xef\xbf\xbd[31mred\xef\xbf\xbd  (evil\xef\xbf\xbd.so)\n"
			 "     -4   -0.4%          (2 more)\n");
}

static void test_empty(void **state)
{
	struct profile p = model(0, cpu, 0);

	p.n_samples = 0;
	assert_functions(&p, 9, "SAMPLES   SELF%  TOTAL%  FUNCTION\n");
}

static void assert_ledger(const struct ledger *l, const char *expected)
{
	_cleanup_free_ char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	assert_non_null(f);
	tables_print_ledger(f, l);
	fclose(f);
	assert_string_equal(text, expected);
}

static void test_ledger(void **state)
{
	struct ledger l = { .due = 1980, .taken = 1502, .idle = 12, .in_profile = 1490 };

	l.not_delivered.idle_cpu = 470;
	l.not_delivered.other = 8;
	assert_ledger(&l, "ledger: due 1980 = taken 1502 (in profile 1490, idle 12) + not delivered 478 (idle CPU 470, "
			  "other 8); nothing lost\n");
	l.in_profile = 1480;
	l.filtered = 5;
	l.n_lost = 2;
	l.lost[0] = (struct ledger_reason){ "log_full", 4 };
	l.lost[1] = (struct ledger_reason){ "raced", 1 };
	l.n_truncated = 1;
	l.truncated[0] = (struct ledger_reason){ "depth", 3 };
	assert_ledger(&l,
		      "ledger: due 1980 = taken 1502 (in profile 1480, idle 12, filtered 5, lost 5) + not delivered "
		      "478 (idle CPU 470, other 8); lost: log_full 4, raced 1; truncated stacks: depth 3\n");
	l.due++;
	l.n_lost = l.n_truncated = 0;
	l.not_delivered.other = l.not_delivered.idle_cpu = 0;
	assert_ledger(&l, "ledger: due 1981 = taken 1502 (in profile 1480, idle 12, filtered 5) + not delivered 0; "
			  "nothing lost; DOES NOT BALANCE\n");
	l = (struct ledger){
		.frames = { .named = 40, .unreadable = 2 }, .windows = 1, .reduced_windows = 1, .down_ns = 1500000000
	};
	assert_ledger(&l, "ledger: due 0 = taken 0 + not delivered 0; nothing lost\n"
			  "frames: 42 (named 40, unreadable 2)\n"
			  "reduced: 1 windows with less detail than asked for, to keep within a budget\n"
			  "down: 1.500 s before it were not recorded\n");
	l = (struct ledger){ .frames = { .module_only = 7 }, .windows = 3 };
	assert_ledger(&l, "ledger: due 0 = taken 0 + not delivered 0; nothing lost\n"
			  "frames: 7 (module only 7) in 3 windows\n");
	l = (struct ledger){};
	assert_ledger(&l, "ledger: due 0 = taken 0 + not delivered 0; nothing lost\n");
}

static void test_values(void **state)
{
	static const struct {
		const char *unit;
		int64_t value;
		const char *text;
	} cases[] = {
		{ "count", -12345678901, "-12345678901" },
		{ "nanoseconds", 0, "0 ns" },
		{ "nanoseconds", 999, "999 ns" },
		{ "nanoseconds", 10101010, "10.10 ms" },
		{ "ns", -1500, "-1.50 us" },
		{ "microseconds", 2500000, "2.50 s" },
		{ "milliseconds", 1, "1.00 ms" },
		{ "seconds", INT64_MIN, "-9223372036854775808.00 s" },
		{ "bytes", 1023, "1023 B" },
		{ "bytes", 524288, "512.00 KiB" },
		{ "bytes", INT64_MAX, "8589934592.00 GiB" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct profile_value_type type = { "x", cases[i].unit };
		char text[VALUE_TEXT_SIZE];

		value_format(&type, cases[i].value, text);
		assert_string_equal(text, cases[i].text);
	}
	assert_true(value_hz(&cpu[1], 10000000) == 100);
	assert_true(value_hz(&cpu[0], 10000000) == 0);
	assert_true(value_hz(&cpu[1], -1) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cores),       cmocka_unit_test(test_no_duration),
		cmocka_unit_test(test_other_types), cmocka_unit_test(test_difference),
		cmocka_unit_test(test_empty),       cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
