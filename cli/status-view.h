/* SPDX-License-Identifier: Apache-2.0 */
/* status view: what an agent says of itself (agent/status-json.c), for people and for probes. */
#pragma once

#include <stdio.h>

#include "common/buf.h"
#include "common/clean.h"

struct json_object;

_must_check_ int status_view_print(struct json_object *status, FILE *out);

/* One line, without a newline: what it does, or what is wrong. */
enum status_view_answer {
	STATUS_VIEW_FAILS = 1,
};
_must_check_ int status_view_check(struct json_object *status, struct buf *ret);
