/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder inside: `struct recorder`, shared by the files that are it: recorder.c (its life, and what it samples),
 * recorder-drain.c (how samples come in), recorder-windows.c (which profiles go out), recorder-stats.c (what it tells
 * of itself).
 */
#pragma once

#include "agent/intake.h"
#include "agent/recorder.h"
#include "agent/sampler.h"

struct recorder {
	struct recorder_config config;
	int epoll_fd;
	struct sampler *sampler;
	struct intake intake;
	struct sample_batch *batches; /* one for each CPU */

	enum intake_mode mode; /* FINISHING also before the start */
	uint64_t period_ns;    /* of the open window */
	uint64_t drained_ns;   /* CLOCK_MONOTONIC; the last time that all buffers were emptied */
	bool without_debug;
	bool is_namespace_nested;
	bool told_indexer_fault, told_finisher_fault;

	/* The open window. */
	struct window_origin origin;
	uint64_t sequence;
	int64_t start_realtime_ns;
	int64_t wall_ns;     /* of its start: CLOCK_REALTIME - CLOCK_MONOTONIC */
	uint64_t since_ns;   /* CLOCK_MONOTONIC: it is sampled since then, and */
	uint64_t sampled_ns; /* was before that, until a pause */

	struct closed_window *windows; /* that somebody still has */
	struct recorder_stats totals;  /* of all that were closed */
};

/* Empties the buffers that are at least this full: 0 to 1. */
_must_check_ int recorder_drain(struct recorder *r, double at_least);
/* CPUs may come and go while they are sampled. */
_must_check_ int recorder_follow_cpus(struct recorder *r);
/*
 * On each CPU the flip of its buffers is the cut: its ticks before are the window's that ends, those after it the next
 * one's. CPUs are cut one after the other, within as long as that takes. What they had is taken in.
 */
_must_check_ int recorder_cut(struct recorder *r);
/* All that was taken before before_ns (CLOCK_BOOTTIME) is taken in. */
void recorder_note_drained(struct recorder *r, uint64_t before_ns);

/* CLOCK_REALTIME - CLOCK_MONOTONIC */
int64_t recorder_wall_offset_ns(void);

/* Logs why children do not start: once each, however many windows it lasts. */
void recorder_tell_faults(struct recorder *r);
