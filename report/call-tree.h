/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call tree: stacks added up from their roots: what a flame graph is drawn from. Two columns of values, for a
 * difference: what was before (or all of it), and what is now. A node is a function in a library, called by its parent:
 * build ids and source files do not part it, so that two releases can be laid upon each other. Bounded: a stack that
 * would pass the limit ends in a node FRAME_OTHER of its deepest ancestor that has one or is the root, and is counted.
 * Used by one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "report/frame-table.h"

#define CALL_TREE_MAX_NODES ((size_t)1 << 21)
#define CALL_TREE_N_COLUMNS 2
#define CALL_TREE_NONE UINT32_MAX

struct stack;

struct call_value {
	int64_t n_samples, value; /* as in struct stack */
};

/* Node 0 is the root, which is no frame. */
struct call_node {
	uint32_t frame : 30; /* of the frame table: the same one for each node of this function and library */
	uint32_t is_called : 1, is_inlined : 1; /* by its parent, into it: how stacks have it; neither: it is no code */
	uint32_t parent;
	uint32_t first_child, next_sibling; /* or CALL_TREE_NONE; by name after call_tree_finish() */
	struct call_value self[CALL_TREE_N_COLUMNS], total[CALL_TREE_N_COLUMNS]; /* totals: after call_tree_finish() */
};

struct call_tree;

/* The frame table is borrowed, and may hold more than the tree's frames. */
_must_check_ int call_tree_new(struct frame_table *frames, struct call_tree **ret);
struct call_tree *call_tree_free(struct call_tree *t); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct call_tree *, call_tree_free);

/* roots: frames that stand before the stack's own, outermost first: the values of labels (call_tree_root()). -ERANGE: a
 * sum would not fit. */
_must_check_ int call_tree_add(struct call_tree *t, size_t column, const uint32_t *roots, size_t n_roots,
			       const struct stack *s);

/* The frame of a label's value, as a root: "service_name: api" ("(none)" where it has none). */
_must_check_ int call_tree_root(struct frame_table *frames, const char *key, const char *value, uint32_t *ret);

/* Multiplies the values (not the samples) of a column, each node's own rounded. After the last call_tree_add(). */
void call_tree_scale(struct call_tree *t, size_t column, double factor);

/* Sums up totals and orders children. Once, at the end. */
_must_check_ int call_tree_finish(struct call_tree *t);

/*
 * After call_tree_finish(): where there are more nodes, the smallest ones go, with what is below them, into nodes
 * FRAME_OTHER of their parents, and are counted as what had no room. So that who goes by call_tree_next() meets no more
 * than max_nodes and as many of these.
 */
_must_check_ int call_tree_prune(struct call_tree *t, size_t max_nodes);

const struct call_node *call_tree_nodes(const struct call_tree *t, size_t *ret_n);

/* The node after `node` where parents come before their children; CALL_TREE_NONE: it is the last. Moves *depth, which
 * is 0 at the root. After call_tree_finish(). */
uint32_t call_tree_next(const struct call_node *nodes, uint32_t node, uint32_t *depth);

uint64_t call_tree_n_beyond(const struct call_tree *t); /* samples that ended in FRAME_OTHER for want of room */
