/* SPDX-License-Identifier: Apache-2.0 */
/*
 * news: what the kernel and our programs tell while we listen: of processes, what they map, cgroups, code of the
 * kernel. Records of all CPUs are read in batches, put in order, and applied to what is known. News that was lost is
 * counted, and what it told of is read from /proc and the cgroups' file system. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"

struct cgroup_hierarchy;
struct cgroups;
struct event_cgroup;
struct jit_maps;
struct kernel_code;
struct processes;
struct sampler;
struct sideband_event;
struct sideband_queue;
struct sideband_rings;

/* What it is applied to; borrowed. */
struct news_tables {
	struct processes *processes;
	struct cgroups *cgroups;
	const struct cgroup_hierarchy *hierarchy;
	struct kernel_code *kernel;
	struct jit_maps *jit;
	int proc_fd;
};

/* Of the open window. */
struct news_counts {
	uint64_t n_lost; /* records */
	uint64_t n_cut_cgroup_paths;
};

struct news {
	struct sideband_rings *rings;
	struct sideband_queue *queue;
	struct news_tables tables;
	struct sampler *sampler; /* whose lists of what is left out follow; NULL: nobody samples (yet, or any more) */
	uint64_t due_ns;         /* CLOCK_MONOTONIC; 0: nothing waits */
	uint64_t last_ns;        /* CLOCK_MONOTONIC: when there was any that more follows */
	uint64_t complete_ns;    /* CLOCK_BOOTTIME: all news up to then is taken in */
	bool is_scanned;         /* /proc has been read since news was lost last */
	bool cgroups_reread;     /* since it was set back */
	struct news_counts counts;
};

/* Half-initialised is fine for news_done(). Opens the sideband: what happens from now on is not missed. */
_must_check_ int news_init(struct news *n);
void news_done(struct news *n);

/* Then: reads which cgroups there are. */
_must_check_ int news_attach(struct news *n, const struct news_tables *tables);

/* Records that wait, or an exec that has begun, are due soon, with those that follow. */
void news_note(struct news *n, uint64_t now_ns);
bool news_is_due(const struct news *n, uint64_t now_ns);
int news_timeout_ms(const struct news *n); /* until it is due; or until somebody looks whether there is any */

/* A start maps one library after the other, and most forks come before an exec; ends, and threads, bring nothing more.
 */
bool news_has_sequel(const struct sideband_event *event);

/* Applies all news that is complete. Another pass is due soon where more follows, as after an exec. */
_must_check_ int news_apply(struct news *n);

/* Reads /proc, where that has not been done since news was lost last. */
_must_check_ int news_scan(struct news *n);

/* A cgroup whose making was not told (the ring was full, or its path too long) is looked for where it is mounted. */
_must_check_ int news_find_cgroup(struct news *n, uint64_t id);

/* Nothing is told any more; and again: what happened meanwhile is read with the next news_scan(). */
void news_pause(struct news *n);
_must_check_ int news_resume(struct news *n);

/* CPUs have joined. News of them is lost until now, and from now on where it cannot be had: that is counted. */
_must_check_ int news_follow_cpus(struct news *n, const struct sampler *sampler);

/* For sampler_read_events(); context is the news. */
void news_on_cgroup(void *context, const struct event_cgroup *event);
