/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime socket: asks a runtime what it knows of a container, over its Unix socket: docker by HTTP, others by CRI. One
 * question at a time; nothing waits, and what is not answered in time is given up. The answer is foreign: it is handed
 * on unread, header and all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/cri-call.h"
#include "common/clean.h"

#define RUNTIME_ANSWER_BYTES (1 << 20) /* some 10 KiB */

enum runtime_api {
	RUNTIME_DOCKER,
	RUNTIME_CRI,
	RUNTIME_API_N,
};

struct runtime_socket {
	int fd;                        /* readable: dispatch; -1: no question is open */
	int answer_fd;                 /* memory file */
	uint64_t n_bytes, deadline_ns; /* CLOCK_MONOTONIC */
	enum runtime_api api;          /* of the last question */
	struct cri_call call;
};
#define RUNTIME_SOCKET_NONE                                                                                            \
	{                                                                                                              \
		.fd = -1, .answer_fd = -1                                                                              \
	}
void runtime_socket_done(struct runtime_socket *s);

/* -errno: it cannot be asked. */
_must_check_ int runtime_socket_ask(struct runtime_socket *s, enum runtime_api api, const char *path, const char *id,
				    uint64_t now_ns);

enum runtime_answer {
	RUNTIME_WAITING = 1,
};
/* 0 and a descriptor of the caller's; -ETIMEDOUT, -EFBIG, ...: there is no answer, and the question is over. */
_must_check_ int runtime_socket_take(struct runtime_socket *s, uint64_t now_ns, int *ret_fd);
