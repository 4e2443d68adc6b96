/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind tables: which binaries' rows the walker has. A table's number is its module's (agent/modules.h). Rows are
 * copied from the index in slices, small binaries first, so that a huge one delays nobody. When memory is short, those
 * make way that were not sampled for longest, and come back when a sample asks for them. One thread; bounded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/unwind-table.h"
#include "common/clean.h"

struct index_unwind;
struct sampler;
struct unwind_memory;
struct unwind_tables;

/* limit_bytes: what the memory holds at most; one table takes at most half of it. */
_must_check_ int unwind_tables_new(struct sampler *sampler, struct unwind_memory *memory, size_t limit_bytes,
				   struct unwind_tables **ret);
struct unwind_tables *unwind_tables_free(struct unwind_tables *t); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct unwind_tables *, unwind_tables_free);

/*
 * Code that somebody may run from now on: its rows are to be loaded; or it has none, and state says what it is.
 * What rows point to stays the caller's, and valid. Times are CLOCK_BOOTTIME. Whatever is known already is kept.
 */
_must_check_ int unwind_tables_add(struct unwind_tables *t, uint32_t module, const struct index_unwind *rows,
				   uint64_t now_ns);
_must_check_ int unwind_tables_add_without_rows(struct unwind_tables *t, uint32_t module,
						enum unwind_table_state state);
bool unwind_tables_has(const struct unwind_tables *t, uint32_t module); /* it was added */

/* Nobody runs the code any more, and its rows are about to go: the number may be another module's next. */
_must_check_ int unwind_tables_remove(struct unwind_tables *t, uint32_t module);

/* A sample met the code; lacked_rows: and ended there because the rows are not loaded. */
void unwind_tables_note_sample(struct unwind_tables *t, uint32_t module, uint64_t time_ns, bool lacked_rows);

/* Copies rows until there are none to copy, for about max_ns at most. */
enum unwind_tables_answer {
	UNWIND_TABLES_MORE = 1, /* there is more to do at once */
	UNWIND_TABLES_WAIT,     /* memory is on its way: unwind_memory_fd() will be readable */
};
_must_check_ int unwind_tables_dispatch(struct unwind_tables *t, uint64_t max_ns);

/* Gives up a table that the walker misses least, whoever asks for its memory. false: none is left. */
_must_check_ int unwind_tables_evict(struct unwind_tables *t, bool *ret);

/* Loads the tables that have memory in this chunk anew, elsewhere. */
_must_check_ int unwind_tables_leave_chunk(struct unwind_tables *t, uint32_t chunk);

struct unwind_tables_stats {
	size_t n_loaded, n_waiting; /* waiting to be copied */
	uint64_t n_rows, n_bytes;   /* of those loaded */
	uint64_t n_evicted;
	uint64_t n_no_room;   /* loads given up because all that is loaded is in use */
	uint64_t n_too_large; /* binaries with more rows than one may have */
};
void unwind_tables_stats(const struct unwind_tables *t, struct unwind_tables_stats *ret);
