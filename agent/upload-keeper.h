/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upload keeper: the agent's side of the uploader: starts it where there are targets, or were, and starts another when
 * it is lost, after pauses that grow. What it says of its targets is kept here for status and metrics. One thread: call
 * upload_keeper_dispatch() when the descriptor is readable or the timeout has passed; only upload_keeper_free() waits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "agent/upload-packet.h"
#include "common/clean.h"
#include "symbolizer/child-keeper.h"

struct config;
struct upload_keeper;

struct upload_keeper_config {
	const char *path; /* the program to start; borrowed */
	const char *host; /* borrowed */
	int store_fd;     /* borrowed */
};

_must_check_ int upload_keeper_new(const struct upload_keeper_config *config, struct upload_keeper **ret);
/* Ends the child, and waits until what it has on its way is done, UPLOAD_END_NS at most. NULL is fine; returns NULL. */
struct upload_keeper *upload_keeper_free(struct upload_keeper *k);
DEFINE_CLEANUP(struct upload_keeper *, upload_keeper_free);

/* The targets, at first and after a reload. Where they changed, another child takes over once this one has ended. */
_must_check_ int upload_keeper_set(struct upload_keeper *k, const struct config *config);

/* Asks the child to end: what it has on its way may come to its end meanwhile. */
void upload_keeper_end(struct upload_keeper *k);

int upload_keeper_fd(const struct upload_keeper *k);
int upload_keeper_timeout_ms(const struct upload_keeper *k); /* -1: never */
void upload_keeper_dispatch(struct upload_keeper *k);

/* As they were told last. */
const struct upload_target_report *upload_keeper_targets(const struct upload_keeper *k, size_t *ret_n);

bool upload_keeper_is_used(const struct upload_keeper *k);      /* there are targets, or were some */
bool upload_keeper_has_new_fault(struct upload_keeper *k);      /* true once for each */
const char *upload_keeper_fault(const struct upload_keeper *k); /* of all of it; "": none */
pid_t upload_keeper_pid(const struct upload_keeper *k);         /* 0: not running */
struct child_keeper_stats upload_keeper_stats(const struct upload_keeper *k);
