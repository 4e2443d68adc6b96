/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex: a regular expression of a user (PCRE2), matched against foreign text: a match that takes too many steps is
 * none, and counted. Not locked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"

#define REGEX_WHY_BYTES 192

struct regex;

enum regex_extent {
	REGEX_WHOLE,    /* the text is the match */
	REGEX_ANYWHERE, /* it is in the text */
};

enum regex_answer {
	REGEX_BAD = 1, /* a wrong expression: see ret_why */
};
_must_check_ int regex_new(const char *text, enum regex_extent extent, struct regex **ret,
			   char ret_why[static REGEX_WHY_BYTES]);
struct regex *regex_free(struct regex *r); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct regex *, regex_free);

bool regex_matches(struct regex *r, const char *text);
uint64_t regex_n_given_up(const struct regex *r);
