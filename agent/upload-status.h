/* SPDX-License-Identifier: Apache-2.0 */
/* upload status: what is told of each target, as JSON and as metrics. */
#pragma once

#include <stddef.h>

#include "agent/upload-packet.h"
#include "common/buf.h"
#include "common/clean.h"

struct json_object;

const char *lane_state_to_string(enum lane_state state); /* "idle", ... */

/* A member "targets", an array; empty where there is no target. */
_must_check_ int upload_status_add_json(const struct upload_target_report *targets, size_t n, struct json_object *top);

/* Nothing where there is no target. */
_must_check_ int upload_status_add_metrics(const struct upload_target_report *targets, size_t n, struct buf *ret);
