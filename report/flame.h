/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flame: a flame graph: stacks added up in a call tree, and what one must know to read it: what its values are, how
 * long was looked at, and what is missing. Two columns where two things are compared. It is drawn by
 * report/flame-svg.h, and by the viewer from report/flame-json.h. Used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "report/call-tree.h"
#include "report/ledgers.h"

#define FLAME_MAX_KEYS 8
#define FLAME_UNIT_SIZE 32 /* longer names are cut */

struct coverage;
struct profile;
struct stack;
struct stack_filter;

/* When its profiles were recorded, and for how long. */
struct flame_span {
	int64_t start_ns, end_ns; /* 0: unknown */
	uint64_t covered_ns;
};

struct flame_column {
	const char *name; /* borrowed; "" where there is one column */
	uint64_t n_profiles;
	struct ledger ledger; /* of all profiles that have one, whatever samples of them are drawn */
	uint64_t n_ledgers, n_damaged_ledgers;
	struct flame_span span; /* by flame_cover() or flame_cover_profile() */
	bool is_covered;        /* by flame_cover(), which fills: */
	size_t n_hosts;         /* that were recorded */
	uint64_t n_unread;      /* as in struct coverage_totals */
};

/* Begins with flame_init(). Whoever compares sets n_columns and the names of the columns. */
struct flame {
	const char *title;                /* borrowed */
	const char *keys[FLAME_MAX_KEYS]; /* of labels whose values are roots, outermost first; borrowed */
	size_t n_keys;
	char type[FLAME_UNIT_SIZE], unit[FLAME_UNIT_SIZE]; /* of the values, as the first profile calls them */
	struct flame_column columns[CALL_TREE_N_COLUMNS];
	size_t n_columns;
	uint64_t n_given_up; /* matches of expressions that took too many steps, and so are none */
	struct frame_table *frames;
	struct call_tree *tree;
};

_must_check_ int flame_init(struct flame *f); /* flame_done() also after a failure */
void flame_done(struct flame *f);

enum flame_answer {
	FLAME_OTHER_UNIT = 1, /* the profile measures something else than those before: nothing was added */
};

/* A profile with all its stacks, or those that the filter takes (NULL: there is none). -ERANGE: a sum would not fit. */
_must_check_ int flame_add(struct flame *f, size_t column, const struct profile *p, struct stack_filter *filter);

/* The two halves of it, for who changes values on the way: what the profile says of itself, and one stack. */
_must_check_ int flame_add_facts(struct flame *f, size_t column, const struct profile *p);
_must_check_ int flame_add_stack(struct flame *f, size_t column, const struct stack *s);

/* Sums up. Once, before it is drawn. */
_must_check_ int flame_finish(struct flame *f);

/*
 * The time of a column, before it is drawn: that for which the host that was recorded longest was. Where labels were
 * asked for, profiles alone do not tell: windows without them are not read. One profile alone tells of itself.
 */
void flame_cover(struct flame *f, size_t column, const struct coverage *c);
void flame_cover_profile(struct flame *f, size_t column, const struct profile *p);
