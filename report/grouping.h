/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grouping: what samples are put together by, and the groups that come of it, each known by its number. Keys are labels
 * (of a sample) and function, library, file, category (of a frame): a sample is of one group by its innermost frame,
 * and goes through those of all its frames.
 *
 * The category of a frame is that of the innermost frame at or above it (towards the root) which a rule matches: what
 * memmove() does for inflate() is not compression, but what an unknown helper of inflate() does is.
 *
 * Bounded: what is of one group more than the limit is of GROUP_BEYOND, and counted. Used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "report/group-keys.h"

#define GROUPING_MAX_GROUPS ((size_t)1 << 17)
#define GROUPING_MAX_VALUE_BYTES ((size_t)32 << 20) /* of the values of labels, all together */
#define GROUP_BEYOND 0

struct categories;
struct frame_table;
struct profile;
struct stack;

struct grouping;

/* by: "service,version". The table and the categories are borrowed; categories may be NULL where no key is one. */
enum grouping_answer {
	GROUPING_BAD = 1, /* not such keys */
};
_must_check_ int grouping_new(const char *by, struct frame_table *frames, const struct categories *categories,
			      struct grouping **ret);
struct grouping *grouping_free(struct grouping *g); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct grouping *, grouping_free);

const struct group_key *grouping_keys(const struct grouping *g, size_t *ret_n);
bool grouping_has(const struct grouping *g, enum group_kind kind);
bool grouping_is_of_frames(const struct grouping *g); /* some key is */

/* What is known of a frame, once for all stacks. */
struct group_frame {
	uint32_t function; /* number of its function: name and library */
	uint32_t place;    /* of all keys that are of frames, but the category */
	uint8_t category;
	uint8_t is_known, is_code, is_named, is_kernel;
	uint8_t is_folded; /* what compaction folded away */
};

/* host: of samples that do not have that label; "": none. The stacks that follow are of one profile. */
void grouping_begin_profile(struct grouping *g, const char *host);

/* Borrowed until the next call. */
_must_check_ int grouping_frame(struct grouping *g, uint32_t frame, const struct group_frame **ret);

/*
 * The groups of a stack: that of its innermost frame, and from each frame the one that it goes through there, innermost
 * first, as many as frames; the same may be there more than once, and GROUP_NONE stands where there is none. Without
 * keys of frames it is one. Borrowed until the next call.
 */
#define GROUP_NONE UINT32_MAX
_must_check_ int grouping_of_stack(struct grouping *g, const struct stack *s, const uint32_t **ret, size_t *ret_n);

size_t grouping_n(const struct grouping *g);          /* with GROUP_BEYOND */
uint64_t grouping_n_beyond(const struct grouping *g); /* stacks that had no room */

/* What a group is, by one key: its value, "" where there is none; of a function its library, of a library its build id
 * as *ret_more, else "". */
const char *grouping_value(const struct grouping *g, uint32_t group, size_t key, const char **ret_more);

/* The name of a function, and its library. */
const char *grouping_function(const struct grouping *g, uint32_t function, const char **ret_library);
