/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk native: the walker of bpf/ compiled as user code, for x86-64 or aarch64 (__TARGET_ARCH_x86 or _arm64), over
 * tables in an unwind space and memory behind a callback.
 */
#pragma once

#include "bpf/abi.h"
#include "tests/native/unwind-space.h"

#if defined(__TARGET_ARCH_arm64)
#define NATIVE_REGS_N UNWIND_AARCH64_N
#else
#define NATIVE_REGS_N UNWIND_X86_64_N
#endif

struct native_regs {
	__u64 all[NATIVE_REGS_N]; /* by DWARF's numbers */
	__u64 pc;
};

/* Of a process and what it was forked from. */
struct native_task {
	__u32 tgid;
	bool has_not_called_exec;
	__u64 exec_id;                    /* how many execs lie behind it */
	__u64 parent_exec_id;             /* of its parent, when it forked */
	const struct native_task *parent; /* NULL: init */
};

struct native_input {
	const struct unwind_space *space;
	struct native_task task;
	struct native_regs regs;
	bool in_syscall, compat32;
	/* Reads user memory; false: it cannot be read. */
	bool (*read)(void *context, __u64 addr, void *ret, size_t size);
	void *context;
};

struct native_stack {
	struct sample_rec rec;
	__u64 frames[CPUHOUND_MAX_USER_FRAMES];
	size_t n;
	size_t n_reads; /* copies of user memory that it took */
};

/* One walk at a time. */
void native_walk(const struct native_input *input, struct native_stack *ret);
