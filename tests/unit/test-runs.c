// SPDX-License-Identifier: Apache-2.0
/* Which windows are merged into which file: rows in, runs out. */
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "store/runs.h"
#include "tests/unit/cmocka-all.h"

#define S ((int64_t)NS_PER_S)
#define MAX_ROWS 16

struct row {
	enum window_tier tier;
	int64_t host;
	uint64_t first, last;
	int64_t start_s;
};

/* The runs as "first-last first-last", as of now_s, with a grace of 10 s. */
static void assert_runs(enum window_tier tier, int64_t now_s, const struct row *rows, size_t n, const char *expected)
{
	struct catalogue_row array[MAX_ROWS];
	struct catalogue_rows all = { .rows = array, .n = n };
	_cleanup_(buf_done) struct buf text = {};
	_cleanup_(runs_done) struct runs runs = {};

	for (size_t i = 0; i < n; i++)
		array[i] = (struct catalogue_row){ .tier = rows[i].tier,
						   .host = rows[i].host,
						   .first = rows[i].first,
						   .last = rows[i].last,
						   .start_ns = rows[i].start_s * S };
	assert_int_equal(runs_find(&all, tier, now_s * S, 10 * S, &runs), 0);
	for (size_t i = 0; i < runs.n; i++)
		assert_int_equal(buf_printf(&text, "%s%d-%d", i ? " " : "", (int)runs.runs[i].rows[0].first,
					    (int)runs.runs[i].rows[runs.runs[i].n - 1].last),
				 0);
	assert_string_equal(text.data ? text.data : "", expected);
}
#define ASSERT_RUNS(tier, now_s, expected, ...)                                                                        \
	do {                                                                                                           \
		const struct row rows_[] = { __VA_ARGS__ };                                                            \
		assert_runs(tier, now_s, rows_, ARRAY_SIZE(rows_), expected);                                          \
	} while (0)

#define RAW(n, start_s)                                                                                                \
	{                                                                                                              \
		WINDOW_RAW, 1, n, n, start_s                                                                           \
	}

static void test_minutes(void **state)
{
	assert_runs(WINDOW_RAW, 0, NULL, 0, "");
	/* 40 s and 50 s; then another minute, which a later window closed but which may go on itself. */
	ASSERT_RUNS(WINDOW_RAW, 75, "1-2", RAW(1, 40), RAW(2, 50), RAW(3, 60), RAW(4, 70));
	/* The order that they come in is no matter. */
	ASSERT_RUNS(WINDOW_RAW, 75, "1-2", RAW(4, 70), RAW(2, 50), RAW(1, 40), RAW(3, 60));
	/* Its time ended: closed after the grace. */
	ASSERT_RUNS(WINDOW_RAW, 129, "", RAW(3, 60), RAW(4, 70));
	ASSERT_RUNS(WINDOW_RAW, 130, "3-4", RAW(3, 60), RAW(4, 70));
}

/* Numbers that are missing are windows that were lost: the rest is merged across them. */
static void test_gaps(void **state)
{
	ASSERT_RUNS(WINDOW_RAW, 999, "1-7 12-12", RAW(1, 0), RAW(5, 10), RAW(7, 59), RAW(12, 60));
}

/* The clock goes back over a minute, and over the same minute: each time another file, or the same one. */
static void test_clock_steps(void **state)
{
	ASSERT_RUNS(WINDOW_RAW, 70, "1-2 3-4 5-5", RAW(1, 120), RAW(2, 130), RAW(3, 0), RAW(4, 10), RAW(5, 120),
		    RAW(6, 180));
	ASSERT_RUNS(WINDOW_RAW, 999, "1-3", RAW(1, 20), RAW(2, 10), RAW(3, 30));
}

#define MINUTE(first, last, start_s)                                                                                   \
	{                                                                                                              \
		WINDOW_MINUTE, 1, first, last, start_s                                                                 \
	}
#define HOUR(first, last, start_s)                                                                                     \
	{                                                                                                              \
		WINDOW_HOUR, 1, first, last, start_s                                                                   \
	}

/* What a file stands for is not merged again; what came late becomes another one. */
static void test_covered(void **state)
{
	ASSERT_RUNS(WINDOW_RAW, 999, "", MINUTE(1, 2, 0), RAW(1, 0), RAW(2, 10));
	ASSERT_RUNS(WINDOW_RAW, 999, "3-4", RAW(1, 0), RAW(2, 10), MINUTE(1, 2, 0), RAW(3, 20), RAW(4, 30));
	/* No file may stand for what another one stands for. */
	ASSERT_RUNS(WINDOW_RAW, 999, "1-1 4-4", RAW(1, 0), RAW(2, 10), MINUTE(2, 3, 0), RAW(4, 30));
	/* Also where the raw windows of that one have gone. */
	ASSERT_RUNS(WINDOW_RAW, 999, "1-1 4-4", RAW(1, 0), MINUTE(2, 3, 0), RAW(4, 30));
	/* An hour stands for raw windows too, whose minute has gone. */
	ASSERT_RUNS(WINDOW_RAW, 9999, "9-9", HOUR(1, 8, 0), RAW(3, 0), RAW(8, 100), RAW(9, 110));
}

static void test_hours(void **state)
{
	ASSERT_RUNS(WINDOW_MINUTE, 3609, "", MINUTE(1, 6, 3480), MINUTE(7, 12, 3540));
	ASSERT_RUNS(WINDOW_MINUTE, 3610, "1-12", MINUTE(1, 6, 3480), MINUTE(7, 12, 3540), RAW(1, 3480), RAW(13, 3600));
	ASSERT_RUNS(WINDOW_MINUTE, 0, "1-12", MINUTE(1, 6, 3480), MINUTE(7, 12, 3540), MINUTE(13, 13, 3600));
	ASSERT_RUNS(WINDOW_MINUTE, 9999, "13-14", HOUR(1, 12, 0), MINUTE(1, 6, 0), MINUTE(7, 12, 60),
		    MINUTE(13, 14, 120));
}

/* Hosts number in one sequence, and are merged apart. */
static void test_hosts(void **state)
{
	ASSERT_RUNS(WINDOW_RAW, 999, "1-3 2-5", { WINDOW_RAW, 1, 1, 1, 0 }, { WINDOW_RAW, 2, 2, 2, 0 },
		    { WINDOW_RAW, 1, 3, 3, 10 }, { WINDOW_RAW, 2, 5, 5, 10 });
	/* One host's later window says nothing of the other's. */
	ASSERT_RUNS(WINDOW_RAW, 65, "2-2", { WINDOW_RAW, 1, 1, 1, 0 }, { WINDOW_RAW, 2, 2, 2, 0 },
		    { WINDOW_RAW, 2, 3, 3, 60 });
	/* One host's file stands for nothing of the other's. */
	ASSERT_RUNS(WINDOW_RAW, 999, "2-2", { WINDOW_MINUTE, 1, 1, 3, 0 }, { WINDOW_RAW, 1, 1, 1, 0 },
		    { WINDOW_RAW, 2, 2, 2, 0 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_minutes), cmocka_unit_test(test_gaps),  cmocka_unit_test(test_clock_steps),
		cmocka_unit_test(test_covered), cmocka_unit_test(test_hours), cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
