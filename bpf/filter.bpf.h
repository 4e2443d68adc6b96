/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * filter: which ticks are sampled at all. Processes are listed by tgid with their start time, so that a reused tgid
 * is not followed; children enter the list at fork, before they first run. Cgroups are listed by id and stand for
 * all cgroups below them. With FILTER_EXCEPT the lists name what is not sampled: a program until it execs, which its
 * children inherit, and single cgroups.
 */
#pragma once

#include "bpf/task.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CPUHOUND_MAX_FILTER_PIDS);
	__type(key, __u32);   /* tgid */
	__type(value, __u64); /* start, CLOCK_BOOTTIME; 0: learn it from the first tick */
} filter_pids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CPUHOUND_MAX_FILTER_CGROUPS);
	__type(key, __u64); /* cgroup id */
	__type(value, __u8);
} filter_cgroups SEC(".maps");

__u32 filter_is_used;  /* something has been listed */
__u64 n_follow_failed; /* children that found filter_pids full */

/* Else forks, execs and exits cost next to nothing. */
static __always_inline bool filter_lists_any(void)
{
	return *(volatile __u32 *)&filter_is_used;
}

static __always_inline bool filter_has_process(struct task_struct *task)
{
	__u32 tgid = task_tgid(task);
	__u64 start_ns = task->group_leader->start_boottime;
	__u64 *listed = bpf_map_lookup_elem(&filter_pids, &tgid);

	if (!listed)
		return false;
	if (*listed == 0)
		*listed = start_ns;
	return *listed == start_ns;
}

static __always_inline bool filter_has_cgroup(struct task_struct *task)
{
	struct cgroup *cgroup = task_cgroup(task);

	for (int i = 0; i < CPUHOUND_MAX_CGROUP_DEPTH && cgroup; i++) {
		__u64 id = cgroup->kn->id;
		struct cgroup_subsys_state *parent;

		if (bpf_map_lookup_elem(&filter_cgroups, &id))
			return true;
		parent = cgroup->self.parent;
		if (!parent)
			break;
		cgroup = parent->cgroup;
	}
	return false;
}

/* Costs next to nothing while nothing is listed. */
static __always_inline bool filter_excepts(struct task_struct *task)
{
	__u64 id;

	if (!filter_lists_any())
		return false;
	id = task_cgroup_id(task);
	return bpf_map_lookup_elem(&filter_cgroups, &id) || filter_has_process(task);
}

/* An exec: what was said of the program that ran before does not hold for the next one. */
static __always_inline void filter_forget_exec(struct task_struct *task)
{
	__u32 tgid;

	if (filter != FILTER_EXCEPT || !filter_lists_any())
		return;
	tgid = task_tgid(task);
	bpf_map_delete_elem(&filter_pids, &tgid);
}

static __always_inline bool filter_drops(struct task_struct *task)
{
	switch (filter) {
	case FILTER_PROCESS:
		return !filter_has_process(task);
	case FILTER_CGROUP:
		return !filter_has_cgroup(task);
	case FILTER_EXCEPT:
		return filter_excepts(task);
	}
	return false;
}

SEC("tp_btf/sched_process_fork")
int filter_follow(__u64 *ctx)
{
	struct task_struct *parent = (void *)ctx[0], *child = (void *)ctx[1];
	__u64 start_ns = child->start_boottime;
	__u32 tgid;

	if (!filter_lists_any() || child->pid != child->tgid || !filter_has_process(parent))
		return 0;
	tgid = task_tgid(child);
	if (bpf_map_update_elem(&filter_pids, &tgid, &start_ns, BPF_ANY) != 0)
		__sync_fetch_and_add(&n_follow_failed, 1);
	return 0;
}

SEC("tp_btf/sched_process_free")
int filter_forget(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[0];
	__u64 *listed;
	__u32 tgid;

	if (!filter_lists_any() || task->pid != task->tgid)
		return 0;
	tgid = task_tgid(task);
	listed = bpf_map_lookup_elem(&filter_pids, &tgid);
	if (listed && *listed == task->start_boottime)
		bpf_map_delete_elem(&filter_pids, &tgid);
	return 0;
}
