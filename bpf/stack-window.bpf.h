/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stack window: the user stack, read in bulk: a copy of 1 KiB costs little more than one of a word (about 75 ns). No
 * copy crosses a page, so a hole in the stack only costs what really lies in it. Reads that ascend hit the window most.
 */
#pragma once

#include "bpf/base.bpf.h"

#define STACK_WINDOW_BYTES 1024
#define STACK_WINDOW_WORDS (STACK_WINDOW_BYTES / sizeof(__u64))
#define STACK_PAGE_BYTES 4096

struct stack_window {
	__u64 start, bytes;              /* bytes: a multiple of 8; 0: nothing read yet */
	__u64 words[STACK_WINDOW_WORDS]; /* of bytes clang would make eight loads for each word */
};

/*
 * Reads the word at addr, and what follows it, to the start of the window. An odd word (no sane stack has any) is read
 * alone. Global, so that the verifier looks at it once.
 */
__noinline int stack_window_refill(struct stack_window *win, __u64 addr)
{
	__u32 bytes = STACK_PAGE_BYTES - (__u32)(addr & (STACK_PAGE_BYTES - 1));

	if (!win)
		return -1;
	if (bytes > STACK_WINDOW_BYTES)
		bytes = STACK_WINDOW_BYTES;
	if (addr & 7)
		bytes = 8;
	win->bytes = 0;
	if (bpf_probe_read_user(win->words, bytes, (const void *)addr) != 0)
		return -1;
	win->start = addr;
	win->bytes = bytes;
	return 0;
}

static __always_inline bool stack_window_read(struct stack_window *win, __u64 addr, __u64 *ret)
{
	__u64 offset = addr - win->start;

	if (offset >= win->bytes || (offset & 7)) {
		if (stack_window_refill(win, addr) != 0)
			return false;
		offset = 0;
	}
	*ret = win->words[offset / sizeof(__u64) & (STACK_WINDOW_WORDS - 1)];
	return true;
}
