/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window as JSON: the same object in every list of windows, and of a hub's list read back, which is foreign:
 * {"id", "tier", "host", "first", "last", "start_ns", "duration_ns", ..., "ledger": {...}}
 */
#pragma once

#include "common/clean.h"
#include "store/window.h"

struct json_object;

_must_check_ int window_json_append(struct json_object *array, const struct window_info *info);

/* -EBADMSG: it is no window. */
_must_check_ int window_json_read(struct json_object *object, struct window_info *ret);
