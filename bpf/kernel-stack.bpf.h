/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* kernel stack: walked by the kernel itself, kept like the user's. */
#pragma once

#include "bpf/stacks.bpf.h"

struct hash_walk {
	struct cpu_buf *buf;
	__u64 hash;
	__u32 at;
};

static long hash_loop(__u32 index, struct hash_walk *h)
{
	__u32 at = h->at + index;

	if (at >= CPUHOUND_STACK_WORDS + CPUHOUND_STACK_HEADER_WORDS + CPUHOUND_MAX_USER_FRAMES)
		return 1;
	h->hash = hash_add(h->hash, h->buf->stacks[at]);
	return 0;
}

static __always_inline void walk_kernel(struct bpf_perf_event_data *ctx, struct cpu_buf *buf, struct sample_rec *rec)
{
	struct hash_walk h = { .buf = buf, .hash = ~hash_seed };
	__u32 at, n_frames;
	long n_bytes;

	if (!stacks_reserve(buf, &at)) {
		rec->kstop = WALK_STOP_STACKS_FULL;
		return;
	}
	if (at >= CPUHOUND_STACK_WORDS)
		return;
	n_bytes = bpf_get_stack(ctx, &buf->stacks[at + CPUHOUND_STACK_HEADER_WORDS],
				CPUHOUND_MAX_KERNEL_FRAMES * sizeof(__u64), 0);
	if (n_bytes <= 0) {
		rec->kstop = WALK_STOP_KERNEL_FAULT;
		return;
	}
	n_frames = (__u32)n_bytes / sizeof(__u64);
	if (n_frames >= CPUHOUND_MAX_KERNEL_FRAMES)
		rec->kstop = WALK_STOP_DEPTH;
	h.at = at + CPUHOUND_STACK_HEADER_WORDS;
	bpf_loop(n_frames, hash_loop, &h, 0);
	rec->kstack = (__u16)stacks_intern(buf, at, h.hash, n_frames);
}
