/* SPDX-License-Identifier: Apache-2.0 */
/* coverage as JSON: what was recorded, and how complete that is: in every answer the same object. */
#pragma once

#include <stdint.h>

#include "common/clean.h"

struct coverage;
struct json_object;

/* Adds the object of this name, "recorded" of docs/schemas/hogs.schema.json. until_ns: as of coverage_is_silent(). */
_must_check_ int coverage_json_add(struct json_object *top, const char *name, const struct coverage *c,
				   int64_t until_ns);
