/* SPDX-License-Identifier: Apache-2.0 */
/*
 * part: some samples of a decoded profile, as a central store takes them in one piece: those of one series, below the
 * store's limits. Borrowed from the profile, which is one of ours (pprof/copier.h); made by pprof/split.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/clean.h"
#include "pprof/profile.h"

struct profile_part {
	const struct profile *profile;
	const struct profile_sample *const *samples;
	size_t n_samples;
	/* What all its samples have in common: the labels that the profile was split by, in byte order of their keys.
	 * Samples without such a label are a series of their own, which does not have it. */
	const struct profile_label *series;
	size_t n_series;
	unsigned int index; /* 0, 1, ... among the parts of one series */
	unsigned int
		number; /* 0, 1, ... among all parts of the profile: with the batch's id it names the part for ever */
};

struct profile_part_options {
	bool drops_series_labels; /* they are told beside the profile */
	bool names_frames;        /* a frame without a name gets one, of its file and address: "libz.so.1+0x12" */
	/* Of locations, as stores count: deeper stacks lose those nearest to the root and get "[truncated: target]"
	 * there; 0: no limit. */
	size_t max_frames;
	int64_t shift_ns; /* added to the profile's time */
};

/*
 * Appends the uncompressed pprof of a part to ret: with the profile's time, duration, period and comments, and only the
 * strings, functions, locations and mappings that its samples need. Ids count from 1, all strings are valid UTF-8.
 * Fails as the builder does (pprof/build.h).
 */
_must_check_ int profile_part_encode(const struct profile_part *part, const struct profile_part_options *options,
				     struct buf *ret);
