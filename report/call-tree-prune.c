// SPDX-License-Identifier: Apache-2.0
/* call tree, prune: the largest nodes of a tree that has too many. */
#include <string.h>

#include "report/call-tree-inside.h"

static uint64_t size_of(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

/* In the larger column, so that what has gone is still there to be compared. */
static uint64_t weight_of(const struct call_node *node)
{
	uint64_t a = size_of(node->total[0].value), b = size_of(node->total[1].value);

	return a > b ? a : b;
}

static int by_weight(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x < y) - (x > y);
}

/* Nodes that are heavier are max_nodes at most. */
static int find_limit(const struct call_tree *t, size_t max_nodes, uint64_t *ret)
{
	_cleanup_free_ uint64_t *weights = calloc(t->n_nodes, sizeof(*weights));

	if (!weights)
		return -ENOMEM;
	for (size_t i = 0; i < t->n_nodes; i++)
		weights[i] = weight_of(&t->nodes[i]);
	qsort(weights, t->n_nodes, sizeof(*weights), by_weight);
	*ret = weights[max_nodes];
	return 0;
}

/* Whether a node stands before FRAME_OTHER in the order of names. */
static bool is_before_other(const struct call_tree *t, const struct call_node *node)
{
	return strcmp(frame_table_get(t->frames, node->frame)->function, FRAME_OTHER) < 0;
}

/* Parts of a sum that fits may not fit, where some are below 0: they wrap around, and back again. */
static void add_value(struct call_value *sum, const struct call_value *v)
{
	sum->n_samples = (int64_t)((uint64_t)sum->n_samples + (uint64_t)v->n_samples);
	sum->value = (int64_t)((uint64_t)sum->value + (uint64_t)v->value);
}

static void add_total(struct call_node *sum, const struct call_node *node)
{
	for (size_t c = 0; c < CALL_TREE_N_COLUMNS; c++)
		add_value(&sum->total[c], &node->total[c]);
}

/* What is FRAME_OTHER already was counted when it became that. */
static void count(struct call_tree *t, const struct call_node *node)
{
	for (size_t c = 0; node->frame != 0 && c < CALL_TREE_N_COLUMNS; c++)
		t->n_beyond += size_of(node->total[c].n_samples);
}

/* Takes the small children out of the list and sums them up. The first of them; CALL_TREE_NONE: there are none. */
static uint32_t take_small(struct call_tree *t, uint32_t parent, uint64_t limit, struct call_node *other)
{
	uint32_t *link = &t->nodes[parent].first_child, first = CALL_TREE_NONE;

	while (*link != CALL_TREE_NONE) {
		uint32_t child = *link;

		if (weight_of(&t->nodes[child]) > limit) {
			link = &t->nodes[child].next_sibling;
			continue;
		}
		*link = t->nodes[child].next_sibling;
		count(t, &t->nodes[child]);
		add_total(other, &t->nodes[child]);
		if (first == CALL_TREE_NONE)
			first = child;
	}
	return first;
}

/* Where a child FRAME_OTHER stands, or would. */
static uint32_t *find_other(struct call_tree *t, uint32_t parent)
{
	uint32_t *link = &t->nodes[parent].first_child;

	while (*link != CALL_TREE_NONE && is_before_other(t, &t->nodes[*link]))
		link = &t->nodes[*link].next_sibling;
	return link;
}

static void add_to_other(struct call_node *other, const struct call_node *more)
{
	add_total(other, more);
	for (size_t c = 0; c < CALL_TREE_N_COLUMNS; c++)
		add_value(&other->self[c], &more->total[c]);
}

static void prune_children(struct call_tree *t, uint32_t parent, uint64_t limit)
{
	struct call_node other = { .first_child = CALL_TREE_NONE, .parent = parent };
	uint32_t node = take_small(t, parent, limit, &other);
	uint32_t *link = find_other(t, parent);

	if (node == CALL_TREE_NONE)
		return;
	if (*link != CALL_TREE_NONE && t->nodes[*link].frame == 0) {
		add_to_other(&t->nodes[*link], &other);
		return;
	}
	other.next_sibling = *link;
	memcpy(other.self, other.total, sizeof(other.self));
	t->nodes[node] = other;
	*link = node;
}

int call_tree_prune(struct call_tree *t, size_t max_nodes)
{
	uint64_t limit = 0;
	uint32_t depth = 0;
	int r;

	if (t->n_nodes <= max_nodes)
		return 0;
	r = find_limit(t, max_nodes, &limit);
	for (uint32_t i = 0; r == 0 && i != CALL_TREE_NONE; i = call_tree_next(t->nodes, i, &depth))
		prune_children(t, i, limit);
	return r;
}
