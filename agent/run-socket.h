/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run socket: a unix socket in the agent's run dir, for this host's users: 0660, of the agent's group. Whoever opens
 * one holds the lock of the directory (agent/status-socket.h), so a socket that is there already is one that was left.
 * One thread.
 */
#pragma once

#include <sys/un.h>

#include "common/clean.h"

#define RUN_SOCKET_BACKLOG 16

struct run_socket {
	int fd; /* listens and does not block; -1: none */
	struct sockaddr_un address;
};
#define RUN_SOCKET_NONE ((struct run_socket){ .fd = -1 })

/* Where it will be. -ENAMETOOLONG: for a socket. */
_must_check_ int run_socket_init(struct run_socket *s, const char *dir, const char *name);
/* type: SOCK_STREAM or SOCK_SEQPACKET. -ENOTSOCK: something else lies there. */
_must_check_ int run_socket_listen(struct run_socket *s, int type);
void run_socket_done(struct run_socket *s); /* removes the file */

int run_socket_accept(const struct run_socket *s); /* a descriptor that does not block; -1: nobody waits */
