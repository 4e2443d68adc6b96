/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * vmlinux: the kernel types that the BPF programs touch, and of them only the fields used. Offsets are relocated at
 * load time from the running kernel's BTF (CO-RE), so neither order nor completeness matters here.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	__u64 id;
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

/* Its value on the running kernel is relocated too: it depends on which controllers were built. */
enum cpuhp_state {
	CPUHP_AP_ACTIVE = 1, /* whatever it is: relocated */
};

enum cgroup_subsys_id {
	memory_cgrp_id = 4,
};

struct css_set {
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp;
};

struct mm_struct {
	unsigned long end_code, start_stack;
};

struct thread_struct {
#if defined(__TARGET_ARCH_x86)
	unsigned long fsbase;
#elif defined(__TARGET_ARCH_arm64)
	struct {
		unsigned long tp_value;
	} uw;
#endif
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct task_struct {
	int pid;
	int tgid;
	unsigned int flags;
	__u64 start_boottime;
	__u64 parent_exec_id, self_exec_id;
	struct task_struct *group_leader, *real_parent;
	struct css_set *cgroups;
	struct pid *thread_pid;
	struct mm_struct *mm;
	void *stack;
	struct thread_struct thread;
};

/* What bpf_task_pt_regs() points to; the context of a perf event has UAPI's struct pt_regs instead. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs___task {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, sp;
	unsigned long cs;
};
/* Since 6.9 `cs` is 16 bits wide, and `csx` is the whole word. */
struct pt_regs___csx {
	unsigned long csx;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs___task {
	__u64 regs[31];
	__u64 sp, pc, pstate;
	int syscallno;
};
#endif

#pragma clang attribute pop

#define PF_FORKNOEXEC 0x00000040
#define PF_KTHREAD 0x00200000

#endif
