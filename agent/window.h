/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window: the end of a span of sampling: every folded stack gets its names and labels and goes into a profile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/resolve.h"
#include "common/clean.h"
#include "pprof/ledger.h"

struct buf;
struct jit_maps;
struct kernel_code;
struct modules;
struct profile_builder;
struct profile_meta;
struct stack_table;
struct tap_config;
struct workloads;

struct window_sources {
	const struct stack_table *stacks;
	const struct modules *modules;
	const struct jit_maps *jit;
	struct kernel_code *kernel;
	struct workloads *workloads;   /* finds out labels when they are asked for */
	const struct tap_config *only; /* what is added must match it, but for the pid; NULL: all is */
	bool is_sideband_lost;         /* news of the start of processes may have been among what was lost */
};

struct window_counts {
	struct ledger_frames frames;
	uint64_t n_filtered; /* samples that are not added, because rules or filters leave them out */
	uint64_t n_filtered_truncated[TRUNCATION_N]; /* of these */
};

/* What was left out goes from the ledger's samples to its filtered ticks. */
void window_counts_filter(const struct window_counts *counts, bool is_sideband_lost, struct ledger *ret);

/* As the ledger calls it. */
const char *window_truncation_name(enum truncation t, bool is_sideband_lost);

/* Adds the samples to the builder, and what it did to *counts. */
_must_check_ int window_add_samples(const struct window_sources *sources, struct profile_builder *b,
				    struct window_counts *counts);

/*
 * Adds a comment for each file that had samples and could not be read ("unreadable: ..."), or only in part
 * ("incomplete: ..."), or whose debug info could not ("no debug info: ..."), with the reason: at most some dozens of
 * each. That a file has none is no news.
 */
_must_check_ int window_add_unreadable(const struct window_sources *sources, struct profile_builder *b);
