// SPDX-License-Identifier: Apache-2.0
/* What options_next() hands out, and the one line that it prints: stderr and stdout go to a file meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/options.h"

#define MAX_WORDS 8

static const struct command command = { .name = "record", .usage = "usage: cpuhound record\n" };
static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "duration", required_argument, NULL, 'd' },
	{ "quiet", no_argument, NULL, 256 },
	{ "quick", no_argument, NULL, 257 },
	{},
};

/* One parse: the words go in; a line such as "j d=10 | file" comes out, or the exit code of a stop. */
struct parse {
	char seen[200];
	enum exit_code exit_code;
	char said[400];
};

static int divert(int fd, FILE *file)
{
	int saved;

	fflush(NULL);
	saved = dup(fd);
	assert_true(saved >= 0);
	assert_int_equal(dup2(fileno(file), fd), fd);
	return saved;
}

static void restore(int fd, int saved)
{
	fflush(NULL);
	assert_int_equal(dup2(saved, fd), fd);
	close(saved);
}

static void note(struct parse *p, const char *fmt, ...) _printf_(2, 3);
static void note(struct parse *p, const char *fmt, ...)
{
	size_t size = strlen(p->seen);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->seen + size, sizeof(p->seen) - size, fmt, ap);
	va_end(ap);
}

static void read_options(struct parse *p, struct options *o)
{
	int option;

	while ((option = options_next(o)) > 0) {
		if (option < 256)
			note(p, "%c", option);
		else
			note(p, "%d", option);
		note(p, o->value ? "=%s " : "%s ", o->value ? o->value : "");
		if (option == 'd' && strcmp(o->value, "bad") == 0)
			o->exit_code = EXIT_ERROR;
	}
	if (option == OPTIONS_STOP) {
		note(p, "stop");
		p->exit_code = o->exit_code;
		return;
	}
	note(p, "|");
	for (int i = o->first_argument; i < o->argc; i++)
		note(p, " %s", o->argv[i]);
}

static struct parse parse(const char *words)
{
	struct parse p = { .exit_code = EXIT_OK };
	char *argv[MAX_WORDS + 1] = {}, *text = strdup(words), *rest = text;
	struct options o = { .command = &command, .argv = argv, .short_options = "jd:", .long_options = long_options };
	FILE *file = tmpfile();
	int saved[2];

	assert_non_null(text);
	assert_non_null(file);
	while ((argv[o.argc] = strsep(&rest, " ")))
		assert_true(++o.argc <= MAX_WORDS);
	saved[0] = divert(STDOUT_FILENO, file);
	saved[1] = divert(STDERR_FILENO, file);
	read_options(&p, &o);
	restore(STDOUT_FILENO, saved[0]);
	restore(STDERR_FILENO, saved[1]);
	rewind(file);
	p.said[fread(p.said, 1, sizeof(p.said) - 1, file)] = 0;
	fclose(file);
	free(text);
	return p;
}

static void expect_parsed(const char *words, const char *seen)
{
	struct parse p = parse(words);

	assert_string_equal(p.seen, seen);
	assert_string_equal(p.said, "");
}

static void expect_error(const char *words, const char *said)
{
	struct parse p = parse(words);
	char line[500];

	snprintf(line, sizeof(line), "cpuhound record: %s: see 'cpuhound help record'\n", said);
	assert_string_equal(p.said, line);
	assert_int_equal(p.exit_code, EXIT_USAGE);
	assert_non_null(strstr(p.seen, "stop"));
}

static void test_good(void **state)
{
	expect_parsed("record", "|");
	expect_parsed("record -j --duration 10", "j d=10 |");
	expect_parsed("record --duration=10 file", "d=10 | file");
	expect_parsed("record file -jd5 other", "j d=5 | file other"); /* mixed with arguments */
	expect_parsed("record -d 5 -- ls -l --json", "d=5 | ls -l --json");
	expect_parsed("record --dur 3", "d=3 |"); /* an abbreviation that is clear */
	expect_parsed("record --quick --quiet", "257 256 |");
}

static void test_unknown(void **state)
{
	expect_error("record --foo", "unknown option '--foo'");
	expect_error("record --foo=bar", "unknown option '--foo'");
	expect_error("record -x", "unknown option '-x'");
	expect_error("record --json -jx", "unknown option '-x'"); /* in a cluster, after a long one */
	expect_error("record --duration=5 -xj", "unknown option '-x'");
	expect_error("record --durtaion=5", "unknown option '--durtaion': did you mean '--duration'?");
	expect_error("record --qui", "option '--qui' is ambiguous");
}

static void test_values(void **state)
{
	expect_error("record --duration", "option '--duration' needs a value");
	expect_error("record file --duration", "option '--duration' needs a value");
	expect_error("record -jd", "option '-d' needs a value");
	expect_error("record --json=yes", "option '--json' takes no value");
	expect_error("record --quiet=yes", "option '--quiet' takes no value");
}

/* What the caller does not take ends it. */
static void test_not_taken(void **state)
{
	struct parse p = parse("record -d bad -j file");

	assert_string_equal(p.seen, "d=bad stop");
	assert_int_equal(p.exit_code, EXIT_ERROR);
}

static void expect_help(const char *words)
{
	struct parse p = parse(words);

	assert_string_equal(p.said, "usage: cpuhound record\n");
	assert_int_equal(p.exit_code, EXIT_OK);
	assert_non_null(strstr(p.seen, "stop"));
}

static void test_help(void **state)
{
	expect_help("record --help");
	expect_help("record -h");
	expect_help("record -j --duration 5 file --help");
	expect_parsed("record -d --help", "d=--help |"); /* it is the value */
	expect_parsed("record -- --help", "| --help");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),      cmocka_unit_test(test_unknown), cmocka_unit_test(test_values),
		cmocka_unit_test(test_not_taken), cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
