/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf perf event: what uapi's asm/bpf_perf_event.h and asm/ptrace.h say on arm64 (Linux, arch/arm64/include/uapi), for
 * machines that have no headers of that architecture.
 */
#pragma once

#include <linux/types.h>

struct user_pt_regs {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
	__u64 pstate;
};

typedef struct user_pt_regs bpf_user_pt_regs_t;
