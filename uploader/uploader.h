/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uploader: the store's windows to central stores, for ever: each target in its lane. It reads windows, writes targets/
 * and bad/ of the store, and nothing else; what it says is in its stats.
 * One thread: call uploader_dispatch() when the descriptor is readable or the timeout has passed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "uploader/lane.h"

#define UPLOADER_MAX_TARGETS 16

struct uploader;

struct uploader_options {
	int store_fd; /* the state dir; borrowed */
	const char *host;
	const struct upload_settings *targets; /* borrowed */
	size_t n_targets;
};

/* UPLOADER_NO_STORE: there is none in that directory. -E2BIG: too many targets. */
enum uploader_answer {
	UPLOADER_NO_STORE = 1,
};
_must_check_ int uploader_new(const struct uploader_options *options, const struct upload_clock *now,
			      struct uploader **ret);
struct uploader *uploader_free(struct uploader *u); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct uploader *, uploader_free);

int uploader_fd(const struct uploader *u);
int uploader_timeout_ms(const struct uploader *u, const struct upload_clock *now);

/*
 * From now on no part is begun, and what is on its way is dispatched until it has ended. A part that is not waited for
 * may have been taken: the next start counts it as that.
 */
void uploader_end(struct uploader *u);
bool uploader_has_ended(const struct uploader *u);

/* Only want of memory fails. */
_must_check_ int uploader_dispatch(struct uploader *u, const struct upload_clock *now);

struct uploader_stats {
	const char *name, *kind; /* the settings' */
	enum lane_state state;
	uint64_t n_queued_windows, n_queued_bytes; /* in the store, and not behind this target */
	int64_t oldest_ns;                         /* start of the oldest of them; 0: none */
	int64_t last_success_ns;                   /* 0: never */
	const char *fault;                         /* the last since then; "": none */
	struct queue_counters counters;
};
size_t uploader_n_targets(const struct uploader *u);
void uploader_stats(const struct uploader *u, size_t i, struct uploader_stats *ret);
const char *uploader_fault(const struct uploader *u); /* of the store; "": none */
