/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: what every output of JSON has in common: one object with a schema_version, on one line, valid UTF-8.
 * Built with json-c; functions give -ENOMEM where json-c gives NULL.
 */
#pragma once

#include <json-c/json.h>

#include "common/clean.h"

struct buf;

/* Raised when a field changes its meaning or goes away; new fields leave it. */
#define JSON_SCHEMA_VERSION 1

#define JSON_STRING_LIMIT_BYTES ((size_t)64 << 10) /* of a foreign string: the rest is cut off */

static inline void json_putp(struct json_object **owned)
{
	json_object_put(*owned);
}

/* An object with schema_version set. */
_must_check_ int json_new_top(struct json_object **ret);

/* Adds a member and takes its ownership in every case; value may be NULL: -ENOMEM. Strings may be foreign. */
_must_check_ int json_add(struct json_object *object, const char *name, struct json_object *value);
_must_check_ int json_add_string(struct json_object *object, const char *name, const char *value);
_must_check_ int json_append(struct json_object *array, struct json_object *value);
_must_check_ int json_append_string(struct json_object *array, const char *value);

/* A new object or array hangs on its parent before it is filled, so that there is one owner. */
_must_check_ int json_add_object(struct json_object *parent, const char *name, struct json_object **ret);
_must_check_ int json_add_array(struct json_object *parent, const char *name, struct json_object **ret);
_must_check_ int json_append_object(struct json_object *array, struct json_object **ret);

_must_check_ int json_add_null(struct json_object *parent, const char *name);
_must_check_ int json_add_number(struct json_object *parent, const char *name, int64_t n);

struct json_count {
	const char *name;
	uint64_t n;
};
_must_check_ int json_add_counts(struct json_object *parent, const struct json_count *counts, size_t n);

/* Foreign text: all of it one value, of valid UTF-8. JSON_NOT_ONE: it is none. */
enum json_answer {
	JSON_NOT_ONE = 1,
};
_must_check_ int json_parse(const char *text, size_t size, struct json_object **ret);

/* As one line, with its newline. */
_must_check_ int json_add_text(struct json_object *object, struct buf *ret);

/* A foreign string with its quotation marks, made valid: for rows by the thousand, which are no objects first. */
_must_check_ int json_add_quoted(const char *s, struct buf *ret);

/* What a path of member names leads to ("budget.step"); NULL or 0: nothing of that kind. */
struct json_object *json_find(struct json_object *top, const char *path);
uint64_t json_find_number(struct json_object *top, const char *path);
const char *json_find_string(struct json_object *top, const char *path); /* the object's */
