/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel files: build ids of the running kernel and its modules, and files with their debug info, where this host has
 * them: opened here, looked into by the indexer, believed only when their build id is the running one's. Asked for a
 * module at a time, when a sample meets it. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/build-id.h"
#include "common/clean.h"

struct binaries;
struct binary;
struct kallsyms;
struct kernel_files;

#define KERNEL_FILES_MAX_DIRS 16

struct kernel_files_config {
	int sys_fd, root_fd;                   /* /sys and the host's root; all descriptors stay the caller's */
	const char *release;                   /* uname -r; lives as long as the table */
	int debug_dirs[KERNEL_FILES_MAX_DIRS]; /* of files as in /usr/lib/debug, searched before it */
	size_t n_debug_dirs;
	struct binaries *binaries;
};

_must_check_ int kernel_files_new(const struct kernel_files_config *config, struct kernel_files **ret);
struct kernel_files *kernel_files_free(struct kernel_files *k); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct kernel_files *, kernel_files_free);

struct kernel_file {
	struct build_id build_id; /* n_bytes 0: sysfs does not tell */
	char build_id_hex[BUILD_ID_HEX_SIZE];
	const struct binary *binary; /* with debug info of this very code; NULL: none (yet) */
	const char *failure;         /* why there is none; NULL: there is, or it is still sought */
};

/*
 * Of a module, or of the kernel itself (""), as it is loaded now: its debug info is sought. names: what the running
 * kernel has where; they live until there is a binary or a failure. The file stays where it is. -ENOSPC: more modules
 * than any kernel has.
 */
_must_check_ int kernel_files_want(struct kernel_files *k, const char *module, const struct kallsyms *names,
				   const struct kernel_file **ret);

/* After binaries_dispatch(): goes on with what the indexer has answered. */
_must_check_ int kernel_files_dispatch(struct kernel_files *k);

/* Names its binaries by binaries_keep(). */
void kernel_files_keep(const struct kernel_files *k);

/* Where the binary lies whose debug info is being read: a path and where it is meant. False: it is none of ours. */
bool kernel_files_find_place(const struct kernel_files *k, const struct binary *binary, int *ret_root_fd,
			     const char **ret_path);

/* Files that wait for room at the indexer; what it has is counted by binaries_n_pending(). */
size_t kernel_files_n_waiting(const struct kernel_files *k);

/* The address in the file of a module's byte, counted from where the module starts. */
uint64_t kernel_file_vaddr(const struct binary *binary, uint64_t offset);
