/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mapped-file: opens the file that a process has mapped, without trusting any name or file of the process. The
 * descriptor is for reading, of a regular file, and never blocks. Nothing is parsed here.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "common/clean.h"

/* -errno, or FS_NOT_REGULAR (common/fsutil.h). */

/* The exact inode behind a mapping: /proc/PID/map_files/START-END. Finds deleted files and other mount namespaces. */
_must_check_ int mapped_file_open(int proc_pid_fd, uint64_t start, uint64_t end, int *ret);

/* The file by the name the process has for it, below its own root (/proc/PID/root). */
_must_check_ int mapped_file_open_by_path(int proc_pid_fd, const char *path, int *ret);

/*
 * Whether the kernel calls the mapped file as the last part of this path does, deleted or not: 1 or 0, or -errno. Else
 * another file has come to lie there since. The folders before are not compared: they depend on who looks.
 */
_must_check_ int mapped_file_has_name(int mapped, const char *path);

/* Whether a name leads to the file that is mapped: 1 or 0, or -errno. */
_must_check_ int mapped_file_is_named(int mapped, int named);

/* The vdso of this process as a sealed memory file, for the indexer. */
_must_check_ int mapped_file_open_vdso(int *ret);
