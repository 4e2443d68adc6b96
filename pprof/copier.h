/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copier: samples of one decoded profile, added to a builder. Locations, mappings, functions and sets of labels are
 * added when the first sample needs them, and known by their numbers from then on. Of the two sample types of
 * cpuhound only: copier_takes().
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"
#include "common/clean.h"
#include "pprof/pool.h"

struct binary_names;
struct profile;
struct profile_builder;
struct profile_label;
struct profile_location;
struct profile_sample;

enum {
	COPIER_COUNT, /* the columns of values */
	COPIER_CPU_NS,
	COPIER_N_COLUMNS,
};

#define COPIER_TRUNCATED "[truncated: target]" /* the root of a stack that was cut */

struct copier {
	struct profile_builder *builder; /* borrowed, as are these two */
	struct binary_names *names;      /* NULL: binaries keep theirs */
	const struct profile *profile;
	/* What the owner may set after copier_init(): */
	size_t max_locations; /* deeper stacks lose those nearest to the root, and get COPIER_TRUNCATED; 0: no limit */
	bool names_frames;    /* a frame without a name gets one: "libz.so.1+0x12" */
	const struct profile_label *without; /* labels with one of these keys are left out */
	size_t n_without;
	uint32_t *locations;       /* numbers plus one, by their place in the profile; 0: not yet */
	struct pool label_sets;    /* as the decoder has them: equal strings of a profile have equal pointers */
	struct buf set_numbers;    /* uint32_t, by the number in label_sets */
	struct buf frames, labels; /* struct frame, struct label: of one location, of one set */
	struct buf name;           /* of a frame without one */
	struct buf stack;          /* uint32_t: of one sample */
};

/* samples/count and cpu/nanoseconds, and no number that a builder cannot write. */
bool copier_takes(const struct profile *p);

/* For a profile that it takes. names: or NULL. */
_must_check_ int copier_init(struct copier *c, struct profile_builder *builder, struct binary_names *names,
			     const struct profile *p); /* copier_done() also after a failure */
void copier_done(struct copier *c);

_must_check_ int copier_add(struct copier *c, const struct profile_sample *s);

/* The values and labels of s, but this one function is all of its stack. */
_must_check_ int copier_add_as(struct copier *c, const struct profile_sample *s, const char *function);
