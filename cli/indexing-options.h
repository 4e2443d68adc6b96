/* SPDX-License-Identifier: Apache-2.0 */
/* indexing options: --cache-dir and --debug-dir of the commands that read files. Strings are borrowed from argv. */
#pragma once

#include <stddef.h>

#include "common/clean.h"

struct command;
struct indexing;

#define INDEXING_OPTIONS_MAX_DEBUG_DIRS 8

struct indexing_options {
	const char *cache_dir; /* NULL: the default one */
	const char *debug_dirs[INDEXING_OPTIONS_MAX_DEBUG_DIRS];
	size_t n_debug_dirs;
};

/* EXIT_OK, or EXIT_USAGE after a line on stderr: too many. */
_must_check_ int indexing_options_add_debug_dir(struct indexing_options *o, const struct command *command,
						const char *path);

/* EXIT_OK, or EXIT_ERROR after a line on stderr. cache_dir: as cache_dir_find() has it. */
_must_check_ int indexing_options_open(const struct indexing_options *o, const char *cache_dir, struct indexing **ret);
