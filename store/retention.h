/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retention: what makes way, and when. What costs least goes first, the oldest of it first:
 *
 *   1. what a coarser tier stands for, if every enabled target has passed it: nothing is lost;
 *   2. raw windows that a coarser tier stands for, and a target still wants: unsent;
 *   3. what nothing else stands for: lost, and unsent likewise.
 *
 * By age, 1 goes after what its tier is kept for, 2 after what minutes are kept for, and 3 after what hours are: so a
 * tier that could not be made costs nothing but space. By bytes (st_blocks, of all tiers and bad/), 1, 2 and 3 go until
 * enough is free for what is written until the next run. Below the least free disk only 1 goes: what fills the disk is
 * not us, and history is worth more than the room it takes (store_write() refuses then, see store/store.h).
 *
 * What is lost or unsent is counted before it goes: store/losses.h.
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"
#include "store/losses.h"
#include "store/window.h"

struct store;

struct retention_limits {
	int64_t age_ns[WINDOW_N_TIERS];
	uint64_t limit_bytes;
	unsigned int min_free_percent; /* of the file system */
};

struct retention_stats {
	uint64_t n_removed, n_removed_bytes; /* files, for whatever reason */
	struct losses lost;                  /* of this run; going is of no meaning */
};

/* Needs STORE_MAINTAIN. RETENTION_HELD: losses.json is of a newer version, so nothing can be counted: nothing went. */
enum retention_answer {
	RETENTION_HELD = 1,
};
_must_check_ int retention_run(struct store *s, const struct retention_limits *limits, int64_t now_ns,
			       struct retention_stats *ret);
