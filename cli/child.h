/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child: a command that is to be profiled from its first instruction: forked early, so that its pid can be listed,
 * and let go once sampling runs.
 */
#pragma once

#include <sys/types.h>

#include "cli/invoker.h"
#include "common/clean.h"

struct child {
	pid_t pid;    /* 0: none */
	int pidfd;    /* readable when it has ended */
	int gate_fd;  /* closed or written to: go */
	int error_fd; /* the errno of a failed exec, or end of file */
};
#define CHILD_NONE                                                                                                     \
	{                                                                                                              \
		.pidfd = -1, .gate_fd = -1, .error_fd = -1                                                             \
	}

_must_check_ int child_fork(char *const argv[], const struct invoker *who, struct child *ret);

/* Lets it run. The negative errno of its exec, were that to fail. */
_must_check_ int child_release(struct child *c);

/* Does not wait: 1 and how it ended (as from waitpid), or 0: it runs on. */
int child_ended(struct child *c, int *ret_status);
void child_done(struct child *c); /* one that was never let go ends; a running one is left alone */
