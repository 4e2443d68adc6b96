/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stacks: this buffer's store of stacks, each kept once. A walk writes its frames in place behind the last stack
 * (the slack behind CPUHOUND_STACK_WORDS has room for any); interning then keeps or forgets them.
 *
 * Two stacks count as equal when their 64-bit hashes and depths agree: the seed is random for each start, so nobody
 * can prepare two that clash, and by chance it happens once in 10^13 buffers.
 */
#pragma once

#include "bpf/base.bpf.h"

static __always_inline __u64 hash_add(__u64 hash, __u64 pc)
{
	hash = (hash ^ pc) * 0x9fb21c651e98df25ULL;
	return hash ^ (hash >> 32);
}

/* Where the next stack's words begin; false: this buffer is full. */
static __always_inline bool stacks_reserve(struct cpu_buf *buf, __u32 *ret)
{
	__u32 at = buf->n_stack_words;

	if (at >= CPUHOUND_STACK_WORDS)
		return false;
	*ret = at;
	return true;
}

/*
 * Returns the record's reference to the stack of n_frames that begins at word `at`. Global, so that the verifier
 * looks at it once and not for each of its callers' states.
 */
__noinline __u32 stacks_intern(struct cpu_buf *buf, __u32 at, __u64 hash, __u32 n_frames)
{
	__u32 slot = (__u32)(hash >> 20);

	if (!buf || at >= CPUHOUND_STACK_WORDS || n_frames > CPUHOUND_MAX_USER_FRAMES)
		return 0;
	for (int i = 0; i < CPUHOUND_STACK_PROBES; i++) {
		__u16 *ref = &buf->slots[(slot + (__u32)i) & (CPUHOUND_STACK_SLOTS - 1)];
		__u32 other = (__u32)*ref - 1;

		if (*ref == 0) {
			*ref = (__u16)(at + 1);
			break;
		}
		barrier_var(other); /* else clang bounds one copy and indexes with another: Linux 6.1 refuses that */
		if (other < CPUHOUND_STACK_WORDS && buf->stacks[other] == hash && buf->stacks[other + 1] == n_frames)
			return other + 1;
	}
	buf->stacks[at] = hash;
	buf->stacks[at + 1] = n_frames;
	buf->n_stack_words = at + CPUHOUND_STACK_HEADER_WORDS + n_frames;
	return at + 1;
}
