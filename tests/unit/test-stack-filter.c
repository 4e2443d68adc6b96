// SPDX-License-Identifier: Apache-2.0
/* Which stacks a filter takes. */
#include "report/stack-filter.h"

#include <string.h>

#include "report/categories.h"
#include "report/frame-table.h"
#include "report/stack-reader.h"
#include "tests/unit/cmocka-all.h"

enum {
	MAIN = 1,
	INFLATE,
	READ,
	IRQ,
	JITTED,
};

static struct frame_table *new_table(void)
{
	static const struct frame_info frames[] = {
		{ "main", "server", "", "main.c", FRAME_USER, 1 },
		{ "inflate", "libz.so.1", "", "inflate.c", FRAME_USER, 1 },
		{ "vfs_read", "[kernel.kallsyms]", "", "", FRAME_KERNEL, 1 },
		{ "[irq]", "", "", "", FRAME_MARKER, 1 },
		{ "Foo.bar", "", "", "", FRAME_JIT, 1 },
	};
	struct frame_table *t = NULL;
	uint32_t number;

	assert_int_equal(frame_table_new(&t), 0);
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++)
		assert_int_equal(frame_table_add(t, &frames[i], &number), 0);
	return t;
}

/* Innermost first. */
static const struct {
	uint32_t frames[3];
	size_t n;
} stacks[] = {
	{ { INFLATE, MAIN }, 2 }, { { READ, MAIN }, 2 }, { { IRQ, MAIN }, 2 }, { { JITTED, MAIN }, 2 }, { { MAIN }, 1 },
};

/* "01": of which stacks the filter takes those two. */
static const char *taken(struct stack_filter *f)
{
	static char text[ARRAY_SIZE(stacks) + 1];
	struct frame_table *t = new_table();
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(stacks); i++) {
		const struct stack s = { .frames = stacks[i].frames, .n_frames = stacks[i].n };
		int r = stack_filter_takes(f, t, &s);

		assert_in_range(r, 0, 1);
		if (r)
			text[n++] = (char)('0' + i);
	}
	text[n] = 0;
	stack_filter_done(f);
	frame_table_free(t);
	return text;
}

static struct regex *regex(const char *text)
{
	char why[REGEX_WHY_BYTES];
	struct regex *r = NULL;

	assert_int_equal(regex_new(text, REGEX_ANYWHERE, &r, why), 0);
	return r;
}

static void test_filters(void **state)
{
	assert_string_equal(taken(&(struct stack_filter){}), "01234");
	assert_string_equal(taken(&(struct stack_filter){ .function = strdup("inflate") }), "0");
	assert_string_equal(taken(&(struct stack_filter){ .function = strdup("main") }), "01234");
	assert_string_equal(taken(&(struct stack_filter){ .function = strdup("mai") }), "");
	assert_string_equal(taken(&(struct stack_filter){ .library = strdup("libz.so.1") }), "0");
	assert_string_equal(taken(&(struct stack_filter){ .file = strdup("inflate.c") }), "0");
	assert_string_equal(taken(&(struct stack_filter){ .file = strdup("inflate") }), "");
	assert_string_equal(taken(&(struct stack_filter){ .domain = STACK_KERNEL }), "1");
	assert_string_equal(taken(&(struct stack_filter){ .domain = STACK_USER }), "034");
	assert_string_equal(taken(&(struct stack_filter){ .stack = regex("main;inf") }), "0");
	assert_string_equal(taken(&(struct stack_filter){ .stack = regex("^main$") }), "4");
	assert_string_equal(taken(&(struct stack_filter){ .stack = regex(";") }), "0123");
	/* All must hold. */
	assert_string_equal(taken(&(struct stack_filter){ .function = strdup("main"), .domain = STACK_KERNEL }), "1");
	assert_string_equal(taken(&(struct stack_filter){ .function = strdup("inflate"), .library = strdup("x") }), "");
}

/* Of a category some frame is; of none are those that no rule tells of. */
static void test_categories(void **state)
{
	static const char rules[] = "[packing]\nfunction = inflate\n[reading]\nkernel = vfs_*\n";
	static const struct {
		const char *name, *taken;
	} cases[] = { { "packing", "0" }, { "reading", "1" }, { "other", "234" } };
	_cleanup_(categories_freep) struct categories *c = NULL;
	char why[CATEGORIES_WHY_BYTES];
	uint32_t number;

	assert_int_equal(categories_parse(rules, sizeof(rules) - 1, &c, why), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(categories_find(c, cases[i].name, &number), 0);
		assert_string_equal(categories_name(c, number), cases[i].name);
		assert_string_equal(taken(&(struct stack_filter){ .categories = c, .category = number }),
				    cases[i].taken);
	}
	assert_int_equal(categories_find(c, "pack", &number), CATEGORIES_NONE);
	assert_false(stack_filter_takes_all(&(struct stack_filter){ .categories = c }));
}

static void test_takes_all(void **state)
{
	struct stack_filter f = {};

	assert_true(stack_filter_takes_all(&f));
	f.domain = STACK_USER;
	assert_false(stack_filter_takes_all(&f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_categories),
		cmocka_unit_test(test_takes_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
