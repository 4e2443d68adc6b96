// SPDX-License-Identifier: Apache-2.0
/* What profiles were measured over, of files and of a store; and what values are multiplied with. */
#include "report/normalize.h"

#include <string.h>

#include "report/extent.h"
#include "report/source.h"
#include "store/selection.h"
#include "tests/unit/store-fixture.h"

#define S INT64_C(1000000000)

static void add_file(struct extent *e, const char *const *comments, size_t n_comments, int64_t start_s, uint64_t s)
{
	struct profile p = { .comments = comments, .n_comments = n_comments };
	const struct source_item item = { .profile = &p, .window = { .start_ns = start_s * S, .duration_ns = s * S } };

	assert_int_equal(extent_add_file(e, &item), 0);
}

static void assert_factor(enum normalize n, struct extent *e, int64_t sum, int64_t wanted, double expected)
{
	double factor;

	assert_int_equal(normalize_factor(n, e, sum, wanted, &factor), 0);
	assert_true(factor > expected * 0.999999 && factor < expected * 1.000001);
}

static void test_files(void **state)
{
	static const char *const a[] = { "cpuhound 1", "host a, Linux 6" }, *const b[] = { "host b, Linux 6" };
	static const char *const both[] = { "host a, Linux 6", "host b, Linux 6" }, *const none[] = { "hosts" };
	_cleanup_(extent_done) struct extent e;

	assert_int_equal(extent_init(&e), 0);
	assert_true(extent_seconds(&e) == 0);
	add_file(&e, a, ARRAY_SIZE(a), 1000, 10);
	add_file(&e, b, ARRAY_SIZE(b), 1000, 10); /* the same time on another host */
	assert_int_equal(extent_n_hosts(&e), 2);
	assert_true(extent_seconds(&e) == 10);
	add_file(&e, both, ARRAY_SIZE(both), 1020, 10);
	assert_int_equal(extent_n_hosts(&e), 2);
	assert_true(extent_seconds(&e) == 20);
	assert_factor(NORMALIZE_NONE, &e, 5, 10, 1);
	assert_factor(NORMALIZE_TOTAL, &e, 5, 10, 2);
	assert_factor(NORMALIZE_TIME, &e, 5, 10, 0.05);
	assert_factor(NORMALIZE_HOSTS, &e, 5, 10, 0.025);
	add_file(&e, none, ARRAY_SIZE(none), 1000, 10); /* of another tool: one host more, whoever it is */
	assert_int_equal(extent_n_hosts(&e), 3);
}

static void test_unknown(void **state)
{
	_cleanup_(extent_done) struct extent e;
	double factor;

	assert_int_equal(extent_init(&e), 0);
	assert_int_equal(normalize_factor(NORMALIZE_TIME, &e, 1, 1, &factor), NORMALIZE_NO_TIME);
	add_file(&e, NULL, 0, 0, 0);
	assert_int_equal(normalize_factor(NORMALIZE_HOSTS, &e, 1, 1, &factor), NORMALIZE_NO_TIME);
	assert_int_equal(normalize_factor(NORMALIZE_TOTAL, &e, 0, 1, &factor), NORMALIZE_NO_SUM);
	assert_int_equal(normalize_factor(NORMALIZE_TOTAL, &e, -1, 1, &factor), NORMALIZE_NO_SUM);
}

/* Windows without the service that is asked for are time in which it has not run. */
static void test_store(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct window_info info;
	struct selection one = { .until_ns = BASE_NS + 4 * WINDOW_NS };
	_cleanup_(extent_done) struct extent e;
	char why[MATCHER_WHY_BYTES];

	assert_int_equal(put(s, &(struct made){ .first = 0, .start_ns = BASE_NS, .services = "api" }, &info), 0);
	for (uint64_t i = 1; i < 6; i++)
		assert_int_equal(put(s,
				     &(struct made){ .first = i,
						     .start_ns = BASE_NS + (int64_t)i * WINDOW_NS,
						     .services = "db" },
				     &info),
				 0);
	store_free(s);
	s = open_store(STORE_READ);
	assert_int_equal(selection_add(&one, "service=api", why), 0);
	assert_int_equal(extent_init(&e), 0);
	assert_int_equal(extent_add_store(&e, s, &one), 0);
	assert_int_equal(extent_n_hosts(&e), 1);
	assert_true(extent_seconds(&e) == 4 * WINDOW_NS / (double)S);
	extent_done(&e);
	assert_int_equal(selection_add(&one, "host=nobody", why), 0);
	assert_int_equal(extent_init(&e), 0);
	assert_int_equal(extent_add_store(&e, s, &one), 0);
	assert_int_equal(extent_n_hosts(&e), 0);
	selection_done(&one);
	store_free(s);
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
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test_setup_teardown(test_store, state_set_up, state_tear_down),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
