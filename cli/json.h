/* SPDX-License-Identifier: Apache-2.0 */
/* json: what commands print with --json. */
#pragma once

#include "common/json.h"

/* On stdout, with a newline. */
_must_check_ int json_print(struct json_object *object);
