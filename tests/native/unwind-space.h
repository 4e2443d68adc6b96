/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind space: the memory that a walker goes by, filled by a test: the kernel's maps, or plain memory for the native
 * walker. It only ever grows.
 */
#pragma once

#include "bpf/unwind-table.h"
#include "symbolizer/index.h"

#define UNWIND_SPACE_CHUNKS 16

struct unwind_space {
	struct unwind_chunk *chunks[UNWIND_SPACE_CHUNKS];
	struct unwind_table *tables; /* UNWIND_MAX_TABLES */
	struct unwind_slots *slots;
	size_t n_chunks, n_words; /* words in use, of all chunks */
	size_t n_tables;          /* UNWIND_TABLE_UNKNOWN is one */
};

/* Plain memory; each chunk is an object of its own, so that a sanitizer sees its end. */
_must_check_ int unwind_space_init(struct unwind_space *s, size_t n_chunks);
void unwind_space_done(struct unwind_space *s);

/* The number of the new table; -ENOSPC: it is full. */
_must_check_ int unwind_space_add_table(struct unwind_space *s, const struct index_unwind *table);
_must_check_ int unwind_space_add_state(struct unwind_space *s, enum unwind_table_state state);

/* Gives a process these extents, in place of what it had. */
_must_check_ int unwind_space_set_process(struct unwind_space *s, uint32_t tgid, uint64_t news_ns,
					  const struct unwind_extent *extents, size_t n);
