/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child process: a sandboxed child as its parent sees it: started, measured, killed, reaped. Nothing here waits for
 * it. The thread that starts it must live on: the child dies with that thread (PR_SET_PDEATHSIG).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/clean.h"

/* The child's descriptors, beside 0 to 2: a SOCK_SEQPACKET socket to the parent, and what it may be given for life. */
#define CHILD_SOCKET_FD 3
#define CHILD_GIVEN_FD 4
#define CHILD_GIVEN_PATH "/proc/self/fd/4" /* as a path, before its sandbox stands */

struct child_process {
	pid_t pid;  /* 0: none */
	int pid_fd; /* readable when it has ended */
	int socket; /* -1: hung up */
};
#define CHILD_PROCESS_NONE ((struct child_process){ .pid_fd = -1, .socket = -1 })

struct child_usage {
	uint64_t rss_anon_bytes;
	uint64_t cpu_ns;
	uint64_t starved_ns; /* time in which it could have run, but others did */
};

/* path: the program; its environment is empty. given_fd stays the caller's; -1: none. */
_must_check_ int child_process_start(const char *path, char *const argv[], int given_fd, struct child_process *ret);

/* What /proc tells; 0 where it does not. */
void child_process_usage(const struct child_process *p, struct child_usage *ret);

void child_process_kill(struct child_process *p);

/* True once, when it has ended: the wait status (-1: unknown), the CPU time it took. Then p is none. */
bool child_process_reap(struct child_process *p, int *ret_status, uint64_t *ret_cpu_ns);

/* Kills, and waits for a moment. */
void child_process_done(struct child_process *p);
