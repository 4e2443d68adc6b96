/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slots: the part that tables of hashed things have in common: open addressing, at least half of it free. The hash
 * stands beside the number: other things, which are in no cache, are passed over without a look at them. Who owns the
 * table looks for a slot himself, from hash & (n - 1) on, since he knows what is equal.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct slot {
	uint32_t hash;
	uint32_t number; /* the owner's; 0: free */
};

struct slots {
	struct slot *all;
	size_t n; /* 0 or a power of two */
};

/* Room for one more than n_used; n_min at first, a power of two. Slots move. */
_must_check_ int slots_reserve(struct slots *s, size_t n_used, size_t n_min);
void slots_done(struct slots *s);
