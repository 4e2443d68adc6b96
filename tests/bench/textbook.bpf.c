// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * textbook: the sampler that every book on BPF has: two bpf_get_stackid() and a count in a hash. The measure for
 * bpf/sampler.bpf.c (bench-unwind); it follows frame pointers only.
 */
#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>

#include <bpf/bpf_helpers.h>

#include "textbook.h"

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, TEXTBOOK_MAX_FRAMES * sizeof(__u64));
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct textbook_key);
	__type(value, __u64);
} counts SEC(".maps");

SEC("perf_event")
int textbook_tick(struct bpf_perf_event_data *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), one = 1, *count;
	struct textbook_key key = {};

	if ((__u32)id == 0)
		return 0; /* idle */
	key.tgid = (__u32)(id >> 32);
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	key.user_stack = (__s32)bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	key.kernel_stack = (__s32)bpf_get_stackid(ctx, &stacks, 0);
	count = bpf_map_lookup_elem(&counts, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&counts, &key, &one, BPF_NOEXIST);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
