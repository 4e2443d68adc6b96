/* SPDX-License-Identifier: Apache-2.0 */
/*
 * split: a decoded profile cut into the parts that a central store takes: by series, then to the store's limits. The
 * same profile and limits give the same parts in the same order with the same numbers, so that a number on disk still
 * names its part after a restart. No sample is lost or in two parts. Used by one thread; the profile must outlive it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/clean.h"
#include "pprof/part.h"

/* 0: no limit. */
struct profile_split_limits {
	size_t max_bytes; /* of a part's uncompressed pprof; a part of a single sample may be larger */
	size_t max_samples;
	size_t max_frames; /* as profile_part_options has it: how large a part is depends on it */
	/* The labels that make a series, NULL-terminated; NULL: all samples are one series. A first "*" is all labels
	 * with a string, but those behind it. */
	const char *const *series_keys;
	/* A profile without samples is one part all the same: for a store that counts the time of idle hosts. */
	bool keeps_empty;
};

struct profile_split {
	struct profile_part *parts; /* parts[i].number is i. Moves with profile_split_halve() */
	size_t n_parts;
	struct profile_split_memory *memory; /* what the parts point to */
};

enum profile_split_answer {
	PROFILE_SPLIT_SINGLE = 1, /* one sample cannot be halved */
};

/*
 * Parts are in the order of their series (bytes of keys and values), samples within in that of the profile. A profile
 * without samples has no parts, but see keeps_empty. -EINVAL: no profile of ours (copier_takes()); -ENOSPC: more series
 * than pprof/tables.h allows; else as profile_part_encode().
 */
_must_check_ int profile_split_init(const struct profile *p, const struct profile_split_limits *limits,
				    struct profile_split *ret);
void profile_split_done(struct profile_split *s); /* also of one that is all zero */

/*
 * For a part that was too large after all: the first half of its samples keeps its number and index, the second half
 * becomes a new last part, with the next index of its series. The same calls in the same order give the same parts.
 */
_must_check_ int profile_split_halve(struct profile_split *s, size_t number);
