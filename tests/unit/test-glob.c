// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka-all.h"

#include <string.h>
#include <time.h>

#include "common/glob.h"

static void test_whole_text(void **state)
{
	assert_true(glob_matches("", ""));
	assert_false(glob_matches("", "a"));
	assert_true(glob_matches("web", "web"));
	assert_false(glob_matches("web", "web-1"));
	assert_false(glob_matches("web", "my-web"));
	assert_false(glob_matches("web", "we"));
}

static void test_star(void **state)
{
	assert_true(glob_matches("*", ""));
	assert_true(glob_matches("**", "a/b"));
	assert_true(glob_matches("web*", "web"));
	assert_true(glob_matches("/usr/*/java", "/usr/lib/jvm/bin/java"));
	assert_true(glob_matches("*ab", "aab"));
	assert_true(glob_matches("a*b*c", "a-b-b-c"));
	assert_false(glob_matches("a*b*c", "a-c-b"));
	assert_false(glob_matches("*a", "ab"));
}

static void test_question_mark(void **state)
{
	assert_true(glob_matches("db-?", "db-7"));
	assert_false(glob_matches("db-?", "db-"));
	assert_false(glob_matches("db-?", "db-17"));
	assert_true(glob_matches("*?", "x"));
	assert_false(glob_matches("*?", ""));
}

static void test_nothing_else_is_special(void **state)
{
	assert_true(glob_matches("[a]\\.", "[a]\\."));
	assert_false(glob_matches("[a]", "a"));
}

/* What takes fnmatch(3) longer than the universe has. */
static void test_time_is_bounded(void **state)
{
	char glob[82] = "", text[4096];
	clock_t begin = clock();

	for (size_t i = 0; i < 40; i++)
		memcpy(glob + 2 * i, "*a", 3);
	glob[80] = 'b';
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	assert_false(glob_matches(glob, text));
	assert_true(clock() - begin < CLOCKS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_text),      cmocka_unit_test(test_star),
		cmocka_unit_test(test_question_mark),   cmocka_unit_test(test_nothing_else_is_special),
		cmocka_unit_test(test_time_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
