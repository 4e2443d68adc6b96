/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack filter: which stacks are meant: by what is in them, beside what their labels say (store/matcher.h). All that is
 * asked for must hold. Each function is looked at once. Not locked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"
#include "common/regex.h"

struct categories;
struct frame_table;
struct stack;

enum stack_domain {
	STACK_ANY,
	STACK_KERNEL, /* the innermost frame is the kernel's */
	STACK_USER,   /* it is not; what is no code, as "[irq]", is neither */
};

/* Begins with `= {}`, ends with stack_filter_done(). */
struct stack_filter {
	struct regex *stack;                 /* found in "root;...;leaf" */
	char *function;                      /* some frame is of this function */
	char *library;                       /* some frame is in this one: last part of its file name */
	char *file;                          /* some frame is of this source file */
	const struct categories *categories; /* borrowed; NULL: of any category */
	uint32_t category;                   /* some frame is of this one; CATEGORY_OTHER: no frame is of any */
	enum stack_domain domain;
	struct buf seen; /* a byte for each frame of the table: what is known of it */
	struct buf text; /* of one stack */
};
void stack_filter_done(struct stack_filter *f);

bool stack_filter_takes_all(const struct stack_filter *f);

/* Stacks that the expression took too many steps for, which are not meant. */
uint64_t stack_filter_n_given_up(const struct stack_filter *f);

/* 1: it is meant; 0: it is not. One filter has one frame table. */
_must_check_ int stack_filter_takes(struct stack_filter *f, const struct frame_table *table, const struct stack *s);
