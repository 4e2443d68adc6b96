/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build: makes a profile (profile.proto) from samples. Strings, mappings, functions and locations are interned;
 * the same stack with the same labels is one sample whose values add up. Used by one thread; owns all it keeps.
 *
 * Rules (pprof's proto/profile.proto and profile/profile.go CheckValid): string_table[0] is ""; ids count from 1;
 * sample types are samples/count and cpu/nanoseconds, period_type cpu/nanoseconds, default_sample_type "cpu";
 * inlined frames are lines of one location, innermost first; has_* flags say what is really there.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"
#include "pprof/frame.h"

struct label_values;
struct profile_builder;

struct profile_meta {
	int64_t time_ns; /* CLOCK_REALTIME at the window's start */
	int64_t duration_ns;
	int64_t period_ns;   /* cpu time that one sample stands for */
	const char *doc_url; /* NULL: none */
};

_must_check_ int profile_builder_new(struct profile_builder **ret);
struct profile_builder *profile_builder_free(struct profile_builder *b); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct profile_builder *, profile_builder_free);

/*
 * Adds `count` samples of one stack, innermost frame first, worth cpu_ns together. A frame with inlined set shares
 * its location with the frame behind it; an unnamed one keeps mapping and address. n_frames may be 0.
 * A key has one value, so of labels with equal keys the first counts; a label without a key or with the string ""
 * is none, as readers see it. Strings are cut at 4096 bytes.
 * -ENOSPC: a limit of pprof/tables.h is reached; -ERANGE: a sum beyond the format's int64. The sample is not in the
 * profile then; the builder can go on.
 */
_must_check_ int profile_builder_add(struct profile_builder *b, const struct frame *frames, size_t n_frames,
				     const struct label *labels, size_t n_labels, uint64_t count, uint64_t cpu_ns);

/*
 * The same in steps, for who adds the same frames or labels again and again: frames become the numbers of their
 * locations, which are appended to ret (uint32_t), labels the number of their set. Frames of one location stay
 * together.
 */
_must_check_ int profile_builder_add_frames(struct profile_builder *b, const struct frame *frames, size_t n_frames,
					    struct buf *ret);
_must_check_ int profile_builder_add_labels(struct profile_builder *b, const struct label *labels, size_t n_labels,
					    uint32_t *ret);
_must_check_ int profile_builder_add_sample(struct profile_builder *b, uint32_t label_set, const uint32_t *locations,
					    size_t n_locations, uint64_t count, uint64_t cpu_ns);

/* Comments keep their order, equal ones too. */
_must_check_ int profile_builder_add_comment(struct profile_builder *b, const char *text);

/* The mapping that pprof takes for the program itself: it becomes the first. Without a call: the first one added. */
_must_check_ int profile_builder_set_main(struct profile_builder *b, const struct profile_mapping *m);

/* The labels that were added so far, into an empty one. */
_must_check_ int profile_builder_label_values(const struct profile_builder *b, struct label_values *ret);

/* The sum of the samples/count column so far. */
uint64_t profile_builder_n_samples(const struct profile_builder *b);

/* Appends the serialized, uncompressed Profile message to ret, or nothing. The builder can go on afterwards. */
_must_check_ int profile_builder_encode(struct profile_builder *b, const struct profile_meta *meta, struct buf *ret);
