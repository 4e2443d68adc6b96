// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "common/buf.h"
#include "tests/unit/cmocka-all.h"

static void test_grows(void **state)
{
	_cleanup_(buf_done) struct buf b = {};

	for (int i = 0; i < 1000; i++) {
		assert_int_equal(buf_add(&b, "0123456789", 10), 0);
		assert_int_equal(b.size, 10 * (i + 1));
		assert_int_equal(b.data[b.size], 0);
	}
	for (size_t i = 0; i < b.size; i++)
		assert_int_equal(b.data[i], '0' + i % 10);
}

static void test_text(void **state)
{
	_cleanup_(buf_done) struct buf b = {};

	assert_int_equal(buf_add_str(&b, ""), 0);
	assert_string_equal(b.data, "");
	assert_int_equal(buf_add_str(&b, "ab"), 0);
	assert_int_equal(buf_add_char(&b, 'c'), 0);
	assert_int_equal(buf_printf(&b, " %d %s", -5, "x"), 0);
	assert_string_equal(b.data, "abc -5 x");
	assert_int_equal(b.size, 8);
	assert_int_equal(buf_add(&b, NULL, 0), 0);
	assert_int_equal(buf_printf(&b, "%*s", 5000, "y"), 0);
	assert_int_equal(b.size, 5008);
	assert_int_equal(strlen(b.data), 5008);
	buf_clear(&b);
	assert_int_equal(b.size, 0);
	assert_string_equal(b.data, "");
}

static void test_limit(void **state)
{
	_cleanup_(buf_done) struct buf b = { .limit_bytes = 8 };

	assert_int_equal(buf_add_str(&b, "12345678"), 0);
	assert_int_equal(buf_add_char(&b, '9'), -EFBIG);
	assert_int_equal(buf_reserve(&b, SIZE_MAX), -EFBIG);
	assert_string_equal(b.data, "12345678");
	buf_clear(&b);
	assert_int_equal(buf_add_str(&b, "123456789"), -EFBIG);
	assert_string_equal(b.data, "");
	assert_int_equal(buf_printf(&b, "%s", "12345678"), 0);
	buf_done(&b);
	assert_int_equal(b.limit_bytes, 8);
	assert_null(b.data);
}

static void test_reserve(void **state)
{
	_cleanup_(buf_done) struct buf b = {};

	assert_int_equal(buf_reserve(&b, 100), 0);
	assert_true(b.capacity > 100);
	memset(b.data, 'x', 100);
	assert_int_equal(b.size, 0);
	buf_clear(&b);
	assert_string_equal(b.data, "");
	assert_int_equal(buf_reserve(&b, BUF_LIMIT_BYTES + 1), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_reserve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
