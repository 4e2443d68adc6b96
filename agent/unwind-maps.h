/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind maps: what the walker goes by (bpf/unwind-table.h), in memory that is shared with the kernel. The program
 * writes there too: when a process execs, and zeroes into its slot. Owned by the sampler.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bpf/unwind-table.h"
#include "common/clean.h"

struct unwind_maps {
	int chunks_fd;               /* the array of chunks; borrowed */
	struct unwind_table *tables; /* UNWIND_MAX_TABLES */
	struct unwind_slots *slots;
};

/* From the descriptors of the three maps. Half-initialised is fine for unwind_maps_done(). */
_must_check_ int unwind_maps_init(struct unwind_maps *maps, int chunks_fd, int tables_fd, int processes_fd);
void unwind_maps_done(struct unwind_maps *maps);

/* A chunk that the program does not see yet, all zeroes; the caller's are its mapping and its descriptor. */
_must_check_ int unwind_maps_make_chunk(int *ret_fd, struct unwind_chunk **ret);

/*
 * Shows chunks to the program under these numbers, or takes one away from it. Both wait for the kernel (some 10 ms,
 * however many there are) and may run in any thread. *ret_n of n are shown, the first ones; -errno: none. They are
 * before the wait: unwind_maps_shows() tells. Whatever the answer, a removed chunk is not the caller's any more.
 */
_must_check_ int unwind_maps_show_chunks(const struct unwind_maps *maps, const uint32_t *numbers, const int *fds,
					 uint32_t n, uint32_t *ret_n);
bool unwind_maps_shows(const struct unwind_maps *maps, uint32_t number);
_must_check_ int unwind_maps_remove_chunk(const struct unwind_maps *maps, uint32_t number, struct unwind_chunk *chunk);

/* Memory of a map as the kernel accounts for it. */
_must_check_ int unwind_maps_bytes(int map_fd, uint64_t *ret);
