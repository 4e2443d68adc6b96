/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * walk: the user stack of a tick, from the innermost frame to the outermost, by the rules of the binaries' CFI, and by
 * frame pointers where there are none. Every stack says why it ended (enum walk_stop).
 *
 * The program counters that are kept: frame 0's as it is; of callers the return address. A frame that a signal
 * interrupted is kept plus one, so that for every frame but the first, what was executed lies one before.
 */
#pragma once

#include "bpf/frame-pointer.bpf.h"
#include "bpf/stacks.bpf.h"
#include "bpf/unwind-process.bpf.h"
#include "bpf/unwind-rule.bpf.h"
#include "bpf/walk-state.bpf.h"

struct walk_ctx {
	struct walk *w;
	struct cpu_buf *buf;
};

static __always_inline void walk_push(struct walk *w, struct cpu_buf *buf, __u64 pc)
{
	__u32 at = w->at + w->n_frames;

	if (at >= CPUHOUND_STACK_WORDS + CPUHOUND_STACK_HEADER_WORDS + CPUHOUND_MAX_USER_FRAMES)
		return;
	buf->stacks[at] = pc;
	w->hash = hash_add(w->hash, pc);
	w->n_frames++;
}

static __always_inline int walk_leave(struct walk *w)
{
	const struct unwind_rule *rule;
	__u64 at = w->pc - w->back;

	if (!unwind_has(&w->place, at))
		return WALK_STOP_NO_MAPPING;
	if (w->place.table_state == UNWIND_TABLE_NOT_LOADED)
		return WALK_STOP_NO_ROWS;
	if (w->place.table_state == UNWIND_TABLE_LOADED) {
		rule = unwind_find_rule(&w->place, at);
		if (!rule)
			return WALK_STOP_NO_ROWS;
		if (rule->cfa != UNWIND_CFA_NONE)
			return walk_leave_by_rule(w, rule);
	}
	return walk_leave_without_rule(w);
}

/* Takes one step; returns the reason to stop, or WALK_ON. */
static __always_inline int walk_step(struct walk *w, struct cpu_buf *buf)
{
	int stop = walk_leave(w);

	if (stop >= 0)
		return stop;
	if (!is_user_pc(w->pc))
		return WALK_STOP_BAD_PC;
	if (w->n_frames >= CPUHOUND_MAX_USER_FRAMES)
		return WALK_STOP_DEPTH;
	walk_push(w, buf, w->pc + !w->back);
	return WALK_ON;
}

static long walk_loop(__u32 index, struct walk_ctx *ctx)
{
	int stop = walk_step(ctx->w, ctx->buf);

	if (stop < 0)
		return 0;
	ctx->w->stop = (__u32)stop;
	return 1;
}

/* Walks from w->regs[0]; `answer` is what reading them gave. */
static __always_inline void walk_from_regs(struct walk *w, struct cpu_buf *buf, struct task_struct *task, __u32 answer,
					   struct sample_rec *rec)
{
	struct walk_ctx ctx = { .w = w, .buf = buf };

	w->window.bytes = 0;
	w->n_frames = 0;
	w->flags = 0;
	w->guess.n_frames = 0;
	w->hash = hash_seed;
	walk_at_interrupted(w, 0);
	walk_push(w, buf, w->pc);
	if (answer & USER_REGS_IN_SYSCALL)
		w->back = 1; /* what follows may be another function */
	w->stop = WALK_STOP_COMPAT32;
	if (answer & USER_REGS_COMPAT32)
		return;
	w->stop = WALK_STOP_NO_PROCESS;
	if (!unwind_begin(&w->place, unwind_task_slot(task), &rec->news_ns))
		return;
	w->stop = WALK_STOP_DEPTH;
	bpf_loop(CPUHOUND_MAX_USER_FRAMES + 1, walk_loop, &ctx, 0);
	walk_take_back_guess(w);
}

/* What the walk went by may be of before: in this process code has just taken other code's place. */
static __always_inline bool walk_may_be_stale(const struct walk *w, const struct sample_rec *rec)
{
	return rec->news_ns && rec->time_ns < w->place.copies_until_ns;
}

/* Walks the user stack from w->regs[0], interns it, and says in rec how it ended. */
static __always_inline void walk_user(struct walk *w, struct cpu_buf *buf, struct task_struct *task, __u32 answer,
				      struct sample_rec *rec)
{
	__u32 at;

	rec->walker = WALKER_ROWS;
	if (!stacks_reserve(buf, &at)) {
		rec->ustop = WALK_STOP_STACKS_FULL;
		return;
	}
	w->at = at + CPUHOUND_STACK_HEADER_WORDS;
	walk_from_regs(w, buf, task, answer, rec);
	rec->ustop = (__u8)w->stop;
	rec->flags |= (__u8)w->flags;
	rec->ustack = (__u16)stacks_intern(buf, at, w->hash, w->n_frames);
}
