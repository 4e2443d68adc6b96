/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup: a copy of all that a store must not lose, in another directory, which is a store itself: windows of all
 * tiers, how far targets are, what was lost, and the mark of sequences. Not the catalogue, which is made anew, nor
 * damaged files. Each file is decoded before it is copied, and durable afterwards.
 *
 * The agent may go on writing: what it adds meanwhile is in the copy or not. Nothing is removed meanwhile (store.lock).
 * Targets come first, windows last, so that a restored target wants rather too much than too little.
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"

struct store;

struct backup_stats {
	uint64_t n_files, n_bytes; /* that were copied */
	uint64_t n_bad;            /* that were not: they are damaged */
};

enum backup_answer {
	BACKUP_NOT_EMPTY = 1, /* there are windows in the other directory, or anything else */
	BACKUP_NONE,          /* the other directory holds no store */
	BACKUP_IN_USE,        /* an agent runs in the directory that is restored */
};

/* s: open to maintain. to_fd: an empty directory. BACKUP_NOT_EMPTY. */
_must_check_ int backup_make(struct store *s, int to_fd, struct backup_stats *ret);

/* s: open to write, without windows. BACKUP_NOT_EMPTY, BACKUP_NONE, BACKUP_IN_USE. */
_must_check_ int backup_restore(struct store *s, int from_fd, struct backup_stats *ret);
