/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window: the end of a span of sampling: every folded stack gets its names and labels and goes into a profile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct buf;
struct cgroups;
struct jit_maps;
struct kernel_code;
struct ledger_frames;
struct modules;
struct profile_builder;
struct profile_meta;
struct stack_table;
struct tap_config;

struct window_sources {
	const struct stack_table *stacks;
	const struct modules *modules;
	const struct jit_maps *jit;
	struct kernel_code *kernel;
	const struct cgroups *cgroups;
	const char *host;
	const struct tap_config *only; /* what is added must match it, but for the pid; NULL: all is */
	bool is_sideband_lost;         /* news of the start of processes may have been among what was lost */
};

/* Adds the samples to the builder, and their frames to *frames. */
_must_check_ int window_add_samples(const struct window_sources *sources, struct profile_builder *b,
				    struct ledger_frames *frames);

/*
 * Adds a comment for each file that had samples and could not be read ("unreadable: ..."), or only in part
 * ("incomplete: ..."), or whose debug info could not ("no debug info: ..."), with the reason: at most some dozens of
 * each. That a file has none is no news.
 */
_must_check_ int window_add_unreadable(const struct window_sources *sources, struct profile_builder *b);
