/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * task: who is running, read by BTF loads (which cannot fault). The cgroup comes from the task's css_set, because
 * bpf_get_current_cgroup_id() only knows the v2 hierarchy.
 */
#pragma once

#include "bpf/base.bpf.h"
#include "bpf/pid.bpf.h"

/* The index must be a constant for the relocation; the verifier drops every branch but the right one. */
#define SUBSYS_CGROUP(n)                                                                                               \
	case n:                                                                                                        \
		return task->cgroups->subsys[n]->cgroup

static __always_inline struct cgroup *task_cgroup(struct task_struct *task)
{
	if (!cgroup_v1_memory || !bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return task->cgroups->dfl_cgrp;
	switch (bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)) {
		SUBSYS_CGROUP(0);
		SUBSYS_CGROUP(1);
		SUBSYS_CGROUP(2);
		SUBSYS_CGROUP(3);
		SUBSYS_CGROUP(4);
		SUBSYS_CGROUP(5);
		SUBSYS_CGROUP(6);
		SUBSYS_CGROUP(7);
		SUBSYS_CGROUP(8);
		SUBSYS_CGROUP(9);
		SUBSYS_CGROUP(10);
		SUBSYS_CGROUP(11);
		SUBSYS_CGROUP(12);
		SUBSYS_CGROUP(13);
		SUBSYS_CGROUP(14);
		SUBSYS_CGROUP(15);
	}
	return task->cgroups->dfl_cgrp;
}

static __always_inline __u64 task_cgroup_id(struct task_struct *task)
{
	return task_cgroup(task)->kn->id;
}
