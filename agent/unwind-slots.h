/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind slots: the words by which the walker finds the list of a process (bpf/unwind-table.h). The kernel's side
 * clears those of processes that exec, so a slot is looked for each time.
 */
#pragma once

#include <stdint.h>

#include "bpf/unwind-table.h"
#include "common/clean.h"

/*
 * Puts it in the place of the process's slot, or into a free one, unless one of its bucket has called exec since
 * news_ns (CLOCK_BOOTTIME), up to which everything is known: then what it leads to may be of before.
 */
enum unwind_slots_answer {
	UNWIND_SLOTS_FULL = 1, /* the bucket has none that is free */
	UNWIND_SLOTS_EXECED,   /* the process has none now */
};
_must_check_ int unwind_slots_set(struct unwind_slots *slots, uint64_t slot, uint64_t news_ns);
void unwind_slots_clear(struct unwind_slots *slots, uint32_t tgid);
