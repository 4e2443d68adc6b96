// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "common/clean.h"
#include "common/nearest.h"

const struct command *const commands[] = {
	&cmd_record, &cmd_agent,        &cmd_serve,       &cmd_status,     &cmd_top,     &cmd_hogs,      &cmd_flame,
	&cmd_diff,   &cmd_export,       &cmd_show,        &cmd_store,      &cmd_push,    &cmd_symbolize, &cmd_symbols,
	&cmd_doctor, &cmd_check_config, &cmd_jvm_perfmap, &cmd_completion, &cmd_version, &cmd_help,      NULL,
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

/* Options that stand for a command, as in most programs. */
static const char *spelled_out(const char *word)
{
	static const struct {
		const char *word, *command;
	} spellings[] = {
		{ "--help", "help" },
		{ "-h", "help" },
		{ "--version", "version" },
		{ "-V", "version" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		if (strcmp(word, spellings[i].word) == 0)
			return spellings[i].command;
	}
	return word;
}

int command_unknown(const char *name)
{
	const char *meant = NULL;

	for (size_t i = 0; commands[i]; i++)
		meant = nearest_of(name, meant, commands[i]->name);
	if (name[0] == '-')
		fprintf(stderr, "cpuhound: '%s': options come after the command: see 'cpuhound help'\n", name);
	else if (meant)
		fprintf(stderr, "cpuhound: unknown command '%s': did you mean '%s'?\n", name, meant);
	else
		fprintf(stderr, "cpuhound: unknown command '%s': see 'cpuhound help'\n", name);
	return EXIT_USAGE;
}

int command_dispatch(int argc, char **argv)
{
	static char help[] = "help";
	static char *help_argv[] = { help, NULL };
	const struct command *command;

	if (argc < 2)
		return cmd_help.run(1, help_argv);
	command = command_find(spelled_out(argv[1]));
	if (!command)
		return command_unknown(argv[1]);
	return command->run(argc - 1, argv + 1);
}
