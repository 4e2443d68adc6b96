// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "tests/unit/cmocka-all.h"

#define BAD "\xef\xbf\xbd"

static void assert_made(const char *in, size_t size, size_t limit_bytes, const char *expected)
{
	_cleanup_(buf_done) struct buf b = {};

	assert_int_equal(buf_add_str(&b, ">"), 0);
	assert_int_equal(utf8_add_valid(&b, in, size, limit_bytes), 0);
	if (strcmp(b.data + 1, expected) != 0)
		fail_msg("'%s' instead of '%s'", b.data + 1, expected);
	assert_int_equal(b.size, 1 + strlen(expected));
}

#define ASSERT_MADE(in, expected) assert_made(in, sizeof(in) - 1, 1000, expected)

static void test_single_bytes(void **state)
{
	for (unsigned int i = 0; i < 256; i++) {
		const char in[] = { (char)i, 0 };

		assert_made(in, 1, 1000, i >= 0x20 && i < 0x7f ? in : BAD);
	}
}

static void test_well_formed(void **state)
{
	ASSERT_MADE("", "");
	ASSERT_MADE("plain", "plain");
	ASSERT_MADE("\xc2\xa0", "\xc2\xa0"); /* U+00A0 */
	ASSERT_MADE("caf\xc3\xa9", "caf\xc3\xa9");
	ASSERT_MADE("\xdf\xbf", "\xdf\xbf");                 /* U+07FF */
	ASSERT_MADE("\xe0\xa0\x80", "\xe0\xa0\x80");         /* U+0800 */
	ASSERT_MADE("\xe2\x82\xac", "\xe2\x82\xac");         /* the euro */
	ASSERT_MADE("\xed\x9f\xbf", "\xed\x9f\xbf");         /* U+D7FF */
	ASSERT_MADE("\xee\x80\x80", "\xee\x80\x80");         /* U+E000 */
	ASSERT_MADE("\xef\xbf\xbf", "\xef\xbf\xbf");         /* U+FFFF */
	ASSERT_MADE("\xf0\x90\x80\x80", "\xf0\x90\x80\x80"); /* U+10000 */
	ASSERT_MADE("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"); /* U+10FFFF */
}

/* Every byte in every place of a longer text, which is looked at eight bytes at a time. */
static void test_places(void **state)
{
	for (unsigned int i = 0; i < 256; i++)
		for (size_t place = 0; place < 20; place++) {
			char in[] = "abcdefghijklmnopqrst", expected[64];
			bool is_plain = i >= 0x20 && i < 0x7f;

			in[place] = (char)i;
			snprintf(expected, sizeof(expected), "%.*s%s%s", (int)place, in,
				 is_plain ? (const char[]){ (char)i, 0 } : BAD, in + place + 1);
			assert_made(in, 20, 1000, expected);
			assert_int_equal(utf8_is_valid(in, 20), is_plain);
		}
}

static void test_ill_formed(void **state)
{
	ASSERT_MADE("a\0b", "a" BAD "b");
	ASSERT_MADE("\xc2\x80\xc2\x9f", BAD BAD BAD BAD); /* C1 controls */
	ASSERT_MADE("\xc0\xaf", BAD BAD);                 /* overlong '/' */
	ASSERT_MADE("\xc1\xbf", BAD BAD);
	ASSERT_MADE("\xe0\x80\xaf", BAD BAD BAD);
	ASSERT_MADE("\xe0\x9f\xbf", BAD BAD BAD);
	ASSERT_MADE("\xf0\x80\x80\xaf", BAD BAD BAD BAD);
	ASSERT_MADE("\xf0\x8f\xbf\xbf", BAD BAD BAD BAD);
	ASSERT_MADE("\xed\xa0\x80", BAD BAD BAD); /* surrogates */
	ASSERT_MADE("\xed\xbf\xbf", BAD BAD BAD);
	ASSERT_MADE("\xf4\x90\x80\x80", BAD BAD BAD BAD); /* above U+10FFFF */
	ASSERT_MADE("\xf5\x80\x80\x80", BAD BAD BAD BAD);
	ASSERT_MADE("\xff\xfe", BAD BAD);
	ASSERT_MADE("\x80z", BAD "z");
	ASSERT_MADE("\xc3z", BAD "z");
	ASSERT_MADE("\xe2\x82z", BAD BAD "z");
	ASSERT_MADE("\xf0\x90\x80z", BAD BAD BAD "z");
	ASSERT_MADE("\xc3", BAD); /* cut by the end */
	ASSERT_MADE("\xe2\x82", BAD BAD);
	ASSERT_MADE("\xf0\x90\x80", BAD BAD BAD);
	ASSERT_MADE("\xe2\xe2\x82\xac", BAD "\xe2\x82\xac");
}

static void test_cut(void **state)
{
	assert_made("abcdef", 6, 3, "abc");
	assert_made("abc", 3, 3, "abc");
	assert_made("abc", 3, 0, "");
	assert_made("ab\xe2\x82\xac", 5, 4, "ab"); /* never in the middle */
	assert_made("ab\xe2\x82\xac", 5, 5, "ab\xe2\x82\xac");
	assert_made("\xff\xff\xff", 3, 8, BAD BAD);
}

/* The first byte of a sequence may be the last one of the memory: ASan would tell. */
static void test_reads_no_further(void **state)
{
	static const char leads[] = { '\xc3', '\xe2', '\xf0' };

	for (size_t i = 0; i < sizeof(leads); i++) {
		_cleanup_free_ char *exact = malloc(1);

		assert_non_null(exact);
		*exact = leads[i];
		assert_made(exact, 1, 1000, BAD);
	}
}

static void test_valid(void **state)
{
	assert_true(utf8_is_valid("", 0));
	assert_true(utf8_is_valid("caf\xc3\xa9 \xf0\x9f\x90\xb6", 10));
	assert_false(utf8_is_valid("caf\xc3\xa9", 4)); /* cut */
	assert_false(utf8_is_valid("a\nb", 3));
	assert_false(utf8_is_valid("a\0b", 3));
	assert_false(utf8_is_valid("\xed\xa0\x80", 3));
	assert_false(utf8_is_valid("a\xff", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single_bytes), cmocka_unit_test(test_well_formed),
		cmocka_unit_test(test_places),       cmocka_unit_test(test_ill_formed),
		cmocka_unit_test(test_cut),          cmocka_unit_test(test_reads_no_further),
		cmocka_unit_test(test_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
