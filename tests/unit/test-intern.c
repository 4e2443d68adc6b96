// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "common/intern.h"
#include "tests/unit/cmocka-all.h"

static const char *add(struct intern *in, const char *s, size_t size)
{
	const char *kept = NULL;

	assert_int_equal(intern_add(in, s, size, &kept), 0);
	assert_memory_equal(kept, s, size);
	assert_int_equal(kept[size], 0);
	return kept;
}

static void test_one_copy(void **state)
{
	_cleanup_(intern_freep) struct intern *in = NULL;
	char text[] = "abc";
	const char *first;

	assert_int_equal(intern_new(1 << 20, &in), 0);
	first = add(in, text, 3);
	assert_ptr_not_equal(first, text);
	text[0] = 'x';
	assert_string_equal(first, "abc");
	assert_ptr_equal(add(in, "abc", 3), first);
	assert_ptr_equal(add(in, "abcd", 3), first);
	assert_ptr_not_equal(add(in, "ab", 2), first);
	assert_ptr_not_equal(add(in, "abc\0", 4), first);
	assert_ptr_equal(add(in, "", 0), add(in, "x", 0));
}

static void test_many(void **state)
{
	_cleanup_(intern_freep) struct intern *in = NULL;
	static const char *kept[5000];
	char text[16];

	assert_int_equal(intern_new(16 << 20, &in), 0);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5000; i++) {
			int n = snprintf(text, sizeof(text), "name-%d", i);
			const char *s = add(in, text, (size_t)n);

			assert_true(round == 0 || s == kept[i]);
			kept[i] = s;
		}
	}
}

static void test_limit(void **state)
{
	_cleanup_(intern_freep) struct intern *in = NULL;
	static const char large[1000];
	const char *kept = NULL, *first;
	size_t bytes;

	assert_int_equal(intern_new(1000, &in), 0);
	assert_int_equal(intern_bytes(in), 0);
	first = add(in, "first", 5);
	bytes = intern_bytes(in);
	assert_true(bytes > 5 && bytes < 200);
	assert_int_equal(intern_add(in, large, sizeof(large), &kept), -ENOSPC);
	assert_null(kept);
	assert_int_equal(intern_bytes(in), bytes);
	assert_ptr_equal(add(in, "first", 5), first);
	assert_int_equal(intern_bytes(in), bytes);
	intern_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_copy),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
