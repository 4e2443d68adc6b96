/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack reader: the samples of a decoded profile, of whatever tool, as stacks of frame numbers. Each location is looked
 * up in the frame table once, when the first sample needs it. Lines that are inlined are frames of their own.
 *
 * To look up names, which are as many as a profile has functions, is most of what adding up by labels costs, and it
 * needs none but those of innermost frames: stack_reader_init_innermost().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"

struct frame_table;
struct profile;
struct profile_label;

/* One sample, or the sum of some with the same stack and labels. From SQL as well (report/engine-*). */
struct stack {
	const uint32_t *frames; /* innermost first; never none: a sample without frames has FRAME_NO_STACK */
	const bool *is_inlined; /* by frame: its code stands in that of the next one; NULL: of none is that known */
	size_t n_frames;
	int64_t n_samples; /* negative in what was subtracted */
	int64_t value;     /* what the profile measures by default; of ours CPU time in ns */
	const struct profile_label *labels;
	size_t n_labels;
};

/* The value of a string label; "" where it is not there, or a number. */
const char *stack_label(const struct stack *s, const char *key);

struct stack_reader_function;
struct stack_reader_location;

struct stack_reader {
	struct frame_table *table; /* borrowed, as is the profile */
	const struct profile *profile;
	size_t samples_type, value_type; /* columns */
	uint32_t no_stack;               /* number of FRAME_NO_STACK */
	bool skips_frames;
	uint32_t *frames; /* numbers, of all locations; where frames are skipped one for each, its innermost */
	struct stack_reader_location *locations;
	struct stack_reader_function *functions;
	uint32_t *binaries; /* of the mappings, by their place; behind them those of code without one */
	struct buf name, stack, inlined;
};

_must_check_ int stack_reader_init(struct stack_reader *r, struct frame_table *table,
				   const struct profile *p); /* stack_reader_done() also after a failure */
void stack_reader_done(struct stack_reader *r);

/* The same, but of each stack there is the innermost frame alone. */
_must_check_ int stack_reader_init_innermost(struct stack_reader *r, struct frame_table *table,
					     const struct profile *p);

/* The profile's sample of this number, borrowed until the next call. */
_must_check_ int stack_reader_read(struct stack_reader *r, size_t sample, struct stack *ret);
