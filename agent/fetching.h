/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetching: the debug info that was found nowhere on this host, and is asked for at debuginfod servers: each build id
 * once, one after the other, by the fetcher (agent/fetcher.h), which is there while there is work. What a server does
 * not have is not asked for again in this agent's life; where no server answered, later, after pauses that grow.
 * Bounded. One thread: call fetching_dispatch() when the descriptor is readable or the timeout has passed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/fetch-packet.h"
#include "common/build-id.h"
#include "common/clean.h"
#include "symbolizer/child-keeper.h"

#define FETCHING_MAX_WAITING 256
#define FETCHING_MAX_KNOWN 8192 /* build ids that were asked for */

struct fetching;

struct fetching_config {
	const char *path;      /* the program to start; borrowed */
	const char *cache_dir; /* of the agent; the fetcher's lies in it; copied */
	const char *const *urls;
	size_t n_urls;
	uint64_t limit_bytes; /* of what is kept */
};

struct fetching_stats {
	uint64_t n_answers[FETCH_N]; /* by enum fetch_status */
	uint64_t n_refused;          /* wishes that found no room */
	size_t n_waiting;
	char last_fault[FETCH_REASON_BYTES]; /* why the last failed, or no fetcher starts; "": all is well */
};

_must_check_ int fetching_new(const struct fetching_config *config, struct fetching **ret);
struct fetching *fetching_free(struct fetching *f); /* ends the child; NULL is fine; returns NULL */
DEFINE_CLEANUP(struct fetching *, fetching_free);

/* Where it keeps what it has got, for debug_files (open until fetching_free()). */
int fetching_dir_fd(const struct fetching *f);
const char *fetching_dir_path(const struct fetching *f);

void fetching_want(struct fetching *f, const struct build_id *id);

/* True once after something has come: what lacked debug info may look again. */
bool fetching_take_news(struct fetching *f);

int fetching_fd(const struct fetching *f);
int fetching_timeout_ms(const struct fetching *f); /* -1: never */
void fetching_dispatch(struct fetching *f);

void fetching_stats(const struct fetching *f, struct fetching_stats *ret);
pid_t fetching_pid(const struct fetching *f); /* 0: not running */
struct child_keeper_stats fetching_child_stats(const struct fetching *f);
const char *fetch_status_to_string(enum fetch_status status); /* "found", ... */
