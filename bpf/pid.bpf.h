/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * pid: the numbers of processes and threads as user space sees them: in the PID namespace that the agent runs in, which
 * need not be the host's. A task has a number in its own namespace and in each above that.
 */
#pragma once

#include "bpf/base.bpf.h"

#define MAX_PID_LEVEL 32 /* as in include/linux/pid_namespace.h */

/*
 * The number of a process or thread in our PID namespace; 0: it lies outside. bpf_get_ns_current_pid_tgid() only knows
 * the innermost namespace of the task, and only the current one.
 */
static __always_inline __u32 task_number(struct pid *pid)
{
	const char *numbers = (const char *)pid + bpf_core_field_offset(pid->numbers);

	for (__u32 i = 0; i < MAX_PID_LEVEL && i <= pid->level; i++) {
		struct upid *upid = (void *)(numbers + i * bpf_core_type_size(struct upid));
		struct pid_namespace *ns = NULL;
		__u32 inode = 0, nr = 0;

		if (bpf_core_read(&ns, sizeof(ns), &upid->ns) != 0 ||
		    bpf_core_read(&inode, sizeof(inode), &ns->ns.inum) != 0)
			return 0;
		if (inode == pid_namespace)
			return bpf_core_read(&nr, sizeof(nr), &upid->nr) == 0 ? nr : 0;
	}
	return 0;
}

static __always_inline __u32 task_tgid(struct task_struct *task)
{
	return pid_namespace ? task_number(task->group_leader->thread_pid) : (__u32)task->tgid;
}

static __always_inline __u32 task_tid(struct task_struct *task)
{
	return pid_namespace ? task_number(task->thread_pid) : (__u32)task->pid;
}
