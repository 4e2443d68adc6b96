// SPDX-License-Identifier: Apache-2.0
/* help: the overview of all commands, or the usage of one. */
#include <stdio.h>

#include "cli/options.h"

static const char usage[] = "usage: cpuhound help [COMMAND]\n"
			    "\n"
			    "Lists the commands, or shows how one is used.\n";

static void print_overview(void)
{
	printf("cpuhound: where the CPU time of this machine goes\n"
	       "\n"
	       "usage: cpuhound COMMAND [OPTIONS]\n"
	       "\n");
	for (size_t i = 0; commands[i]; i++)
		printf("  %-14s%s\n", commands[i]->name, commands[i]->summary);
	printf("\n"
	       "'cpuhound help COMMAND' shows the options of a command.\n"
	       "Exit codes: 0 ok, 1 error, 2 usage, 3 this machine or this user lacks something (see 'cpuhound "
	       "doctor'),\n"
	       "4 what --fail-above allows was exceeded.\n");
}

static int run(int argc, char **argv)
{
	static const struct option long_options[] = { {} };
	struct options o = {
		.command = &cmd_help, .argc = argc, .argv = argv, .short_options = "", .long_options = long_options
	};
	const struct command *command;

	if (options_next(&o) == OPTIONS_STOP)
		return o.exit_code;
	if (o.first_argument == argc) {
		print_overview();
		return EXIT_OK;
	}
	if (o.first_argument + 1 < argc)
		return options_error(&cmd_help, "one command at a time");
	command = command_find(argv[o.first_argument]);
	if (!command)
		return command_unknown(argv[o.first_argument]);
	fputs(command->usage, stdout);
	return EXIT_OK;
}

const struct command cmd_help = {
	.name = "help",
	.summary = "list the commands, or show how one is used",
	.usage = usage,
	.run = run,
};
