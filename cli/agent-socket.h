/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent socket: the way to an agent that runs here: where its sockets are (agent/status-socket.h, agent/live-packet.h),
 * and a connection to one. Who answers may be of another version, or no agent at all.
 */
#pragma once

#include "cli/command.h"
#include "common/clean.h"

#define AGENT_PATIENCE_S 10 /* an agent that is busy answers within milliseconds */

struct buf;

enum agent_answer {
	AGENT_NONE = 1,   /* nobody listens there */
	AGENT_DENIED,     /* another user's */
	AGENT_NO_ANSWER,  /* in time */
	AGENT_BAD_ANSWER, /* not what an agent says */
};

/* Appends the path of a socket in run_dir; NULL: in the one that the configuration of this machine has. */
_must_check_ int agent_socket_find(const char *run_dir, const char *name, struct buf *ret_path);

/* type: SOCK_STREAM or SOCK_SEQPACKET. 0, or enum agent_answer. */
_must_check_ int agent_socket_connect(const char *path, int type, int *ret);

/* Tells what came of it, an answer or -errno: EXIT_ENVIRONMENT where no agent can be asked, else EXIT_ERROR. */
int agent_socket_refuse(const char *path, int answer);
