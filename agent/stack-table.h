/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack-table: the samples of a window, folded: how often each stack was seen with each set of labels. Addresses are
 * relative to their module, so the same code in many processes is one stack. Each frame and each set of labels has a
 * number, so that what follows from it is found out once. Bounded; one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct stack_frame {
	uint64_t addr; /* meaning by module, see modules.h */
	uint32_t module;
	uint32_t flags : 3;    /* enum stack_frame_flag */
	uint32_t n_pages : 29; /* of code that a process made: how far into its mapping it lies; else 0 */
};

#define STACK_FRAME_MAX_PAGES ((1u << 29) - 1)

enum stack_frame_flag {
	STACK_FRAME_IS_CALLER = 1 << 0, /* addr is a return address: the call lies before it */
	/* Of code that a process made, where it has no name: why nobody looked for one. */
	STACK_FRAME_IS_ONE_TOO_MANY = 1 << 1, /* more programs made code than are followed */
	STACK_FRAME_IS_OF_GONE = 1 << 2,      /* its process had ended before it was seen */
};

enum stack_label_flag {
	STACK_LABEL_GUESSED = 1 << 0, /* a frame was found by its frame pointer in code that may not keep one */
	STACK_LABEL_COPIED = 1 << 1,  /* finished in user space, from a copy of the stack */
};

/* What a sample is labelled with. Padding has no place here: it is a key. */
struct stack_labels {
	uint32_t workload;  /* its number: agent/workloads.h */
	uint32_t flags;     /* enum stack_label_flag */
	uint32_t tgid, tid; /* 0: not to be told */
};

struct stack {
	uint32_t n_frames;
	uint32_t labels; /* see stack_table_labels() */
	uint64_t n_samples;
	uint64_t cpu_ns;        /* what they stand for */
	const uint32_t *frames; /* innermost first; see stack_table_frame() */
};

struct stack_table;

_must_check_ int stack_table_new(size_t limit_bytes, struct stack_table **ret);
struct stack_table *stack_table_free(struct stack_table *t); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct stack_table *, stack_table_free);

/* Counts one sample that stands for period_ns. STACK_TABLE_FULL: nothing was counted. */
enum stack_table_answer {
	STACK_TABLE_FULL = 1,
};
_must_check_ int stack_table_add(struct stack_table *t, const struct stack_labels *labels,
				 const struct stack_frame *frames, size_t n_frames, uint64_t period_ns);

size_t stack_table_n_stacks(const struct stack_table *t);
uint64_t stack_table_n_samples(const struct stack_table *t);
size_t stack_table_bytes(const struct stack_table *t); /* of the limit */
void stack_table_get(const struct stack_table *t, size_t i, struct stack *ret);
const struct stack_labels *stack_table_labels(const struct stack_table *t, uint32_t labels);
size_t stack_table_n_labels(const struct stack_table *t);
const struct stack_frame *stack_table_frame(const struct stack_table *t, uint32_t frame);
size_t stack_table_n_frames(const struct stack_table *t);
