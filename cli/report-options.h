/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report options: how commands that answer from profiles say which ones: files, or the windows of a store
 * (cli/selection-options.h), and which of their stacks (report/stack-filter.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"
#include "cli/selection-options.h"
#include "report/source.h"
#include "report/stack-filter.h"

enum {
	OPTION_STACK = 544,
	OPTION_FUNCTION,
	OPTION_LIBRARY,
	OPTION_KERNEL,
	OPTION_USER,
};
#define REPORT_LONG_OPTIONS                                                                                            \
	SELECTION_LONG_OPTIONS, HUB_LONG_OPTIONS, { "stack", required_argument, NULL, OPTION_STACK },                  \
		{ "function", required_argument, NULL, OPTION_FUNCTION },                                              \
		{ "library", required_argument, NULL, OPTION_LIBRARY },                                                \
		{ "kernel", no_argument, NULL, OPTION_KERNEL },                                                        \
	{                                                                                                              \
		"user", no_argument, NULL, OPTION_USER                                                                 \
	}

#define REPORT_USAGE                                                                                                   \
	"SELECTION is any of these: profiles by file name (pprof of any tool; '-' is standard input), or else the\n"   \
	"windows of a store, all or those that are asked for:\n"                                                       \
	"\n" SELECTION_USAGE HUB_USAGE "  LABEL=VALUE            samples with this label; also !=, =~REGEX, !~REGEX; " \
	"service is short for service_name\n"                                                                          \
	"      --stack REGEX      stacks in whose \"root;...;leaf\" it is found\n"                                     \
	"      --function NAME    stacks that go through this function\n"                                              \
	"      --library NAME     stacks that go through this library or program (libz.so.1)\n"                        \
	"      --kernel, --user   stacks that end in the kernel, or outside of it\n"

struct report_options {
	struct selection_options selection;
	struct stack_filter filter;
	/* Labels that the answer tells apart, borrowed: an engine adds up all others. NULL: all of them. */
	const char *const *labels;
	size_t n_labels;
	char **files;   /* argv's strings */
	size_t n_files; /* 0: of the store */
};
#define REPORT_OPTIONS_NONE                                                                                            \
	{                                                                                                              \
		.selection = SELECTION_OPTIONS_NONE                                                                    \
	}
void report_options_done(struct report_options *o);

/* One of the options above, and an argument: a matcher or a file. EXIT_OK, or it was told why not. */
enum exit_code report_options_take(struct report_options *o, const struct command *command, int option, char *value);
enum exit_code report_options_add(struct report_options *o, const struct command *command, char *argument);
enum exit_code report_options_add_all(struct report_options *o, const struct options *parser); /* after OPTIONS_END */

/* Whether an argument is a matcher. "./a=b" is a file: no label's name begins so. */
bool report_options_is_matcher(const char *argument);

/* Of a store of which no time was asked for, the last hour is meant. Once, after the last option. */
void report_options_last_hour(struct report_options *o);

/* What the options mean, opened. `= {}` at first; closes in its order. */
struct report_input {
	int dir_fd; /* of the store; meaningless without one */
	struct store *store;
	struct source *source;
};
void report_input_done(struct report_input *i);

/* EXIT_OK, or it was told why not. The options outlive the input. */
enum exit_code report_options_open(const struct report_options *o, struct report_input *ret);

/* Tells of an error of the source; EXIT_ERROR. */
enum exit_code report_input_fail(const struct report_options *o, const struct report_input *i, int error);

/*
 * What is read next: 0 and the item, SOURCE_END, or an error that was told (-errno), with the name of the file. After
 * the end, what was passed over is told as a warning, and that there was nothing at all as an error: *ret_exit says so.
 */
_must_check_ int report_input_next(const struct report_options *o, struct report_input *i, struct source_item *ret,
				   enum exit_code *ret_exit);
