/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: foreign strings on their way to a terminal. Names of functions, files, labels and comments come from
 * whoever wrote the profile: what is printed is valid UTF-8, without control characters (which move the cursor or
 * retitle the window) or marks that turn the writing direction around, and no longer than the line has room.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "common/buf.h"
#include "common/clean.h"

#define TEXT_MAX_CHARS 4096 /* of one string, whatever the line has room for */

/* The characters of a line: of the terminal where out is one ($COLUMNS comes first), else 120. */
size_t text_width(FILE *out);

/* Appends s in at most max_chars characters; what is longer loses its middle. */
_must_check_ int text_add(struct buf *b, const char *s, size_t max_chars);

/*
 * The same for the name of a function: long ones first lose the types of their arguments, then their template
 * arguments, then their middle.
 *	std::vector<int, std::allocator<int> >::push_back(int const&) -> std::vector<…>::push_back(…)
 */
_must_check_ int text_add_function(struct buf *b, const char *name, size_t max_chars);

/* Text of the two functions above: its characters. */
size_t text_n_chars(const struct buf *b);

/* "cpuhound: cannot WHAT 'NAME': WHY" on stderr, where name may be foreign; returns EXIT_ERROR. */
int text_fail(const char *what, const char *name, const char *why);
