/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine frames: frames as servers keep them, which forget addresses: a name and what it is in. What has no name was
 * given one before it was sent ("libz.so.1+0x12", pprof/profile.h): here it becomes a frame without a name again.
 * Each frame is kept once, and known by its number. Used by one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/intern.h"
#include "pprof/frame.h"
#include "pprof/pool.h"

#define ENGINE_FRAMES_MAX ((size_t)1 << 20)
#define ENGINE_FRAMES_MAX_BYTES ((size_t)96 << 20) /* of names */

struct engine_frames {
	struct intern *strings;
	struct pool pairs;                /* the two strings: the number is the frame's */
	struct pool libraries;            /* a string: the number is the mapping's */
	struct profile_mapping *mappings; /* by number of the library */
	size_t n_mappings;
};

_must_check_ int engine_frames_init(struct engine_frames *f); /* engine_frames_done() also after a failure */
void engine_frames_done(struct engine_frames *f);

/* library: "": not known. -ENOSPC: there are more than the limits allow. */
_must_check_ int engine_frames_add(struct engine_frames *f, const char *name, size_t name_size, const char *library,
				   size_t library_size, uint32_t *ret);

/* The frame of this number, for pprof/build.h. It borrows from f, until the next is added. */
struct frame engine_frames_get(const struct engine_frames *f, uint32_t number);

/* Whether a name is but a place, "MODULE+0x12" or, without a module, "0x12"; and which. */
bool engine_frame_is_place(const char *name, const char *module, uint64_t *ret_addr);
