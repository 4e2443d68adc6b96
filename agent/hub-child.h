/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub child: what the sandboxed children of a hub have in common: one thread that takes an order, answers it, and waits
 * for the next (agent/hub-packet.h). It has no capability, and of the file system the store alone and no network, or
 * the network and no store.
 */
#pragma once

#include "agent/hub-answer.h"
#include "agent/hub-rules.h"
#include "common/clean.h"

struct hub_child_role {
	const char *name; /* of the process; at most 15 bytes */
	size_t data_bytes;
	int nice;
	bool reads_only;          /* the store */
	bool has_threads;         /* of its own, that decode */
	bool may_connect;         /* it has no store: it asks another program for windows */
	const char *const *files; /* that it reads, or others of their names; NULL: none */
	size_t n_files;
	/* Opens the store, at CHILD_GIVEN_FD. 0, or -errno. */
	int (*open)(void);
	/* Answers it; body_fd is borrowed. 0, or a fault after which the child must not go on. */
	int (*answer)(const struct web_request *request, int body_fd, const struct hub_rules *rules,
		      struct hub_answer *ret);
};

int hub_child_run(const struct hub_child_role *role); /* to its end; returns the exit code */
