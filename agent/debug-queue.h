/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debug queue: the binaries that samples were met in, until their debug info has been read: each with a descriptor of
 * it and the root of the process, which may be gone when its turn comes. Bounded. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/debug-files.h"
#include "common/clean.h"

struct binary;
struct fetching;
struct kernel_code;
struct opener;

#define DEBUG_QUEUE_MAX 512 /* files, each with two descriptors */

struct debug_queue {
	struct debug_files files;
	struct opener *opener;            /* borrowed: its binaries, modules and roots */
	struct fetching *fetching;        /* borrowed: what was found nowhere is asked for there; NULL: nobody is */
	const struct kernel_code *kernel; /* has wishes of its own; NULL: none yet */
	struct debug_wish *wishes;        /* in the order in which they came */
	size_t n;
};

/* Before the table of binaries, which looks for files here; debug_queue_done() after it. */
void debug_queue_init(struct debug_queue *q);
void debug_queue_done(struct debug_queue *q);
void debug_queue_attach(struct debug_queue *q, struct opener *opener);

/* What is to be read. The descriptors are taken in every case. */
struct debug_wish_info {
	uint32_t module;
	const char *path; /* in the root; borrowed for as long as the queue lives */
	int fd;
	int root_fd; /* -1: the root cannot be reached any more */
	bool is_on_host;
};
_must_check_ int debug_queue_add(struct debug_queue *q, const struct debug_wish_info *info); /* -EAGAIN: full */

/* Names the modules of all wishes by modules_keep(). */
void debug_queue_keep(const struct debug_queue *q);

/* Hands in what has become readable, lets go what is done. */
_must_check_ int debug_queue_dispatch(struct debug_queue *q);

/* For binaries_config; context is the queue. */
int debug_queue_find(void *context, const struct binary *binary, const struct debug_need *need, int *ret_fd,
		     char *ret_path);
