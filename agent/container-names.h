/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container names: what runtimes tell of containers, asked when a container is first sampled: in the files that they
 * keep, whose descriptors go to the indexer; in the names of kubelet's log links; else of runtimes whose sockets are
 * configured. What is missing is looked for again, some times: a runtime may be late. Nothing here waits. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/runtime-socket.h"
#include "common/clean.h"
#include "symbolizer/container-facts.h"
#include "workload/cgroup.h"

struct indexer_client;
struct indexer_result;

/* Owned by who asks, from container_names_want() to container_names_forget(). */
struct container_name {
	struct cgroup_identity identity;
	char *texts[CONTAINER_FACT_N]; /* NULL: not told */
	bool is_pending;               /* in a round of questions */
	bool is_asked;                 /* an answer is awaited */
	bool are_logs_read;            /* in this round */
	bool is_sandbox_asked;         /* the pod's own container, for the pod's labels */
	size_t n_places, n_apis;       /* that were looked at, or asked, in this round */
	unsigned int n_rounds;
	uint64_t next_ns; /* CLOCK_MONOTONIC; of the next round; UINT64_MAX: none */
	uint64_t tag;     /* of the question */
	struct container_name *prev, *next;
};

struct container_names {
	int host_root_fd;
	struct indexer_client *lane; /* borrowed */
	uint64_t last_tag;
	struct container_name *pending; /* the longest waiting first */
	size_t n_pending;
	struct runtime_socket runtime;
	struct container_name *asks_runtime;  /* until its answer is read; NULL: nobody, or it has gone */
	const char *api_paths[RUNTIME_API_N]; /* borrowed; "": not asked */
	uint64_t n_told, n_untold;            /* containers whose names were found, and were not in the end */
	uint64_t n_unanswered;                /* questions to runtimes */
};

/* host_root: NULL: found out. */
_must_check_ int container_names_init(struct container_names *names, const char *host_root,
				      struct indexer_client *lane);
void container_names_done(struct container_names *names); /* all were forgotten before */

/* A sample of this container was taken: asks where that is due. A container without an id has no names. */
_must_check_ int container_names_want(struct container_names *names, struct container_name *c, uint64_t now_ns);
void container_names_forget(struct container_names *names, struct container_name *c);

/* An answer of the lane to a question of ours; its descriptors stay the caller's. */
_must_check_ int container_names_on_result(struct container_names *names, const struct indexer_result *result,
					   uint64_t now_ns);
_must_check_ int container_names_dispatch(struct container_names *names, uint64_t now_ns);
