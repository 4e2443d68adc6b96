/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* base: what every BPF source starts from. */
#pragma once

#include "vmlinux.h"

#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "bpf/abi.h"

/* Set by user space before the program is loaded. */
extern const volatile __u64 hash_seed;
extern const volatile bool cgroup_v1_memory; /* cgroups are those of the v1 memory hierarchy, not of v2 */
extern const volatile __u32 filter;          /* enum filter_kind */
extern const volatile __u32 pid_namespace;   /* inode of the one that processes are numbered in; 0: the host's */

/*
 * All ones if x is negative, else 0. Of a shift that it can see clang makes a branch, and each branch of a search
 * is one more path for the verifier to follow.
 */
static __always_inline __u64 sign_mask(__s64 x)
{
	__asm__("%0 s>>= 63" : "+r"(x));
	return (__u64)x;
}
