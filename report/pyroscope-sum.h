/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pyroscope sum: the profiles that Pyroscope answers, which are foreign, on their way into the profile of a host: each
 * has the samples of one set of labels, without them, and either CPU time or counts. Used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"

struct engine_host;
struct profile;
struct profile_builder;

struct pyroscope_sum {
	struct profile_builder *builder; /* borrowed, as is host: its sums grow */
	struct engine_host *host;
	uint32_t labels;              /* the builder's number of their set */
	bool is_cpu;                  /* the values are CPU time in ns; else they count samples */
	struct buf frames, locations; /* of one stack: struct frame, uint32_t */
};
void pyroscope_sum_done(struct pyroscope_sum *s);

/* -EBADMSG: a value below 0; -ENOSPC, -ERANGE: it does not fit. */
_must_check_ int pyroscope_sum_add(struct pyroscope_sum *sum, const struct profile *profile);
