/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config options: --config, --set and the flags that stand for a key, of the commands that read the daemon's config.
 * Strings are borrowed from argv.
 */
#pragma once

#include <stddef.h>

#include "agent/config.h"
#include "common/clean.h"

struct command;

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

/* EXIT_OK, or it was told what is wrong; warnings are told in any case. */
_must_check_ int config_options_load(const struct config_sources *sources, struct config **ret);
