// SPDX-License-Identifier: Apache-2.0
#include "agent/unwind-slots.h"

#include <stddef.h>

/* The slot of the tgid; else a free one of its bucket; else NULL. */
static __u64 *find(struct unwind_bucket *buckets, uint32_t tgid)
{
	struct unwind_bucket *bucket = &buckets[tgid % UNWIND_N_BUCKETS];
	__u64 *free_slot = NULL;

	for (size_t i = 0; i < UNWIND_BUCKET_SLOTS; i++) {
		__u64 *at = &bucket->slots[i], slot = __atomic_load_n(at, __ATOMIC_RELAXED);

		if (slot && UNWIND_SLOT_TGID(slot) == tgid)
			return at;
		if (!slot && !free_slot)
			free_slot = at;
	}
	return free_slot;
}

bool unwind_slots_set(struct unwind_bucket *buckets, uint64_t slot)
{
	__u64 *at = find(buckets, UNWIND_SLOT_TGID(slot));

	if (!at)
		return false;
	__atomic_store_n(at, slot, __ATOMIC_RELEASE);
	return true;
}

void unwind_slots_clear(struct unwind_bucket *buckets, uint32_t tgid)
{
	__u64 *at = find(buckets, tgid);

	if (at)
		__atomic_store_n(at, 0, __ATOMIC_RELEASE);
}
