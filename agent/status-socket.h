/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status socket: where this host's users ask the agent how it is: a unix socket (0660, group cpuhound) in the run dir.
 * Who connects gets one line of JSON, and the connection ends. Nothing is read from a client; few at a time; one that
 * does not take its answer is dropped. One thread.
 */
#pragma once

#include <stddef.h>

#include "common/clean.h"

#define STATUS_SOCKET_NAME "agent.sock"
#define STATUS_SOCKET_MAX_CLIENTS 16

struct status_socket;

/*
 * dir: made if it is missing (0750). A lock in it says whose the socket is: one that a killed agent left is replaced,
 * that of another agent is STATUS_SOCKET_IN_USE. -ENAMETOOLONG: for a socket.
 */
enum status_socket_answer {
	STATUS_SOCKET_IN_USE = 1,
};
_must_check_ int status_socket_new(const char *dir, struct status_socket **ret);
struct status_socket *status_socket_free(struct status_socket *s); /* removes the file; NULL is fine; returns NULL */
DEFINE_CLEANUP(struct status_socket *, status_socket_free);

int status_socket_fd(const struct status_socket *s); /* an epoll descriptor: readable means dispatch */

/* Takes new clients: returns how many wait for status_socket_answer(). */
size_t status_socket_dispatch(struct status_socket *s);
void status_socket_answer(struct status_socket *s, const void *data, size_t size);
