// SPDX-License-Identifier: Apache-2.0
/* Frames are known by one number each, valid, and bounded. */
#include "report/frame-table.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/cmocka-all.h"

static uint32_t add(struct frame_table *t, const struct frame_info *frame)
{
	uint32_t number = UINT32_MAX;

	assert_int_equal(frame_table_add(t, frame, &number), 0);
	return number;
}

static void test_numbers(void **state)
{
	const struct frame_info inflate = { "inflate", "libz.so.1", "aa", "inflate.c", FRAME_USER, 1 };
	struct frame_info other = inflate;
	struct frame_table *t = NULL;
	uint32_t number;

	assert_int_equal(frame_table_new(&t), 0);
	assert_string_equal(frame_table_get(t, 0)->function, FRAME_OTHER);
	assert_int_equal(frame_table_get(t, 0)->kind, FRAME_MARKER);
	number = add(t, &inflate);
	assert_int_equal(number, 1);
	assert_int_equal(add(t, &inflate), number);
	other.build_id = "bb"; /* of another release */
	assert_int_equal(add(t, &other), 2);
	other.kind = FRAME_JIT;
	assert_int_equal(add(t, &other), 3);
	assert_int_equal(frame_table_n(t), 4);
	assert_string_equal(frame_table_get(t, number)->function, "inflate");
	assert_string_equal(frame_table_get(t, number)->library, "libz.so.1");
	assert_string_equal(frame_table_get(t, number)->build_id, "aa");
	assert_string_equal(frame_table_get(t, number)->file, "inflate.c");
	assert_true(frame_table_get(t, number)->is_named);
	assert_int_equal(frame_table_n_beyond(t), 0);
	frame_table_free(t);
}

/* Other profiles have other strings at the same place. */
static void test_strings_that_change(void **state)
{
	char library[16] = "liba.so";
	const struct frame_info frame = { .function = "f", .library = library, .kind = FRAME_USER };
	struct frame_table *t = NULL;
	uint32_t a, b;

	assert_int_equal(frame_table_new(&t), 0);
	a = add(t, &frame);
	strcpy(library, "libb.so");
	b = add(t, &frame);
	assert_string_equal(frame_table_get(t, a)->library, "liba.so");
	assert_string_equal(frame_table_get(t, b)->library, "libb.so");
	strcpy(library, "liba.so");
	assert_int_equal(add(t, &frame), a);
	frame_table_free(t);
}

static void test_foreign_strings(void **state)
{
	char text[10000];
	const struct frame_info bad = { .function = "a\xff\x1b[31m", .kind = FRAME_USER };
	const struct frame_info large = { .function = text, .kind = FRAME_USER };
	struct frame_table *t = NULL;
	uint32_t number;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	assert_int_equal(frame_table_new(&t), 0);
	number = add(t, &bad);
	assert_string_equal(frame_table_get(t, number)->function, "a\xef\xbf\xbd\xef\xbf\xbd[31m");
	assert_string_equal(frame_table_get(t, number)->library, ""); /* NULL is none */
	number = add(t, &large);
	assert_int_equal(strlen(frame_table_get(t, number)->function), 4096);
	frame_table_free(t);
}

/* Strings of 4 KiB meet their limit first: what has no room is the other frame, what is there stays. */
static void test_limit(void **state)
{
	enum {
		N = 30000
	};
	static char text[4097];
	const struct frame_info frame = { .function = text, .kind = FRAME_USER };
	struct frame_table *t = NULL;
	uint32_t first, number = 1;
	size_t n = 0;

	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(frame_table_new(&t), 0);
	first = add(t, &frame);
	for (; n < N && number != 0; n++) {
		snprintf(text, 16, "%015zu", n);
		text[15] = 'x';
		number = add(t, &frame);
	}
	assert_int_equal(number, 0);
	assert_in_range(n * 4096, FRAME_TABLE_MAX_BYTES / 10 * 9, FRAME_TABLE_MAX_BYTES);
	assert_int_equal(frame_table_n_beyond(t), 1);
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(add(t, &frame), first);
	frame_table_free(t);
}

/* In whatever way it is asked for, and asked for again, a frame has one number. */
static void test_named(void **state)
{
	enum {
		N = 3000 /* of each binary: the table grows */
	};
	static char large[10000];
	const char *const foreign[] = { "a\xff", "", large };
	struct frame_table *t = NULL;
	uint32_t binaries[2], number, again;
	size_t n;

	memset(large, 'x', sizeof(large) - 1);
	assert_int_equal(frame_table_new(&t), 0);
	for (size_t i = 0; i < ARRAY_SIZE(binaries); i++)
		assert_int_equal(frame_table_add_binary(t, "libz.so.1", i ? "bb" : "aa", FRAME_USER, &binaries[i]), 0);
	for (int i = 0; i < 2 * N * 2; i++) {
		const int which = i % (2 * N);
		char name[16], file[16];
		const struct frame_info same = { name, "libz.so.1", which % 2 ? "bb" : "aa", file, FRAME_USER, 1 };

		snprintf(name, sizeof(name), "f%d", which / 4);
		snprintf(file, sizeof(file), "%d.c", which / 2 % 2);
		assert_int_equal(frame_table_add_named(t, name, file, binaries[which % 2], &number), 0);
		assert_int_equal(number, which + 1); /* behind FRAME_OTHER */
		assert_int_equal(add(t, &same), number);
	}
	n = frame_table_n(t);
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		assert_int_equal(frame_table_add_named(t, foreign[i], "", binaries[0], &number), 0);
		assert_int_equal(number, n + i);
		assert_int_equal(frame_table_add_named(t, foreign[i], "", binaries[0], &again), 0);
		assert_int_equal(again, number);
	}
	assert_int_equal(frame_table_add_named(t, "f0", "0.c", FRAME_NO_ROOM, &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(frame_table_n_beyond(t), 1);
	frame_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),         cmocka_unit_test(test_strings_that_change),
		cmocka_unit_test(test_foreign_strings), cmocka_unit_test(test_limit),
		cmocka_unit_test(test_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
