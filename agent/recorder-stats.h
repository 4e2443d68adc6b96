/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder stats: what a recorder tells of itself, for status and metrics: plain values, read in one go.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/fetching.h"
#include "common/clean.h"
#include "pprof/ledger.h"

/* One of our processes; pid 0: not running, and what it had used before counts on. */
struct process_stats {
	pid_t pid;
	uint64_t cpu_ns;         /* of all that ran in its place */
	uint64_t rss_anon_bytes; /* now; of a child that has gone 0 */
	uint64_t n_restarts;     /* it crashed, hung or grew past its limit */
};

#define STATS_N_CHILDREN 7
#define STATS_FAULT_SIZE 160

struct recorder_stats {
	/* Since the start. The ledger is the sum of all closed windows; its frames are those of encoded ones. */
	struct ledger ledger;
	uint64_t n_user, n_kernel; /* samples by what the tick hit; the idle ones are in the ledger */
	uint64_t n_sideband_lost, n_sideband_dropped; /* records of news; processes and mappings beyond the limits */
	uint64_t n_cgroups_lost; /* whose making could not be told: they were looked for where they are mounted */
	uint64_t n_copied, n_copy_lost, n_copy_unfinished;
	uint64_t n_cpus_joined;       /* times that a CPU came online while sampling */
	uint64_t n_workloads_no_room; /* samples without names, because there were too many workloads */
	uint64_t n_containers_named, n_containers_unnamed; /* by what their runtimes tell */
	uint64_t n_runtime_unanswered;                     /* questions to docker's and CRI's socket */
	uint64_t n_relabel_given_up;                       /* matches of rules that took too many steps */

	/* Now. */
	uint64_t period_ns;
	bool is_paused;
	bool is_debug_info_read;
	bool is_pid_namespace_nested;    /* processes outside of this PID namespace are sampled and named by what the
					  * kernel tells, and carry no pid */
	size_t n_cpus;                   /* that are sampled */
	size_t n_cpus_refused;           /* that are online, and cannot be */
	size_t n_closed_windows, n_taps; /* that somebody still has */
	uint64_t n_processes, n_mappings, n_files, process_bytes;
	size_t n_modules, max_modules, n_binaries, max_binaries;
	size_t n_cgroups, n_containers, max_cgroups;
	size_t n_workloads, max_workloads;
	uint64_t index_bytes; /* mapped, of binaries */
	uint64_t cache_bytes; /* on disk */
	uint64_t stack_bytes; /* of the open window */
	size_t n_unnamed, n_debug_unread;

	/* What the walker goes by. */
	size_t n_tables, n_tables_waiting;
	uint64_t n_rows, row_bytes, row_limit_bytes, n_tables_evicted, n_tables_no_room, n_tables_too_large;
	uint64_t map_bytes;            /* of all BPF maps, chunks included */
	uint64_t bpf_run_ns, bpf_runs; /* of all programs; of ticks alone where kernel.bpf_stats_enabled is off */

	bool asks_debuginfod;
	struct fetching_stats fetched; /* what its servers answered */

	/* Code that processes and the kernel made. */
	size_t n_jit_programs;
	uint64_t jit_index_bytes, n_jit_read;

	struct process_stats self;
	struct {
		const char *name; /* "indexer", "indexer-large", "indexer-debug", "indexer-jit", "finisher",
				   * "indexer-names", "fetcher" */
		struct process_stats stats;
	} children[STATS_N_CHILDREN];

	/* "": none. */
	char indexer_fault[STATS_FAULT_SIZE], finisher_fault[STATS_FAULT_SIZE], cache_fault[STATS_FAULT_SIZE];
	char kernel_unnamed[STATS_FAULT_SIZE]; /* why kernel functions have no names */
};
