/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state dir: the directory in which an agent keeps what outlives it (/var/lib/cpuhound). One agent at a time: the lock
 * is the kernel's (flock), so one that was killed leaves none behind.
 *
 *     lock          the PID of the agent that holds it
 *     last-window   when the last written window ended (agent/down-time.h)
 *     starts        starts that were not followed by a clean stop (agent/start-guard.h)
 *     windows/ ...  what was written (store/store.h)
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "common/clean.h"

#define STATE_DIR_MODE 0750
#define STATE_FILE_MODE 0640

struct state_dir {
	int fd;      /* -1: none */
	int lock_fd; /* held as long as it is open */
};
#define STATE_DIR_NONE                                                                                                 \
	{                                                                                                              \
		.fd = -1, .lock_fd = -1                                                                                \
	}

enum state_dir_answer {
	STATE_DIR_IN_USE = 1, /* another agent has it */
};

/*
 * Makes it if it is missing (its parents must be there), takes the lock and removes what a killed agent left half
 * written. *ret_pid of STATE_DIR_IN_USE: of who has it; 0: not told. *ret_n_removed: files.
 */
_must_check_ int state_dir_open(const char *path, struct state_dir *ret, pid_t *ret_pid, size_t *ret_n_removed);
void state_dir_done(struct state_dir *d);
