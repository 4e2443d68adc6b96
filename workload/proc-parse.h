/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc parse: the text of /proc/PID/stat, status and maps taken apart. Pure: any bytes are legal, what does not
 * look like a line of the kernel is -EBADMSG. Format: proc(5) and fs/proc/{array,task_mmu}.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct proc_stat {
	char comm[16];
	char state;         /* R S D Z ... */
	uint32_t flags;     /* PF_* */
	uint64_t n_threads; /* of the process; a zombie leader counts */
	uint64_t start_ns;  /* CLOCK_BOOTTIME, cut to a clock tick: the start lies in [start, start_max] */
	uint64_t start_max_ns;
	uint32_t parent;                  /* its PID; 0: none that we can see */
	uint64_t start_code, start_stack; /* where its program lies: another place after each exec; 0: not told */
};

_must_check_ int proc_parse_stat(const char *text, size_t size, uint64_t tick_ns, struct proc_stat *ret);
bool proc_stat_is_kernel_thread(const struct proc_stat *s);
bool proc_stat_is_over(const struct proc_stat *s); /* a zombie with no thread left */

/* Of /proc/PID/status. */
struct proc_status {
	uint32_t uid, gid;       /* as whom it makes files */
	uint32_t ns_pid;         /* what it takes its own PID for, in the innermost namespace */
	uint64_t caught_signals; /* bit 0 is signal 1 */
};
_must_check_ int proc_parse_status(const char *text, size_t size, struct proc_status *ret);

struct proc_mapping {
	uint64_t start, end, file_offset;
	uint64_t dev, ino;
	bool is_executable;
	const char *name; /* into the line: not terminated, newlines still written as \012; size 0: anonymous */
	size_t name_size;
};

/* One line, with or without its newline. */
_must_check_ int proc_parse_mapping(const char *line, size_t size, struct proc_mapping *ret);

/* Turns \012 into newlines in place; returns the new size. The kernel escapes nothing else, not even backslashes. */
size_t proc_unescape(char *name, size_t size);

/*
 * What a name in maps or in the sideband stands for. "(deleted)" is cut off: *size shrinks to what the path was.
 */
enum mapping_name {
	MAPPING_NAME_ANONYMOUS, /* no file: JIT code, shared or private anonymous memory, heap, stack */
	MAPPING_NAME_FILE,
	MAPPING_NAME_DELETED, /* a file whose path names it no more */
	MAPPING_NAME_KERNEL,  /* [vdso], [vsyscall], [uprobes]: not in any file system */
};
enum mapping_name mapping_name_classify(const char *name, size_t *size);
