// SPDX-License-Identifier: Apache-2.0
#include "cli/options.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/nearest.h"

int options_error(const struct command *command, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "cpuhound %s: ", command->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": see 'cpuhound help %s'\n", command->name);
	return EXIT_USAGE;
}

/* The characters of "--name=value" that name the option. */
static int name_size(const char *word)
{
	return (int)strcspn(word, "=");
}

static const struct option *find_long(const struct options *o, int val)
{
	const struct option *l = o->long_options;

	while (l->name && l->val != val)
		l++;
	return l->name ? l : NULL;
}

static int count_beginning_with(const struct options *o, const char *name, size_t size)
{
	int n = 0;

	for (const struct option *l = o->long_options; l->name; l++)
		n += strncmp(l->name, name, size) == 0;
	return n;
}

static const char *nearest_long(const struct options *o, const char *word)
{
	char name[NEAREST_MAX_CHARS + 1];
	const char *best = NULL;

	snprintf(name, sizeof(name), "%.*s", name_size(word), word);
	for (const struct option *l = o->long_options; l->name; l++)
		best = nearest_of(name, best, l->name);
	return best;
}

/* word is "--something" that getopt_long() does not know, or knows too often. */
static void say_bad_long(const struct options *o, const char *word)
{
	int size = name_size(word);
	const char *meant;

	if (count_beginning_with(o, word + 2, (size_t)size - 2) > 1) {
		options_error(o->command, "option '%.*s' is ambiguous", size, word);
		return;
	}
	meant = nearest_long(o, word + 2);
	if (meant)
		options_error(o->command, "unknown option '%.*s': did you mean '--%s'?", size, word, meant);
	else
		options_error(o->command, "unknown option '%.*s'", size, word);
}

static void say_no_value(const struct options *o, const char *word)
{
	const struct option *l = find_long(o, optopt);

	if (word[1] == '-' && l)
		options_error(o->command, "option '--%s' needs a value", l->name);
	else
		options_error(o->command, "option '-%c' needs a value", optopt);
}

static int stop(struct options *o, enum exit_code exit_code)
{
	o->exit_code = exit_code;
	return OPTIONS_STOP;
}

/* The option of "--name=value" when it wants no value: then optopt is its val, which may be a letter as well. */
static const struct option *needless_value(const struct options *o, const char *word)
{
	const struct option *l = find_long(o, optopt);

	if (!l || l->has_arg != no_argument || strncmp(word, "--", 2) != 0 || !strchr(word, '='))
		return NULL;
	return strncmp(l->name, word + 2, (size_t)name_size(word) - 2) == 0 ? l : NULL;
}

/* What getopt_long() answered '?' to: a request for help, or a mistake. */
static int stop_at_unknown(struct options *o, const char *word)
{
	const struct option *l;

	if (optopt == 'h' || (optopt == 0 && strcmp(word, "--help") == 0)) {
		fputs(o->command->usage, stdout);
		return stop(o, EXIT_OK);
	}
	l = optopt ? needless_value(o, word) : NULL;
	if (l)
		options_error(o->command, "option '--%s' takes no value", l->name);
	else if (optopt)
		options_error(o->command, "unknown option '-%c'", optopt);
	else
		say_bad_long(o, word);
	return stop(o, EXIT_USAGE);
}

int options_next(struct options *o)
{
	char short_options[OPTIONS_MAX_SHORT + 2];
	const char *word;
	int option;

	assert(strlen(o->short_options) <= OPTIONS_MAX_SHORT);
	snprintf(short_options, sizeof(short_options), ":%s", o->short_options);
	if (!o->started) {
		optind = 0; /* GNU: forget what an earlier run left behind */
		o->started = true;
	}
	if (o->exit_code != EXIT_OK)
		return OPTIONS_STOP;
	opterr = 0;
	option = getopt_long(o->argc, o->argv, short_options, o->long_options, NULL);
	if (option == -1) {
		o->first_argument = optind;
		return OPTIONS_END;
	}
	word = o->argv[optind - 1]; /* a long option, or the one before while a cluster like -ab is read */
	if (option == '?')
		return stop_at_unknown(o, word);
	if (option == ':') {
		say_no_value(o, word);
		return stop(o, EXIT_USAGE);
	}
	o->value = optarg;
	return option;
}

enum exit_code options_json_only(const struct command *command, int argc, char **argv, bool *ret_json, bool *ret_done)
{
	static const struct option long_options[] = {
		{ "json", no_argument, NULL, 'j' },
		{},
	};
	struct options o = {
		.command = command, .argc = argc, .argv = argv, .short_options = "", .long_options = long_options
	};
	int option;

	*ret_json = false;
	*ret_done = true;
	while ((option = options_next(&o)) > 0)
		*ret_json = true; /* there is no other */
	if (option == OPTIONS_STOP)
		return o.exit_code;
	if (o.first_argument < argc)
		return (enum exit_code)options_error(command, "takes no argument: '%s'", argv[o.first_argument]);
	*ret_done = false;
	return EXIT_OK;
}
