/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lane: one target at work: its queue on disk, the batch in memory, at most one request on its way, and what its policy
 * says. Lanes share nothing but the store, the sockets and the clock: a slow one delays no other.
 *
 * What is on disk before a request goes out says that it goes out, and what is there afterwards what became of it: so a
 * lane that is killed anywhere knows at its next start which part may have been taken.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"
#include "uploader/credentials.h"
#include "uploader/delivery.h"
#include "uploader/http.h"
#include "uploader/policy.h"
#include "uploader/queue.h"
#include "uploader/settings.h"
#include "uploader/source.h"

#define LANE_FAULT_BYTES 256

struct upload_clock {
	int64_t realtime_ns;   /* CLOCK_REALTIME: of windows, ages and signatures */
	uint64_t monotonic_ns; /* CLOCK_MONOTONIC: of waiting */
};

/* What lanes share. */
struct lane_world {
	struct http *http;
	struct source *source;
	int targets_fd, bad_fd;
	const char *host;
	bool is_ending; /* no part is begun any more */
};

enum lane_state {
	LANE_IDLE,    /* all that there is was sent, or is not due */
	LANE_SENDING, /* a request is on its way */
	LANE_WAITING, /* for the next try */
	LANE_HOLDING, /* until the configuration or a secret changes; tried now and then */
	LANE_OFF,     /* its file is of a later version */
};

struct lane {
	const struct lane_world *world;
	const struct upload_settings *settings; /* borrowed */
	struct credentials credentials;
	struct http_peer peer;
	struct target_config config; /* with its secrets */
	struct queue queue;
	struct policy policy;
	struct delivery delivery;
	struct upload_request request;
	struct http_transfer *transfer; /* NULL: none */
	bool is_off;
	bool has_credentials;         /* the files that are named could be read once */
	bool is_dirty;                /* the queue in memory is not the one on disk */
	uint64_t backfill_ns;         /* CLOCK_MONOTONIC: the next batch of the past not before */
	bool has_backlog;             /* there is one, and it waits for that time */
	uint64_t credentials_ns;      /* the next look at the files */
	unsigned int n_limited;       /* 429 in a row */
	int64_t clock_offset_ns;      /* what the server's clock is ahead of ours */
	int64_t last_success_ns;      /* CLOCK_REALTIME; 0: never */
	char fault[LANE_FAULT_BYTES]; /* the last; "": none since the last success */
};

/* LANE_NOT_READ: the queue's file begins anew, or is left alone: lane->fault says which. The lane can be used. */
enum lane_answer {
	LANE_NOT_READ = 1,
};
_must_check_ int lane_init(struct lane *l, const struct lane_world *world, const struct upload_settings *settings,
			   const struct upload_clock *now);
void lane_done(struct lane *l);

/* Goes as far as it can without waiting. Only want of memory fails. */
_must_check_ int lane_step(struct lane *l, const struct upload_clock *now);

/* When it wants to be stepped without anything else having happened; CLOCK_MONOTONIC; UINT64_MAX: not. */
uint64_t lane_wake_ns(const struct lane *l);

/* Windows of the source before this sequence are gone. Called before the source forgets them. Fails as lane_step(). */
_must_check_ int lane_note_gone(struct lane *l, uint64_t oldest, const struct upload_clock *now);

/* A part is on its way: with is_ending, what is waited for. */
bool lane_is_busy(const struct lane *l);

enum lane_state lane_state(const struct lane *l);
