/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug roots: the roots of processes, other than the host's, that hold debug files. What these files say is for the
 * processes in that root alone: a container could lay one for a program that it shares with others. Each root is held
 * open, so that no other can get its identity. Bounded; one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workload/process.h"

#define DEBUG_ROOTS_MAX 256 /* a descriptor each */

struct debug_roots {
	struct {
		struct root_id id;
		int fd;          /* -1: free */
		bool is_claimed; /* see debug_roots_claim() */
	} all[DEBUG_ROOTS_MAX];
	size_t n;           /* places in use, or once used */
	uint64_t n_refused; /* files whose debug files there are not used: no room for the root, or not theirs alone */
};

void debug_roots_done(struct debug_roots *d); /* of one that began as `= {}` */

/* The number of a root that may hold debug files of the binary at path; 0: it holds none, or there is no room. */
uint32_t debug_roots_number(struct debug_roots *d, const struct root_id *id, int root_fd, const char *path);

/*
 * The number of a root in which a debug file lies of which only the binary itself tells, 0: no room. From then on all
 * programs of that root are binaries of their own.
 */
uint32_t debug_roots_claim(struct debug_roots *d, const struct root_id *id, int root_fd);

void debug_roots_drop(struct debug_roots *d, uint32_t number); /* nothing counts for it any more */
