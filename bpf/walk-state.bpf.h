/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * walk state: where a walk of a user stack stands: the frame that is about to be left. It lives in a map, one per
 * CPU, not on the BPF stack: there the verifier would follow each value, and the paths through the loop would multiply.
 */
#pragma once

#include "bpf/regs.bpf.h"
#include "bpf/stack-window.bpf.h"
#include "bpf/unwind-lookup.bpf.h"

#define WALK_ON (-1) /* what a step returns that found the next frame; else the reason to stop */

/* Where the walk stood when it left a frame without a rule: there the stack ends if that proves wrong. */
struct walk_guess {
	__u64 hash;
	__u32 n_frames; /* 0: no frame was left so */
	__u32 flags;
	__u32 stop; /* the reason that the end then has */
	__u32 zero;
};

enum walk_known {
	WALK_KNOWS_FP = 1 << 0,
	WALK_KNOWS_ALL = 1 << 1, /* the frame was interrupted: every register is known, in regs[interrupted] */
};

struct walk {
	struct user_regs regs[2]; /* of frame 0, to the end of the walk; of the frame below the last signal frame */
	__u64 pc, sp, fp;
	__u64 stack_end;   /* where the kernel began the main thread's stack: nobody has called a frame there */
	__u32 back;        /* 1: pc is a return address, so what is being executed lies before it */
	__u32 known;       /* enum walk_known */
	__u32 interrupted; /* index in regs */
	__u32 flags;       /* enum sample_flag, of what was met */
	__u64 hash;
	__u32 at; /* word where the frames go */
	__u32 n_frames;
	__u32 stop;
	__u32 zero;
	struct walk_guess guess; /* the last one */
	struct unwind_place place;
	struct stack_window window;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walk);
} walks SEC(".maps");

/* The walk of this CPU, whose regs[0] are to be filled before it begins. */
static __always_inline struct walk *walk_of_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&walks, &zero);
}

/* At a frame that was interrupted: all its registers are known, and its pc is exact. */
static __always_inline void walk_at_interrupted(struct walk *w, __u32 i)
{
	const struct user_regs *regs = &w->regs[i & 1];

	w->pc = regs->pc;
	w->sp = regs->all[REGS_SP];
	w->fp = regs->all[REGS_FP];
	w->back = 0;
	w->known = WALK_KNOWS_FP | WALK_KNOWS_ALL;
	w->interrupted = i & 1;
}

/* At the caller of the frame before. */
static __always_inline void walk_at_caller(struct walk *w, __u64 pc, __u64 sp, __u64 fp, __u32 known)
{
	w->pc = pc;
	w->sp = sp;
	w->fp = fp;
	w->back = 1;
	w->known = known;
}

static __always_inline bool walk_register(const struct walk *w, __u32 reg, __u64 *ret)
{
	if (reg == REGS_SP) {
		*ret = w->sp;
		return true;
	}
	if (reg == REGS_FP) {
		*ret = w->fp;
		return w->known & WALK_KNOWS_FP;
	}
	if (!(w->known & WALK_KNOWS_ALL) || reg >= USER_REGS_N)
		return false;
	*ret = w->regs[w->interrupted & 1].all[reg];
	return true;
}
