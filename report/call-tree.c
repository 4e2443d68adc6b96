// SPDX-License-Identifier: Apache-2.0
#include "report/call-tree.h"

#include <string.h>

#include "report/call-tree-inside.h"
#include "report/normalize.h"
#include "report/stack-reader.h"

#define ROOT 0

_Static_assert(FRAME_TABLE_MAX_FRAMES <= (size_t)1 << 30, "bits of struct call_node");

/* What a node is of. Strings of a frame table are interned: equal ones have equal pointers. */
struct identity {
	const char *function, *library;
};

struct edge {
	uint32_t parent, frame;
};

struct call_tree *call_tree_free(struct call_tree *t)
{
	if (!t)
		return NULL;
	buf_done(&t->first_of);
	buf_done(&t->firsts);
	pool_done(&t->identities);
	pool_done(&t->edges);
	free(t->nodes);
	free(t);
	return NULL;
}

static int add_node(struct call_tree *t, uint32_t parent, uint32_t frame)
{
	if (t->n_nodes == t->capacity) {
		size_t capacity = t->capacity ? 2 * t->capacity : 1024;
		struct call_node *nodes = reallocarray(t->nodes, capacity, sizeof(*nodes));

		if (!nodes)
			return -ENOMEM;
		t->nodes = nodes;
		t->capacity = capacity;
	}
	t->nodes[t->n_nodes++] = (struct call_node){
		.frame = frame, .parent = parent, .first_child = CALL_TREE_NONE, .next_sibling = CALL_TREE_NONE
	};
	return 0;
}

int call_tree_new(struct frame_table *frames, struct call_tree **ret)
{
	/* Without the root, and without the node that is kept for FRAME_OTHER below it. */
	const size_t max_edges = CALL_TREE_MAX_NODES - 2;
	_cleanup_(call_tree_freep) struct call_tree *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return -ENOMEM;
	t->frames = frames;
	r = pool_init(&t->identities, FRAME_TABLE_MAX_FRAMES, FRAME_TABLE_MAX_FRAMES * sizeof(struct identity));
	if (r == 0)
		r = pool_init(&t->edges, max_edges, CALL_TREE_MAX_NODES * sizeof(struct edge));
	if (r == 0)
		r = add_node(t, CALL_TREE_NONE, 0);
	if (r == 0)
		*ret = take_ptr(t);
	return r;
}

static int reserve_frames(struct call_tree *t, size_t n)
{
	size_t size = t->first_of.size, more;
	int r;

	if (size >= n * sizeof(uint32_t))
		return 0;
	more = n * sizeof(uint32_t) - size;
	r = buf_reserve(&t->first_of, more);
	if (r < 0)
		return r;
	memset(t->first_of.data + size, 0, more);
	t->first_of.size += more;
	return 0;
}

static const uint32_t *firsts(const struct call_tree *t)
{
	return (const uint32_t *)(const void *)t->firsts.data;
}

/* A frame of this function and library: the first one that was seen. */
static int look_up(struct call_tree *t, uint32_t frame, uint32_t *ret)
{
	const struct frame_info *f = frame_table_get(t->frames, frame);
	const struct identity id = { .function = f->function, .library = f->library };
	uint32_t number;
	int r;

	r = pool_add(&t->identities, &id, sizeof(id), &number);
	if (r == 0 && number == t->firsts.size / sizeof(frame))
		r = buf_add(&t->firsts, &frame, sizeof(frame));
	if (r == 0)
		*ret = firsts(t)[number];
	return r;
}

static int first_of(struct call_tree *t, uint32_t frame, uint32_t *ret)
{
	uint32_t *first;
	int r;

	r = reserve_frames(t, (size_t)frame + 1);
	if (r < 0)
		return r;
	first = (uint32_t *)(void *)t->first_of.data + frame;
	if (*first == 0) {
		r = look_up(t, frame, first);
		if (r < 0)
			return r;
		*first += 1;
	}
	*ret = *first - 1;
	return 0;
}

/* The node of this frame below `parent`. -ENOSPC: there is none, and no room for one. */
static int child_of(struct call_tree *t, uint32_t parent, uint32_t frame, uint32_t *ret)
{
	struct edge edge = { .parent = parent };
	uint32_t number;
	int r;

	r = first_of(t, frame, &edge.frame);
	if (r == 0)
		r = pool_add(&t->edges, &edge, sizeof(edge), &number);
	if (r == 0 && number + 1 == t->n_nodes)
		r = add_node(t, parent, edge.frame);
	if (r == 0)
		*ret = number + 1;
	return r;
}

/* Where a stack ends that has no room below `node`. */
static int find_other(struct call_tree *t, uint32_t node, uint32_t *ret)
{
	int r;

	for (; node != ROOT; node = t->nodes[node].parent) {
		r = child_of(t, node, 0, ret);
		if (r != -ENOSPC)
			return r;
	}
	t->edges.max_records = CALL_TREE_MAX_NODES - 1; /* the node that was kept for it */
	return child_of(t, ROOT, 0, ret);
}

static void note_way(struct call_node *node, bool is_inlined)
{
	if (is_inlined)
		node->is_inlined = true;
	else
		node->is_called = true;
}

static int descend(struct call_tree *t, const uint32_t *roots, size_t n_roots, const struct stack *s, uint32_t *ret)
{
	uint32_t node = ROOT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_roots; i++)
		r = child_of(t, node, roots[i], &node);
	for (size_t i = s->n_frames; r == 0 && i-- > 0;) {
		r = child_of(t, node, s->frames[i], &node);
		if (r == 0)
			note_way(&t->nodes[node], s->is_inlined && s->is_inlined[i]);
	}
	if (r == -ENOSPC) {
		t->n_beyond += s->n_samples < 0 ? -(uint64_t)s->n_samples : (uint64_t)s->n_samples;
		r = find_other(t, node, &node);
	}
	*ret = node;
	return r;
}

static int add_value(struct call_value *sum, const struct call_value *v)
{
	struct call_value added;

	if (__builtin_add_overflow(sum->n_samples, v->n_samples, &added.n_samples) ||
	    __builtin_add_overflow(sum->value, v->value, &added.value))
		return -ERANGE;
	*sum = added;
	return 0;
}

int call_tree_add(struct call_tree *t, size_t column, const uint32_t *roots, size_t n_roots, const struct stack *s)
{
	const struct call_value v = { .n_samples = s->n_samples, .value = s->value };
	uint32_t node;
	int r;

	r = descend(t, roots, n_roots, s, &node);
	return r < 0 ? r : add_value(&t->nodes[node].self[column], &v);
}

int call_tree_root(struct frame_table *frames, const char *key, const char *value, uint32_t *ret)
{
	_cleanup_(buf_done) struct buf name = {};
	struct frame_info frame = { .kind = FRAME_MARKER };
	int r;

	r = buf_printf(&name, "%s: %s", key, value[0] ? value : "(none)");
	if (r < 0)
		return r;
	frame.function = name.data;
	return frame_table_add(frames, &frame, ret);
}

/* Parents stand before their children. */
static int sum_up(struct call_tree *t)
{
	for (size_t i = t->n_nodes; i-- > 0;) {
		struct call_node *node = &t->nodes[i];

		for (size_t c = 0; c < CALL_TREE_N_COLUMNS; c++) {
			int r = add_value(&node->total[c], &node->self[c]);

			if (r == 0 && i != ROOT)
				r = add_value(&t->nodes[node->parent].total[c], &node->total[c]);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

struct named {
	const struct frame_info *info;
	uint32_t frame;
};

static int by_name(const void *a, const void *b)
{
	const struct frame_info *x = ((const struct named *)a)->info, *y = ((const struct named *)b)->info;
	int order = strcmp(x->function, y->function);

	return order ? order : strcmp(x->library, y->library);
}

/* The place of each identity's first frame in the order of names. */
static int rank_frames(const struct call_tree *t, uint32_t **ret)
{
	size_t n = t->identities.n;
	_cleanup_free_ struct named *named = calloc(n + 1, sizeof(*named));
	_cleanup_free_ uint32_t *ranks = calloc(frame_table_n(t->frames), sizeof(*ranks));

	if (!named || !ranks)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		uint32_t frame = firsts(t)[i];

		named[i] = (struct named){ .info = frame_table_get(t->frames, frame), .frame = frame };
	}
	qsort(named, n, sizeof(*named), by_name);
	for (size_t i = 0; i < n; i++)
		ranks[named[i].frame] = (uint32_t)i;
	*ret = take_ptr(ranks);
	return 0;
}

/* Nodes by the rank of their frame, the last first: put before their siblings in this order, they are sorted. */
static int link_children(struct call_tree *t, const uint32_t *ranks)
{
	size_t n_ranks = t->identities.n;
	_cleanup_free_ uint32_t *first = calloc(n_ranks + 1, sizeof(*first));
	_cleanup_free_ uint32_t *next = calloc(t->n_nodes, sizeof(*next));

	if (!first || !next)
		return -ENOMEM;
	for (uint32_t i = 1; i < t->n_nodes; i++) {
		uint32_t rank = ranks[t->nodes[i].frame];

		next[i] = first[rank];
		first[rank] = i;
	}
	for (size_t rank = n_ranks; rank-- > 0;)
		for (uint32_t i = first[rank]; i != 0; i = next[i]) {
			struct call_node *parent = &t->nodes[t->nodes[i].parent];

			t->nodes[i].next_sibling = parent->first_child;
			parent->first_child = i;
		}
	return 0;
}

void call_tree_scale(struct call_tree *t, size_t column, double factor)
{
	for (size_t i = 0; i < t->n_nodes; i++)
		t->nodes[i].self[column].value = normalize_value(t->nodes[i].self[column].value, factor);
}

int call_tree_finish(struct call_tree *t)
{
	_cleanup_free_ uint32_t *ranks = NULL;
	int r;

	r = sum_up(t);
	if (r == 0)
		r = rank_frames(t, &ranks);
	return r < 0 ? r : link_children(t, ranks);
}

const struct call_node *call_tree_nodes(const struct call_tree *t, size_t *ret_n)
{
	*ret_n = t->n_nodes;
	return t->nodes;
}

uint32_t call_tree_next(const struct call_node *nodes, uint32_t node, uint32_t *depth)
{
	if (nodes[node].first_child != CALL_TREE_NONE) {
		++*depth;
		return nodes[node].first_child;
	}
	while (node != ROOT && nodes[node].next_sibling == CALL_TREE_NONE) {
		node = nodes[node].parent;
		--*depth;
	}
	return node == ROOT ? CALL_TREE_NONE : nodes[node].next_sibling;
}

uint64_t call_tree_n_beyond(const struct call_tree *t)
{
	return t->n_beyond;
}
