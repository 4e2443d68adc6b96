// SPDX-License-Identifier: Apache-2.0
/* What is found in usages: the options with their arguments, the verbs. */
#include "cli/usage.h"

#include "common/buf.h"
#include "tests/unit/cmocka-all.h"

static void assert_options(const char *usage, const char *expected)
{
	_cleanup_(buf_done) struct buf have = {};
	struct usage_option o;

	assert_int_equal(buf_add_str(&have, ""), 0);
	while (usage_next_option(&usage, &o))
		assert_int_equal(buf_printf(&have, "%s[%s]", o.name, o.argument), 0);
	assert_string_equal(have.data, expected);
}

static void test_options(void **state)
{
	assert_options("", "");
	assert_options("usage: cpuhound x [--json] [-n N]\n"
		       "                  [--more]\n"
		       "\n"
		       "It is --fine: -o is no line of its own.\n",
		       "");
	assert_options("  -o, --output FILE     where to\n"
		       "      --by LABEL,...\n"
		       "                        how: --by a,b\n"
		       "      --json            one\n"
		       "  -n N   so many\n"
		       "  -- COMMAND ARGS        runs it\n"
		       "      --kernel, --user  both\n"
		       "  verb     what it does, -x\n"
		       "      --last",
		       "-o[FILE]--output[FILE]--by[LABEL,...]--json[]-n[N]--kernel[]--user[]--last[]");
	assert_options("      --set SECTION.KEY=VALUE  any other\n"
		       "      --normalize none|total\n",
		       "--set[SECTION.KEY=VALUE]--normalize[none|total]");
}

static void assert_verbs(const char *usage, const char *expected)
{
	_cleanup_(buf_done) struct buf have = {};
	char verb[USAGE_WORD_BYTES];

	assert_int_equal(buf_add_str(&have, ""), 0);
	while (usage_next_verb(&usage, "x", verb))
		assert_int_equal(buf_printf(&have, "%s ", verb), 0);
	assert_string_equal(have.data, expected);
}

static void test_verbs(void **state)
{
	assert_verbs("usage: cpuhound x ls [SELECTION]\n"
		     "       cpuhound x build|check [--json]\n"
		     "\n"
		     "See also: cpuhound x other\n",
		     "ls build check ");
	assert_verbs("usage: cpuhound x FILE [--json]\n", "");
	assert_verbs("usage: cpuhound x [--json]\n\ncpuhound x ls\n", "");
	assert_verbs("usage: cpuhound x bash", "bash ");
	assert_verbs("usage: cpuhound xy ls\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_verbs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
