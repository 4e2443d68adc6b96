// SPDX-License-Identifier: Apache-2.0
/* Two sides added up and compared; expected values are computed by hand. */
#include "report/diff.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/frame-table.h"
#include "report/stack-reader.h"
#include "tests/unit/built-profile.h"

static const struct profile_mapping app = { .start = 0x1000, .limit = 0x9000, .filename = "/bin/app" };
static const struct profile_mapping libz = { .start = 0x1000, .limit = 0x9000, .filename = "/lib/libz.so.1" };

#define FRAME(map, name)                                                                                               \
	{                                                                                                              \
		.addr = 0x2000, .mapping = (map), .function = (name)                                                   \
	}
#define SERVICE(name) .labels = { { .key = "service_name", .str = (name) } }, .n_labels = 1

/* 10 ns a sample. main calls walk, which calls itself and inflate. */
static const struct built_stack before[] = {
	{ { FRAME(&app, "walk"), FRAME(&app, "walk"), FRAME(&app, "main") }, 3, SERVICE("api"), .count = 100 },
	{ { FRAME(&libz, "inflate"), FRAME(&app, "walk"), FRAME(&app, "main") }, 3, SERVICE("db"), .count = 50 },
};
static const struct built_stack after[] = {
	{ { FRAME(&app, "walk"), FRAME(&app, "main") }, 2, SERVICE("api"), .count = 104 },
	{ { FRAME(&libz, "inflate"), FRAME(&app, "walk"), FRAME(&app, "main") }, 3, SERVICE("db"), .count = 200 },
	{ { FRAME(&app, "inflate"), FRAME(&app, "main") }, 2, SERVICE("web"), .count = 9 },
};

static void add(struct diff *d, size_t side, struct frame_table *frames, const struct built_stack *stacks, size_t n)
{
	_cleanup_(profile_freep) struct profile *p = built_profile(stacks, n, NULL);
	struct stack_reader reader;

	assert_int_equal(stack_reader_init(&reader, frames, p), 0);
	for (size_t i = 0; i < p->n_samples; i++) {
		struct stack s;

		assert_int_equal(stack_reader_read(&reader, i, &s), 0);
		assert_int_equal(diff_add(d, side, frames, &s), 0);
	}
	stack_reader_done(&reader);
}

static struct diff *compared(enum diff_by by, size_t n_labels)
{
	static const char *const labels[] = { "service_name" };
	_cleanup_(frame_table_freep) struct frame_table *frames = NULL;
	struct diff *d = NULL;

	assert_int_equal(frame_table_new(&frames), 0);
	assert_int_equal(diff_new(by, labels, n_labels, &d), 0);
	add(d, DIFF_BEFORE, frames, before, ARRAY_SIZE(before));
	add(d, DIFF_AFTER, frames, after, ARRAY_SIZE(after));
	return d;
}

static const struct diff_scale as_is = { .factors = { 1, 1 }, .has_errors = true };

struct expected {
	const char *name, *library;
	int64_t self[DIFF_N_SIDES], total[DIFF_N_SIDES];
};

static void assert_rows(enum diff_by by, size_t n_labels, const struct expected *rows, size_t n)
{
	struct diff *d = compared(by, n_labels);
	struct diff_scale scale = as_is;
	_cleanup_free_ struct diff_row *have = NULL;
	size_t n_have;

	assert_int_equal(diff_rows(d, &scale, &have, &n_have), 0);
	assert_int_equal(n_have, n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(have[i].name, rows[i].name);
		assert_string_equal(have[i].library, rows[i].library);
		for (size_t side = 0; side < DIFF_N_SIDES; side++) {
			assert_int_equal(have[i].self[side].value, rows[i].self[side] * 10);
			assert_int_equal(have[i].self[side].n_samples, rows[i].self[side]);
			assert_int_equal(have[i].total[side].value, rows[i].total[side] * 10);
		}
	}
	assert_int_equal(diff_sum(d, DIFF_BEFORE).value, 1500);
	assert_int_equal(diff_sum(d, DIFF_AFTER).n_samples, 313);
	assert_int_equal(diff_n_beyond(d), 0);
	diff_free(d);
}

/* 100 to 104 is noise: 1.96 * sqrt(204) is 28; in total, walk and main changed by more. */
static void test_functions(void **state)
{
	static const struct expected rows[] = {
		{ "inflate", "libz.so.1", { 50, 200 }, { 50, 200 } },
		{ "inflate", "app", { 0, 9 }, { 0, 9 } },
		{ "walk", "app", { 100, 104 }, { 150, 304 } },
		{ "main", "app", { 0, 0 }, { 150, 313 } },
	};

	assert_rows(DIFF_BY_FUNCTION, 0, rows, ARRAY_SIZE(rows));
}

static void test_libraries(void **state)
{
	static const struct expected rows[] = {
		{ "libz.so.1", "", { 50, 200 }, { 50, 200 } },
		{ "app", "", { 100, 113 }, { 150, 313 } },
	};

	assert_rows(DIFF_BY_LIBRARY, 0, rows, ARRAY_SIZE(rows));
}

static void test_labels(void **state)
{
	static const struct expected rows[] = {
		{ "db", "", { 50, 200 }, { 50, 200 } },
		{ "web", "", { 0, 9 }, { 0, 9 } },
		{ "api", "", { 100, 104 }, { 100, 104 } }, /* noise comes last */
	};

	assert_rows(DIFF_BY_LABELS, 1, rows, ARRAY_SIZE(rows));
}

static void test_labels_and_libraries(void **state)
{
	static const struct expected rows[] = {
		{ "db, libz.so.1", "", { 50, 200 }, { 50, 200 } },
		{ "web, app", "", { 0, 9 }, { 0, 9 } },
		{ "db, app", "", { 0, 0 }, { 50, 200 } },
		{ "api, app", "", { 100, 104 }, { 100, 104 } },
	};

	assert_rows(DIFF_BY_LIBRARY, 1, rows, ARRAY_SIZE(rows));
}

/* 100 more of 10,000 are noise, 9 where there was none are not. */
static void test_noise_is_last(void **state)
{
	static const struct built_stack large[] = {
		{ { FRAME(&app, "f") }, 1, SERVICE("large"), .count = 10000 },
		{ { FRAME(&app, "f") }, 1, SERVICE("large"), .count = 10100 },
		{ { FRAME(&app, "f") }, 1, SERVICE("small"), .count = 9 },
	};
	static const char *const labels[] = { "service_name" };
	_cleanup_(frame_table_freep) struct frame_table *frames = NULL;
	_cleanup_(diff_freep) struct diff *d = NULL;
	_cleanup_free_ struct diff_row *rows = NULL;
	struct diff_scale scale = as_is;
	size_t n;

	assert_int_equal(frame_table_new(&frames), 0);
	assert_int_equal(diff_new(DIFF_BY_LABELS, labels, 1, &d), 0);
	add(d, DIFF_BEFORE, frames, &large[0], 1);
	add(d, DIFF_AFTER, frames, &large[1], 2);
	assert_int_equal(diff_rows(d, &scale, &rows, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(rows[0].name, "small");
	assert_string_equal(rows[1].name, "large");
}

static void test_changes(void **state)
{
	static const struct {
		struct call_value values[DIFF_N_SIDES];
		struct diff_scale scale;
		struct diff_change change;
	} cases[] = {
		{ { { 100, 1000 }, { 104, 1040 } },
		  { { 1, 1 }, true },
		  { 1000, 1040, 40, 1.96 * 142.828568570857, true } },
		{ { { 100, 1000 }, { 400, 4000 } },
		  { { 1, 1 }, true },
		  { 1000, 4000, 3000, 1.96 * 223.606797749979, false } },
		/* Half a window against a whole one: the error shrinks with the value. */
		{ { { 100, 1000 }, { 400, 4000 } },
		  { { 1, 0.25 }, true },
		  { 1000, 1000, 0, 1.96 * 111.803398874989, true } },
		{ { { 0, 0 }, { 3, 30 } }, { { 1, 1 }, true }, { 0, 30, 30, 1.96 * 17.3205080756888, true } },
		{ { { 0, 0 }, { 4, 40 } }, { { 1, 1 }, true }, { 0, 40, 40, 1.96 * 20, false } },
		{ { { 1, 10 }, { 1, 11 } }, { { 1, 1 }, false }, { 10, 11, 1, 0, false } }, /* no samples: no chance */
		{ { { 1, INT64_MAX }, { 1, INT64_MAX - 1 } },
		  { { 1, 1 }, false },
		  { INT64_MAX, INT64_MAX - 1, -1, 0, false } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct diff_change *want = &cases[i].change;
		struct diff_change have;

		diff_change_of(cases[i].values, &cases[i].scale, &have);
		assert_int_equal(have.before, want->before);
		assert_int_equal(have.after, want->after);
		assert_int_equal(have.delta, want->delta);
		assert_true(fabs(have.error - want->error) < 1e-6);
		if (have.is_noise != want->is_noise)
			fail_msg("case %zu is %snoise", i, have.is_noise ? "" : "no ");
	}
}

#define N_CHANCE_ROWS 1000
#define N_TRIALS 40

/* Of how many coins there is a head. */
static int64_t heads(int64_t n)
{
	int64_t sum = 0;

	while (n-- > 0)
		sum += random() % 2;
	return sum;
}

struct shown {
	size_t n_alone, n_rows; /* changes: of each row looked at alone, and as one of many */
	bool has_first;
};

/* A workload that is recorded twice: whose a sample is of the two is chance. The first row has that many more. */
static struct shown show_chance(struct frame_table *frames, int64_t n_more)
{
	_cleanup_(diff_freep) struct diff *d = NULL;
	_cleanup_free_ struct diff_row *rows = NULL;
	struct diff_scale scale = as_is;
	struct shown shown = {};
	size_t n;

	assert_int_equal(diff_new(DIFF_BY_FUNCTION, NULL, 0, &d), 0);
	for (uint32_t i = 0; i < N_CHANCE_ROWS; i++) {
		int64_t all = 20 + i % 80, first = heads(all);
		const uint32_t frame = i + 1;
		const int64_t counts[] = { first, all - first + (i == 0 ? n_more : 0) };

		for (size_t side = 0; side < DIFF_N_SIDES; side++) {
			const struct stack s = {
				.frames = &frame, .n_frames = 1, .n_samples = counts[side], .value = 10 * counts[side]
			};

			assert_int_equal(diff_add(d, side, frames, &s), 0);
		}
	}
	assert_int_equal(diff_rows(d, &scale, &rows, &n), 0);
	for (size_t i = 0; i < n; i++) {
		struct diff_change alone, self, total;

		diff_change_of(rows[i].self, &scale, &alone);
		diff_row_change_of(&rows[i], &scale, &self, &total);
		assert_int_equal(self.is_noise, total.is_noise);
		shown.n_alone += !alone.is_noise;
		shown.n_rows += !self.is_noise;
		shown.has_first = shown.has_first || (!self.is_noise && strcmp(rows[i].name, "f0") == 0);
	}
	return shown;
}

/* What chance does is not shown, however many rows there are, and what has changed still is. */
static void test_many_rows(void **state)
{
	_cleanup_(frame_table_freep) struct frame_table *frames = NULL;
	size_t n_alone = 0, n_false = 0, n_found = 0, n_beside = 0;

	assert_int_equal(frame_table_new(&frames), 0);
	for (uint32_t i = 0; i < N_CHANCE_ROWS; i++) {
		char name[16];
		const struct frame_info frame = { name, "app", "", "", FRAME_USER, 1 };
		uint32_t number;

		snprintf(name, sizeof(name), "f%u", i);
		assert_int_equal(frame_table_add(frames, &frame, &number), 0);
		assert_int_equal(number, i + 1); /* 0 is (other) */
	}
	srandom(1);
	for (size_t i = 0; i < N_TRIALS; i++) {
		struct shown same = show_chance(frames, 0), changed = show_chance(frames, 60);

		n_alone += same.n_alone;
		n_false += same.n_rows > 0;
		n_found += changed.has_first;
		n_beside += changed.n_rows - changed.has_first;
	}
	assert_in_range(n_alone / N_TRIALS, N_CHANCE_ROWS / 40, N_CHANCE_ROWS / 15); /* one in twenty, more or less */
	assert_in_range(n_false, 0, N_TRIALS / 10);
	assert_int_equal(n_found, N_TRIALS);
	assert_in_range(n_beside, 0, N_TRIALS / 5);
}

static void test_too_large(void **state)
{
	_cleanup_(frame_table_freep) struct frame_table *frames = NULL;
	_cleanup_(diff_freep) struct diff *d = NULL;
	const struct frame_info frame = { "f", "l", "", "", FRAME_USER, 1 };
	uint32_t number;
	struct stack s = { .frames = &number, .n_frames = 1, .n_samples = 1, .value = INT64_MAX };

	assert_int_equal(frame_table_new(&frames), 0);
	assert_int_equal(frame_table_add(frames, &frame, &number), 0);
	assert_int_equal(diff_new(DIFF_BY_FUNCTION, NULL, 0, &d), 0);
	assert_int_equal(diff_add(d, DIFF_AFTER, frames, &s), 0);
	assert_int_equal(diff_add(d, DIFF_AFTER, frames, &s), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions),     cmocka_unit_test(test_libraries),
		cmocka_unit_test(test_labels),        cmocka_unit_test(test_labels_and_libraries),
		cmocka_unit_test(test_noise_is_last), cmocka_unit_test(test_changes),
		cmocka_unit_test(test_many_rows),     cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
