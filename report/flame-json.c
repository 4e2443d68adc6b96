// SPDX-License-Identifier: Apache-2.0
#include "report/flame-json.h"

#include <string.h>

#include "common/buf.h"
#include "common/json.h"
#include "pprof/ledger-json.h"
#include "report/flame.h"

#define MAX_DIGITS 21 /* of an int64_t, with its sign and a comma */

/* Nodes in the order in which they are written, and their functions likewise. */
struct order {
	uint32_t *nodes, *depths; /* without the root */
	size_t n_nodes;
	uint32_t *frames;  /* numbers of the frame table, in the order of names */
	uint32_t *rank_of; /* the way back */
	size_t n_frames;
};

static void order_done(struct order *o)
{
	free(o->nodes);
	free(o->depths);
	free(o->frames);
	free(o->rank_of);
}

static int order_nodes(const struct flame *f, struct order *o)
{
	size_t n;
	const struct call_node *nodes = call_tree_nodes(f->tree, &n);
	uint32_t depth = 0;

	o->nodes = calloc(n, sizeof(*o->nodes));
	o->depths = calloc(n, sizeof(*o->depths));
	if (!o->nodes || !o->depths)
		return -ENOMEM;
	for (uint32_t i = call_tree_next(nodes, 0, &depth); i != CALL_TREE_NONE; i = call_tree_next(nodes, i, &depth)) {
		o->nodes[o->n_nodes] = i;
		o->depths[o->n_nodes++] = depth - 1;
	}
	return 0;
}

static int by_name(const void *a, const void *b, void *frames)
{
	const struct frame_info *x = frame_table_get(frames, *(const uint32_t *)a);
	const struct frame_info *y = frame_table_get(frames, *(const uint32_t *)b);
	int order = strcmp(x->function, y->function);

	return order ? order : strcmp(x->library, y->library);
}

static int order_frames(const struct flame *f, struct order *o)
{
	size_t n;
	const struct call_node *nodes = call_tree_nodes(f->tree, &n);

	n = frame_table_n(f->frames);
	o->frames = calloc(n, sizeof(*o->frames));
	o->rank_of = calloc(n, sizeof(*o->rank_of));
	if (!o->frames || !o->rank_of)
		return -ENOMEM;
	for (size_t i = 0; i < o->n_nodes; i++) {
		uint32_t frame = nodes[o->nodes[i]].frame;

		if (o->rank_of[frame]++ == 0)
			o->frames[o->n_frames++] = frame;
	}
	qsort_r(o->frames, o->n_frames, sizeof(*o->frames), by_name, f->frames);
	for (size_t i = 0; i < o->n_frames; i++)
		o->rank_of[o->frames[i]] = (uint32_t)i;
	return 0;
}

static int add_number(struct buf *b, int64_t n)
{
	char digits[MAX_DIGITS], *p = digits + sizeof(digits);
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	*--p = ',';
	do {
		*--p = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (n < 0)
		*--p = '-';
	return buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

/* `,"name":[`, and the end of an array whose elements all have a comma behind them. */
static int begin_array(struct buf *b, const char *name)
{
	return name ? buf_printf(b, ",\"%s\":[", name) : buf_add_char(b, '[');
}

static int end_array(struct buf *b)
{
	if (b->data[b->size - 1] == ',')
		b->size--;
	return buf_add_char(b, ']');
}

typedef int add_frame(const struct frame_info *frame, struct buf *ret);

static int add_text(const char *s, struct buf *ret)
{
	int r = json_add_quoted(s, ret);

	return r < 0 ? r : buf_add_char(ret, ',');
}

static int add_function(const struct frame_info *frame, struct buf *ret)
{
	return add_text(frame->function, ret);
}

static int add_library(const struct frame_info *frame, struct buf *ret)
{
	return add_text(frame->library, ret);
}

static int add_file(const struct frame_info *frame, struct buf *ret)
{
	return add_text(frame->file, ret);
}

static int add_kind(const struct frame_info *frame, struct buf *ret)
{
	return add_number(ret, frame->kind);
}

static int add_is_named(const struct frame_info *frame, struct buf *ret)
{
	return add_number(ret, frame->is_named);
}

static int add_frames(const struct flame *f, const struct order *o, struct buf *ret)
{
	static const struct {
		const char *name;
		add_frame *add;
	} arrays[] = {
		{ "functions", add_function }, { "libraries", add_library }, { "files", add_file },
		{ "kinds", add_kind },         { "is_named", add_is_named },
	};
	int r = 0;

	for (size_t a = 0; r == 0 && a < ARRAY_SIZE(arrays); a++) {
		r = begin_array(ret, arrays[a].name);
		for (size_t i = 0; r == 0 && i < o->n_frames; i++)
			r = arrays[a].add(frame_table_get(f->frames, o->frames[i]), ret);
		if (r == 0)
			r = end_array(ret);
	}
	return r;
}

static int add_depths(const struct order *o, struct buf *ret)
{
	int r = begin_array(ret, "depths");

	for (size_t i = 0; r == 0 && i < o->n_nodes; i++)
		r = add_number(ret, o->depths[i]);
	return r < 0 ? r : end_array(ret);
}

static int add_ranks(const struct order *o, const struct call_node *nodes, struct buf *ret)
{
	int r = begin_array(ret, "frames");

	for (size_t i = 0; r == 0 && i < o->n_nodes; i++)
		r = add_number(ret, o->rank_of[nodes[o->nodes[i]].frame]);
	return r < 0 ? r : end_array(ret);
}

/* Of each column, what the nodes have themselves: samples, or the values. */
static int add_sums(const struct flame *f, const struct order *o, const char *name, bool is_samples, struct buf *ret)
{
	size_t n;
	const struct call_node *nodes = call_tree_nodes(f->tree, &n);
	int r = begin_array(ret, name);

	for (size_t c = 0; r == 0 && c < f->n_columns; c++) {
		r = begin_array(ret, NULL);
		for (size_t i = 0; r == 0 && i < o->n_nodes; i++) {
			const struct call_value *v = &nodes[o->nodes[i]].self[c];

			r = add_number(ret, is_samples ? v->n_samples : v->value);
		}
		if (r == 0)
			r = end_array(ret);
		if (r == 0)
			r = buf_add_char(ret, ',');
	}
	return r < 0 ? r : end_array(ret);
}

static int add_nodes(const struct flame *f, const struct order *o, struct buf *ret)
{
	size_t n;
	int r;

	r = add_depths(o, ret);
	if (r == 0)
		r = add_ranks(o, call_tree_nodes(f->tree, &n), ret);
	if (r == 0)
		r = add_sums(f, o, "samples", true, ret);
	return r < 0 ? r : add_sums(f, o, "values", false, ret);
}

static int add_known(struct json_object *object, const char *name, bool is_known, int64_t n)
{
	return is_known ? json_add_number(object, name, n) : json_add_null(object, name);
}

static int add_column(struct json_object *columns, const struct flame_column *c)
{
	const struct json_count counts[] = {
		{ "wall_ns", c->span.covered_ns },
		{ "n_profiles", c->n_profiles },
		{ "n_ledgers", c->n_ledgers },
		{ "n_damaged_ledgers", c->n_damaged_ledgers },
	};
	struct json_object *object = NULL;
	int r;

	r = json_append_object(columns, &object);
	if (r == 0)
		r = json_add_string(object, "name", c->name);
	if (r == 0)
		r = json_add_number(object, "start_ns", c->span.start_ns);
	if (r == 0)
		r = json_add_number(object, "end_ns", c->span.end_ns);
	if (r == 0)
		r = json_add_counts(object, counts, ARRAY_SIZE(counts));
	if (r == 0)
		r = add_known(object, "n_hosts", c->is_covered, (int64_t)c->n_hosts);
	if (r == 0)
		r = add_known(object, "n_unread", c->is_covered, (int64_t)c->n_unread);
	if (r < 0)
		return r;
	return c->n_ledgers ? ledger_json_add(object, "ledger", &c->ledger) : json_add_null(object, "ledger");
}

static int add_arrays(const struct flame *f, struct json_object *top)
{
	struct json_object *by = NULL, *columns = NULL;
	int r;

	r = json_add_array(top, "by", &by);
	for (size_t i = 0; r == 0 && i < f->n_keys; i++)
		r = json_append(by, json_object_new_string(f->keys[i]));
	if (r == 0)
		r = json_add_array(top, "columns", &columns);
	for (size_t i = 0; r == 0 && i < f->n_columns; i++)
		r = add_column(columns, &f->columns[i]);
	return r;
}

static int make_facts(const struct flame *f, struct json_object *top)
{
	const struct json_count beyond[] = {
		{ "stacks", call_tree_n_beyond(f->tree) },
		{ "frames", frame_table_n_beyond(f->frames) },
		{ "expressions", f->n_given_up },
	};
	struct json_object *n_beyond = NULL;
	int r;

	r = json_add_string(top, "title", f->title);
	if (r == 0)
		r = json_add_string(top, "type", f->type);
	if (r == 0)
		r = json_add_string(top, "unit", f->unit);
	if (r == 0)
		r = add_arrays(f, top);
	if (r == 0)
		r = json_add_object(top, "n_beyond", &n_beyond);
	return r < 0 ? r : json_add_counts(n_beyond, beyond, ARRAY_SIZE(beyond));
}

/* An object whose end is left open: the arrays of nodes are too many for objects. */
static int add_facts(const struct flame *f, struct buf *ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r;

	r = json_new_top(&top);
	if (r == 0)
		r = make_facts(f, top);
	if (r == 0)
		r = json_add_text(top, ret);
	if (r == 0)
		ret->size -= strlen("}\n");
	return r;
}

int flame_json_add(const struct flame *f, struct buf *ret)
{
	_cleanup_(order_done) struct order order = {};
	int r;

	r = order_nodes(f, &order);
	if (r == 0)
		r = order_frames(f, &order);
	if (r == 0)
		r = add_facts(f, ret);
	if (r == 0)
		r = add_frames(f, &order, ret);
	if (r == 0)
		r = add_nodes(f, &order, ret);
	return r < 0 ? r : buf_add_str(ret, "}\n");
}
