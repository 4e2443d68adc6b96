// SPDX-License-Identifier: Apache-2.0
/* What values were measured over, and what they are multiplied with. */
#include "report/normalize.h"

#include <stdio.h>

#include "report/coverage.h"
#include "store/window.h"
#include "tests/unit/cmocka-all.h"

#define S INT64_C(1000000000)

static void add(struct coverage *c, const char *host, int64_t start_s, uint64_t s)
{
	struct window_info window = { .start_ns = start_s * S, .duration_ns = s * S };

	snprintf(window.host, sizeof(window.host), "%s", host);
	assert_int_equal(coverage_add_window(c, &window), 0);
}

static void assert_factor(enum normalize n, const struct normalize_extent *e, int64_t sum, int64_t wanted,
			  double expected)
{
	double factor;

	assert_int_equal(normalize_factor(n, e, sum, wanted, &factor), 0);
	assert_true(factor > expected * 0.999999 && factor < expected * 1.000001);
}

static void test_extent(void **state)
{
	_cleanup_(coverage_freep) struct coverage *c = NULL;
	struct normalize_extent e;

	assert_int_equal(coverage_new(&c), 0);
	normalize_extent_of(c, &e);
	assert_int_equal(e.n_hosts, 0);
	assert_true(e.seconds == 0);
	add(c, "a", 1000, 10);
	add(c, "b", 1000, 10); /* the same time on another host */
	normalize_extent_of(c, &e);
	assert_int_equal(e.n_hosts, 2);
	assert_true(e.seconds == 10);
	add(c, "a", 1020, 20);
	normalize_extent_of(c, &e);
	assert_int_equal(e.n_hosts, 2);
	assert_true(e.seconds == 20);
	assert_factor(NORMALIZE_NONE, &e, 5, 10, 1);
	assert_factor(NORMALIZE_TOTAL, &e, 5, 10, 2);
	assert_factor(NORMALIZE_TIME, &e, 5, 10, 0.05);
	assert_factor(NORMALIZE_HOSTS, &e, 5, 10, 0.025);
}

static void test_unknown(void **state)
{
	static const struct normalize_extent none = {};
	double factor;

	assert_int_equal(normalize_factor(NORMALIZE_TIME, &none, 1, 1, &factor), NORMALIZE_NO_TIME);
	assert_int_equal(normalize_factor(NORMALIZE_HOSTS, &none, 1, 1, &factor), NORMALIZE_NO_TIME);
	assert_int_equal(normalize_factor(NORMALIZE_TOTAL, &none, 0, 1, &factor), NORMALIZE_NO_SUM);
	assert_int_equal(normalize_factor(NORMALIZE_TOTAL, &none, -1, 1, &factor), NORMALIZE_NO_SUM);
}

static void test_words(void **state)
{
	static const char *const words[] = { "none", "total", "time", "hosts" };
	enum normalize n;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(normalize_parse(words[i], &n), 0);
		assert_string_equal(normalize_name(n), words[i]);
	}
	assert_int_equal(normalize_parse("Time", &n), NORMALIZE_UNKNOWN);
	assert_int_equal(normalize_value(INT64_MAX, 1), INT64_MAX);
	assert_int_equal(normalize_value(-7, 0.5), -4);
	assert_int_equal(normalize_value(INT64_MAX, 4), INT64_MAX);
	assert_int_equal(normalize_value(INT64_MAX, -4), INT64_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extent),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
