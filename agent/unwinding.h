/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwinding: keeps what the walker goes by up to date: the rows of binaries and the mappings of processes. The wiring
 * of memory, tables and process lists, which know nothing of when things happen. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct modules;
struct processes;
struct resolved;
struct sample_rec;
struct sampler;
struct unwinding;

struct unwinding_config {
	struct sampler *sampler;
	struct processes *processes;
	const struct modules *modules;
	size_t limit_bytes; /* of rows and lists */
};

_must_check_ int unwinding_new(const struct unwinding_config *config, struct unwinding **ret);
struct unwinding *unwinding_free(struct unwinding *u); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct unwinding *, unwinding_free);

/* News was taken in, all of what happened up to news_ns (CLOCK_BOOTTIME): publishes what follows from it. */
_must_check_ int unwinding_publish(struct unwinding *u, uint64_t news_ns);

/* Files were opened, or their indexes came. */
void unwinding_note_files(struct unwinding *u);

/* A module that nothing maps any more: its rows are given up. */
_must_check_ int unwinding_forget(struct unwinding *u, uint32_t module);

/* A sample was resolved: what it met is in use, and what it lacked is wanted. */
void unwinding_note_sample(struct unwinding *u, const struct sample_rec *rec, const struct resolved *resolved);

/* Does for a millisecond or two what is left to do. */
_must_check_ int unwinding_dispatch(struct unwinding *u);
int unwinding_fd(const struct unwinding *u);         /* readable means dispatch */
int unwinding_timeout_ms(const struct unwinding *u); /* until there is something to do; -1: never */

/* Nothing that is known waits to be published. */
bool unwinding_is_settled(const struct unwinding *u);

struct unwinding_stats {
	size_t n_tables, n_tables_waiting;
	uint64_t n_rows, row_bytes, n_evicted, n_no_room, n_too_large;
	uint64_t map_bytes, chunk_bytes; /* memory of BPF maps: of all but the chunks, and of these */
};
_must_check_ int unwinding_stats(const struct unwinding *u, struct unwinding_stats *ret);

void unwinding_log_debug(const struct unwinding *u);
