/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maintainer: starts the child that keeps the store in order (agent/maintain.h) once a minute, takes its report, and
 * kills it where it hangs. Never two at once. Nothing here waits for it. The daemon's thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/maintain.h"
#include "common/clean.h"
#include "symbolizer/child-process.h"

#define MAINTAINER_FAULT_BYTES 120

struct maintainer_stats {
	uint64_t n_runs, n_busy; /* that ended with a report; of these, while `cpuhound store` was at it */
	uint64_t n_failed;       /* that failed, or ended without a report */
	uint64_t n_killed;       /* of these: it hung */
	uint64_t cpu_ns;
	uint64_t n_made, n_merged, n_unreadable; /* files, since the start of the agent: struct compact_stats */
	uint64_t n_removed, n_removed_bytes;
	int64_t last_realtime_ns;           /* of the end of the last run that did its work; 0: none */
	char fault[MAINTAINER_FAULT_BYTES]; /* why the last one did not; "": it did */
	bool has_report;
	struct maintain_report report; /* the last one that has counts: of a run that was done, or held */
};

struct maintainer {
	const char *path; /* the program */
	int store_fd;     /* borrowed */
	struct retention_limits limits;
	struct child_process process;
	uint64_t due_ns, started_ns, full_ns; /* CLOCK_MONOTONIC; full_ns: when all of the store is looked at next */
	bool is_late;                         /* killed, not reaped yet */
	bool has_answer;                      /* of the child that runs */
	struct maintain_report answer;
	struct maintainer_stats stats;
};

/* path: the program to start; the first child comes at due_ns. */
void maintainer_init(struct maintainer *m, const char *path, int store_fd, const struct retention_limits *limits,
		     uint64_t due_ns);
void maintainer_done(struct maintainer *m); /* kills it */

/* Readable when it has something to dispatch; -1: it does not run. */
int maintainer_fd(const struct maintainer *m);

/* Starts, reaps, kills what it is time for: to be called often. True: the fault is another one than before, or gone. */
bool maintainer_dispatch(struct maintainer *m, uint64_t now_ns);
