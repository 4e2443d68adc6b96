// SPDX-License-Identifier: Apache-2.0
/* Rules of categories: what they match, in which order, and what is wrong with them. */
#include "report/categories.h"

#include <string.h>

#include "common/buf.h"
#include "report/frame-table.h"
#include "tests/unit/cmocka-all.h"

static const char *category(const struct categories *c, const char *function, const char *library, uint32_t kind)
{
	const struct frame_info frame = { function, library, "", "", kind, 1 };

	return categories_name(c, categories_match(c, &frame));
}

static struct categories *parsed(const char *text)
{
	char why[CATEGORIES_WHY_BYTES] = "";
	struct categories *c = NULL;

	if (categories_parse(text, strlen(text), &c, why) != 0)
		fail_msg("%s", why);
	return c;
}

static void test_rules(void **state)
{
	struct categories *c = parsed("[copy]\n"
				      "function = mem*\n"
				      "[zip]\n"
				      "function = crc* @ libz.so*\n"
				      "function_regex = (?i)Flate$\n"
				      "[kernel net]\n"
				      "kernel = tcp_*\n"
				      "kernel_regex = ^skb_ @ nf*\n"
				      "[zip]\n"
				      "library = libz*\n");

	assert_string_equal(category(c, "memcpy", "libc.so.6", FRAME_USER), "copy");
	assert_string_equal(category(c, "memcpy", "libz.so.1", FRAME_USER), "copy"); /* the first rule */
	assert_string_equal(category(c, "memcpy", "[kernel.kallsyms]", FRAME_KERNEL), "other");
	assert_string_equal(category(c, "memcpy", "", FRAME_JIT), "copy");
	assert_string_equal(category(c, "memcpy", "", FRAME_MARKER), "other");
	assert_string_equal(category(c, "crc32", "libz.so.1", FRAME_USER), "zip");
	assert_string_equal(category(c, "crc32", "libc.so.6", FRAME_USER), "other");
	assert_string_equal(category(c, "my_inFLATE", "app", FRAME_USER), "zip");
	assert_string_equal(category(c, "anything", "libz.so.1", FRAME_USER), "zip");
	assert_string_equal(category(c, "tcp_ack", "[kernel.kallsyms]", FRAME_KERNEL), "kernel net");
	assert_string_equal(category(c, "tcp_ack", "app", FRAME_USER), "other");
	assert_string_equal(category(c, "skb_put", "nf_tables", FRAME_KERNEL), "kernel net");
	assert_string_equal(category(c, "skb_put", "[kernel.kallsyms]", FRAME_KERNEL), "other");
	categories_free(c);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "function = x\n", "line 1: a rule stands below" },
		{ "[a]\n\nfunctions = x\n", "line 3: a rule is function" },
		{ "[a]\nfunction =\n", "line 2: the rule matches nothing" },
		{ "[a]\nfunction_regex = (\n", "line 2: missing closing parenthesis" },
		{ "[a\n", "line 1: a section ends" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char why[CATEGORIES_WHY_BYTES] = "";
		struct categories *c = NULL;

		assert_int_equal(categories_parse(cases[i].text, strlen(cases[i].text), &c, why), CATEGORIES_BAD);
		if (strncmp(why, cases[i].why, strlen(cases[i].why)) != 0)
			fail_msg("'%s', not '%s'", why, cases[i].why);
	}
}

/* A rule or a category more than there may be. */
static void test_limits(void **state)
{
	_cleanup_(buf_done) struct buf text = {};
	char why[CATEGORIES_WHY_BYTES] = "";
	struct categories *c = NULL;

	for (int i = 0; i <= CATEGORIES_MAX; i++)
		assert_int_equal(buf_printf(&text, "[c%d]\n", i), 0);
	assert_int_equal(categories_parse(text.data, text.size, &c, why), CATEGORIES_BAD);
	assert_string_equal(why, "line 256: more than 255 categories");
	buf_clear(&text);
	assert_int_equal(buf_add_str(&text, "[a]\n"), 0);
	for (int i = 0; i <= CATEGORIES_MAX_RULES; i++)
		assert_int_equal(buf_add_str(&text, "library = x\n"), 0);
	assert_int_equal(categories_parse(text.data, text.size, &c, why), CATEGORIES_BAD);
	assert_string_equal(why, "line 4098: more than 4096 rules");
}

static void test_default(void **state)
{
	struct categories *c = NULL;

	assert_int_equal(categories_default(&c), 0);
	assert_string_equal(category(c, "__memmove_avx_unaligned_erms", "libc.so.6", FRAME_USER), "memory copy");
	assert_string_equal(category(c, "inflate_fast", "libz.so.1.2.13", FRAME_USER), "compression");
	assert_string_equal(category(c, "crc32_z", "libz.so.1.2.13", FRAME_USER), "hashing");
	assert_string_equal(category(c, "_int_malloc", "libc.so.6", FRAME_USER), "allocation");
	assert_string_equal(category(c, "runtime.mallocgc", "api", FRAME_USER), "allocation");
	assert_string_equal(category(c, "runtime.scanobject", "api", FRAME_USER), "garbage collection");
	assert_string_equal(category(c, "tcp_sendmsg_locked", "[kernel.kallsyms]", FRAME_KERNEL), "kernel network");
	assert_string_equal(category(c, "__schedule", "[kernel.kallsyms]", FRAME_KERNEL), "kernel scheduling");
	assert_string_equal(category(c, "ext4_find_entry", "[kernel.kallsyms]", FRAME_KERNEL), "kernel files");
	assert_string_equal(category(c, "anything", "[kernel.kallsyms]", FRAME_KERNEL), "kernel, the rest");
	assert_string_equal(category(c, "_PyEval_EvalFrameDefault", "python3.11", FRAME_USER), "interpreter");
	assert_string_equal(category(c, "main", "api", FRAME_USER), "other");
	categories_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
