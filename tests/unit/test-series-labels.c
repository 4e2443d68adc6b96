// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "tests/unit/cmocka-all.h"
#include "uploader/series-labels.h"

static const struct series_label_rules roomy = { .max_labels = 10, .max_name_bytes = 100, .max_value_bytes = 100 };

static void test_order_and_doubles(void **state)
{
	static const struct profile_label of_part[] = {
		{ .key = "a", .str = "1" },
		{ .key = "region", .str = "ours" },
		{ .key = "service_name", .str = "api" },
	};
	const struct profile_part part = { .series = of_part, .n_series = 3 };
	const char *const own[] = { "region=eu=west", "empty=" };
	const struct target_config c = { .labels = own, .n_labels = 2 };
	_cleanup_(series_labels_done) struct series_labels s = {};

	assert_int_equal(series_labels_add(&s, &roomy, &c, &part), 0);
	assert_int_equal(s.n, 3);
	assert_string_equal(s.items[0].name, "region");
	assert_string_equal(s.items[0].value, "eu=west");
	assert_string_equal(s.items[1].name, "service_name");
	assert_string_equal(s.items[2].name, "a");
	assert_int_equal(s.n_cut, 0);
}

static void test_limits(void **state)
{
	const struct series_label_rules tight = { .max_labels = 2, .max_name_bytes = 4, .max_value_bytes = 3 };
	_cleanup_(series_labels_done) struct series_labels s = {};

	assert_int_equal(series_labels_put(&s, &tight, "name", "abc"), 0);
	assert_int_equal(s.n_cut, 0);
	assert_int_equal(series_labels_put(&s, &tight, "other", "abcd"), 0);
	assert_int_equal(s.n_cut, 2); /* the name and the value */
	assert_string_equal(s.items[1].name, "othe");
	assert_string_equal(s.items[1].value, "abc");
	assert_int_equal(series_labels_put(&s, &tight, "c", "1"), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.n_cut, 3);
}

/* A cut is between characters, and a bad byte becomes three. */
static void test_utf8(void **state)
{
	const struct series_label_rules rules = { .max_labels = 5, .max_name_bytes = 9, .max_value_bytes = 4 };
	_cleanup_(series_labels_done) struct series_labels s = {};

	assert_int_equal(series_labels_put(&s, &rules, "n\xff", "\xc3\xa9\xc3\xa9\xc3\xa9"), 0);
	assert_string_equal(s.items[0].name, "n\xef\xbf\xbd");
	assert_string_equal(s.items[0].value, "\xc3\xa9\xc3\xa9");
	assert_int_equal(series_labels_put(&s, &rules, "m", "ab\xc3\xa9\xc3\xa9"), 0);
	assert_string_equal(s.items[1].value, "ab\xc3\xa9");
	assert_int_equal(s.n_cut, 2);
}

static void test_plain_names(void **state)
{
	const struct series_label_rules plain = {
		.plain_names = true, .max_labels = 9, .max_name_bytes = 99, .max_value_bytes = 99
	};
	_cleanup_(series_labels_done) struct series_labels s = {};

	assert_int_equal(series_labels_put(&s, &plain, "1a.b/\xc3\xa9-Z9", "v"), 0);
	assert_string_equal(s.items[0].name, "_a_b____Z9");
	assert_int_equal(series_labels_put(&s, &plain, "_a_b____Z9", "w"), 0); /* the very same name */
	assert_int_equal(s.n_cut, 0);
	assert_int_equal(series_labels_put(&s, &plain, "_a.b____Z9", "x"), 0); /* made the same by us */
	assert_int_equal(s.n_cut, 1);
	assert_int_equal(s.n, 1);
	assert_string_equal(s.items[0].value, "v");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_doubles),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_plain_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
