/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config options: --config, --set and the flags that stand for a key, of the commands that read the daemon's config.
 * Strings are borrowed from argv.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/config.h"
#include "common/clean.h"

struct command;
struct option;

#define CONFIG_OPTIONS_MAX_OVERRIDES 256

struct config_options {
	const char *file; /* --config; NULL: the default one */
	struct config_override overrides[CONFIG_OPTIONS_MAX_OVERRIDES];
	size_t n_overrides;
};

/* EXIT_OK, or EXIT_USAGE after a line on stderr. flag as written, "--window", stands for key, "agent.window". */
_must_check_ int config_options_add(struct config_options *o, const struct command *command, const char *flag,
				    const char *key, const char *value);

/* The same for --set SECTION.KEY=VALUE; the '=' in argv becomes a NUL. */
_must_check_ int config_options_set(struct config_options *o, const struct command *command, char *assignment);

/* What config_load() is given, with the environment of this process. Borrows from o. */
struct config_sources config_options_sources(const struct config_options *o);

/* -- of the commands that start a daemon -- */

enum {
	CONFIG_OPTION_FILE = 256,
	CONFIG_OPTION_SET,
	CONFIG_OPTION_FLAG, /* of the i-th flag: and i */
};

/* A flag that stands for a key. */
struct config_flag {
	const char *flag, *key; /* "--frequency", "agent.frequency_hz" */
	const char *short_flag; /* "-F"; NULL: it has none */
};

struct config_flags {
	const struct command *command;
	const struct option *long_options; /* with the numbers above */
	const char *short_options;
	const struct config_flag *flags;
	size_t n_flags;
};

/*
 * The options of such a command, and the configuration that they ask for. EXIT_OK with *ret, or it was told what is
 * wrong, or help was asked for: *ret is NULL then. Warnings are told in any case. *ret_sources borrows from o.
 */
_must_check_ int config_options_load(struct config_options *o, const struct config_flags *flags, int argc, char **argv,
				     struct config_sources *ret_sources, struct config **ret);
