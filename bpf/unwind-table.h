/* SPDX-License-Identifier: Apache-2.0 OR (GPL-2.0-only OR BSD-2-Clause) */
/*
 * unwind table: how the frame at each instruction of a binary is left. Made by symbolizer/ (from CFI, or from Go's
 * pclntab), kept in the index file, copied by agent/ into chunks of memory that the walker in bpf/ reads. Rows, rules
 * and sub-indexes are the same bytes in all three places; fixed layouts, little-endian.
 *
 * Addresses are virtual addresses of the ELF file. The text is cut into pages of 64 KiB, each with its own rows:
 * a row holds from its address to the next row's. The first row of a page lies at its start, so a lookup never looks
 * into another page. A page without rows is one gap.
 */
#pragma once

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define UNWIND_PAGE_BYTES 0x10000

struct unwind_row {
	__u16 pc_low; /* of the address within the page */
	__u16 rule;   /* index into the table's rules */
};

/* How the canonical frame address (the stack pointer of the caller after the return) is found. */
enum unwind_cfa {
	UNWIND_CFA_NONE = 0,      /* a gap: no CFI covers this code */
	UNWIND_CFA_UNENCODABLE,   /* CFI covers it, and says more than a rule can hold */
	UNWIND_CFA_REGISTER,      /* reg + cfa_offset */
	UNWIND_CFA_DEREF,         /* *(reg + cfa_offset) + cfa_add */
	UNWIND_CFA_PLT,           /* x86-64: sp + 8 + ((pc & 15) >= cfa_add ? 8 : 0) */
	UNWIND_CFA_SIGNAL,        /* a signal frame: the ucontext at sp has every register */
	UNWIND_CFA_GO_ASMCGOCALL, /* Go's switch to the system stack for a C call: see symbolizer/go-unwind.h */
	UNWIND_CFA_SWITCH,        /* as UNWIND_CFA_REGISTER, but on another stack: it need not lie above this frame */
	UNWIND_CFA_N,
};

/* Where the return address is. */
enum unwind_ra {
	UNWIND_RA_AT_CFA = 0, /* *(CFA + ra_offset) */
	UNWIND_RA_REGISTER,   /* in the register with the number ra_offset: only true of an innermost frame */
	UNWIND_RA_UNDEFINED,  /* there is none: this is the outermost frame */
	UNWIND_RA_N,
};

/* Where the caller's frame pointer is (x86-64: rbp; aarch64: x29). */
enum unwind_fp {
	UNWIND_FP_SAME = 0,  /* still in its register */
	UNWIND_FP_AT_CFA,    /* *(CFA + fp_offset) */
	UNWIND_FP_AT_FP,     /* *(frame pointer + fp_offset): where the stack was realigned */
	UNWIND_FP_UNDEFINED, /* lost */
	UNWIND_FP_N,
};

/* Register numbers are DWARF's for the machine of the binary. */
struct unwind_rule {
	__u8 cfa; /* enum unwind_cfa */
	__u8 reg;
	__u8 ra; /* enum unwind_ra */
	__u8 fp; /* enum unwind_fp */
	__s32 cfa_offset, cfa_add;
	__s16 ra_offset, fp_offset;
};

/* Rule 0 of every table is the gap: all zero. */
#define UNWIND_RULE_GAP 0
#define UNWIND_MAX_RULES 65536

/* DWARF register numbers (System V ABI x86-64, figure 3.36; DWARF for the Arm 64-bit Architecture, table 4.1). */
enum unwind_register {
	UNWIND_X86_64_RBP = 6,
	UNWIND_X86_64_RSP = 7,
	UNWIND_X86_64_N = 16, /* general registers; 16 is the return address column */
	UNWIND_AARCH64_FP = 29,
	UNWIND_AARCH64_LR = 30,
	UNWIND_AARCH64_SP = 31,
	UNWIND_AARCH64_N = 32,
};

/*
 * One page of text. At `words`: the sub-index (as many __u16 as UNWIND_BLOCKS(block_shift) + 1, padded to a word),
 * then n_rows rows. Entry b of the sub-index is the number of rows that lie before the block: pc_low < b <<
 * block_shift; so the row in force at a pc_low of block b is the last one at or before it among those from entry b less
 * one (at least 0) to entry b + 1 less one.
 */
struct unwind_page {
	__u32 words;  /* in the index file: a word of the section; in the kernel's directory: a reference, see below */
	__u16 n_rows; /* 0: the page is one gap, and `words` means nothing */
	__u8 block_shift; /* 4 to 16 */
	__u8 zero;
};

#define UNWIND_MIN_BLOCK_SHIFT 4
#define UNWIND_MAX_BLOCK_SHIFT 16
#define UNWIND_BLOCKS(block_shift) (UNWIND_PAGE_BYTES >> (block_shift))
#define UNWIND_SUBINDEX_WORDS(block_shift) ((UNWIND_BLOCKS(block_shift) + 2) / 2)

_Static_assert(sizeof(struct unwind_row) == 4, "part of the format");
_Static_assert(sizeof(struct unwind_rule) == 16, "part of the format");
_Static_assert(sizeof(struct unwind_page) == 8, "part of the format");

/*
 * The kernel's side. Memory is handed out in chunks, arrays that user space has mapped and writes without a system
 * call; a reference is the number of a word counted through all chunks. 0 is no reference. That of a struct
 * unwind_extents is even.
 */
#define UNWIND_CHUNK_BYTES (2 << 20)
#define UNWIND_CHUNK_WORDS (UNWIND_CHUNK_BYTES / 4)
#define UNWIND_MAX_CHUNKS 256

struct unwind_chunk {
	__u32 words[UNWIND_CHUNK_WORDS];
};

enum unwind_table_state {
	UNWIND_TABLE_NOT_LOADED = 0, /* what is not known yet, or was evicted */
	UNWIND_TABLE_LOADED,
	UNWIND_TABLE_FRAME_POINTERS, /* no CFI, and never will have: files without any, unreadable files */
	UNWIND_TABLE_JIT,            /* the same for code in anonymous memory */
};

/* One binary's, in the map `unwind_tables`. `state` is written last, and set back first. */
struct unwind_table {
	__u64 base;  /* virtual address of page 0, a multiple of UNWIND_PAGE_BYTES */
	__u32 pages; /* reference of struct unwind_page[n_pages]; they lie in one chunk */
	__u32 n_pages;
	__u32 rules; /* reference of struct unwind_rule[n_rules]; they lie in one chunk */
	__u32 n_rules;
	__u32 state; /* enum unwind_table_state */
	__u32 zero;
};

#define UNWIND_MAX_TABLES 32768
#define UNWIND_TABLE_UNKNOWN 0 /* what an extent refers to whose file nobody has looked at yet: never loaded */

/* Executable memory of a process, as much as lies together. Lists are sorted by address and do not overlap. */
struct unwind_extent {
	__u64 start;
	__u64 vaddr;   /* in the binary, of the byte at `start` */
	__u32 n_pages; /* of 4 KiB */
	__u32 table;   /* index in unwind_tables */
};

/* A process's list: never changed once published, but replaced. */
struct unwind_extents {
	__u64 news_ns;         /* CLOCK_BOOTTIME: what was mapped and unmapped up to then is in it */
	__u64 copies_until_ns; /* of samples before, the stack is copied too: code has just taken other code's place */
	struct unwind_extent all[];
};

#define UNWIND_MAX_EXTENTS 4096

/*
 * Processes are found by tgid in buckets of one cache line; a slot is one word, so it is replaced at once.
 * The bucket of a tgid: tgid % UNWIND_N_BUCKETS.
 */
#define UNWIND_N_BUCKETS 8192
#define UNWIND_BUCKET_SLOTS 8

struct unwind_bucket {
	__u64 slots[UNWIND_BUCKET_SLOTS]; /* 0: free */
};

/* The program clears the slot of a process that execs, and first tells when: user space may just make a list of before.
 */
struct unwind_slots {
	struct unwind_bucket buckets[UNWIND_N_BUCKETS];
	__u64 exec_ns[UNWIND_N_BUCKETS]; /* CLOCK_BOOTTIME, of the last exec of any process of the bucket */
};

/* tgid: below 2^22 (the kernel's PID_MAX_LIMIT); n_extents: below 2^15; reference: below 2^27. */
#define UNWIND_SLOT(tgid, n_extents, ref) ((__u64)(tgid) << 42 | (__u64)(n_extents) << 27 | (__u64)(ref))
#define UNWIND_SLOT_TGID(slot) ((__u32)((slot) >> 42))
#define UNWIND_SLOT_N_EXTENTS(slot) ((__u32)((slot) >> 27) & 0x7fff)
#define UNWIND_SLOT_REF(slot) ((__u32)(slot)&0x7ffffff)

_Static_assert(sizeof(struct unwind_table) == 32, "half a cache line");
_Static_assert(sizeof(struct unwind_extent) == 24, "as many as fit");
_Static_assert((__u64)UNWIND_MAX_CHUNKS *UNWIND_CHUNK_WORDS <= 1 << 27, "a reference fits into a slot");
