/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binary lanes: the indexer's children that binaries go to, each with a queue of its own (symbolizer/indexer-client.h):
 * one for small files, one for large ones, one for debug info. So nothing waits for what takes longer than itself.
 * Belongs to the table of binaries. One thread: call binary_lanes_dispatch() when the descriptor is readable or the
 * timeout has passed, then take the results; and again while the timeout is 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/clean.h"
#include "symbolizer/binary.h"
#include "symbolizer/indexer-client.h"

struct binary_lanes;

struct binary_lanes_config {
	size_t max_queue; /* of each lane: files that wait, with their descriptors */
	/* Finds a file for the debug info with this tag, as debug_source has it. */
	int (*find_debug)(void *context, uint64_t tag, const struct debug_need *need, int *ret_fd, char *ret_path);
	void *find_context;
};

_must_check_ int binary_lanes_new(const struct binary_lanes_config *config, struct binary_lanes **ret);
struct binary_lanes *binary_lanes_free(struct binary_lanes *lanes); /* ends the children; NULL is fine; returns NULL */
DEFINE_CLEANUP(struct binary_lanes *, binary_lanes_free);

/*
 * Queues a file in the lane for the job and the file's size; takes fd in every case. path names it for people.
 * -EAGAIN: the lane is full.
 */
_must_check_ int binary_lanes_submit(struct binary_lanes *lanes, enum indexer_job job, uint64_t n_bytes, uint64_t tag,
				     int fd, const char *path);

int binary_lanes_fd(const struct binary_lanes *lanes);         /* an epoll descriptor */
int binary_lanes_timeout_ms(const struct binary_lanes *lanes); /* -1: never */
_must_check_ int binary_lanes_dispatch(struct binary_lanes *lanes);

/* Of any lane; done with by indexer_result_done(). False: none is ready. */
bool binary_lanes_take(struct binary_lanes *lanes, struct indexer_result *ret);

pid_t binary_lanes_pid(const struct binary_lanes *lanes, enum binary_lane lane); /* 0: not running */
struct child_keeper_stats binary_lanes_stats(const struct binary_lanes *lanes, enum binary_lane lane);
const char *binary_lanes_fault(const struct binary_lanes *lanes); /* what keeps a child from starting; NULL: nothing */
