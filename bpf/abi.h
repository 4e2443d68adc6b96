/* SPDX-License-Identifier: Apache-2.0 OR (GPL-2.0-only OR BSD-2-Clause) */
/*
 * abi: what the kernel side and user space share, with bpf/unwind-table.h. Records, limits and reason codes; fixed
 * layouts, checked by both compilers. Nothing here is stored on disk: both sides come from one build.
 *
 * Each possible CPU owns one struct cpu_region in the map `regions`: two buffers, of which the program fills the
 * one that `active` names. User space flips `active`, reads the CPU's perf event (an IPI, so no program of the old
 * buffer can still be running), copies the old buffer out and clears it.
 */
#pragma once

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#include "bpf/unwind-table.h"

#define CPUHOUND_LOG_RECORDS 1024      /* 10 s at 99 Hz; drained when half full */
#define CPUHOUND_STACK_WORDS 22528     /* 176 KiB of stacks */
#define CPUHOUND_STACK_SLOTS 2048      /* hash slots, a power of two; at most two stacks a record */
#define CPUHOUND_STACK_PROBES 8        /* slots tried before a stack is stored a second time */
#define CPUHOUND_MAX_KERNEL_FRAMES 127 /* kernel.perf_event_max_stack's default */
#define CPUHOUND_MAX_USER_FRAMES 512
#define CPUHOUND_MAX_FILTER_PIDS 16384 /* processes followed at a time */
#define CPUHOUND_MAX_FILTER_CGROUPS 64
#define CPUHOUND_MAX_EXCEPT_CGROUPS 8192 /* with FILTER_EXCEPT */
#define CPUHOUND_MAX_CGROUP_DEPTH 32     /* levels walked towards the root for a cgroup filter */
#define CPUHOUND_MAX_CGROUP_PATH 1024

/* Why a stack ended. Everything but ROOT and KTHREAD is a truncated stack that users can see. */
enum walk_stop {
	WALK_STOP_ROOT = 0,      /* reached the outermost frame */
	WALK_STOP_KTHREAD,       /* a kernel thread or idle: there is no user stack */
	WALK_STOP_EXITING,       /* the process has already given up its memory, or by exec has no new one yet */
	WALK_STOP_COMPAT32,      /* a 32-bit process: only the instruction pointer is kept */
	WALK_STOP_READ_FAULT,    /* the stack page could not be read: unmapped, or paged out */
	WALK_STOP_BAD_PC,        /* a return address outside of user space */
	WALK_STOP_NOT_ADVANCING, /* the next frame does not lie above this one */
	WALK_STOP_DEPTH,         /* more frames than the limit */
	WALK_STOP_STACKS_FULL,   /* this buffer had no room for the stack: the sample stays, without it */
	WALK_STOP_KERNEL_FAULT,  /* bpf_get_stack() gave no kernel frame */
	WALK_STOP_NO_PROCESS,    /* what the process has mapped is not known yet */
	WALK_STOP_NO_MAPPING,    /* an address in no code that is known to be mapped */
	WALK_STOP_NO_ROWS,       /* the rows of the binary are not loaded (yet, or any more) */
	WALK_STOP_NO_CFI,        /* code without CFI, and its frame pointer leads nowhere plausible */
	WALK_STOP_JIT,           /* the same in anonymous memory */
	WALK_STOP_UNENCODABLE,   /* a rule that rows cannot hold, or that needs a register which is lost */
	WALK_STOP_OUTSIDE,       /* the process lies outside of our PID namespace: nothing can be known of it */
	WALK_STOP_N,
};

/* Why a tick that the program saw is neither idle, filtered nor in the log. */
enum sample_lost {
	SAMPLE_LOST_LOG_FULL = 0, /* the reader was too late */
	SAMPLE_LOST_N,
};

enum sample_flag {
	SAMPLE_KERNEL_MODE = 1 << 0, /* the tick hit kernel mode: a kernel stack belongs to it */
	SAMPLE_KTHREAD = 1 << 1,     /* no user space: kernel thread, or interrupt work */
	SAMPLE_IRQ = 1 << 2,         /* softirq work on an otherwise idle CPU */
	SAMPLE_GUESSED = 1 << 3,     /* a frame of the user stack was found by its frame pointer in code without CFI */
	SAMPLE_COPIED = 1 << 4,      /* the user stack was copied for user space to finish: see struct stack_copy */
	SAMPLE_COPY_LOST = 1 << 5,   /* it should have been, but there was no room */
	SAMPLE_JIT = 1 << 6,         /* a frame of the user stack was found by its frame pointer in JIT code */
};

enum walker {
	WALKER_NONE = 0,
	WALKER_ROWS, /* and frame pointers in code without rows */
};

struct sample_rec {
	__u64 time_ns;   /* CLOCK_BOOTTIME */
	__u64 start_ns;  /* start of the process, CLOCK_BOOTTIME: (tgid, start_ns) is the process */
	__u64 cgroup_id; /* in the hierarchy chosen at start */
	__u64 news_ns;   /* struct unwind_extents, of the list that the walk went by; 0: none */
	__u32 tgid, tid;
	__u16 kstack, ustack; /* index of the stack's header in `stacks`, plus one; 0: none */
	__u8 ustop, kstop;    /* enum walk_stop */
	__u8 walker;          /* enum walker, of the user stack */
	__u8 flags;           /* enum sample_flag */
	char comm[16];        /* of the thread */
};
_Static_assert(sizeof(struct sample_rec) == 64, "one cache line a sample");

/*
 * A stack in `stacks`: two header words {seeded hash, n_frames}, then the program counters, innermost first. For every
 * frame but the first, what was being executed lies one byte before (frames that a signal interrupted have 1 added).
 */
#define CPUHOUND_STACK_HEADER_WORDS 2

struct cpu_buf {
	/*
	 * n_entries is counted when the program begins, before anything else; the others where they happen:
	 * n_entries = n_idle + n_filtered + n_records + sum(n_lost).
	 */
	__u64 n_entries;
	__u64 n_idle;
	__u64 n_filtered;
	__u64 n_lost[SAMPLE_LOST_N];
	__u32 n_records;
	__u32 n_stack_words;
	__u32 woken; /* the reader has been told that this buffer is half full */
	__u32 reserved[5];
	__u16 slots[CPUHOUND_STACK_SLOTS]; /* as in sample_rec.kstack; 0: free */
	struct sample_rec records[CPUHOUND_LOG_RECORDS];
	/* The slack behind the limit lets a walk write its frames in place before their number is known. */
	__u64 stacks[CPUHOUND_STACK_WORDS + CPUHOUND_STACK_HEADER_WORDS + CPUHOUND_MAX_USER_FRAMES];
};

/* One tick of so many times itself: two reads of a clock are a tenth of an idle tick. No power of two, as timers are.
 */
#define CPUHOUND_TIMED_EVERY 7

struct cpu_region {
	__u32 active;        /* written by user space: which buf is filled */
	__u32 until_timed;   /* ticks that come before the next that times itself */
	__u64 n_timed;       /* ticks that timed themselves, since load, */
	__u64 timed_ns;      /* and how long they took */
	__u64 timed_from_ns; /* of the running one; 0: it does not time itself */
	__u32 n_offline;     /* times that the CPU went off, or began to: events of before have gone */
	__u32 is_leaving;    /* it has begun to go off, and has not come back */
	__u32 reserved[6];
	struct cpu_buf buf[2];
};
_Static_assert(sizeof(struct cpu_region) <= 512 * 1024, "the budget for each possible CPU");

/*
 * Copies of user stacks, for user space to finish what the walk could not. They lie in one mapped array, because what
 * was copied may be secret: user space clears a copy when it is done with it, which no ring buffer allows.
 *
 * Copies come in three sizes, each with places of its own that are claimed in turn: FREE -> FILLING -> FULL by the
 * program, then TAKEN -> (cleared) -> FREE by user space.
 */
enum copy_class {
	COPY_4K = 0,
	COPY_16K,
	COPY_64K,
	COPY_CLASSES,
};

/* Powers of two; together 3.5 MiB. On busy CPUs user space comes 10 ms late, when two at 997 Hz have filled 20. */
#define CPUHOUND_COPIES_4K 128
#define CPUHOUND_COPIES_16K 64
#define CPUHOUND_COPIES_64K 32
#define CPUHOUND_COPIES (CPUHOUND_COPIES_4K + CPUHOUND_COPIES_16K + CPUHOUND_COPIES_64K)
#define CPUHOUND_COPY_BYTES (CPUHOUND_COPIES_4K * 0x1000 + CPUHOUND_COPIES_16K * 0x4000 + CPUHOUND_COPIES_64K * 0x10000)
#define CPUHOUND_MAX_COPY_BYTES 0x10000
#define CPUHOUND_COPY_PAGE_BYTES 0x1000

#define CPUHOUND_COPIES_PER_SECOND 1100 /* of each CPU; a second is one of 2^30 ns: all samples' at 997 Hz */
#define CPUHOUND_COPY_RED_ZONE 128      /* bytes below the stack pointer that functions may use (System V ABI x86-64) */

enum copy_state {
	COPY_FREE = 0,
	COPY_FILLING,
	COPY_FULL,
	COPY_TAKEN,
};

/* Where a copy's bytes lie in struct copy_area follows from its number. */
struct stack_copy {
	__u32 state;     /* enum copy_state; written last */
	__u32 why;       /* enum walk_stop: what ended the walk */
	__u32 tgid, tid; /* these and time_ns find its sample */
	__u64 time_ns;   /* of the sample */
	__u64 start_ns;  /* of the process */
	__u64 start;     /* address of the first byte, a multiple of 8 */
	__u32 n_bytes;   /* at most those of its class */
	__u32 missing;   /* bit i: the i-th page that the copy touches could not be read, its bytes are 0 */
	__u64 stack_end; /* where the kernel began the main thread's stack */
	__u64 pc;
	__u64 regs[UNWIND_AARCH64_N]; /* by DWARF's numbers, as many as the machine has */
};
_Static_assert(sizeof(struct stack_copy) == 320, "no holes");

struct copy_area {
	__u32 next[COPY_CLASSES];  /* the place that is tried next, counted on and on */
	__u32 n_new[COPY_CLASSES]; /* filled since user space set it to 0: copy_wake() */
	__u32 reserved[10];
	struct stack_copy all[CPUHOUND_COPIES]; /* those of COPY_4K first */
	/* The slack behind the end lets the verifier see that a page fits at any place. */
	__u8 bytes[CPUHOUND_COPY_BYTES + CPUHOUND_COPY_PAGE_BYTES];
};

static inline __u32 copy_first(__u32 class) /* number of the first of a class */
{
	return class == COPY_4K ? 0 : class == COPY_16K ? CPUHOUND_COPIES_4K : CPUHOUND_COPIES_4K + CPUHOUND_COPIES_16K;
}

static inline __u32 copy_places(__u32 class)
{
	return class == COPY_4K ? CPUHOUND_COPIES_4K : class == COPY_16K ? CPUHOUND_COPIES_16K : CPUHOUND_COPIES_64K;
}

static inline __u32 copy_wake(__u32 class) /* so many new ones wake user space; the rest is for what comes meanwhile */
{
	return copy_places(class) / 4;
}

static inline __u32 copy_class_bytes(__u32 class)
{
	return class == COPY_4K ? 0x1000 : class == COPY_16K ? 0x4000 : CPUHOUND_MAX_COPY_BYTES;
}

/* Where the bytes of the i-th copy of a class begin in copy_area.bytes. */
static inline __u32 copy_offset(__u32 class, __u32 i)
{
	__u32 first = class == COPY_4K    ? 0
		      : class == COPY_16K ? CPUHOUND_COPIES_4K * 0x1000
					  : CPUHOUND_COPIES_4K * 0x1000 + CPUHOUND_COPIES_16K * 0x4000;

	return first + i * copy_class_bytes(class);
}

/* What reaches user space through the ring buffer `events`. */
enum event_kind {
	EVENT_HALF_FULL = 1, /* a buffer of some CPU is half full: drain */
	EVENT_CGROUP,
	EVENT_CPU,  /* a CPU comes online or goes off: struct event_cpu */
	EVENT_COPY, /* a quarter of the places for stack copies of some size are filled: take them */
	EVENT_EXEC, /* the first since it was awaited: struct event_exec */
};

struct event_half_full {
	__u32 kind;
	__u32 cpu;
};

struct event_cpu {
	__u32 kind;
	__u32 cpu;
};

struct event_copy {
	__u32 kind;
	__u32 class; /* enum copy_class */
};

struct event_exec {
	__u32 kind;
	__u32 reserved;
};

struct event_cgroup {
	__u32 kind;
	__u32 path_bytes; /* with the NUL; CPUHOUND_MAX_CGROUP_PATH: perhaps cut */
	__u64 time_ns;    /* CLOCK_BOOTTIME */
	__u64 id;
	__u32 hierarchy; /* the kernel's hierarchy id: 0 is cgroup v2, else as in /proc/PID/cgroup */
	__u32 reserved;
	char path[CPUHOUND_MAX_CGROUP_PATH];
};

/* What the program samples. */
enum filter_kind {
	FILTER_NONE = 0, /* every process */
	FILTER_PROCESS,  /* listed ones */
	FILTER_CGROUP,   /* those in listed cgroups and all below them */
	FILTER_EXCEPT,   /* all but listed ones, and those right in listed cgroups */
};
