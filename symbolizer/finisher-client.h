/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finisher client: the parent's side of the finisher: one stack copy with the child at a time, a watchdog over it, and
 * a new child when one is lost. A copy that a lost child had is answered with FINISHER_LOST. No call here waits for
 * the child.
 * One thread: call finisher_client_dispatch() when the descriptor is readable or the timeout has passed; give what it
 * needs, take its answer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/clean.h"
#include "symbolizer/finisher-wire.h"

struct finisher_client;

struct finisher_client_config {
	const char *path; /* the program to start; it and argv are borrowed for the client's life */
	char *const *argv;
	int copies_fd;       /* the map of struct copy_area; borrowed */
	uint64_t timeout_ns; /* for one copy, without the time in which the child waited for a CPU; 0: 2 s */
};

_must_check_ int finisher_client_new(const struct finisher_client_config *config, struct finisher_client **ret);
struct finisher_client *finisher_client_free(
	struct finisher_client *c); /* ends the child; NULL is fine; returns NULL */
DEFINE_CLEANUP(struct finisher_client *, finisher_client_free);

/*
 * Asks for a copy; its mappings are sorted. Before the child is up, the question waits here. -EAGAIN: there is another
 * already; -E2BIG: more than FINISHER_MAX_MAPPINGS.
 */
_must_check_ int finisher_client_submit(struct finisher_client *c, uint64_t tag, uint32_t copy,
					const struct finisher_mapping *mappings, size_t n_mappings);
bool finisher_client_is_idle(const struct finisher_client *c);

/* There is no child for what was asked, and will be none for a while: the last ones did not start. */
bool finisher_client_is_stuck(const struct finisher_client *c);

/* The child needs this module to go on: give it. */
bool finisher_client_needs(const struct finisher_client *c, uint32_t *ret_module);
/* fd -1: there is none. It stays the caller's. */
void finisher_client_give(struct finisher_client *c, uint32_t module, int fd);

/* The answer; borrowed until the next submit. NULL: not yet. */
const struct finisher_reply *finisher_client_take(struct finisher_client *c);

int finisher_client_fd(const struct finisher_client *c);
int finisher_client_timeout_ms(const struct finisher_client *c); /* -1: never */
void finisher_client_dispatch(struct finisher_client *c);

pid_t finisher_client_pid(const struct finisher_client *c);         /* 0: not running */
const char *finisher_client_fault(const struct finisher_client *c); /* why the last start failed; NULL: it did not */
struct child_keeper_stats finisher_client_stats(const struct finisher_client *c);
