// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka-all.h"

#include <string.h>

#include "common/ini.h"

struct text {
	struct ini in;
	char *copy;
};

static struct text text_of(const char *s, size_t size)
{
	struct text t = { .copy = malloc(size + 1) };

	assert_non_null(t.copy);
	memcpy(t.copy, s, size);
	t.copy[size] = 0;
	ini_init(&t.in, t.copy, size);
	return t;
}

static struct text text(const char *s)
{
	return text_of(s, strlen(s));
}

static void text_done(struct text *t)
{
	free(t->copy);
}

static void expect_section(struct text *t, const char *section, const char *name, unsigned int line)
{
	struct ini_item item;

	assert_int_equal(ini_next(&t->in, &item), 0);
	assert_string_equal(item.section, section);
	if (name)
		assert_string_equal(item.name, name);
	else
		assert_null(item.name);
	assert_null(item.key);
	assert_int_equal(item.line, line);
}

static void expect_pair(struct text *t, const char *key, const char *value, unsigned int line)
{
	struct ini_item item;

	assert_int_equal(ini_next(&t->in, &item), 0);
	assert_null(item.section);
	assert_string_equal(item.key, key);
	assert_string_equal(item.value, value);
	assert_int_equal(item.line, line);
}

static void expect_bad(struct text *t, const char *why, unsigned int line)
{
	struct ini_item item;

	assert_int_equal(ini_next(&t->in, &item), INI_BAD);
	assert_string_equal(item.why, why);
	assert_int_equal(item.line, line);
}

static void expect_end(struct text *t)
{
	struct ini_item item;

	assert_int_equal(ini_next(&t->in, &item), INI_END);
	assert_int_equal(ini_next(&t->in, &item), INI_END);
}

static void test_sections_and_pairs(void **state)
{
	_cleanup_(text_done) struct text t = text("# comment\n"
						  "[agent]\n"
						  "  window =  10s \t\r\n"
						  "\n"
						  "; comment\n"
						  "[ service  my api ]\n"
						  "exe=/bin/x\n"
						  "empty =\n"
						  "last = 1");

	expect_section(&t, "agent", NULL, 2);
	expect_pair(&t, "window", "10s", 3);
	expect_section(&t, "service", "my api", 6);
	expect_pair(&t, "exe", "/bin/x", 7);
	expect_pair(&t, "empty", "", 8);
	expect_pair(&t, "last", "1", 9);
	expect_end(&t);
}

static void test_values_are_taken_as_they_are(void **state)
{
	_cleanup_(text_done) struct text t = text("separator = ;\nregex = a#b=[c];d \\\n\"x\" = \"y z\"\n");

	expect_pair(&t, "separator", ";", 1);
	expect_pair(&t, "regex", "a#b=[c];d \\", 2);
	expect_pair(&t, "\"x\"", "\"y z\"", 3);
	expect_end(&t);
}

static void test_faults_do_not_hide_what_follows(void **state)
{
	_cleanup_(text_done) struct text t = text("[agent\n[\n[]\n[a] b\nword\n= 1\nkey = 1\n");

	expect_bad(&t, "a section ends in ']', and nothing follows it", 1);
	expect_bad(&t, "a section ends in ']', and nothing follows it", 2);
	expect_bad(&t, "a section has a name", 3);
	expect_bad(&t, "a section ends in ']', and nothing follows it", 4);
	expect_bad(&t, "no [section], 'key = value' or # comment", 5);
	expect_bad(&t, "there is no key before '='", 6);
	expect_pair(&t, "key", "1", 7);
	expect_end(&t);
}

static void test_nul_bytes(void **state)
{
	static const char bytes[] = "a = 1\0 2\n\0\nb = 3\n\0";
	_cleanup_(text_done) struct text t = text_of(bytes, sizeof(bytes) - 1);

	expect_bad(&t, "the line holds a NUL byte", 1);
	expect_bad(&t, "the line holds a NUL byte", 2);
	expect_pair(&t, "b", "3", 3);
	expect_bad(&t, "the line holds a NUL byte", 4);
	expect_end(&t);
}

static void test_long_lines_are_whole_or_refused(void **state)
{
	char line[INI_MAX_LINE_BYTES + 2];

	memset(line, 'v', sizeof(line) - 1);
	memcpy(line, "k=", 2);
	line[sizeof(line) - 1] = 0;
	for (size_t size = sizeof(line) - 2; size <= sizeof(line) - 1; size++) {
		_cleanup_(text_done) struct text t = text_of(line, size);

		if (size <= INI_MAX_LINE_BYTES)
			expect_pair(&t, "k", line + 2 + (sizeof(line) - 1 - size), 1);
		else
			expect_bad(&t, "the line is longer than 16 KiB", 1);
		expect_end(&t);
	}
}

static void test_nothing(void **state)
{
	_cleanup_(text_done) struct text empty = text(""), blank = text(" \n\t\n\r\n   ");

	expect_end(&empty);
	expect_end(&blank);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections_and_pairs),
		cmocka_unit_test(test_values_are_taken_as_they_are),
		cmocka_unit_test(test_faults_do_not_hide_what_follows),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_long_lines_are_whole_or_refused),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
