/* SPDX-License-Identifier: Apache-2.0 */
/*
 * losses: what was removed from a store although nothing else stands for it, or a target still wanted it: losses.json,
 * which only grows. Exact across kills: the counts and the names of the files that are about to go are written
 * together, durably, before the first one goes; who comes next removes the rest without counting again.
 *
 * Also on a full disk: beside it lies losses.json.spare, whose blocks are there already. What is written goes into that
 * one, in place; then the two change names. So both end in white space, up to LOSSES_FILE_BYTES.
 *
 * Whoever reads or removes takes turns by a lock (flock) on the store's directory for the time of a call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"
#include "store/name.h"
#include "store/passed.h"

#define LOSSES_NAME "losses.json"
#define LOSSES_FILE_BYTES 16384 /* at least: the counts of all targets, and names of files beside them */
#define LOSSES_MAX_TARGETS 64   /* also those that are not configured any more; further ones are "others" */
#define LOSSES_MAX_GOING 128    /* files at a time */

enum loss_reason {
	LOSS_AGE,   /* older than what is kept */
	LOSS_LIMIT, /* the store's limit in bytes */
	LOSS_DISK,  /* the disk was full */
	LOSS_N_REASONS,
};
const char *loss_reason_name(enum loss_reason r); /* "age", "limit", "disk_full": static */

struct loss_count {
	uint64_t n_windows, n_samples;
};

struct losses {
	struct loss_count lost[LOSS_N_REASONS]; /* nothing in the store stands for them */
	struct {
		char name[PASSED_NAME_BYTES];
		struct loss_count unsent; /* raw windows that went before this target had passed them */
	} targets[LOSSES_MAX_TARGETS];
	size_t n_targets;
	struct window_path going[LOSSES_MAX_GOING];
	size_t n_going;
};

enum losses_answer {
	LOSSES_NEWER = 1, /* a newer version wrote the file: it is left alone, and nothing may be removed */
	LOSSES_DAMAGED,   /* counts begin anew; the file lies beside as losses.json.bad when it is written next */
};

/* All are 0 where there is no file. LOSSES_NEWER, LOSSES_DAMAGED: *ret is zeroed. */
_must_check_ int losses_read(int store_fd, struct losses *ret);

/* The file as it is; -ENOENT, or -EFBIG where it cannot be ours. */
_must_check_ int losses_read_text(int store_fd, struct buf *ret);

/* Pure. */
_must_check_ int losses_parse(const char *text, size_t size, struct losses *ret);

/* Sums that do not fit stick at the largest number. losses_add() leaves going as it is. */
void loss_count_add(struct loss_count *sum, const struct loss_count *more);
void losses_add_unsent(struct losses *l, const char *target, const struct loss_count *more);
void losses_add(struct losses *sum, const struct losses *more);

/*
 * Adds the counts of `more` to those on disk; more->going is what goes now. Durable when this returns: then the caller
 * removes those files. Removes what an earlier call announced and did not get to. LOSSES_NEWER: nothing was changed.
 */
_must_check_ int losses_announce(int store_fd, const struct losses *more);

/* Makes the room that a full disk has not: after this losses_announce() needs no more. One that is not ours stays. */
_must_check_ int losses_reserve(int store_fd);

/* Removes what was announced by somebody who was killed. */
_must_check_ int losses_recover(int store_fd);
