/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame names: what one frame of a window's stacks is in its profile: the functions there, the innermost first, each
 * with file and line, and the mapping that they lie in; or a marker that is no code. Valid until the next one. One
 * thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/stack-table.h"
#include "common/clean.h"
#include "pprof/build.h"
#include "symbolizer/binary.h"

struct window_sources;

#define FRAME_NAMES_MAX 64 /* functions at one address */

/* A module as this profile tells it. */
struct named_module {
	const struct binary *binary; /* NULL: no names */
	char build_id[BUILD_ID_HEX_SIZE];
	const char *reason;       /* why there is no index */
	const char *debug_reason; /* why there are no lines; NULL: there are, or they exist nowhere */
	bool has_samples;
};

/* Frames of the profile: inlined calls have their own. */
struct frame_kinds {
	uint8_t n_named, n_module_only, n_unreadable;
};

struct frame_names {
	const struct window_sources *sources;
	struct named_module *modules; /* by number */

	/* The frame at hand: what it is in the profile, the mapping that it points to, and that one's name. */
	struct frame frames[FRAME_NAMES_MAX];
	size_t n_frames;
	struct frame_kinds kinds;
	struct profile_mapping mapping;
	char bracketed[80];
};

/* sources: borrowed. Half-initialised is fine for frame_names_done(). */
_must_check_ int frame_names_init(struct frame_names *n, const struct window_sources *sources);
void frame_names_done(struct frame_names *n);

void frame_names_find(struct frame_names *n, const struct stack_frame *f);
