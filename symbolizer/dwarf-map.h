/* SPDX-License-Identifier: Apache-2.0 */
/* dwarf map: 64-bit keys other than 0, to 64-bit values. 16 bytes an entry; a uthash entry would take 64 and a malloc.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct dwarf_map_slot {
	uint64_t key, value; /* key 0: free */
};

struct dwarf_map {
	struct dwarf_map_slot *slots;
	size_t n_slots, n; /* n_slots is a power of two, or 0 */
};

void dwarf_map_done(struct dwarf_map *m);
void dwarf_map_clear(struct dwarf_map *m); /* keeps the memory */
bool dwarf_map_find(const struct dwarf_map *m, uint64_t key, uint64_t *ret);
_must_check_ int dwarf_map_add(struct dwarf_map *m, uint64_t key, uint64_t value); /* or changes it */
