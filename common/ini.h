/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ini: text of the form
 *	# comment (also ;), on a line of its own: both characters may stand in a value
 *	[section]           or [section NAME]
 *	key = value         the value is the rest of the line without the blanks around it
 * one item at a time. Pure: reads and changes the caller's text, which the items point into.
 *
 * Why our own: where a value came from must be told with its line, and no line may be cut. libinih 55 cuts at 200
 * bytes, iniparser 4.1 at 1024 and gives no line numbers, GKeyFile gives none either and brings GLib; libconfini is
 * not in Debian.
 */
#pragma once

#include <stddef.h>

#include "common/clean.h"

#define INI_MAX_LINE_BYTES ((size_t)16 << 10)

struct ini {
	char *at, *end; /* *end is 0 */
	unsigned int line;
};

/* text has size bytes and a NUL behind them. */
void ini_init(struct ini *in, char *text, size_t size);

/* 0: *ret is the next section or pair. */
enum ini_answer {
	INI_END = 1,
	INI_BAD, /* ret->why says what is wrong with ret->line; the next call goes on behind it */
};
struct ini_item {
	unsigned int line;
	const char *section, *name; /* of a section; name is NULL or what follows */
	const char *key, *value;    /* of a pair; then section is NULL */
	const char *why;
};
_must_check_ int ini_next(struct ini *in, struct ini_item *ret);
