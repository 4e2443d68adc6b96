/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * copy: the user stack of a sample whose walk ended early, copied with its registers for user space to finish. Rare:
 * the first moments of a process whose binaries nobody has seen, rules that rows cannot hold, and processes in which
 * code takes other code's place. Bounded in rate; one copy costs 2 to 10 us.
 */
#pragma once

#include "bpf/arch.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct copy_area);
} stack_copies SEC(".maps");

/* What this CPU may still copy. A second is one of 2^30 ns here. */
struct copy_budget {
	__u64 second;
	__u64 n;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct copy_budget);
} copy_budgets SEC(".maps");

static __always_inline bool copy_is_wanted(__u32 stop)
{
	return stop == WALK_STOP_NO_PROCESS || stop == WALK_STOP_NO_MAPPING || stop == WALK_STOP_NO_ROWS ||
	       stop == WALK_STOP_UNENCODABLE;
}

static __always_inline bool copy_is_within_budget(__u64 time_ns)
{
	__u32 zero = 0;
	struct copy_budget *budget = bpf_map_lookup_elem(&copy_budgets, &zero);

	if (!budget)
		return false; /* cannot be */
	if (budget->second != time_ns >> 30) {
		budget->second = time_ns >> 30;
		budget->n = 0;
	}
	return budget->n++ < CPUHOUND_COPIES_PER_SECOND;
}

static __always_inline bool copy_is_readable(__u64 addr)
{
	__u8 byte;

	return bpf_probe_read_user(&byte, sizeof(byte), (const void *)addr) == 0;
}

/*
 * How much of the stack there is at `start`, or is worth a copy. The main thread's ends where the kernel began it; most
 * other threads' (glibc's and musl's) below their thread control block. Where neither is near, as on a coroutine's or
 * a signal's stack, an unmapped page tells.
 */
static __always_inline __u32 copy_size(struct task_struct *task, __u64 start)
{
	__u64 main_end = task->mm->start_stack, thread_end = task_thread_pointer(task);

	if (main_end - start <= CPUHOUND_MAX_COPY_BYTES)
		return (__u32)(main_end - start);
	if (thread_end - start <= CPUHOUND_MAX_COPY_BYTES)
		return (__u32)(thread_end - start);
	if (!copy_is_readable(start + copy_class_bytes(COPY_4K)))
		return copy_class_bytes(COPY_4K);
	if (!copy_is_readable(start + copy_class_bytes(COPY_16K)))
		return copy_class_bytes(COPY_16K);
	return CPUHOUND_MAX_COPY_BYTES;
}

/* Claims the next place of a class, if it is free: false, if user space has not got round to it. */
static __always_inline bool copy_claim_in(struct copy_area *copies, __u32 class, __u32 *ret)
{
	__u32 i;

	if (class >= COPY_CLASSES)
		return false;
	i = __sync_fetch_and_add(&copies->next[class], 1) & (copy_places(class) - 1);
	*ret = i;
	i += copy_first(class);
	if (i >= CPUHOUND_COPIES)
		return false;
	return __sync_val_compare_and_swap(&copies->all[i].state, COPY_FREE, COPY_FILLING) == COPY_FREE;
}

/* A place of the smallest class that is large enough and has one: its class, and its number there. */
static __always_inline bool copy_claim(struct copy_area *copies, __u32 n_bytes, __u32 *ret_class, __u32 *ret)
{
	for (__u32 class = COPY_4K; class < COPY_CLASSES; class ++) {
		if (n_bytes > copy_class_bytes(class) || !copy_claim_in(copies, class, ret))
			continue;
		*ret_class = class;
		return true;
	}
	return false;
}

struct copy_loop {
	struct copy_area *copies;
	__u64 start, addr;
	__u32 n_bytes, n_left;
	__u32 at, missing;
};

/* Copies what lies in one page, so that an unmapped one costs only itself. */
static long copy_page(__u32 index, struct copy_loop *l)
{
	__u32 size = CPUHOUND_COPY_PAGE_BYTES - (__u32)(l->addr & (CPUHOUND_COPY_PAGE_BYTES - 1));
	__u32 at = l->at;

	if (size > l->n_left)
		size = l->n_left;
	barrier_var(
		size); /* else clang drops the last check, and Linux 6.1 does not learn from comparing two variables */
	if (at >= CPUHOUND_COPY_BYTES || size == 0 || size > CPUHOUND_COPY_PAGE_BYTES)
		return 1;
	if (bpf_probe_read_user(&l->copies->bytes[at], size, (const void *)l->addr) != 0)
		l->missing |= 1U << (index & 31);
	l->addr += size;
	l->at += size;
	l->n_left -= size;
	return 0;
}

/* The copy that was claimed, once its bytes are there. */
static __always_inline void copy_publish(struct stack_copy *copy, const struct sample_rec *rec,
					 const struct user_regs *regs, const struct copy_loop *from, __u64 stack_end)
{
	copy->why = rec->ustop;
	copy->tgid = rec->tgid;
	copy->tid = rec->tid;
	copy->time_ns = rec->time_ns;
	copy->start_ns = rec->start_ns;
	copy->start = from->start;
	copy->n_bytes = from->n_bytes;
	copy->missing = from->missing;
	copy->stack_end = stack_end;
	copy->pc = regs->pc;
	for (__u32 i = 0; i < USER_REGS_N; i++)
		copy->regs[i] = regs->all[i];
	__sync_lock_test_and_set(&copy->state, COPY_FULL);
}

/*
 * Copies the stack below these registers for a sample that says why. Returns COPY_STACK_WAKES plus the class where so
 * many of its places are filled that user space should be woken, else 0. Global, so that the verifier looks at it
 * once.
 */
#define COPY_STACK_WAKES 8
__noinline __u32 copy_stack(struct sample_rec *rec, const struct user_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct copy_loop loop = {};
	__u32 zero = 0, class, i;
	struct copy_area *copies = bpf_map_lookup_elem(&stack_copies, &zero);

	if (!rec || !regs || !copies || !task->mm)
		return 0; /* cannot be */
	rec->flags |= SAMPLE_COPY_LOST;
	if (!copy_is_within_budget(rec->time_ns))
		return 0;
	loop.copies = copies;
	loop.start = loop.addr = (regs->all[REGS_SP] - CPUHOUND_COPY_RED_ZONE) & ~7ULL;
	loop.n_bytes = loop.n_left = copy_size(task, loop.start);
	if (!copy_claim(copies, loop.n_bytes, &class, &i))
		return 0;
	loop.at = copy_offset(class, i);
	bpf_loop(CPUHOUND_MAX_COPY_BYTES / CPUHOUND_COPY_PAGE_BYTES + 1, copy_page, &loop, 0);

	i += copy_first(class);
	if (class >= COPY_CLASSES || i >= CPUHOUND_COPIES)
		return 0; /* cannot be */
	copy_publish(&copies->all[i], rec, regs, &loop, task->mm->start_stack);
	rec->flags ^= SAMPLE_COPY_LOST | SAMPLE_COPIED;
	if (__sync_fetch_and_add(&copies->n_new[class], 1) + 1 != copy_wake(class))
		return 0;
	return COPY_STACK_WAKES + class;
}
