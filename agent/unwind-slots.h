/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind slots: the words by which the walker finds the list of a process (bpf/unwind-table.h). The kernel's side
 * clears those of processes that exec, so a slot is looked for each time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bpf/unwind-table.h"

/* Puts it in the place of the process's slot, or into a free one; false: its bucket has none. */
bool unwind_slots_set(struct unwind_bucket *buckets, uint64_t slot);
void unwind_slots_clear(struct unwind_bucket *buckets, uint32_t tgid);
