/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve: from a sample's raw addresses to frames that mean the same in every process and window: (module, offset),
 * at the time of the sample. Names come later, once a frame. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/sampler.h"
#include "agent/stack-table.h"
#include "bpf/abi.h"

struct finished_stack;
struct jit_maps;
struct mapping;
struct processes;

/* Why a stack in the profile does not reach its root. */
enum truncation {
	TRUNCATION_NONE = 0,
	TRUNCATION_COMPAT32,
	TRUNCATION_READ_FAULT,
	TRUNCATION_BAD_PC,
	TRUNCATION_NOT_ADVANCING,
	TRUNCATION_DEPTH,
	TRUNCATION_STACKS_FULL,
	TRUNCATION_KERNEL_FAULT,
	TRUNCATION_NO_MAPPING,      /* a return address in no code that is known to be mapped */
	TRUNCATION_UNKNOWN_PROCESS, /* its start was never told */
	TRUNCATION_NO_PROCESS,      /* what the process has mapped had not reached the walker yet */
	TRUNCATION_NO_ROWS,         /* the rows of the binary had not, or had to make way for others */
	TRUNCATION_NO_CFI,
	TRUNCATION_JIT,
	TRUNCATION_UNENCODABLE,
	TRUNCATION_STALE_MAPPINGS, /* the walk went by what was mapped there before */
	TRUNCATION_COPY_SHORT,     /* more stack than was copied */
	TRUNCATION_COPY_UNWIND,    /* libunwind could not make sense of the binary's CFI */
	TRUNCATION_COPY_NO_BINARY, /* the finisher could not be given the binary: gone, or unreadable */
	TRUNCATION_OUTSIDE,        /* the process lies outside of our PID namespace */
	TRUNCATION_N,
};

const char *truncation_to_string(enum truncation t); /* "read_fault", as in the ledger */

/* Kernel and user frames, the marker of a truncation, and the name of interrupt work. */
#define RESOLVE_MAX_FRAMES (CPUHOUND_MAX_KERNEL_FRAMES + CPUHOUND_MAX_USER_FRAMES + 2)

struct resolved {
	struct stack_labels labels; /* but for the workload, which is not known here */
	const char *exe;            /* path of the executable; "[kernel]": no user space; NULL: not known */
	struct process *process;    /* NULL: none is known. Both are valid until the table of processes changes */
	enum truncation truncation;
	const struct mapping *unopened; /* its file has not been opened yet: open it and resolve again; NULL: none */
	bool is_finished;               /* the user frames are those of the finished stack */
	uint32_t without_rows;          /* the module whose rows the walk lacked; MODULE_NONE: of none */
	size_t n_frames;
	struct stack_frame frames[RESOLVE_MAX_FRAMES];
};

/* A frame of MODULE_NONE with this address stands for softirq work: "[irq]". */
#define RESOLVE_ADDR_IRQ TRUNCATION_N

struct resolve_tables {
	struct processes *processes;
	struct jit_maps *jit; /* NULL: nobody asks for the names of code that processes made */
};

/*
 * finished: what the finisher made of the sample's copied stack, which takes the place of what the walk found if it has
 * as much; NULL: there is none.
 */
void resolve_sample(const struct resolve_tables *tables, const struct sample_batch *batch, const struct sample_rec *rec,
		    const struct finished_stack *finished, struct resolved *ret);
