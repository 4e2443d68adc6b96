/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * arch: reads the registers of a tick, from the event's context where it hit user mode, else from where the task's
 * kernel stack keeps them.
 */
#pragma once

#include "bpf/regs.bpf.h"

/* The verifier refuses a context load that the compiler moved through a changed pointer: read it as volatile. */
#define CTX_REG(ctx, field) (*(volatile const unsigned long *)&(ctx)->regs.field)

#if defined(__TARGET_ARCH_x86)

#define X86_USER32_CS 0x23
#define X86_THREAD_STACK_BYTES (16 * 1024) /* THREAD_SIZE without KASAN (arch/x86/include/asm/page_64_types.h) */

static __always_inline bool ctx_in_user_mode(struct bpf_perf_event_data *ctx)
{
	return CTX_REG(ctx, cs) & 3;
}

static __always_inline __u32 ctx_user_regs(struct bpf_perf_event_data *ctx, struct user_regs *ret)
{
	ret->all[0] = CTX_REG(ctx, rax);
	ret->all[1] = CTX_REG(ctx, rdx);
	ret->all[2] = CTX_REG(ctx, rcx);
	ret->all[3] = CTX_REG(ctx, rbx);
	ret->all[4] = CTX_REG(ctx, rsi);
	ret->all[5] = CTX_REG(ctx, rdi);
	ret->all[6] = CTX_REG(ctx, rbp);
	ret->all[7] = CTX_REG(ctx, rsp);
	ret->all[8] = CTX_REG(ctx, r8);
	ret->all[9] = CTX_REG(ctx, r9);
	ret->all[10] = CTX_REG(ctx, r10);
	ret->all[11] = CTX_REG(ctx, r11);
	ret->all[12] = CTX_REG(ctx, r12);
	ret->all[13] = CTX_REG(ctx, r13);
	ret->all[14] = CTX_REG(ctx, r14);
	ret->all[15] = CTX_REG(ctx, r15);
	ret->pc = CTX_REG(ctx, rip);
	return CTX_REG(ctx, cs) == X86_USER32_CS ? USER_REGS_COMPAT32 : 0;
}

static __always_inline unsigned long task_cs(struct pt_regs___task *regs)
{
	struct pt_regs___csx *wide = (void *)regs;

	return bpf_core_field_exists(wide->csx) ? wide->csx & 0xffff : regs->cs;
}

static __always_inline __u32 task_user_regs(struct task_struct *task, struct user_regs *ret)
{
	struct pt_regs___task *regs = (void *)bpf_task_pt_regs(task);

	ret->all[0] = regs->ax;
	ret->all[1] = regs->dx;
	ret->all[2] = regs->cx;
	ret->all[3] = regs->bx;
	ret->all[4] = regs->si;
	ret->all[5] = regs->di;
	ret->all[6] = regs->bp;
	ret->all[7] = regs->sp;
	ret->all[8] = regs->r8;
	ret->all[9] = regs->r9;
	ret->all[10] = regs->r10;
	ret->all[11] = regs->r11;
	ret->all[12] = regs->r12;
	ret->all[13] = regs->r13;
	ret->all[14] = regs->r14;
	ret->all[15] = regs->r15;
	ret->pc = regs->ip;
	/* `syscall` leaves the pc in rcx. It is another one once the call has begun a signal handler, or a new program.
	 */
	return (task_cs(regs) == X86_USER32_CS ? USER_REGS_COMPAT32 : 0) |
	       ((__s64)regs->orig_ax >= 0 && regs->cx == regs->ip ? USER_REGS_IN_SYSCALL : 0);
}

/* Of the thread's control block, as it was set when the thread began. */
static __always_inline __u64 task_thread_pointer(struct task_struct *task)
{
	return task->thread.fsbase;
}

/*
 * Interrupt work runs on the CPU's own interrupt stack, and so do softirqs at an interrupt's exit: a tick of the idle
 * task that finds another stack than the task's has hit such work. (The preempt count would tell too, but it can
 * only be read where the kernel lists its data symbols, CONFIG_KALLSYMS_ALL.)
 */
static __always_inline bool ctx_on_task_stack(struct bpf_perf_event_data *ctx, struct task_struct *task)
{
	return CTX_REG(ctx, rsp) - (__u64)task->stack <= X86_THREAD_STACK_BYTES;
}

#else

#define ARM64_PSTATE_MODE 0xf /* 0: EL0 */
#define ARM64_PSTATE_32BIT 0x10
#define ARM64_THREAD_STACK_BYTES (16 * 1024) /* THREAD_SIZE with pages of 4 or 16 KiB, without KASAN */

static __always_inline bool ctx_in_user_mode(struct bpf_perf_event_data *ctx)
{
	return (CTX_REG(ctx, pstate) & ARM64_PSTATE_MODE) == 0;
}

static __always_inline __u32 ctx_user_regs(struct bpf_perf_event_data *ctx, struct user_regs *ret)
{
#pragma clang loop unroll(full)
	for (int i = 0; i < 31; i++)
		ret->all[i] = CTX_REG(ctx, regs[i]);
	ret->all[REGS_SP] = CTX_REG(ctx, sp);
	ret->pc = CTX_REG(ctx, pc);
	return CTX_REG(ctx, pstate) & ARM64_PSTATE_32BIT ? USER_REGS_COMPAT32 : 0;
}

static __always_inline __u32 task_user_regs(struct task_struct *task, struct user_regs *ret)
{
	struct pt_regs___task *regs = (void *)bpf_task_pt_regs(task);

#pragma clang loop unroll(full)
	for (int i = 0; i < 31; i++)
		ret->all[i] = regs->regs[i];
	ret->all[REGS_SP] = regs->sp;
	ret->pc = regs->pc;
	return (regs->pstate & ARM64_PSTATE_32BIT ? USER_REGS_COMPAT32 : 0) |
	       (regs->syscallno >= 0 ? USER_REGS_IN_SYSCALL : 0);
}

static __always_inline __u64 task_thread_pointer(struct task_struct *task)
{
	return task->thread.uw.tp_value;
}

static __always_inline bool ctx_on_task_stack(struct bpf_perf_event_data *ctx, struct task_struct *task)
{
	return CTX_REG(ctx, sp) - (__u64)task->stack <= ARM64_THREAD_STACK_BYTES;
}

#endif
