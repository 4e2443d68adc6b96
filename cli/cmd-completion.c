// SPDX-License-Identifier: Apache-2.0
/*
 * completion: what a shell must know to complete commands, options and their values. All of it is what the usages of
 * the commands say (cli/usage.h), but the names of labels, which the script asks for when they are needed.
 */
#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "cli/selection-options.h"
#include "cli/text.h"
#include "cli/usage.h"
#include "common/log.h"
#include "pprof/profile.h"
#include "report/label-keys.h"
#include "store/store.h"

static const char usage[] =
	"usage: cpuhound completion bash\n"
	"       cpuhound completion labels [--store DIR]\n"
	"\n"
	"  bash    a script that completes in bash: eval \"$(cpuhound completion bash)\", or a file in\n"
	"          ~/.local/share/bash-completion/completions/cpuhound\n"
	"  labels  the names of labels in the newest window of the store: what that script asks for\n"
	"\n"
	"      --store DIR   where the windows are (/var/lib/cpuhound)\n";

static const char head[] =
	"# bash completion of cpuhound, as 'cpuhound completion bash' prints it\n"
	"_cpuhound_words()\n"
	"{\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\")\n"
	"}\n"
	"_cpuhound_files()\n"
	"{\n"
	"\tcompopt -o filenames 2>/dev/null\n"
	"\tmapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen \"$1\" -- \"$2\")\n"
	"}\n"
	"_cpuhound_labels()\n"
	"{\n"
	"\tlocal store=() before=\n"
	"\t[[ $COMP_LINE =~ --store[=\\ ]+([^ ]+) ]] && store=(--store \"${BASH_REMATCH[1]}\")\n"
	"\t[[ $1 == *,* ]] && before=${1%,*},\n"
	"\tmapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -P \"$before\" -S \"$2\" \\\n"
	"\t\t-W \"service $(\"${COMP_WORDS[0]}\" completion labels \"${store[@]}\" 2>/dev/null)\" -- \"${1##*,}\")\n"
	"\tcompopt -o nospace 2>/dev/null\n"
	"}\n"
	"_cpuhound()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}\n"
	"\tlocal verbs= options= arguments=\n"
	"\tCOMPREPLY=()\n"
	"\t[[ $cur == '=' ]] && cur=\n"
	"\t[[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}\n";

static const char tail[] = "\tif [[ $cur == -* ]]; then\n"
			   "\t\t_cpuhound_words \"$options\" \"$cur\"\n"
			   "\telif ((COMP_CWORD == 2)) && [[ -n $verbs ]]; then\n"
			   "\t\t_cpuhound_words \"$verbs\" \"$cur\"\n"
			   "\telse\n"
			   "\t\t[[ $arguments == *labels* ]] && _cpuhound_labels \"$cur\" =\n"
			   "\t\t[[ $arguments == *files* ]] && _cpuhound_files -f \"$cur\"\n"
			   "\tfi\n"
			   "}\n"
			   "complete -F _cpuhound cpuhound\n";

/* The first word, or that of which help is asked for. */
static void print_commands(void)
{
	printf("\tif ((COMP_CWORD == 1)) || [[ $command == help ]]; then\n\t\t_cpuhound_words \"");
	for (size_t i = 0; commands[i]; i++)
		printf("%s%s", i ? " " : "", commands[i]->name);
	printf("\" \"$cur\"\n\t\treturn\n\tfi\n");
}

/* "none|total|time": one of these words. */
static bool is_enumeration(const char *argument)
{
	return strchr(argument, '|') && strspn(argument, "abcdefghijklmnopqrstuvwxyz-|") == strlen(argument);
}

static void print_words(const char *enumeration)
{
	for (const char *p = enumeration; *p; p++)
		putchar(*p == '|' ? ' ' : *p);
}

/* What completes the value of an option; nothing for a number or a text. */
static void print_value(const char *command, const struct usage_option *o)
{
	char words[USAGE_WORD_BYTES];

	if (!o->argument[0])
		return;
	snprintf(words, sizeof(words), "%.*s", (int)strcspn(o->argument, "L"), o->argument); /* "|LABEL" may follow */
	printf("\t\"%s %s\")\n", command, o->name);
	if (is_enumeration(words)) {
		printf("\t\t_cpuhound_words \"");
		print_words(words);
		printf("\" \"$cur\"\n");
	}
	if (strstr(o->argument, "LABEL") || strstr(o->argument, "KEY,"))
		printf("\t\t[[ -z ${COMPREPLY[*]} ]] && _cpuhound_labels \"$cur\" ''\n");
	else if (strncmp(o->argument, "DIR", 3) == 0)
		printf("\t\t_cpuhound_files -d \"$cur\"\n");
	else if (strstr(o->argument, "FILE") || strstr(o->argument, "PATH"))
		printf("\t\t_cpuhound_files -f \"$cur\"\n");
	printf("\t\treturn\n\t\t;;\n");
}

static void print_values(void)
{
	printf("\tcase \"$command $prev\" in\n");
	for (size_t i = 0; commands[i]; i++) {
		const char *at = commands[i]->usage;
		struct usage_option o;

		while (usage_next_option(&at, &o))
			print_value(commands[i]->name, &o);
	}
	printf("\tesac\n");
}

static void print_verbs(const struct command *c)
{
	const char *at = c->usage, *before = "";
	char verb[USAGE_WORD_BYTES];

	printf("\t\tverbs=\"");
	while (usage_next_verb(&at, c->name, verb)) {
		printf("%s%s", before, verb);
		before = " ";
	}
	printf("\"\n");
}

static void print_options(const struct command *c)
{
	const char *at = c->usage, *before = "";
	struct usage_option o;

	printf("\t\toptions=\"");
	while (usage_next_option(&at, &o)) {
		printf("%s%s", before, o.name);
		before = " ";
	}
	printf("%s--help\"\n", before);
}

/* What its first lines say that it takes. */
static void print_arguments(const struct command *c)
{
	const char *blank = strstr(c->usage, "\n\n");
	char synopsis[1024];

	snprintf(synopsis, sizeof(synopsis), "%.*s", (int)(blank ? blank - c->usage : 0), c->usage);
	printf("\t\targuments=\"%s %s\"\n",
	       strstr(synopsis, "FILE") || strstr(synopsis, "SELECTION") || strstr(synopsis, "COMMAND ARGS") ? "files"
													     : "",
	       strstr(synopsis, "SELECTION") || strstr(synopsis, "LABEL=VALUE") ? "labels" : "");
}

static void print_bash(void)
{
	fputs(head, stdout);
	print_commands();
	print_values();
	printf("\tcase \"$command\" in\n");
	for (size_t i = 0; commands[i]; i++) {
		printf("\t%s)\n", commands[i]->name);
		print_verbs(commands[i]);
		print_options(commands[i]);
		print_arguments(commands[i]);
		printf("\t\t;;\n");
	}
	printf("\tesac\n");
	fputs(tail, stdout);
}

/* One window tells, the newest: a shell does not wait for more. */
static int find_labels(struct store *s, struct profile **ret)
{
	_cleanup_(window_cursor_freep) struct window_cursor *cursor = NULL;
	struct window_info window;
	int r = store_list(s, WINDOW_RAW, 0, INT64_MAX, true, 1, &cursor);

	if (r == 0)
		r = window_cursor_next(cursor, &window);
	return r == 0 ? store_load(s, &window, ret) : r;
}

/* A shell expands the words that it completes from. No matcher can name other labels. */
static bool is_plain(const char *name)
{
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == strlen(name);
}

static int print_labels(const struct selection_options *o)
{
	_cleanup_close_ int fd = -1; /* closed after the store */
	_cleanup_(store_freep) struct store *store = NULL;
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(label_keys_done) struct label_keys keys = {};
	int r = selection_options_open(o, STORE_READ, &fd, &store);

	if (r != EXIT_OK)
		return r;
	r = find_labels(store, &p);
	if (r == 0)
		r = label_keys_of(p, &keys);
	if (r < 0)
		return text_fail("read the store", o->store, strerror(-r));
	for (size_t i = 0; i < keys.n; i++)
		if (is_plain(keys.keys[i].name))
			printf("%s\n", keys.keys[i].name);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "store", required_argument, NULL, OPTION_STORE },
		{},
	};
	struct options parser = { .command = &cmd_completion,
				  .argc = argc,
				  .argv = argv,
				  .short_options = "",
				  .long_options = long_options };
	struct selection_options o = SELECTION_OPTIONS_NONE;
	const char *what;
	int option;

	while ((option = options_next(&parser)) > 0)
		o.store = parser.value;
	if (option == OPTIONS_STOP)
		return parser.exit_code;
	if (parser.first_argument + 1 != argc)
		return options_error(&cmd_completion, "of which shell? bash");
	what = argv[parser.first_argument];
	if (strcmp(what, "labels") == 0)
		return print_labels(&o);
	if (strcmp(what, "bash") != 0)
		return options_error(&cmd_completion, "there is none for '%s', only for bash", what);
	print_bash();
	return EXIT_OK;
}

const struct command cmd_completion = {
	.name = "completion",
	.summary = "print what bash needs to complete commands and options",
	.usage = usage,
	.run = run,
};
