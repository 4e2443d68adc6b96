/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker socket: asks docker what it knows of a container, by HTTP over its Unix socket. One question at a time;
 * nothing waits, and what is not answered in time is given up. The answer is foreign: it is handed on unread, header
 * and all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"

#define DOCKER_ANSWER_BYTES (1 << 20) /* some 10 KiB */

struct docker_socket {
	int fd;                        /* readable: dispatch; -1: no question is open */
	int answer_fd;                 /* memory file */
	uint64_t n_bytes, deadline_ns; /* CLOCK_MONOTONIC */
};
#define DOCKER_SOCKET_NONE                                                                                             \
	{                                                                                                              \
		.fd = -1, .answer_fd = -1                                                                              \
	}
void docker_socket_done(struct docker_socket *d);

/* -errno: it cannot be asked. */
_must_check_ int docker_socket_ask(struct docker_socket *d, const char *path, const char *id, uint64_t now_ns);

enum docker_answer {
	DOCKER_WAITING = 1,
};
/* 0 and a descriptor of the caller's; -ETIMEDOUT, -EFBIG, ...: there is no answer, and the question is over. */
_must_check_ int docker_socket_take(struct docker_socket *d, uint64_t now_ns, int *ret_fd);
