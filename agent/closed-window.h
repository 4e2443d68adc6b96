/* SPDX-License-Identifier: Apache-2.0 */
/*
 * closed window: a span of sampling that has ended: its folded stacks, where every due tick of it went, and what names
 * it. What its stacks point to (modules, cgroups, code of processes) stays known for as long as the recorder has it.
 * On each CPU it goes from one flip of that CPU's buffers to the next: no tick is in two windows or in none.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"
#include "pprof/ledger.h"

#define WINDOW_ID_SIZE 33

struct intake_window;
struct sampler_account;
struct stack_table;

struct closed_window {
	char id[WINDOW_ID_SIZE]; /* hash(boot id, start of the recorder, sequence), hex */
	uint64_t sequence;       /* from 0 */
	int64_t start_realtime_ns;
	uint64_t start_boottime_ns; /* no sample of it was taken before */
	uint64_t duration_ns;       /* CLOCK_MONOTONIC, without the time that sampling was paused */
	uint64_t period_ns;
	struct ledger ledger; /* but for the frames, which are counted when it is encoded; who closes sets down_ns */
	struct stack_table *stacks; /* owned */
	uint64_t jit_window;        /* its number in jit_maps (agent/jit-maps.h) */
	uint64_t n_sideband_lost;   /* records of news */
	uint64_t n_roots_refused;   /* see debug_roots.n_refused */
	/* Samples whose stack was finished from a copy; that found no room or time for one; whose copy brought nothing.
	 */
	uint64_t n_copied, n_copy_lost, n_copy_unfinished;
	bool is_encoded;
	struct closed_window *prev, *next; /* of the recorder's */
};

/* Whose windows they are. */
struct window_origin {
	char boot_id[40];  /* as in /proc/sys/kernel/random/boot_id, padded with 0; "": unknown */
	uint64_t start_ns; /* CLOCK_BOOTTIME when the recorder began */
	uint64_t pid;
};
void window_id_make(const struct window_origin *origin, uint64_t sequence, char ret[static WINDOW_ID_SIZE]);

/* Its stacks, which it takes in every case, and the ledger, from what the CPUs and the intake counted. */
_must_check_ int closed_window_fill(struct closed_window *w, const struct sampler_account *account,
				    const struct intake_window *taken);

struct closed_window *closed_window_free(struct closed_window *w); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct closed_window *, closed_window_free);
