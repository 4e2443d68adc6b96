/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* unwind rule: leaves a frame as bpf/unwind-table.h says. */
#pragma once

#include "bpf/walk-state.bpf.h"

/* The ucontext has every register: the frame that the signal interrupted is as well known as the innermost. */
__noinline int walk_leave_signal_frame(struct walk *w)
{
	if (!w)
		return WALK_STOP_READ_FAULT; /* cannot be */
	w->window.bytes = 0;
	if (bpf_probe_read_user(w->window.words, SIGNAL_FRAME_WORDS * sizeof(__u64),
				(const void *)(w->sp + SIGNAL_FRAME_REGS)) != 0)
		return WALK_STOP_READ_FAULT;
	regs_from_signal_frame(w->window.words, &w->regs[1]);
	walk_at_interrupted(w, 1);
	return WALK_ON;
}

/* The stack that Go's asmcgocall has left, from what it saved of it at `saved` and beside that. */
static __always_inline int walk_find_go_cfa(struct walk *w, __u64 saved_g, __u64 saved_depth, __s32 add, __u64 *ret)
{
	__u64 g, depth, stack_hi;

	if (!stack_window_read(&w->window, saved_g, &g) || !stack_window_read(&w->window, saved_depth, &depth))
		return WALK_STOP_READ_FAULT;
	if (bpf_probe_read_user(&stack_hi, sizeof(stack_hi), (const void *)(g + 8)) != 0)
		return WALK_STOP_READ_FAULT;
	*ret = stack_hi - depth + (__u64)(__s64)add;
	return WALK_ON;
}

/* The canonical frame address. */
static __always_inline int walk_find_cfa(struct walk *w, const struct unwind_rule *rule, __u64 *ret)
{
	__u64 base;

	switch (rule->cfa) {
	case UNWIND_CFA_REGISTER:
	case UNWIND_CFA_SWITCH:
		if (!walk_register(w, rule->reg, &base))
			return WALK_STOP_UNENCODABLE;
		*ret = base + (__u64)(__s64)rule->cfa_offset;
		return WALK_ON;
	case UNWIND_CFA_DEREF:
		if (!walk_register(w, rule->reg, &base))
			return WALK_STOP_UNENCODABLE;
		if (!stack_window_read(&w->window, base + (__u64)(__s64)rule->cfa_offset, &base))
			return WALK_STOP_READ_FAULT;
		*ret = base + (__u64)(__s64)rule->cfa_add;
		return WALK_ON;
	case UNWIND_CFA_GO_ASMCGOCALL:
		if (!walk_register(w, rule->reg, &base))
			return WALK_STOP_UNENCODABLE;
		return walk_find_go_cfa(w, base + (__u64)(__s64)rule->cfa_offset,
					base + (__u64)(__s64)(rule->cfa_offset ^ 8), rule->cfa_add, ret);
	case UNWIND_CFA_PLT:
		*ret = w->sp + 8 + ((__s32)(w->pc & 15) >= rule->cfa_add ? 8 : 0);
		return WALK_ON;
	}
	return WALK_STOP_UNENCODABLE;
}

/* The caller's frame pointer; what is known of it goes to ret_known. */
static __always_inline int walk_find_fp(struct walk *w, const struct unwind_rule *rule, __u64 cfa, __u64 *ret,
					__u32 *ret_known)
{
	__u64 addr;

	*ret = w->fp;
	*ret_known = w->known & WALK_KNOWS_FP;
	switch (rule->fp) {
	case UNWIND_FP_SAME:
		return WALK_ON;
	case UNWIND_FP_AT_CFA:
		addr = cfa + (__u64)(__s64)rule->fp_offset;
		break;
	case UNWIND_FP_AT_FP:
		if (!*ret_known)
			return WALK_STOP_UNENCODABLE;
		addr = w->fp + (__u64)(__s64)rule->fp_offset;
		break;
	default:
		*ret_known = 0;
		return WALK_ON;
	}
	*ret_known = WALK_KNOWS_FP;
	return stack_window_read(&w->window, addr, ret) ? WALK_ON : WALK_STOP_READ_FAULT;
}

static __always_inline int walk_find_return_address(struct walk *w, const struct unwind_rule *rule, __u64 cfa,
						    __u64 *ret)
{
	if (rule->ra == UNWIND_RA_AT_CFA)
		return stack_window_read(&w->window, cfa + (__u64)(__s64)rule->ra_offset, ret) ? WALK_ON
											       : WALK_STOP_READ_FAULT;
	if (!(w->known & WALK_KNOWS_ALL) || !walk_register(w, (__u16)rule->ra_offset, ret))
		return WALK_STOP_UNENCODABLE;
	return WALK_ON;
}

/* A caller's frame lies above; only a frame that was interrupted may have used no stack at all. */
static __always_inline bool walk_advances(const struct walk *w, const struct unwind_rule *rule, __u64 cfa)
{
	if (cfa > w->sp || (cfa == w->sp && rule->ra == UNWIND_RA_REGISTER))
		return true;
	return rule->cfa == UNWIND_CFA_SWITCH || rule->cfa == UNWIND_CFA_GO_ASMCGOCALL;
}

/* Reads in ascending order where it can: the CFA's word, the frame pointer, the return address. */
static __always_inline int walk_leave_by_rule(struct walk *w, const struct unwind_rule *rule)
{
	__u64 cfa, fp, pc;
	__u32 known;
	int stop;

	if (rule->ra == UNWIND_RA_UNDEFINED)
		return WALK_STOP_ROOT;
	if (rule->cfa == UNWIND_CFA_SIGNAL)
		return walk_leave_signal_frame(w);
	stop = walk_find_cfa(w, rule, &cfa);
	if (stop >= 0)
		return stop;
	if (!walk_advances(w, rule, cfa))
		return WALK_STOP_NOT_ADVANCING;
	stop = walk_find_fp(w, rule, cfa, &fp, &known);
	if (stop >= 0)
		return stop;
	stop = walk_find_return_address(w, rule, cfa, &pc);
	if (stop >= 0)
		return stop;
	pc = strip_return_address(pc);
	if (pc == 0)
		return WALK_STOP_ROOT;
	walk_at_caller(w, pc, cfa, fp, known);
	return WALK_ON;
}
