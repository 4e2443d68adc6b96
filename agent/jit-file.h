/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit file: opens the files in which a process tells of the code that it made: its perf map and its jitdump. Whatever
 * the process laid there, the open does not block, leads out of its root nowhere, and gives a regular file of the
 * process's own user or of root; else a reason. Parses nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/clean.h"
#include "symbolizer/jit-index.h"

struct process;

/* What must be known of a process to find its files: read while it lives, good until the window is written. */
struct jit_process {
	uint32_t tgid, ns_pid;
	uint32_t uid;
	int root_fd, tmp_fd;    /* O_PATH; /tmp is held too: with a mount namespace go the mounts below its root */
	uint64_t begun_real_ns; /* CLOCK_REALTIME when its program began; 0: unknown */
};

/* Positive results. */
enum jit_file_answer {
	JIT_FILE_NONE = 1, /* there is none, or the process has gone */
	JIT_FILE_REFUSED,  /* the reason says why */
};

/* begun_ns: CLOCK_BOOTTIME, 0: unknown. JIT_FILE_NONE: the process has gone. */
_must_check_ int jit_process_read(int proc_fd, uint32_t tgid, uint64_t begun_ns, struct jit_process *ret);
/* Its root and its /tmp as they are now, if it still lives. */
void jit_process_refresh(struct jit_process *p, int proc_fd);
void jit_process_done(struct jit_process *p);

#define JIT_FILE_PATH_BYTES 256 /* longer names are cut: they are for people */

/* Where the perf map lies in the process's root. */
void jit_file_perf_map_path(const struct jit_process *p, char ret[static JIT_FILE_PATH_BYTES]);

/* The reason is static. */
_must_check_ int jit_file_open_perf_map(const struct jit_process *p, int *ret, const char **ret_reason);

/* The jitdump that the process has mapped now; its name, cut to fit, is for people. */
_must_check_ int jit_file_open_jitdump(const struct jit_process *p, int proc_fd, const struct process *process,
				       int *ret, char ret_name[static JIT_FILE_PATH_BYTES], const char **ret_reason);

/* Is a mapping of this name made by a process that has such files, or is about to? */
bool jit_file_is_hint(const char *mapping_name);
