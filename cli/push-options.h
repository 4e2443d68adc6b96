/* SPDX-License-Identifier: Apache-2.0 */
/* push options: what `cpuhound push` was asked for. Keys of the target become settings of [target NAME]. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/config-options.h"
#include "cli/selection-options.h"
#include "common/clean.h"

#define PUSH_TO_NAME "push" /* of the target that --to makes */

struct push_options {
	struct config_options config;
	char *keys[CONFIG_OPTIONS_MAX_OVERRIDES]; /* owned, as are the values: what the overrides point to */
	size_t n_keys;
	const char *target, *to;
	char *labels; /* joined by commas */
	struct selection_options selection;
	bool check;   /* a canary, and nothing else */
	char **files; /* owned array of argv's strings */
	size_t n_files;
};
#define PUSH_OPTIONS_NONE                                                                                              \
	{                                                                                                              \
		.selection = SELECTION_OPTIONS_NONE                                                                    \
	}

/* *ret_done: the exit code says it all. Ends with push_options_done() in every case. */
_must_check_ int push_options_parse(struct push_options *o, int argc, char **argv, bool *ret_done);
void push_options_done(struct push_options *o);
