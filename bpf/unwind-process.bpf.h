/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * unwind process: which list of extents a task's addresses are looked up in, and when a list is over. The list of a
 * process ends with its exec, at once, and long before user space knows. A child that has not called exec has what
 * its parent has.
 */
#pragma once

#include "bpf/pid.bpf.h"
#include "bpf/unwind-lookup.bpf.h"

#define UNWIND_MAX_FORKS 4 /* generations without exec, all of them so young that user space has not listed them */

/*
 * Whether a process is what a fork of its parent left. A parent that has called exec since, or that is only a
 * foster parent, has another number of execs behind it: the kernel tells them apart in the same way before it lets a
 * child choose the signal of its exit.
 */
static __always_inline bool unwind_is_copy(const struct task_struct *leader, const struct task_struct *parent)
{
	return (leader->flags & PF_FORKNOEXEC) && leader->parent_exec_id == parent->self_exec_id;
}

static __always_inline __u64 unwind_task_slot(struct task_struct *task)
{
	for (int i = 0; i < UNWIND_MAX_FORKS; i++) {
		struct task_struct *leader = task->group_leader, *parent = leader->real_parent;
		__u64 slot = unwind_find_slot(task_tgid(leader));

		if (slot)
			return slot;
		if (!unwind_is_copy(leader, parent))
			return 0;
		task = parent;
	}
	return 0;
}
