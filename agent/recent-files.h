/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recent files: descriptors of binaries that were opened a moment ago, and of the roots that they were found in, for
 * the stacks and the debug info of processes that do not live long enough for a second opening. Few, and not for long:
 * a descriptor into a container keeps its mounts busy. Owned by the opener; one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define RECENT_FILES 512
#define RECENT_FILES_NS (8ULL * 1000000000) /* copies are taken at least once a second, samples every 5 s */

struct recent_file {
	uint32_t module;
	int fd;      /* -1: none */
	int root_fd; /* -1: the host's, or unknown */
	uint64_t opened_ns;
};

struct recent_files {
	struct recent_file all[RECENT_FILES]; /* a ring, the oldest at `next` */
	size_t next;
};

void recent_files_init(struct recent_files *r);
void recent_files_done(struct recent_files *r);

/* Takes both. now_ns: CLOCK_MONOTONIC, as below. */
void recent_files_put(struct recent_files *r, uint32_t module, int fd, int root_fd, uint64_t now_ns);
const struct recent_file *recent_files_find(const struct recent_files *r, uint32_t module); /* NULL: none */
void recent_files_expire(struct recent_files *r, uint64_t now_ns);
