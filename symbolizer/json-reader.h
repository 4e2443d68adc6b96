/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json reader: walks a JSON text (RFC 8259) value by value, without a tree: for texts of others of which a few strings
 * are wanted. Knows where it is: the keys that lead to the value at hand. Bounded in depth and in what it keeps of a
 * string; no recursion. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/clean.h"

#define JSON_MAX_DEPTH 32
#define JSON_KEY_BYTES 128                   /* longer keys match nothing */
#define JSON_STRING_BYTES ((size_t)64 << 10) /* longer strings are "" */

enum json_value {
	JSON_END = 0, /* of the text */
	JSON_OPEN,    /* an object or array begins: what follows lies in it */
	JSON_CLOSE,   /* and ends */
	JSON_STRING,
	JSON_OTHER, /* number, true, false or null */
};

struct json_level {
	char key[JSON_KEY_BYTES]; /* of the value at hand; in an array "" */
	bool is_object, is_empty; /* empty: nothing has come yet */
};

struct json_reader {
	const char *at, *end;
	size_t depth; /* objects and arrays around the value at hand */
	struct json_level levels[JSON_MAX_DEPTH];
	struct buf string; /* the decoded JSON_STRING; may hold any bytes but NUL */
	bool is_too_long, is_done;
};

/* text is borrowed. */
void json_reader_init(struct json_reader *r, const char *text, size_t size);
void json_reader_done(struct json_reader *r);

/* enum json_value; -EBADMSG: no JSON, or too deep; -ENOMEM. */
_must_check_ int json_next(struct json_reader *r);

/* The value at hand lies at path: the keys from the outside in; "" stands for any place in an array. */
bool json_is_at(const struct json_reader *r, const char *const *path, size_t n);
