/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: what a child gives up before it looks at the first foreign byte: capabilities, its user, its descriptors,
 * memory and CPU without bound, and every system call that its loop does not need. All or nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/clean.h"

/* A directory or file that a child may open by its path. What does not exist is passed over. */
struct sandbox_path {
	const char *path;
	bool is_writable; /* and what is below it may be made, renamed and removed */
};

/*
 * Of a secret, the directory is what may be read: another file may take its name. For the process's life. False: there
 * is no file, or no memory.
 */
bool sandbox_add_folder(const char *file, struct sandbox_path *ret);

struct sandbox_limits {
	size_t data_bytes;       /* of memory */
	size_t output_bytes;     /* of any file that it is given to write */
	unsigned int open_files; /* 0: 16 */
	int nice;
	bool may_map_files;   /* for reading; one that shrinks meanwhile then ends the child (SIGBUS) */
	bool may_share_files; /* mapped for reading and writing, as SQLite does; or for reading alone */
	bool keeps_user;      /* it works at files of the agent's user; else it becomes nobody */
	bool keeps_given;     /* CHILD_GIVEN_FD stays open */
	bool may_use_files;   /* opens, writes, renames and removes files by their names */
	bool may_connect;     /* sockets of its own, names by files and DNS, the system's certificates */
	/* What of the file system is left to such a child, by Landlock where the kernel has that. */
	const struct sandbox_path *paths;
	size_t n_paths;
	const int *calls; /* system calls beside those of every child: seccomp's numbers; borrowed */
	size_t n_calls;
};

/* On failure *ret_step names the step, statically. Descriptors above the socket's are closed. */
_must_check_ int sandbox_enter(const struct sandbox_limits *limits, const char **ret_step);

/* Gives the process so many more seconds of CPU time from now; SIGXCPU ends it behind them. */
_must_check_ int sandbox_arm_cpu_limit(unsigned int seconds);
