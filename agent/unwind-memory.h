/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind memory: hands out the chunks' memory (bpf/unwind-table.h) in runs that never cross a chunk. One spare chunk is
 * kept, because a new one takes some 10 ms and nobody waits for it here; chunks that nobody uses go back to the kernel.
 * What is released is only used again when no program that may still look at it runs. One thread; bounded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/unwind-table.h"
#include "common/clean.h"

struct sampler;
struct unwind_memory;

struct unwind_run {
	uint32_t ref; /* as in the walker's tables; 0: no run */
	uint32_t n_units;
};

/* limit_bytes: of all chunks, the spare one included; at least one chunk. */
_must_check_ int unwind_memory_new(struct sampler *sampler, size_t limit_bytes, struct unwind_memory **ret);
struct unwind_memory *unwind_memory_free(struct unwind_memory *m); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct unwind_memory *, unwind_memory_free);

/* At least n_bytes (1 to UNWIND_CHUNK_BYTES - 512) in one piece, as whoever had them before left them. */
enum unwind_memory_answer {
	UNWIND_MEMORY_LATER = 1, /* a chunk is being made: ask again when unwind_memory_fd() is readable, or soon */
	UNWIND_MEMORY_FULL,      /* the limit is reached */
};
_must_check_ int unwind_memory_take(struct unwind_memory *m, size_t n_bytes, struct unwind_run *ret);

/* So much will be taken soon: the chunks that it needs are made at once, and none is called sparse meanwhile. */
void unwind_memory_expect(struct unwind_memory *m, size_t n_bytes);

void *unwind_memory_at(const struct unwind_memory *m, uint32_t ref);

/* The walker's tables do not lead to the run any more, though programs that began earlier may still read it. */
_must_check_ int unwind_memory_release(struct unwind_memory *m, struct unwind_run run);

/*
 * More than a chunk's worth lies free in chunks that are in use: who has runs in the one told here should take others
 * instead, so that it can go. Nothing new is put there meanwhile. false: all is well, or the last time was in vain,
 * less than a minute ago.
 */
bool unwind_memory_find_sparse(struct unwind_memory *m, uint32_t *ret);
static inline uint32_t unwind_run_chunk(struct unwind_run run)
{
	return run.ref / UNWIND_CHUNK_WORDS;
}

int unwind_memory_fd(const struct unwind_memory *m);
bool unwind_memory_is_coming(const struct unwind_memory *m); /* within a millisecond: no descriptor tells of that */
void unwind_memory_dispatch(struct unwind_memory *m);        /* when the descriptor is readable, and now and then */

struct unwind_memory_stats {
	size_t n_runs;             /* in use */
	uint64_t used_bytes;       /* by them */
	uint64_t quarantine_bytes; /* released, not usable yet */
	uint64_t free_bytes;       /* in all chunks */
	uint64_t chunk_bytes;
	uint64_t n_barriers; /* programs were waited for out of turn */
};
void unwind_memory_stats(const struct unwind_memory *m, struct unwind_memory_stats *ret);
