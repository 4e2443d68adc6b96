/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options: getopt_long for a command, with one line for whoever mistyped:
 *	cpuhound record: unknown option '--foo': see 'cpuhound help record'
 * Options and arguments may be mixed; "--" ends the options. --help and -h need no entry in the tables.
 *
 *	struct options o = { .command = &cmd_x, .argc = argc, .argv = argv, .short_options = "d:", .long_options = l };
 *	while ((option = options_next(&o)) > 0)
 *		o.exit_code = take(option, o.value);
 *	if (option == OPTIONS_STOP)
 *		return o.exit_code;
 *	... the arguments are argv[o.first_argument] up to argv[argc - 1]
 */
#pragma once

#include <getopt.h>
#include <stdbool.h>

#include "cli/command.h"
#include "common/clean.h"

#define OPTIONS_MAX_SHORT 64

enum {
	OPTIONS_END = 0,
	OPTIONS_STOP = -1, /* the help was printed, or a mistake was told: return exit_code */
};

struct options {
	const struct command *command;
	int argc;
	char **argv;
	const char *short_options;         /* as for getopt(), without a leading ':' or '+' */
	const struct option *long_options; /* as for getopt_long(); flag is NULL, val is positive */

	char *value;              /* of the option just returned, or NULL */
	int first_argument;       /* after OPTIONS_END: index of the first argument that is no option */
	enum exit_code exit_code; /* after OPTIONS_STOP; the caller's, where it did not take the last option */
	bool started;
};

/* The `val` of the next option, OPTIONS_END or OPTIONS_STOP. One set of options is parsed at a time (getopt). */
_must_check_ int options_next(struct options *o);

/*
 * For a command that takes --json and nothing else: EXIT_OK and *ret_json, or the exit code of what was printed;
 * *ret_done: there is nothing left to do (the help was asked for, or an error told).
 */
_must_check_ enum exit_code options_json_only(const struct command *command, int argc, char **argv, bool *ret_json,
					      bool *ret_done);

/* One line on stderr in the same form, for what the command itself finds wrong; returns EXIT_USAGE. */
int options_error(const struct command *command, const char *fmt, ...) _printf_(2, 3);
