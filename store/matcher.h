/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matcher: what a label must be, as Prometheus writes it: key=value, key!=value, key=~regex, key!~regex. Expressions
 * match the whole value (common/regex.h); a label that is not there is the value "". `service` is
 * another word for service_name. Not locked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "common/regex.h"

#define MATCHER_WHY_BYTES REGEX_WHY_BYTES

struct matcher;
struct profile_sample;

enum matcher_answer {
	MATCHER_NOT_ONE = 1, /* there is no operator behind a label's name */
	MATCHER_BAD,         /* a wrong expression: see ret_why */
};
_must_check_ int matcher_new(const char *text, struct matcher **ret, char ret_why[static MATCHER_WHY_BYTES]);
struct matcher *matcher_free(struct matcher *m); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct matcher *, matcher_free);

/* The label that a user means by this word: service_name by "service", else the word itself. */
const char *matcher_label(const char *word);

const char *matcher_key(const struct matcher *m);
const char *matcher_text(const struct matcher *m); /* as it was written */

/* What it says, for who has a server look for it. Borrowed. */
struct matcher_words {
	const char *key, *value;
	bool is_negative, is_regex;
};
struct matcher_words matcher_words(const struct matcher *m);

bool matcher_takes(struct matcher *m, const char *value);
bool matcher_takes_sample(struct matcher *m, const struct profile_sample *sample);

/* Values that took too many steps, which are no match. */
uint64_t matcher_n_given_up(const struct matcher *m);
