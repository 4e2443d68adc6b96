/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * frame pointer: leaves a frame of code without CFI: JIT code, and gaps between what the CFI covers (hand-written
 * assembly above all). Nothing says where its return address is, so whatever is taken for one must be plausible: it
 * lies in mapped code, and, where it is read once and not in every frame, follows a call.
 */
#pragma once

#include "bpf/unwind-rule.bpf.h"
#include "bpf/walk-state.bpf.h"

#define FRAME_POINTER_REACH (1 << 20) /* how far above the stack pointer a frame ends */
#define MIN_USER_PC 4096

static __always_inline bool is_user_pc(__u64 pc)
{
	return pc >= MIN_USER_PC && pc < USER_PC_LIMIT;
}

static __always_inline bool code_at(__u64 addr, __u64 *ret)
{
	return bpf_probe_read_user(ret, sizeof(*ret), (const void *)addr) == 0;
}

static __always_inline bool is_return_address(struct walk *w, __u64 pc, bool must_follow_call)
{
	__u64 code;

	if (!is_user_pc(pc) || !unwind_has(&w->place, pc - 1))
		return false;
	return !must_follow_call || (code_at(pc - 8, &code) && code_ends_in_call(code));
}

#if defined(__TARGET_ARCH_x86)
/*
 * An interrupted function without a frame of its own has its return address on top of the stack; one that has just
 * saved the frame pointer has it below that.
 */
static __always_inline bool leave_frameless(struct walk *w)
{
	__u64 word, sp = w->sp;

	if (!stack_window_read(&w->window, sp, &word))
		return false;
	if (word == w->fp) {
		sp += 8;
		if (!stack_window_read(&w->window, sp, &word))
			return false;
	}
	if (!is_return_address(w, word, true))
		return false;
	walk_at_caller(w, word, sp + 8, w->fp, WALK_KNOWS_FP);
	return true;
}
#else
/*
 * An interrupted function without a frame of its own has its return address in the link register. It may have one
 * all the same, and the register be a remnant of its last call: then that lies in the function itself, or near.
 */
static __always_inline bool leave_frameless(struct walk *w)
{
	__u64 pc = strip_return_address(w->regs[w->interrupted & 1].all[UNWIND_AARCH64_LR]), record;

	if (stack_window_read(&w->window, w->fp + 8, &record) && strip_return_address(record) == pc)
		return false; /* the frame's own */
	if (!is_return_address(w, pc, true))
		return false;
	walk_at_caller(w, pc, w->sp, w->fp, WALK_KNOWS_FP);
	return true;
}
#endif

static __always_inline bool leave_by_frame_record(struct walk *w, bool must_follow_call)
{
	__u64 fp, pc;

	if (!(w->known & WALK_KNOWS_FP) || (w->fp & 7) || w->fp - w->sp > FRAME_POINTER_REACH)
		return false;
	if (!stack_window_read(&w->window, w->fp, &fp) || !stack_window_read(&w->window, w->fp + 8, &pc))
		return false;
	pc = strip_return_address(pc);
	if (!is_return_address(w, pc, must_follow_call))
		return false;
	walk_at_caller(w, pc, w->fp + 16, fp, WALK_KNOWS_FP);
	return true;
}

static __always_inline void walk_note_guess(struct walk *w, bool jit)
{
	w->guess.hash = w->hash;
	w->guess.n_frames = w->n_frames;
	w->guess.flags = w->flags;
	w->guess.stop = jit ? WALK_STOP_JIT : WALK_STOP_NO_CFI;
}

/* Ends as no walk does that was right all the way. */
static __always_inline bool walk_is_astray(__u32 stop)
{
	return stop == WALK_STOP_READ_FAULT || stop == WALK_STOP_BAD_PC || stop == WALK_STOP_NOT_ADVANCING;
}

/* Of a walk that went astray: takes back the last guess, and what was found behind it. */
static __always_inline void walk_take_back_guess(struct walk *w)
{
	if (w->guess.n_frames == 0 || !walk_is_astray(w->stop))
		return;
	w->hash = w->guess.hash;
	w->n_frames = w->guess.n_frames;
	w->flags = w->guess.flags;
	w->stop = w->guess.stop;
}

/*
 * Leaves a frame of code that has no rule. Global, so that the verifier looks at it once.
 */
__noinline int walk_leave_without_rule(struct walk *w)
{
	bool jit, interrupted;
	__u64 code;

	if (!w)
		return WALK_STOP_NO_CFI; /* cannot be */
	jit = w->place.table_state == UNWIND_TABLE_JIT;
	interrupted = w->known & WALK_KNOWS_ALL;
	if (!jit && w->sp == w->stack_end) /* ld.so's and musl's _start have no CFI */
		return WALK_STOP_ROOT;
	if (!jit && code_at(w->pc, &code) && code_is_sigreturn(code)) /* some C libraries describe it nowhere */
		return walk_leave_signal_frame(w);
	if ((interrupted && leave_frameless(w)) || leave_by_frame_record(w, interrupted || !jit)) {
		walk_note_guess(w, jit);
		w->flags |= jit ? SAMPLE_JIT : SAMPLE_GUESSED;
		return WALK_ON;
	}
	return jit ? WALK_STOP_JIT : WALK_STOP_NO_CFI;
}
