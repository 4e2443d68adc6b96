// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/nearest.h"

static void test_distance(void **state)
{
	assert_int_equal(nearest_distance("", ""), 0);
	assert_int_equal(nearest_distance("", "abc"), 3);
	assert_int_equal(nearest_distance("abc", ""), 3);
	assert_int_equal(nearest_distance("record", "record"), 0);
	assert_int_equal(nearest_distance("recrod", "record"), 1); /* neighbours swapped */
	assert_int_equal(nearest_distance("recor", "record"), 1);
	assert_int_equal(nearest_distance("recordd", "record"), 1);
	assert_int_equal(nearest_distance("rekord", "record"), 1);
	assert_int_equal(nearest_distance("kitten", "sitting"), 3);
	assert_int_equal(nearest_distance("ca", "abc"), 3); /* a swapped pair is not edited again */
}

static void test_distance_of_long_words(void **state)
{
	static const char edge[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; /* NEAREST_MAX_CHARS */
	static const char beyond[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

	assert_int_equal(sizeof(edge) - 1, NEAREST_MAX_CHARS);
	assert_int_equal(nearest_distance(edge, ""), NEAREST_MAX_CHARS);
	assert_int_equal(nearest_distance(edge, beyond), NEAREST_MAX_CHARS + 1);
	assert_int_equal(nearest_distance(beyond, beyond), NEAREST_MAX_CHARS + 1);
}

static void test_nearest_of(void **state)
{
	assert_string_equal(nearest_of("recrod", NULL, "record"), "record");
	assert_null(nearest_of("frobnicate", NULL, "record"));
	assert_null(nearest_of("recrod", NULL, NULL));
	assert_string_equal(nearest_of("recrod", "record", "show"), "record");
	assert_string_equal(nearest_of("recrod", "show", "record"), "record");
	assert_string_equal(nearest_of("shaw", "show", "shew"), "show"); /* the first of equals stays */
	assert_string_equal(nearest_of("x", NULL, "y"), "y");            /* one change is always allowed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_distance_of_long_words),
		cmocka_unit_test(test_nearest_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
