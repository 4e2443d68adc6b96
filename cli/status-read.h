/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status read: asks a running agent how it is, at its socket (agent/status-socket.h). Who answers may be of another
 * version, or no agent at all: the answer is bounded in bytes and in time, and is one object with a schema_version.
 */
#pragma once

#include "common/buf.h"
#include "common/clean.h"

struct json_object;

struct agent_status {
	struct buf text; /* as it came: one line */
	struct json_object *object;
};
void agent_status_done(struct agent_status *s);

/* 0, or enum agent_answer. */
_must_check_ int status_read(const char *path, struct agent_status *ret);
