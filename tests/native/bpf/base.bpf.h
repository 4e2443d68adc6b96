/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base: in place of bpf/base.bpf.h, what the walker's sources need to be compiled as user code. Kernel calls become
 * functions of tests/native/walk-native.c.
 */
#pragma once

#define __VMLINUX_H__ /* bpf/abi.h: types come from here */

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>
#include <sys/cdefs.h> /* __always_inline */

#include "bpf/abi.h"

#define __noinline static __attribute__((__noinline__, __unused__))
#define SEC(name)
#define barrier_var(var) __asm__ volatile("" : "+r"(var))

/* Map definitions keep their shape; only their addresses count. */
#define __uint(name, value) int(*name)[value]
#define __type(name, value) __typeof__(value) *name
#define __array(name, value) __typeof__(value) *name[]

enum bpf_map_type {
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
};
#define BPF_F_MMAPABLE (1 << 10)

#define PF_FORKNOEXEC 0x00000040

struct task_struct {
	int tgid;
	unsigned int flags;
	__u64 parent_exec_id, self_exec_id;
	struct task_struct *group_leader, *real_parent;
};

extern const __u64 hash_seed;

void *bpf_map_lookup_elem(const void *map, const void *key);
long bpf_probe_read_user(void *dst, __u32 size, const void *addr);

#define bpf_loop(n, callback, context, zero)                                                                           \
	({                                                                                                             \
		__u32 loop_ = 0;                                                                                       \
		while (loop_ < (n) && (callback)(loop_, (context)) == 0)                                               \
			loop_++;                                                                                       \
	})

static __always_inline __u64 sign_mask(__s64 x)
{
	return x < 0 ? ~0ULL : 0;
}
