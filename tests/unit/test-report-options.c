// SPDX-License-Identifier: Apache-2.0
/* What is an option, a matcher and a file; and what is told when there is nothing to answer from. */
#include "cli/report-options.h"

#include <stdio.h>
#include <string.h>

#include "cli/named-twice.h"
#include "store/store.h"
#include "tests/unit/store-fixture.h"

static const struct command command = { .name = "hogs", .usage = "usage: cpuhound hogs\n" };

/* The argument takes part in what the parser makes of it: it cannot be a literal. */
static enum exit_code add(struct report_options *o, const char *argument)
{
	return report_options_add(o, &command, (char *)(uintptr_t)argument);
}

static enum exit_code take(struct report_options *o, int option, const char *value)
{
	return report_options_take(o, &command, option, (char *)(uintptr_t)value);
}

static void test_arguments(void **state)
{
	static const struct {
		const char *text;
		bool is_file;
	} cases[] = {
		{ "x.pb.gz", true },       { "-", true },     { "service=api", false },
		{ "service!=api", false }, { "./a=b", true }, { "a=~b.*", false },
		{ "a!~b", false },         { "wow!", true },  { "dir/a=b", true },
		{ "7.pb.gz", true },       { "", true },      { "a b=c", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct report_options o = REPORT_OPTIONS_NONE;

		assert_int_equal(add(&o, cases[i].text), EXIT_OK);
		if (o.n_files != cases[i].is_file || o.selection.selection.n_matchers != !cases[i].is_file)
			fail_msg("'%s' is %s file", cases[i].text, o.n_files ? "a" : "no");
		report_options_done(&o);
	}
}

static void test_filters(void **state)
{
	struct report_options o = REPORT_OPTIONS_NONE;

	assert_int_equal(take(&o, OPTION_FUNCTION, "inflate"), EXIT_OK);
	assert_string_equal(o.filter.function, "inflate");
	assert_int_equal(take(&o, OPTION_FUNCTION, "deflate"), EXIT_USAGE);
	assert_int_equal(take(&o, OPTION_LIBRARY, "libz.so.1"), EXIT_OK);
	assert_int_equal(take(&o, OPTION_STACK, "("), EXIT_USAGE);
	assert_int_equal(take(&o, OPTION_STACK, "a;b"), EXIT_OK);
	assert_int_equal(take(&o, OPTION_STACK, "a;b"), EXIT_USAGE);
	assert_int_equal(take(&o, OPTION_KERNEL, NULL), EXIT_OK);
	assert_int_equal(take(&o, OPTION_USER, NULL), EXIT_USAGE);
	assert_int_equal(o.filter.domain, STACK_KERNEL);
	assert_int_equal(take(&o, OPTION_SINCE, "yesterday"), EXIT_USAGE);
	report_options_done(&o);
}

/* The exit code that ends a reading, and how many profiles came before. */
static enum exit_code read_all(struct report_options *o, size_t *ret_n)
{
	struct report_input input = {};
	struct source_item item;
	enum exit_code code = report_options_open(o, &input);

	*ret_n = 0;
	if (code != EXIT_OK)
		return code;
	while (report_input_next(o, &input, &item, &code) == 0)
		++*ret_n;
	report_input_done(&input);
	return code;
}

static void test_store(void **state)
{
	struct report_options o = REPORT_OPTIONS_NONE;
	struct store *s;
	size_t n;

	assert_int_equal(take(&o, OPTION_STORE, state_path), EXIT_OK);
	assert_int_equal(read_all(&o, &n), EXIT_ERROR); /* no store */
	s = open_store(STORE_WRITE);
	assert_int_equal(read_all(&o, &n), EXIT_ERROR); /* no windows */
	put_windows(s, 0, 2);
	assert_int_equal(read_all(&o, &n), EXIT_OK);
	assert_int_equal(n, 3);
	assert_int_equal(add(&o, "service=db"), EXIT_OK);
	assert_int_equal(read_all(&o, &n), EXIT_ERROR); /* no such windows */
	assert_int_equal(n, 0);
	report_options_done(&o);
	store_free(s);
}

static void test_files(void **state)
{
	struct report_options o = REPORT_OPTIONS_NONE;
	size_t n;

	assert_int_equal(add(&o, "/nowhere/x.pb.gz"), EXIT_OK);
	assert_int_equal(read_all(&o, &n), EXIT_ERROR);
	assert_int_equal(n, 0);
	report_options_done(&o);
}

/* By any name. */
static void test_named_twice(void **state)
{
	char path[] = "/tmp/cpuhound-named-XXXXXX", other[] = "/tmp/cpuhound-named-XXXXXX", link[sizeof(path) + 2];
	char gone[] = "/nowhere/x";
	char *const same[] = { path, other, gone, gone, link }, *const once[] = { path, other };

	close(mkstemp(path));
	close(mkstemp(other));
	snprintf(link, sizeof(link), "%s-2", path);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(named_twice_check(same, ARRAY_SIZE(same)), EXIT_USAGE);
	assert_int_equal(named_twice_check(same, ARRAY_SIZE(same) - 1), EXIT_OK);
	assert_int_equal(named_twice_check(once, ARRAY_SIZE(once)), EXIT_OK);
	assert_int_equal(named_twice_check(NULL, 0), EXIT_OK);
	unlink(link);
	unlink(other);
	unlink(path);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, state_set_up, state_tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments), cmocka_unit_test(test_filters),     TEST(test_store),
		cmocka_unit_test(test_files),     cmocka_unit_test(test_named_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
