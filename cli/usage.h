/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: what the text of `cpuhound help COMMAND` tells a program: its options, and the verbs of a command that has
 * some. The texts are ours; their form is that of all commands:
 *
 *	usage: cpuhound store ls [SELECTION] [--json]
 *	       cpuhound store rebuild|compact [--json]
 *
 *	  -o, --output FILE     what it is, from two spaces on
 *	      --kernel, --user  two of a kind
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/clean.h"

#define USAGE_WORD_BYTES 80

struct usage_option {
	char name[USAGE_WORD_BYTES];     /* "-o", "--output" */
	char argument[USAGE_WORD_BYTES]; /* "FILE"; "": it takes none */
};

/* The next option at or behind *at, which moves on; false: there is none. Begins with *at = the usage. */
bool usage_next_option(const char **at, struct usage_option *ret);

/* The next verb of a command that has verbs: the word behind the command's name in the first lines. */
bool usage_next_verb(const char **at, const char *command, char ret[static USAGE_WORD_BYTES]);
