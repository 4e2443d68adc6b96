/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind processes: publishes for each process the list of what it maps executable. A published list is never changed:
 * a new one takes its place by one store to the process's slot, and the old one's memory is released. Processes that
 * share their mappings (forked children) share the list. One thread; bounded.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct modules;
struct processes;
struct sampler;
struct unwind_memory;
struct unwind_processes;
struct unwind_tables;

/* What the lists are made from and of; all of it is borrowed. */
struct unwind_processes_config {
	struct sampler *sampler;
	struct unwind_memory *memory;
	struct unwind_tables *tables;
	struct processes *processes;
	const struct modules *modules;
};

_must_check_ int unwind_processes_new(const struct unwind_processes_config *config, struct unwind_processes **ret);
struct unwind_processes *unwind_processes_free(struct unwind_processes *u); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct unwind_processes *, unwind_processes_free);

/*
 * Publishes what has changed since the last call. news_ns (CLOCK_BOOTTIME): all that was mapped up to then is known.
 * UNWIND_PROCESSES_WAIT: memory is on its way, call again when unwind_memory_fd() is readable.
 */
enum unwind_processes_answer {
	UNWIND_PROCESSES_WAIT = 1,
};
_must_check_ int unwind_processes_publish(struct unwind_processes *u, uint64_t news_ns);

/* Files were opened, or their indexes came: looks again at the lists that have extents of unknown binaries. */
_must_check_ int unwind_processes_refresh(struct unwind_processes *u, uint64_t news_ns);

/* Publishes the lists that lie in this chunk anew, elsewhere. */
_must_check_ int unwind_processes_leave_chunk(struct unwind_processes *u, uint32_t chunk);

#define UNWIND_N_DELAYS 256
#define UNWIND_DELAY_UNIT_US 250

struct unwind_processes_stats {
	size_t n_processes, n_lists;
	uint64_t n_published;   /* lists ever */
	uint64_t n_bucket_full; /* processes without a list because others of their bucket have one */
	uint64_t n_too_many;    /* because they map too much */
	uint64_t n_no_memory;
	/* From the last mapping of a process to the list with it: how many took i delay units; the last: or more. */
	uint64_t delays[UNWIND_N_DELAYS];
};
void unwind_processes_stats(const struct unwind_processes *u, struct unwind_processes_stats *ret);
