// SPDX-License-Identifier: Apache-2.0
#include "agent/unwind-slots.h"

#include <stddef.h>

/* The slot of the tgid; else a free one of its bucket; else NULL. */
static __u64 *find(struct unwind_slots *slots, uint32_t tgid)
{
	struct unwind_bucket *bucket = &slots->buckets[tgid % UNWIND_N_BUCKETS];
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

/* The program tells the time before it clears, we set before we look at the time: one of both sees the other. */
int unwind_slots_set(struct unwind_slots *slots, uint64_t slot, uint64_t news_ns)
{
	uint32_t tgid = UNWIND_SLOT_TGID(slot);
	__u64 *at = find(slots, tgid);

	if (!at)
		return UNWIND_SLOTS_FULL;
	__atomic_store_n(at, slot, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&slots->exec_ns[tgid % UNWIND_N_BUCKETS], __ATOMIC_SEQ_CST) <= news_ns)
		return 0;
	unwind_slots_clear(slots, tgid);
	return UNWIND_SLOTS_EXECED;
}

void unwind_slots_clear(struct unwind_slots *slots, uint32_t tgid)
{
	__u64 *at = find(slots, tgid);

	if (at)
		__atomic_store_n(at, 0, __ATOMIC_RELEASE);
}
