/* SPDX-License-Identifier: Apache-2.0 */
/* json text: JSON written straight to a buffer, where objects of json-c are too slow: a line for each of 100,000. */
#pragma once

#include "common/clean.h"

struct buf;

/* A string in quotes, made valid as in json_add_string(). */
_must_check_ int json_text_add_string(struct buf *b, const char *s);

/* "name":"value", without a comma; name is ours and needs no escapes. */
_must_check_ int json_text_add_member(struct buf *b, const char *name, const char *value);
