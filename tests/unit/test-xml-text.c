// SPDX-License-Identifier: Apache-2.0
/* Foreign strings in markup. */
#include "common/buf.h"
#include "report/xml-text.h"
#include "tests/unit/cmocka-all.h"

static void assert_text(const char *s, size_t max_chars, const char *expected)
{
	_cleanup_(buf_done) struct buf b = {};

	assert_int_equal(buf_add_str(&b, ">"), 0);
	assert_int_equal(xml_text_add(&b, s, max_chars), 0);
	assert_string_equal(b.data + 1, expected);
}

static void test_markup(void **state)
{
	assert_text("", 9, "");
	assert_text("a<b>&\"c\"'", 99, "a&lt;b&gt;&amp;&quot;c&quot;&#39;");
}

static void test_what_xml_does_not_allow(void **state)
{
	assert_text("a\001b\177\xff", 9,
		    "a\xef\xbf\xbd"
		    "b\xef\xbf\xbd\xef\xbf\xbd");
	assert_text("\xef\xbf\xbe\xef\xbf\xbf", 9, "\xef\xbf\xbd\xef\xbf\xbd");
	assert_text("a\xe2\x80\xae"
		    "b",
		    9,
		    "a\xef\xbf\xbd"
		    "b");
	assert_text("\xd7\xa9\xf0\x9f\x94\xa5", 9, "\xd7\xa9\xf0\x9f\x94\xa5"); /* other writing stays */
}

static void test_cut(void **state)
{
	assert_text("abcdefgh", 8, "abcdefgh");
	assert_text("abcdefgh", 7,
		    "abc\xe2\x80\xa6"
		    "fgh");
	assert_text("abcdefgh", 4, "ab\xe2\x80\xa6h");
	assert_text("\xd7\xa9\xd7\xa9\xd7\xa9\xd7\xa9", 3, "\xd7\xa9\xe2\x80\xa6\xd7\xa9");
	assert_text("abcdefgh", 1, "\xe2\x80\xa6");
	assert_text("abcdefgh", 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markup),
		cmocka_unit_test(test_what_xml_does_not_allow),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
