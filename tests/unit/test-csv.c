// SPDX-License-Identifier: Apache-2.0
/* Cells as RFC 4180 has them. */
#include "cli/csv.h"

#include "common/buf.h"
#include "tests/unit/cmocka-all.h"

static void test_cells(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "plain text", "plain text" },
		{ "a,b", "\"a,b\"" },
		{ "say \"x\"", "\"say \"\"x\"\"\"" },
		{ "two\r\nlines", "two\uFFFD\uFFFDlines" }, /* a control character is none that a terminal gets */
		{ "\xff", "\uFFFD" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(buf_done) struct buf b = {};

		assert_int_equal(buf_add_str(&b, "> "), 0);
		assert_int_equal(csv_add(&b, cases[i][0]), 0);
		assert_string_equal(b.data + 2, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cells) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
