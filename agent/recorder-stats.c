// SPDX-License-Identifier: Apache-2.0
#include "agent/recorder-stats.h"

#include <stdio.h>
#include <unistd.h>
#include <utlist.h>

#include "agent/jit-maps.h"
#include "agent/kernel-code.h"
#include "agent/modules.h"
#include "agent/recorder-inside.h"
#include "agent/stack-copies.h"
#include "agent/stack-table.h"
#include "agent/unwinding.h"
#include "agent/workloads.h"
#include "common/clock.h"
#include "common/log.h"
#include "symbolizer/binary.h"
#include "symbolizer/child-process.h"
#include "workload/process.h"

static void set_fault(char ret[static STATS_FAULT_SIZE], const char *fault)
{
	snprintf(ret, STATS_FAULT_SIZE, "%s", fault ? fault : "");
}

static void read_known(const struct intake *in, struct recorder_stats *ret)
{
	const struct processes_stats *processes = processes_stats(in->processes);
	const struct binaries_stats *binaries = binaries_stats(in->binaries);

	ret->n_processes = processes->n_processes;
	ret->n_mappings = processes->n_mappings;
	ret->n_files = processes->n_files;
	ret->process_bytes = processes->bytes;
	ret->n_sideband_dropped = processes->n_dropped;
	ret->n_modules = modules_n(in->modules);
	ret->n_binaries = binaries_n(in->binaries);
	ret->index_bytes = binaries->mapped_index_bytes;
	ret->cache_bytes = binaries->cache_bytes;
	ret->n_cgroups = cgroups_n(in->cgroups);
	ret->n_containers = cgroups_n_containers(in->cgroups);
	ret->stack_bytes = stack_table_bytes(in->stacks);
	ret->n_unnamed = intake_n_unnamed(in);
	ret->n_debug_unread = intake_n_debug_unread(in);
	intake_limits(&ret->max_modules, &ret->max_binaries, &ret->max_cgroups);
	for (size_t i = 0; i < TAPS_MAX; i++)
		ret->n_taps += in->taps[i] != NULL;
}

static void read_workloads(const struct intake *in, struct recorder_stats *ret)
{
	const struct workloads_stats workloads = workloads_stats(in->workloads);

	ret->n_workloads = workloads.n;
	ret->max_workloads = WORKLOADS_MAX;
	ret->n_workloads_no_room = workloads.n_no_room;
	ret->n_containers_named = workloads.n_told;
	ret->n_containers_unnamed = workloads.n_untold;
	ret->n_runtime_unanswered = workloads.n_unanswered;
	ret->n_relabel_given_up = workloads.n_relabel_given_up;
}

static int read_rows(const struct intake *in, struct recorder_stats *ret)
{
	struct unwinding_stats unwinding = {};
	int r = in->unwinding ? unwinding_stats(in->unwinding, &unwinding) : 0;

	ret->n_tables = unwinding.n_tables;
	ret->n_tables_waiting = unwinding.n_tables_waiting;
	ret->n_rows = unwinding.n_rows;
	ret->row_bytes = unwinding.row_bytes;
	ret->n_tables_evicted = unwinding.n_evicted;
	ret->n_tables_no_room = unwinding.n_no_room;
	ret->n_tables_too_large = unwinding.n_too_large;
	ret->map_bytes = unwinding.map_bytes + unwinding.chunk_bytes;
	return r;
}

static struct process_stats stats_of(pid_t pid, const struct child_keeper_stats *child)
{
	return (struct process_stats){
		.pid = pid,
		.cpu_ns = child->cpu_ns,
		.rss_anon_bytes = child->rss_anon_bytes,
		.n_restarts = child->n_restarts,
	};
}

static void read_indexer(const struct intake *in, enum binary_lane lane, struct process_stats *ret)
{
	const struct child_keeper_stats child = binaries_indexer_stats(in->binaries, lane);

	*ret = stats_of(binaries_indexer_pid(in->binaries, lane), &child);
}

static void read_children(const struct intake *in, struct recorder_stats *ret)
{
	static const char *const names[STATS_N_CHILDREN] = {
		[BINARY_LANE_SMALL] = "indexer",       [BINARY_LANE_LARGE] = "indexer-large",
		[BINARY_LANE_DEBUG] = "indexer-debug", [BINARY_N_LANES] = "indexer-jit",
		[BINARY_N_LANES + 1] = "finisher",     [BINARY_N_LANES + 2] = "indexer-names",
		[BINARY_N_LANES + 3] = "fetcher",
	};
	const struct child_keeper_stats jit = jit_maps_indexer_stats(in->jit),
					names_indexer = workloads_indexer_stats(in->workloads);
	struct child_keeper_stats finisher = {};
	pid_t finisher_pid = 0;

	if (in->copies) {
		finisher = stack_copies_finisher_stats(in->copies);
		finisher_pid = stack_copies_finisher_pid(in->copies);
	}
	for (size_t i = 0; i < STATS_N_CHILDREN; i++)
		ret->children[i].name = names[i];
	for (int lane = 0; lane < BINARY_N_LANES; lane++)
		read_indexer(in, lane, &ret->children[lane].stats);
	ret->children[BINARY_N_LANES].stats = stats_of(jit_maps_indexer_pid(in->jit), &jit);
	ret->children[BINARY_N_LANES + 1].stats = stats_of(finisher_pid, &finisher);
	ret->children[BINARY_N_LANES + 2].stats = stats_of(workloads_indexer_pid(in->workloads), &names_indexer);
	ret->asks_debuginfod = in->fetching;
	if (in->fetching) {
		const struct child_keeper_stats fetcher = fetching_child_stats(in->fetching);

		ret->children[BINARY_N_LANES + 3].stats = stats_of(fetching_pid(in->fetching), &fetcher);
		fetching_stats(in->fetching, &ret->fetched);
	}
}

static void read_self(struct process_stats *ret)
{
	const struct child_process self = { .pid = getpid() };
	struct child_usage usage;

	child_process_usage(&self, &usage);
	*ret = (struct process_stats){
		.pid = self.pid,
		.cpu_ns = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID), /* of all threads */
		.rss_anon_bytes = usage.rss_anon_bytes,
	};
}

static void read_own_code(const struct intake *in, struct recorder_stats *ret)
{
	const struct jit_maps_stats *jit = jit_maps_stats(in->jit);

	ret->n_jit_programs = jit->n_programs;
	ret->jit_index_bytes = jit->index_bytes;
	ret->n_jit_read = jit->n_read;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The kernel's count has all programs, but it may have begun late, or have ended. No count ever falls: each by itself.
 */
static struct run_time run_time_of(const struct sampler_totals *totals)
{
	return (struct run_time){
		.run_ns = larger(totals->kernel.run_ns, totals->own.run_ns),
		.n_runs = larger(totals->kernel.n_runs, totals->own.n_runs),
	};
}

static void read_sampler(const struct sampler *sampler, const struct sampler_totals *totals, struct recorder_stats *ret)
{
	const struct run_time run_time = run_time_of(totals);

	ret->n_cpus = sampler_n_sampled(sampler);
	ret->n_cpus_refused = totals->n_cpus_refused;
	ret->n_cpus_joined = totals->n_joined;
	ret->bpf_run_ns = run_time.run_ns;
	ret->bpf_runs = run_time.n_runs;
	ret->n_cgroups_lost = totals->n_events_lost;
}

static int read_parts(const struct intake *in, const struct sampler *sampler, struct recorder_stats *ret)
{
	struct sampler_totals totals;
	int r;

	r = sampler_totals(sampler, &totals);
	if (r == 0)
		r = read_rows(in, ret);
	if (r < 0)
		return r;
	read_sampler(sampler, &totals, ret);
	read_known(in, ret);
	read_workloads(in, ret);
	read_own_code(in, ret);
	read_self(&ret->self);
	read_children(in, ret);
	set_fault(ret->indexer_fault, binaries_indexer_fault(in->binaries));
	set_fault(ret->finisher_fault, in->copies ? stack_copies_finisher_fault(in->copies) : NULL);
	set_fault(ret->cache_fault, binaries_cache_fault(in->binaries));
	set_fault(ret->kernel_unnamed, kernel_code_unnamed(in->kernel));
	return 0;
}

int recorder_stats(struct recorder *r, struct recorder_stats *ret)
{
	const struct closed_window *w;
	size_t n_windows;

	DL_COUNT(r->windows, w, n_windows);
	*ret = r->totals;
	ret->period_ns = r->config.period_ns;
	ret->is_paused = r->mode == INTAKE_PAUSED;
	ret->is_debug_info_read = !r->without_debug;
	ret->is_pid_namespace_nested = r->is_namespace_nested;
	ret->n_closed_windows = n_windows;
	ret->row_limit_bytes = (uint64_t)r->config.unwind_table_mb << 20;
	return read_parts(&r->intake, r->sampler, ret);
}

size_t recorder_n_cpus(const struct recorder *r)
{
	return sampler_n_sampled(r->sampler);
}

int recorder_n_lost(const struct recorder *r, uint64_t *ret)
{
	struct sampler_totals totals;
	int e = sampler_totals(r->sampler, &totals);

	if (e == 0)
		*ret = ledger_sum_lost(&r->totals.ledger) + totals.n_lost_since_cut + r->intake.counts.n_window_full;
	return e;
}

void recorder_progress(struct recorder *r, struct recorder_progress *ret)
{
	struct sampler_totals totals = {};

	*ret = (struct recorder_progress){
		.n_processes = processes_stats(r->intake.processes)->n_processes,
	};
	for (size_t i = 0; i < sampler_n_cpus(r->sampler); i++)
		ret->n_samples += sampler_n_records(r->sampler, i);
	if (sampler_totals(r->sampler, &totals) == 0) {
		ret->n_lost = totals.n_lost_since_cut + r->intake.counts.n_window_full;
		ret->n_follow_failed = totals.n_follow_failed;
	}
}

static void tell(bool *told, const char *consequence, const char *fault)
{
	if (fault && !*told)
		log_warning("%s does not start: %s", consequence, fault);
	*told = fault != NULL;
}

void recorder_tell_faults(struct recorder *r)
{
	tell(&r->told_indexer_fault, "functions are unnamed: the indexer", binaries_indexer_fault(r->intake.binaries));
	tell(&r->told_finisher_fault, "stacks of new processes are short: the finisher",
	     r->intake.copies ? stack_copies_finisher_fault(r->intake.copies) : NULL);
}
