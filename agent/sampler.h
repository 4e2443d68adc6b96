/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler: the BPF program, the per-CPU events that drive it, and the buffers it fills. Owns every libbpf object;
 * nothing else in user space sees libbpf. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/abi.h"
#include "common/clean.h"

struct sampler;
struct unwind_maps;
struct copy_area;

struct sampler_config {
	uint64_t period_ns;
	enum filter_kind filter;
	bool follow;            /* FILTER_PROCESS: children of listed processes are listed too */
	bool cgroup_v1_memory;  /* cgroups are named by the v1 memory hierarchy, not by v2 */
	uint32_t pid_namespace; /* inode of the one in which processes are numbered; 0: the host's. Those outside of
				 * it have the number 0. */
};

/* Loads the program, with buffers for each possible CPU, and opens one disabled event on each online one. */
_must_check_ int sampler_new(const struct sampler_config *config, struct sampler **ret);
struct sampler *sampler_free(struct sampler *s); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct sampler *, sampler_free);

/* Before or while sampling. start_ns 0: whichever process has this tgid at its next tick. */
_must_check_ int sampler_filter_process(struct sampler *s, uint32_t tgid, uint64_t start_ns);
/* -E2BIG: too many are listed. */
_must_check_ int sampler_filter_cgroup(struct sampler *s, uint64_t cgroup_id);
/* With FILTER_EXCEPT: takes it from the list, if it is there; or all of them. */
void sampler_unfilter_process(struct sampler *s, uint32_t tgid);
void sampler_unfilter_all(struct sampler *s);

_must_check_ int sampler_start(struct sampler *s); /* for the first time, or again */
_must_check_ int sampler_stop(struct sampler *s);  /* no tick after it; what was taken stays to be flipped out */

size_t sampler_n_cpus(const struct sampler *s);    /* possible ones: those that are offline have no ticks */
size_t sampler_n_sampled(const struct sampler *s); /* now */

/*
 * While sampling: CPUs that came online since the last call are sampled from now on, those that went offline have been
 * until then. SAMPLER_JOINED: there were such; to be asked again when CPUs have changed, and now and then.
 */
enum sampler_answer {
	SAMPLER_JOINED = 1,
};
_must_check_ int sampler_follow_cpus(struct sampler *s);
bool sampler_has_joined(const struct sampler *s, size_t i); /* with the last call */
bool sampler_cpus_changed(const struct sampler *s);         /* as far as sampler_read_events() was told */

/* How full the buffer in use is, 0 to 1, read without disturbing it; and the samples in it. */
double sampler_fill(const struct sampler *s, size_t i);
uint64_t sampler_n_records(const struct sampler *s, size_t i);

/*
 * What one CPU gathered since its last flip. The samples lie in memory shared with the kernel, valid until
 * sampler_release(): the next flip of this CPU needs the buffer back.
 */
struct sample_batch {
	size_t cpu;
	const struct sample_rec *records;
	size_t n_records;
	const __u64 *stacks;
	size_t n_stack_words;
};
_must_check_ int sampler_flip(struct sampler *s, size_t i, struct sample_batch *ret);
/* A flip that ends the CPU's window: its ticks from here on are the next one's. */
_must_check_ int sampler_cut(struct sampler *s, size_t i, struct sample_batch *ret);
void sampler_release(struct sampler *s, const struct sample_batch *batch);
/*
 * CLOCK_MONOTONIC: when the CPUs were started, flipped or stopped last, in the mean of them: what they have until then
 * was due until then, however long it took to get from one to the next.
 */
uint64_t sampler_turned_ns(const struct sampler *s);

/* The program counters of a record's stack: their number, 0 for none. */
size_t sample_stack(const struct sample_batch *batch, __u32 ref, const __u64 **ret);

/* What the walker goes by; valid as long as the sampler. */
const struct unwind_maps *sampler_unwind_maps(const struct sampler *s);

/* Copies of stacks, and the descriptor of the map that they lie in; valid as long as the sampler. */
struct copy_area *sampler_copies(const struct sampler *s);
int sampler_copies_fd(const struct sampler *s);

/*
 * A time as the program's runs see it: once an epoch has passed, no run that began before it was asked for goes on,
 * so what was unlinked by then may be used again. Flips bring epochs on; a barrier makes all of them pass (one
 * interrupt on each CPU that runs the program).
 */
uint64_t sampler_epoch(const struct sampler *s);
bool sampler_has_passed(const struct sampler *s, uint64_t epoch);
_must_check_ int sampler_barrier(struct sampler *s);

/* Memory of all maps as the kernel accounts for it, but for the chunks. */
_must_check_ int sampler_map_bytes(const struct sampler *s, uint64_t *ret);

/* While stopped: takes away the programs that run at forks, execs and new cgroups too, and puts them back. */
void sampler_sleep(struct sampler *s);
_must_check_ int sampler_wake(struct sampler *s);

/* The period of the ticks, on each CPU from its next cut on. */
void sampler_set_period(struct sampler *s, uint64_t period_ns);
uint64_t sampler_period_ns(const struct sampler *s);

/*
 * Accounts for the ticks of a window: on each CPU those between its last two cuts (or its start), less the time in
 * which sampling was stopped. n_entries is counted when the program begins, the others where they happen. To be taken
 * after all CPUs were cut; before it, sampler_read_idle() tells which of the missing ones idle time explains. Of the
 * time that a CPU was offline nothing is due; its idle time since the last reading before is not known.
 */
struct sampler_account {
	uint64_t n_due, n_entries, n_idle, n_filtered, n_records;
	uint64_t n_lost[SAMPLE_LOST_N];
	uint64_t n_idle_cpu, n_throttled, n_other;
};
_must_check_ int sampler_read_idle(struct sampler *s);
void sampler_take_account(struct sampler *s, struct sampler_account *ret);

/* What the programs have run for. */
struct run_time {
	uint64_t run_ns, n_runs;
};

struct sampler_totals {
	size_t n_cpus_refused;     /* online, but the kernel refuses the event */
	uint64_t n_joined;         /* CPUs that came online while sampling, each time */
	uint64_t n_lost_since_cut; /* as far as buffers were flipped */
	/* Since load. */
	uint64_t n_follow_failed; /* children that could not be followed */
	uint64_t n_events_lost;   /* cgroups whose making could not be told */
	struct run_time kernel;   /* of all programs, while the kernel counts (kernel.bpf_stats_enabled) */
	struct run_time own;      /* of ticks, by those that timed themselves */
};
_must_check_ int sampler_totals(const struct sampler *s, struct sampler_totals *ret);

/* News by ring buffer: calls back for each cgroup made; a half-full buffer, or an exec, only ends the wait. */
int sampler_events_fd(const struct sampler *s);
typedef void (*sampler_on_cgroup_fn)(void *context, const struct event_cgroup *event);
_must_check_ int sampler_read_events(struct sampler *s, sampler_on_cgroup_fn on_cgroup, void *context);

/*
 * The next exec on the host makes sampler_events_fd() readable, and is then awaited no more. It has begun by then: what
 * it maps is still to come.
 */
void sampler_await_exec(struct sampler *s, bool is_awaited);
bool sampler_awaits_exec(const struct sampler *s);
