/* SPDX-License-Identifier: Apache-2.0 OR (GPL-2.0-only OR BSD-2-Clause) */
/* textbook: what textbook.bpf.c and textbook.c share. */
#pragma once

#include <linux/types.h>

#define TEXTBOOK_MAX_FRAMES 127 /* kernel.perf_event_max_stack's default */

struct textbook_key {
	__u32 tgid;
	__s32 user_stack, kernel_stack; /* ids of bpf_get_stackid(), or its -errno */
	char comm[16];
};
