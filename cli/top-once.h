/* SPDX-License-Identifier: Apache-2.0 */
/* top once: an interval of `top` as one table, or as JSON. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "common/clean.h"

struct json_object;
struct top_interval;

/* depth: levels; max_rows: below each row, and of the first level: the others are summed up in a line. */
_must_check_ int top_once_print(const struct top_interval *i, size_t depth, size_t max_rows, FILE *out);

/* All rows, as docs/schemas/top.schema.json has it. depth: levels. */
_must_check_ int top_once_to_json(const struct top_interval *i, size_t depth, struct json_object **ret);
