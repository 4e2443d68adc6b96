/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maintain: the short-lived sandboxed child that keeps the store in order: merges windows into minutes and hours
 * (store/compact.h), and lets go of what must make way (store/retention.h). It decodes files and changes the store, so
 * the agent does neither; it has no capability and no network, and what it may not need it cannot call.
 *
 * Its arguments are numbers, its given descriptor is the store's directory. It sends one struct maintain_report.
 */
#pragma once

#include <stdint.h>

#include "store/compact.h"
#include "store/retention.h"
#include "store/window.h"

#define MAINTAIN_COMMAND "store-child" /* the child's argv[1] when it is started from /proc/self/exe */

/* The arguments behind the command, in decimal. */
enum maintain_argument {
	MAINTAIN_RAW_NS,
	MAINTAIN_MINUTES_NS,
	MAINTAIN_HOURS_NS,
	MAINTAIN_LIMIT_BYTES,
	MAINTAIN_MIN_FREE_PERCENT,
	MAINTAIN_SINCE_NS, /* compact_run() */
	MAINTAIN_N_ARGUMENTS,
};

enum maintain_outcome {
	MAINTAIN_DONE,
	MAINTAIN_BUSY,   /* `cpuhound store ...` is at it */
	MAINTAIN_HELD,   /* counts of a newer version: nothing is let go of */
	MAINTAIN_FAILED, /* error, at step */
};

struct maintain_report {
	enum maintain_outcome outcome;
	int error; /* -errno */
	char step[32];
	struct compact_stats compact;
	uint64_t n_removed, n_removed_bytes;
	/* As they are afterwards. */
	struct window_totals tiers[WINDOW_N_TIERS];
	uint64_t n_bad_files, n_bad_bytes;
	struct loss_count lost[LOSS_N_REASONS];
	size_t n_targets;
	struct {
		char name[PASSED_NAME_BYTES];
		struct loss_count unsent;
	} targets[LOSSES_MAX_TARGETS];
};

int maintain_main(int argc, char **argv); /* runs the child to its end; returns the exit code */
