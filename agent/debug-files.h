/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug files: where the debug info of a binary may lie, and which of these files are there. Names come from binaries:
 * every look-up happens below a root that no name leads out of (openat2, RESOLVE_IN_ROOT), and what is not a regular
 * file is not opened. Whether a file is the right one is the indexer's business.
 *
 * In this order, for a build id: usr/lib/debug/.build-id/XX/REST.debug in the process's root, .build-id/XX/REST.debug
 * in each directory that was given, in the host's /usr/lib/debug, then what servers gave for it. For the name in a
 * .gnu_debuglink: beside the binary, in .debug/ there, and the same path below each of these directories. What those
 * files speak of lies where they say, in the process's root or below such a directory, or beside them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/debug-need.h"

#define DEBUG_FILES_MAX_DIRS 8
#define DEBUG_FILE_BYTES ((uint64_t)16 << 30) /* a larger one is none of ours; the largest known have 10 GiB */

struct debug_files {
	struct {
		const char *path; /* borrowed */
		int fd;
	} dirs[DEBUG_FILES_MAX_DIRS];
	size_t n_dirs;
	const char *host_dir; /* borrowed */
	/* What debuginfod servers gave (agent/fetch-cache.h); borrowed. -1: none. */
	const char *fetched_path;
	int fetched_fd;
};

#define DEBUG_FILES_HOST_DIR "/usr/lib/debug"

void debug_files_init(struct debug_files *f, const char *host_dir);
void debug_files_done(struct debug_files *f);

/* A directory with files as /usr/lib/debug has them. -ENOSPC: too many. */
_must_check_ int debug_files_add_dir(struct debug_files *f, const char *path);

enum debug_root {
	DEBUG_ROOT_PROCESS,
	DEBUG_ROOT_HOST, /* its /usr/lib/debug */
	DEBUG_ROOT_FETCHED,
	DEBUG_ROOT_FIRST_DIR, /* and further ones, as in debug_files */
};

/* A binary, as far as it matters here. */
struct debug_place {
	const char *path; /* in the root */
	int root_fd;      /* where paths are meant; -1: out of reach, or not to be searched */
	bool is_on_host;  /* that is the host's root */
	/* The separate debug file that was found last: what belongs to it lies near it. "": none was. */
	unsigned int found_root; /* enum debug_root */
	char found_path[DEBUG_NEED_NAME_BYTES];
};

/* Is there any in this root, which is not the place's? */
bool debug_files_are_in_root(const struct debug_files *f, const struct debug_place *place, int root_fd,
			     const struct debug_need *need);

/* As debug_source has it (symbolizer/debug-need.h): of the files that are there, the need.candidate-th. */
_must_check_ int debug_files_find(const struct debug_files *f, struct debug_place *place, const struct debug_need *need,
				  int *ret_fd, char *ret_path);
