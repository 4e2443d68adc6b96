/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: what every command of the program is. A command parses its options, asks another room, prints, and
 * returns an exit code; no logic lives here. One file a command: cli/cmd-NAME.c.
 */
#pragma once

enum exit_code {
	EXIT_OK = 0,
	EXIT_ERROR = 1,       /* something failed: one line on stderr says what, why, and what to do */
	EXIT_USAGE = 2,       /* options that make no sense */
	EXIT_ENVIRONMENT = 3, /* this machine or this user lacks something: see `cpuhound doctor` */
	EXIT_THRESHOLD = 4,   /* what --fail-above was asked to watch for is there */
};

struct command {
	const char *name;
	const char *summary;               /* for `cpuhound help` */
	const char *usage;                 /* the whole text of `cpuhound help NAME` */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

extern const struct command cmd_record, cmd_agent, cmd_serve, cmd_status, cmd_top, cmd_hogs, cmd_flame, cmd_diff,
	cmd_export, cmd_show, cmd_store, cmd_push, cmd_symbolize, cmd_symbols, cmd_doctor, cmd_check_config,
	cmd_jvm_perfmap, cmd_completion, cmd_version, cmd_help;

extern const struct command *const commands[]; /* in the order in which `cpuhound help` shows them; ends in NULL */

const struct command *command_find(const char *name); /* NULL: there is no such command */
int command_unknown(const char *name);                /* says so on stderr with the nearest name; returns EXIT_USAGE */

/* Runs argv[1]; `cpuhound`, `cpuhound --help` and `cpuhound --version` are spellings of commands. */
int command_dispatch(int argc, char **argv);
