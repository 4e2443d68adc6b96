/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push: chosen windows, or a profile, to one target by hand: it waits until all is answered, tries again a few times,
 * and keeps nothing on disk. Batches and their ids are those of the uploader, so that a store which knows an id again
 * takes nothing twice.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"
#include "uploader/credentials.h"
#include "uploader/http.h"
#include "uploader/lane.h"
#include "uploader/settings.h"

#define PUSH_MAX_TRIES 5
#define PUSH_MAX_WAIT_NS 60000000000ULL /* for one answer to "later" */
#define PUSH_CANARY_S 30                /* what is taken must be shown within */

struct profile;
struct selection;
struct store;

struct push {
	const struct upload_settings *settings; /* borrowed */
	const char *host;                       /* borrowed */
	struct credentials credentials;
	struct http_peer peer;
	struct target_config config;
	struct http *http;
	int64_t clock_offset_ns; /* what the server's clock is ahead of ours */
	/* What became of it. */
	uint64_t n_windows, n_batches, n_parts, n_samples, n_bytes;
	uint64_t n_refused; /* parts that were not taken */
	uint64_t n_missing; /* windows that could not be read */
	uint64_t n_possible_duplicates;
	uint64_t n_cut_labels;
	char fault[LANE_FAULT_BYTES]; /* the first; "": all was taken */
};

/* PUSH_FAILED: push->fault says why. */
enum push_answer {
	PUSH_FAILED = 1,
	PUSH_UNSEEN,    /* of push_canary(): this kind of store has no API that would show it */
	PUSH_FORBIDDEN, /* likewise: who may push may not read there */
};
_must_check_ int push_init(struct push *p, const struct upload_settings *settings, const char *host);
void push_done(struct push *p);

/*
 * Goes on behind parts that are refused for good, and stops at what would fail for all. PUSH_FAILED: something was not
 * taken.
 */
_must_check_ int push_windows(struct push *p, struct store *store, const struct selection *selection);

/* Takes the profile over. Its id comes from its time and its values: the same file is the same batch. */
_must_check_ int push_profile(struct push *p, struct profile *profile);

/*
 * Pushes a canary (uploader/canary.h), and asks the store for it until it shows it. PUSH_UNSEEN, PUSH_FORBIDDEN: it was
 * taken.
 */
_must_check_ int push_canary(struct push *p);
