/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collect: all that a source gives, as one profile: the stacks that a filter takes, with their labels; the same stack
 * with the same labels once; the ledgers summed. Profiles with samples/count and cpu/nanoseconds add up
 * (pprof/merge.h); one of other values has to be the only one. Bounded by the limits of pprof/tables.h. Used by one
 * thread.
 */
#pragma once

#include <stdbool.h>

#include "common/clean.h"

struct collect;
struct profile;
struct source;
struct source_item;
struct stack_filter;

enum collect_answer {
	COLLECT_FOREIGN = 1, /* its values are others than those of what is there already, or will not add up */
};

/* The filter is borrowed. */
_must_check_ int collect_new(struct stack_filter *filter, struct collect **ret);
struct collect *collect_free(struct collect *c); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct collect *, collect_free);

/*
 * The item that source has given last; its profile may be taken out of it. COLLECT_FOREIGN: nothing was added. -ENOSPC,
 * -ERANGE: together they pass a limit.
 */
_must_check_ int collect_add(struct collect *c, struct source *source, struct source_item *item);

/* What was added, the caller's to free; once, and only after something was added. */
_must_check_ int collect_take(struct collect *c, struct profile **ret);
