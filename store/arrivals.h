/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arrivals: which parts of which batches a hub has taken from other hosts: arrivals.db in its store (SQLite).
 *
 * A part is announced, durably, with the sequence that its window will have; then the window is written. Whether that
 * was done the store tells: a sequence below its next one was used. So whoever is killed, at whatever point, leaves no
 * part that can be taken twice, and none that was called taken and is not there. The one writer of the store owns it;
 * one thread.
 *
 * Bounded: what began before the horizon is forgotten, and must not be taken any more, for nobody knows whether it was.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"

#define ARRIVALS_NAME "arrivals.db"
#define ARRIVALS_VERSION 1
#define ARRIVALS_MAX UINT64_C(1000000) /* rows: a week of ten hosts, twice, in 150 MB at most */

struct arrivals;

struct arrival {
	const char *host, *batch;
	uint32_t part;
	int64_t time_ns; /* CLOCK_REALTIME, of the window's start */
};

enum arrivals_answer {
	ARRIVALS_NEWER = 1, /* a newer cpuhound's: it is left alone */
	ARRIVALS_TAKEN,
	ARRIVALS_OTHER_PART, /* not this one, but another part of its batch was taken */
};

/*
 * dir_fd is borrowed. ARRIVALS_NEWER. A damaged file is set aside as arrivals.db.old and begun anew: *ret_is_anew, and
 * a part whose answer was lost before may be taken twice.
 */
_must_check_ int arrivals_open(int dir_fd, struct arrivals **ret, bool *ret_is_anew);
struct arrivals *arrivals_free(struct arrivals *a); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct arrivals *, arrivals_free);

/* next_sequence: store_next_sequence(). 0: no part of this batch was taken. */
_must_check_ int arrivals_find(struct arrivals *a, const struct arrival *arrival, uint64_t next_sequence);

/* Durable when this returns. Takes the place of what was announced for this sequence, or this part, and not written. */
_must_check_ int arrivals_announce(struct arrivals *a, const struct arrival *arrival, uint64_t sequence);

/* CLOCK_REALTIME: what began before must not be taken. Never lowered. */
int64_t arrivals_horizon_ns(const struct arrivals *a);

/* Moves the horizon to this time, and beyond where there are more than max_rows. */
_must_check_ int arrivals_forget(struct arrivals *a, int64_t before_ns, uint64_t max_rows);
