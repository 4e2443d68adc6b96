/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline: cores of groups over time, in equal steps that begin at multiples of their length: what a group burned in a
 * step on each host, divided by the time for which that host was recorded in it, summed over hosts. So a step of which
 * a host was recorded for a part alone shows what it burned then. A window that spans several steps is spread evenly
 * over them; where in its minute or hour a merged one was recorded nobody knows any more.
 *
 * First all windows that were recorded are added, which tell of times, then those that have samples. Bounded: where
 * there are more groups than TIMELINE_MAX_CELLS have room for, the smaller half of them is put into the rest, for good.
 * Used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define TIMELINE_MAX_STEPS 400
#define TIMELINE_MAX_CELLS ((size_t)2 << 20) /* a step of a group, 8 bytes; of a host likewise: -ENOSPC beyond */

struct frame_table;
struct grouping;
struct json_object;
struct source_item;
struct stack_filter;
struct timeline;
struct window_info;

/* Of [since, until). Frames and grouping are borrowed. */
_must_check_ int timeline_new(struct frame_table *frames, struct grouping *grouping, int64_t since_ns, int64_t until_ns,
			      size_t max_steps, struct timeline **ret);
struct timeline *timeline_free(struct timeline *t); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct timeline *, timeline_free);

/*
 * For who asks for one step after the other: of what is added next only what is in this step counts. Its time, as far
 * as it was asked for. False: there is no such step.
 */
bool timeline_take_step(struct timeline *t, size_t step, int64_t *ret_since_ns, int64_t *ret_until_ns);

/* All of these first. -ENOSPC: of more hosts than there is room for. */
_must_check_ int timeline_add_recorded(struct timeline *t, const struct window_info *window);

/* TIMELINE_NOT_CPU: nothing was added. -ERANGE: a sum would not fit. */
enum timeline_answer {
	TIMELINE_NOT_CPU = 1, /* its default values are no CPU time in nanoseconds */
};
_must_check_ int timeline_add(struct timeline *t, const struct source_item *item, struct stack_filter *filter);

/*
 * Adds the members that docs/schemas/api-timeline.schema.json tells of: the steps, and the n_groups largest groups.
 * Once, at the end.
 */
_must_check_ int timeline_json_add(struct timeline *t, size_t n_groups, struct json_object *top);

/* Windows that do not tell how long they were, or whose time nobody told of: some of their CPU time is nowhere. */
uint64_t timeline_n_untimed(const struct timeline *t);

/* Groups that are in the rest because they had no room, whatever became of them later. */
size_t timeline_n_dropped(const struct timeline *t);
