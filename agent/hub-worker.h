/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub worker: the hub's side of one of its children (agent/hub-child.h): starts it, tells it the rules, gives it one
 * request at a time, and starts another where it is lost. No call here waits for it. The hub's thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/hub-jobs.h"
#include "agent/hub-packet.h"
#include "common/clean.h"
#include "symbolizer/child-keeper.h"

struct hub_worker {
	struct child_keeper child;
	enum hub_lane lane;
	bool has_rules; /* the child has those that are in force */
	uint64_t id;    /* of the request that it is at; 0: none */
};

/* argv: the child's; it is borrowed, as is the store's directory (-1: it has none). */
_must_check_ int hub_worker_init(struct hub_worker *w, enum hub_lane lane, char *const *argv, int store_fd);
void hub_worker_done(struct hub_worker *w); /* ends the child */

/* It can be given a request. */
bool hub_worker_is_free(const struct hub_worker *w);
bool hub_worker_is_up(const struct hub_worker *w);
const char *hub_worker_fault(const struct hub_worker *w); /* why the last start failed; NULL: it did not */

/* The child is told the rules before the next request. */
void hub_worker_forget_rules(struct hub_worker *w);

/* Both descriptors stay the caller's; body_fd -1: none. id is not 0. */
void hub_worker_give(struct hub_worker *w, uint64_t id, const struct web_request *request, int rules_fd, int body_fd);

/* Nobody waits for what it is at: another takes its place. */
void hub_worker_drop(struct hub_worker *w);

enum hub_worker_event {
	HUB_WORKER_ANSWERED = 1, /* *ret, and *ret_fd, which is the caller's now */
	HUB_WORKER_LOST,         /* with the request ret->id */
	HUB_WORKER_OVERDUE,      /* likewise: it took longer than it may */
};

/* Starts, reaps, kills what it is time for; 0: nothing has become of its request. */
int hub_worker_dispatch(struct hub_worker *w, struct hub_word *ret, int *ret_fd);

int hub_worker_fd(const struct hub_worker *w);
int hub_worker_timeout_ms(const struct hub_worker *w); /* -1: never */
