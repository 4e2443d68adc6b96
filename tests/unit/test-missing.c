// SPDX-License-Identifier: Apache-2.0
/* Which binaries lack names and lines: of profiles that the builder made and the decoder read, and of models. */
#include <string.h>

#include "report/missing-remedies.h"
#include "report/missing.h"
#include "tests/unit/built-profile.h"

static const struct profile_mapping server = { 0x1000, 0x9000, 0, "/app/server", "aa11" };
static const struct profile_mapping other_server = { 0x1000, 0x9000, 0, "/app/server", "bb22" };
static const struct profile_mapping libz = { 0x1000, 0x9000, 0, "/lib/libz.so.1", "cc33" };
static const struct profile_mapping kernel = { 0x1000, 0x9000, 0, "[kernel.kallsyms]", NULL };

/* Frames of a binary by what they tell. */
#define UNNAMED(a, m)                                                                                                  \
	{                                                                                                              \
		.addr = a, .mapping = m                                                                                \
	}
#define NAMED(a, m, f)                                                                                                 \
	{                                                                                                              \
		.addr = a, .mapping = m, .function = f                                                                 \
	}
#define WHOLE(a, m, f)                                                                                                 \
	{                                                                                                              \
		.addr = a, .mapping = m, .function = f, .file = "/src/x.c", .line = 7                                  \
	}

static void assert_count(const char *what, const struct missing_count *have, int64_t self, int64_t total)
{
	if (have->self != self || have->total != total)
		fail_msg("%s: self %ld total %ld, not %ld %ld", what, (long)have->self, (long)have->total, (long)self,
			 (long)total);
}

static void assert_counts(const struct missing_counts *have, const struct missing_counts *want)
{
	assert_count("all", &have->all, want->all.self, want->all.total);
	assert_count("no line", &have->no_line, want->no_line.self, want->no_line.total);
	assert_count("no name", &have->no_name, want->no_name.self, want->no_name.total);
}

static void assert_row(const struct missing *m, size_t i, const char *path, const char *build_id,
		       const struct missing_counts *want)
{
	assert_true(i < m->n_rows);
	assert_string_equal(m->rows[i].path, path);
	assert_string_equal(m->rows[i].build_id, build_id);
	assert_counts(&m->rows[i].counts, want);
}

static void add(struct missing *m, const struct built_stack *stacks, size_t n)
{
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, n, NULL);

	assert_int_equal(missing_add(m, p), 0);
}

static void test_counts(void **state)
{
	static const struct built_stack stacks[] = {
		/* libz without names, called by a server that has all: recursion counts once in a total. */
		{ { UNNAMED(0x1010, &libz), UNNAMED(0x1020, &libz), WHOLE(0x1030, &server, "main") }, 3, .count = 30 },
		/* A function without a line runs, called by code without a name. */
		{ { NAMED(0x1040, &libz, "inflate"), UNNAMED(0x1050, &server) }, 2, .count = 4 },
		{ { WHOLE(0x1060, &server, "main") }, 1, .count = 100 },
		{ { WHOLE(0x1070, &other_server, "main") }, 1, .count = 5 },
	};
	_cleanup_(missing_done) struct missing m = {};

	add(&m, stacks, ARRAY_SIZE(stacks));
	assert_int_equal(missing_finish(&m), 0);
	assert_int_equal(m.n_rows, 2);
	assert_int_equal(m.n_complete, 1);
	assert_row(&m, 0, "/lib/libz.so.1", "cc33", &(struct missing_counts){ { 34, 34 }, { 34, 34 }, { 30, 30 } });
	assert_row(&m, 1, "/app/server", "aa11", &(struct missing_counts){ { 100, 134 }, { 0, 4 }, { 0, 4 } });
	assert_false(missing_is_partial(&m.rows[0]));
	assert_true(missing_is_partial(&m.rows[1]));
	/* Of all together a sample counts once, whatever misses in it. */
	assert_counts(&m.counts, &(struct missing_counts){ { 139, 139 }, { 34, 34 }, { 30, 34 } });
	assert_string_equal(m.type, "samples");
	assert_string_equal(m.unit, "count");
}

static void test_inlined(void **state)
{
	/* What was inlined has a line, what it was inlined into has none: the code at that address is known. */
	static const struct built_stack stacks[] = {
		{ { { .addr = 0x1010, .mapping = &server, .function = "in", .file = "x.c", .line = 3, .inlined = true },
		    { .addr = 0x1010, .mapping = &server, .function = "out" } },
		  2,
		  .count = 1 },
		/* A file without a line, a line without a file. */
		{ { { .addr = 0x1020, .mapping = &libz, .function = "f", .file = "x.c" } }, 1, .count = 2 },
		{ { { .addr = 0x1030, .mapping = &libz, .function = "g", .line = 3 } }, 1, .count = 3 },
	};
	_cleanup_(missing_done) struct missing m = {};

	add(&m, stacks, ARRAY_SIZE(stacks));
	assert_int_equal(missing_finish(&m), 0);
	assert_int_equal(m.n_complete, 1);
	assert_int_equal(m.n_rows, 1);
	assert_row(&m, 0, "/lib/libz.so.1", "cc33", &(struct missing_counts){ { 5, 5 }, { 5, 5 }, { 0, 0 } });
}

static void test_markers(void **state)
{
	static const struct built_stack stacks[] = {
		/* The recorder's own marks: no code, so nothing is missing there; the frame within is what ran. */
		{ { { .function = "[irq]" }, WHOLE(0x1010, &server, "main"), { .function = "[truncated: depth]" } },
		  3,
		  .count = 7 },
		{ { { .function = "[truncated: kernel_fault]" } }, 1, .count = 9 },
		{ .count = 11 },
		/* A name that only looks like one. */
		{ { NAMED(0x1020, &libz, "[lambda]") }, 1, .count = 4 },
		/* The kernel that hides its names. */
		{ { NAMED(0xffffffff81000000, &kernel, "[kernel]") }, 1, .count = 2 },
		/* Code in no file: an address, and what a runtime has named. */
		{ { { .addr = 0x7f0000001000 }, { .addr = 0x7f0000002000, .function = "Main.run" } }, 2, .count = 3 },
	};
	_cleanup_(missing_done) struct missing m = {};

	add(&m, stacks, ARRAY_SIZE(stacks));
	assert_int_equal(missing_finish(&m), 0);
	assert_int_equal(m.n_complete, 1);
	assert_int_equal(m.n_rows, 3);
	assert_row(&m, 0, "/lib/libz.so.1", "cc33", &(struct missing_counts){ { 4, 4 }, { 4, 4 }, { 0, 0 } });
	assert_row(&m, 1, "", "", &(struct missing_counts){ { 3, 3 }, { 3, 3 }, { 3, 3 } });
	assert_row(&m, 2, "[kernel.kallsyms]", "", &(struct missing_counts){ { 2, 2 }, { 2, 2 }, { 2, 2 } });
	assert_count("all", &m.counts.all, 16, 16);
}

static void test_several(void **state)
{
	static const struct built_stack first[] = { { { UNNAMED(0x1010, &libz) }, 1, .count = 2 } };
	static const struct built_stack second[] = { { { NAMED(0x1010, &libz, "f") }, 1, .count = 3 },
						     { { UNNAMED(0x1010, &server) }, 1, .count = 5 } };
	_cleanup_(missing_done) struct missing m = {};

	add(&m, first, ARRAY_SIZE(first));
	add(&m, second, ARRAY_SIZE(second));
	assert_int_equal(missing_finish(&m), 0);
	assert_int_equal(m.n_rows, 2);
	/* Equal without lines: the one with more without names comes first. */
	assert_row(&m, 0, "/app/server", "aa11", &(struct missing_counts){ { 5, 5 }, { 5, 5 }, { 5, 5 } });
	assert_row(&m, 1, "/lib/libz.so.1", "cc33", &(struct missing_counts){ { 5, 5 }, { 5, 5 }, { 2, 2 } });
	assert_count("no name", &m.counts.no_name, 7, 7);
}

static const struct profile_value_type samples_type[] = { { "samples", "count" } };
static const struct profile_value_type wall[] = { { "wall", "seconds" } };
static const struct profile_map map = { .filename = "/lib/x", .build_id = "" };
static const struct profile_location location = { .mapping = &map };
static const struct profile_location *const locations[] = { &location };

static struct profile model(const struct profile_value_type *type, const struct profile_sample *samples, size_t n)
{
	return (struct profile){ .sample_types = type,
				 .n_sample_types = 1,
				 .samples = samples,
				 .n_samples = n,
				 .mappings = &map,
				 .n_mappings = 1,
				 .locations = &location,
				 .n_locations = 1 };
}

static void test_refused(void **state)
{
	static const int64_t most = INT64_MAX, one = 1, less = -5;
	static const struct profile_sample samples[] = { { locations, 1, &most, NULL, 0 },
							 { locations, 1, &one, NULL, 0 } };
	static const struct profile_sample negative[] = { { locations, 1, &less, NULL, 0 } };
	const struct profile full = model(samples_type, samples, 2), other = model(wall, samples, 1);
	const struct profile difference = model(wall, negative, 1);
	_cleanup_(missing_done) struct missing m = {}, d = {};

	assert_int_equal(missing_add(&d, &difference), 0);
	assert_int_equal(missing_add(&d, &full), MISSING_OTHER_UNIT);
	assert_int_equal(missing_finish(&d), 0);
	assert_int_equal(d.n_rows, 1);
	assert_int_equal(d.rows[0].counts.no_name.self, -5);
	assert_string_equal(d.type, "wall");
	assert_int_equal(missing_add(&m, &full), -ERANGE);
	assert_int_equal(missing_add(&m, &other), MISSING_OTHER_UNIT);
}

static void test_nothing(void **state)
{
	_cleanup_(missing_done) struct missing none = {}, empty = {};

	assert_int_equal(missing_finish(&none), 0);
	assert_int_equal(none.n_rows + none.n_complete, 0);
	add(&empty, NULL, 0);
	assert_int_equal(missing_finish(&empty), 0);
	assert_int_equal(empty.n_rows + empty.n_complete, 0);
}

static void test_remedies(void **state)
{
	static const struct {
		const char *path;
		enum missing_place place;
	} paths[] = {
		{ "/usr/lib/libz.so.1", MISSING_IN_FILE },
		{ "libz.so.1", MISSING_IN_FILE },
		{ "[kernel.kallsyms]", MISSING_IN_KERNEL },
		{ "[nf_tables]", MISSING_IN_MODULE },
		{ "[bpf]", MISSING_IN_MODULE },
		{ "[kernel: gone too soon]", MISSING_IN_GONE_KERNEL },
		{ "[vdso]", MISSING_IN_VDSO },
		{ "[anon]", MISSING_IN_JIT },
		{ "[anon: too many programs]", MISSING_IN_MORE_JIT },
		{ "[anon: gone too soon]", MISSING_IN_GONE_JIT },
		{ "", MISSING_NOWHERE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_int_equal(missing_place_of(paths[i].path), paths[i].place);
	for (int place = MISSING_IN_FILE; place <= MISSING_NOWHERE; place++)
		for (int cause = MISSING_CAUSE_PLACE; cause <= MISSING_CAUSE_UNREADABLE; cause++) {
			struct missing_remedy remedy =
				missing_remedy_of((enum missing_place)place, (enum missing_cause)cause);

			assert_non_null(remedy.advice);
			assert_int_equal(remedy.reason == NULL,
					 cause == MISSING_CAUSE_REFUSED || cause == MISSING_CAUSE_UNREADABLE);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),   cmocka_unit_test(test_inlined), cmocka_unit_test(test_markers),
		cmocka_unit_test(test_several),  cmocka_unit_test(test_refused), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_remedies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
