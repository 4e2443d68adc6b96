/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * regs: the registers that an unwind starts from, numbered as DWARF does, and what a machine's ABI says about them:
 * which one is the stack pointer, what a signal frame looks like, what a call instruction looks like.
 */
#pragma once

#include "bpf/base.bpf.h"

#if defined(__TARGET_ARCH_x86)
#define USER_REGS_N UNWIND_X86_64_N
#define REGS_FP UNWIND_X86_64_RBP
#define REGS_SP UNWIND_X86_64_RSP
#define USER_PC_LIMIT (1ULL << 56) /* 5-level page tables; the 4-level limit is below it */
#elif defined(__TARGET_ARCH_arm64)
#define USER_REGS_N UNWIND_AARCH64_N
#define REGS_FP UNWIND_AARCH64_FP
#define REGS_SP UNWIND_AARCH64_SP
#define USER_PC_LIMIT (1ULL << 52) /* 52-bit virtual addresses */
#else
#error "cpuhound samples x86-64 and aarch64"
#endif

struct user_regs {
	__u64 all[USER_REGS_N];
	__u64 pc;
};

enum user_regs_answer {
	USER_REGS_COMPAT32 = 1 << 0,   /* of a 32-bit process */
	USER_REGS_IN_SYSCALL = 1 << 1, /* pc lies behind the instruction that called the kernel */
};

/* The bytes of an instruction's code, the first in the low bits: `n` of them from byte `i` on. */
#define CODE_BYTE(code, i) ((__u8)((code) >> 8 * (i)))

#if defined(__TARGET_ARCH_x86)

/* Where the general registers lie in a signal frame, whose ucontext is at the stack pointer (asm/sigcontext.h). */
#define SIGNAL_FRAME_REGS 40
#define SIGNAL_FRAME_WORDS 17

static __always_inline void regs_from_signal_frame(const __u64 *greg, struct user_regs *ret)
{
	for (int i = 0; i < 8; i++)
		ret->all[8 + i] = greg[i];
	ret->all[5] = greg[8];
	ret->all[4] = greg[9];
	ret->all[6] = greg[10];
	ret->all[3] = greg[11];
	ret->all[1] = greg[12];
	ret->all[0] = greg[13];
	ret->all[2] = greg[14];
	ret->all[7] = greg[15];
	ret->pc = greg[16];
}

/* mov $SYS_rt_sigreturn, %rax (or %eax); syscall */
static __always_inline bool code_is_sigreturn(__u64 code)
{
	return code == 0x0f0000000fc0c748 || (code & 0xffffffffffffff) == 0x050f0000000fb8;
}

/* An indirect call of n bytes that ends the eight bytes of code: ff /2 with its ModRM, SIB and displacement. */
static __always_inline bool code_ends_in_indirect_call(__u64 code, int n)
{
	__u8 modrm = CODE_BYTE(code, 9 - n), mode = modrm >> 6, base = modrm & 7;
	int due = 2;

	if (CODE_BYTE(code, 8 - n) != 0xff || (modrm & 0x38) != 0x10)
		return false;
	if (mode != 3 && base == 4)
		due++;
	if (mode == 1)
		due++;
	if (mode == 2 || (mode == 0 && base == 5))
		due += 4;
	return due == n;
}

/* Whether the eight bytes before a return address end in a call. Global, for its many branches. */
__noinline int code_ends_in_call(__u64 code)
{
	if (CODE_BYTE(code, 3) == 0xe8)
		return true;
	for (int n = 2; n <= 7; n++)
		if (code_ends_in_indirect_call(code, n))
			return true;
	return false;
}

static __always_inline __u64 strip_return_address(__u64 pc)
{
	return pc;
}

#else

/* struct rt_sigframe (arch/arm64/kernel/signal.c): siginfo, then the ucontext, whose mcontext has x0 to x30, sp, pc. */
#define SIGNAL_FRAME_REGS 312
#define SIGNAL_FRAME_WORDS 33

static __always_inline void regs_from_signal_frame(const __u64 *greg, struct user_regs *ret)
{
	for (int i = 0; i < USER_REGS_N; i++)
		ret->all[i] = greg[i];
	ret->pc = greg[USER_REGS_N];
}

/* mov x8, #__NR_rt_sigreturn; svc #0 */
static __always_inline bool code_is_sigreturn(__u64 code)
{
	return code == 0xd4000001d2801168;
}

/* bl; blr; blraa, blrab and their forms with a zero modifier. */
__noinline int code_ends_in_call(__u64 code)
{
	__u32 insn = (__u32)(code >> 32);

	return (insn & 0xfc000000) == 0x94000000 || (insn & 0xfffffc1f) == 0xd63f0000 ||
	       (insn & 0xfefff800) == 0xd63f0800;
}

/* Pointer authentication signs a return address in the bits that user space's addresses leave free. */
static __always_inline __u64 strip_return_address(__u64 pc)
{
	return pc & ((1ULL << 48) - 1);
}

#endif
