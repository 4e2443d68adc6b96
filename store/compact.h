/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compact: raw windows merged into a file a minute, and these into a file an hour, beside what they were made of: finer
 * tiers go when retention says so (store/retention.h).
 *
 * A merged file stands for the sequences first..last of its host, as its name and its comment "merged 1 TIER
 * FIRST-LAST" say. These are neighbours in the host's sequence that began in the same minute or hour of the wall clock,
 * so that no step of the clock makes two files stand for one window; after a step there are two files of the same
 * minute. A file is made when a later window has come, or its time ended some while ago. It is durable before anything
 * that it stands for may go, and until then readers count one of both (store/selection.h): a kill at any point changes
 * no total.
 *
 * In the hour tier stacks below 0.05 % of the file's CPU time are "(other)", for each set of labels; totals are exact.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct store;

struct compact_stats {
	uint64_t n_files;      /* made */
	uint64_t n_merged;     /* files that they were made of */
	uint64_t n_unreadable; /* of those: left out, as they are set aside or have gone */
	uint64_t n_failed;     /* files that could not be made; the next run tries again */
	int last_error;        /* -errno of the last of these */
};

/*
 * since_ns: what began before is not looked at; 0: everything is. Needs STORE_MAINTAIN. What cannot be merged
 * or written is counted, and the rest goes on; -errno: the catalogue cannot be read, or there is no memory.
 */
_must_check_ int compact_run(struct store *s, int64_t since_ns, int64_t now_ns, struct compact_stats *ret);
