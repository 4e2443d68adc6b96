// SPDX-License-Identifier: Apache-2.0
#include "report/activity.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/intern.h"
#include "pprof/profile.h"
#include "report/frame-table.h"
#include "report/grouping.h"
#include "report/stack-reader.h"

#define MAX_COMM_BYTES ((size_t)4 << 20) /* of names of threads: one of 16 bytes for each group, and more */
#define NO_VALUE "(none)"

/* What a group of the grouping has. */
struct leaf {
	int64_t cpu_ns, kernel_ns, n_samples, n_unnamed;
	int64_t comm_ns;  /* of the sample whose thread has this name: */
	const char *comm; /* NULL: none yet */
};

struct activity {
	struct frame_table *frames;
	struct grouping *grouping;
	const struct group_key *keys;
	size_t n_keys;
	struct intern *comms;
	struct buf leaves; /* struct leaf, by the number of the group */
	struct activity_row *rows;
	size_t n_rows;
	uint32_t first;
	struct activity_row sum;
};

int activity_new(const char *by, struct activity **ret)
{
	_cleanup_(activity_freep) struct activity *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	a->first = ACTIVITY_NONE;
	r = frame_table_new(&a->frames);
	if (r == 0)
		r = grouping_new(by, a->frames, NULL, &a->grouping);
	if (r == GROUPING_BAD || (r == 0 && grouping_has(a->grouping, GROUP_BY_CATEGORY)))
		return ACTIVITY_BAD;
	if (r == 0)
		r = intern_new(MAX_COMM_BYTES, &a->comms);
	if (r < 0)
		return r;
	a->keys = grouping_keys(a->grouping, &a->n_keys);
	*ret = take_ptr(a);
	return 0;
}

struct activity *activity_free(struct activity *a)
{
	if (!a)
		return NULL;
	free(a->rows);
	buf_done(&a->leaves);
	intern_free(a->comms);
	grouping_free(a->grouping);
	frame_table_free(a->frames);
	free(a);
	return NULL;
}

static struct leaf *leaf_of(const struct activity *a, uint32_t group)
{
	return (struct leaf *)(void *)a->leaves.data + group;
}

/* Groups are numbered as they come. */
static int grow(struct activity *a)
{
	static const struct leaf none = {};
	int r = 0;

	while (r == 0 && a->leaves.size / sizeof(none) < grouping_n(a->grouping))
		r = buf_add(&a->leaves, &none, sizeof(none));
	return r;
}

static bool add_to(int64_t *sum, int64_t more)
{
	return !__builtin_add_overflow(*sum, more, sum);
}

static int note_comm(struct activity *a, const struct stack *s, struct leaf *leaf)
{
	const char *comm = stack_label(s, "comm");
	int r;

	if (leaf->comm && s->value <= leaf->comm_ns)
		return 0;
	r = intern_add(a->comms, comm, strlen(comm), &leaf->comm);
	if (r == -ENOSPC) {
		leaf->comm = "";
		return 0;
	}
	leaf->comm_ns = s->value;
	return r;
}

static int add_stack(struct activity *a, const struct stack *s)
{
	const struct group_frame *frame;
	const uint32_t *groups;
	struct leaf *leaf;
	size_t n;
	int r = grouping_of_stack(a->grouping, s, &groups, &n);

	if (r == 0)
		r = grow(a);
	if (r < 0)
		return r;
	leaf = leaf_of(a, groups[0]);
	r = grouping_frame(a->grouping, s->frames[0], &frame);
	if (r < 0)
		return r;
	if (!add_to(&leaf->cpu_ns, s->value) || !add_to(&leaf->n_samples, s->n_samples) ||
	    !add_to(&leaf->kernel_ns, frame->is_kernel ? s->value : 0) ||
	    !add_to(&leaf->n_unnamed, frame->is_code && !frame->is_named ? s->n_samples : 0))
		return -ERANGE;
	return note_comm(a, s, leaf);
}

int activity_add(struct activity *a, const struct profile *p)
{
	struct stack_reader reader;
	struct stack s;
	int r;

	if (strcmp(p->sample_types[p->default_type].unit, "nanoseconds") != 0)
		return ACTIVITY_NOT_CPU;
	grouping_begin_profile(a->grouping, "");
	r = stack_reader_init(&reader, a->frames, p);
	for (size_t i = 0; r == 0 && i < p->n_samples; i++) {
		r = stack_reader_read(&reader, i, &s);
		if (r == 0)
			r = add_stack(a, &s);
	}
	stack_reader_done(&reader);
	return r;
}

/* By the values of all keys, so that the groups of a row follow each other. */
static int by_path(const void *x, const void *y, void *context)
{
	const struct activity *a = context;
	uint32_t left = *(const uint32_t *)x, right = *(const uint32_t *)y;

	for (size_t key = 0; key < a->n_keys; key++) {
		const char *more, *other_more;
		const char *value = grouping_value(a->grouping, left, key, &more),
			   *other = grouping_value(a->grouping, right, key, &other_more);
		int order = strcmp(value, other);

		order = order ? order : strcmp(more, other_more);
		if (order)
			return order;
	}
	return 0;
}

static int list_groups(const struct activity *a, uint32_t **ret, size_t *ret_n)
{
	size_t n_all = a->leaves.size / sizeof(struct leaf);
	uint32_t *groups = calloc(n_all + 1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	*ret_n = 0;
	for (uint32_t i = 0; i < n_all; i++)
		if (i != GROUP_BEYOND && leaf_of(a, i)->n_samples)
			groups[(*ret_n)++] = i;
	qsort_r(groups, *ret_n, sizeof(*groups), by_path, (void *)(uintptr_t)a);
	*ret = groups;
	return 0;
}

static void count(struct activity_row *row, const struct leaf *leaf)
{
	row->cpu_ns += leaf->cpu_ns; /* cannot overflow: activity_finish() has summed up all of them */
	row->kernel_ns += leaf->kernel_ns;
	row->n_samples += leaf->n_samples;
	row->n_unnamed += leaf->n_unnamed;
}

static struct activity_row *add_row(struct activity *a, const char *name, const char *more, uint32_t parent)
{
	struct activity_row *row = &a->rows[a->n_rows++];

	*row = (struct activity_row){
		.name = name[0] ? name : NO_VALUE,
		.more = more,
		.depth = parent == ACTIVITY_NONE ? 0 : a->rows[parent].depth + 1,
		.parent = parent,
		.first_child = ACTIVITY_NONE,
		.next_sibling = ACTIVITY_NONE,
	};
	return row;
}

static bool is_pid(const struct activity *a, size_t key)
{
	return a->keys[key].kind == GROUP_BY_LABEL && strcmp(a->keys[key].label, "pid") == 0;
}

/* Adds the rows of a group that the one before it did not have. path: the numbers of its rows. */
static void add_group(struct activity *a, uint32_t group, uint32_t path[static GROUP_KEYS_MAX], bool is_first)
{
	const struct leaf *leaf = leaf_of(a, group);
	bool is_same = !is_first;

	for (size_t key = 0; key < a->n_keys; key++) {
		const char *more, *name = grouping_value(a->grouping, group, key, &more);
		const struct activity_row *row = is_same ? &a->rows[path[key]] : NULL;

		is_same = row && strcmp(row->name, name[0] ? name : NO_VALUE) == 0 &&
			  (is_pid(a, key) || strcmp(row->more, more) == 0);
		if (!is_same) {
			path[key] = (uint32_t)a->n_rows;
			add_row(a, name, is_pid(a, key) ? "" : more, key ? path[key - 1] : ACTIVITY_NONE);
		}
		count(&a->rows[path[key]], leaf);
	}
}

/* The thread that burns most tells what a process is. */
static void name_processes(struct activity *a, uint32_t group, const uint32_t path[static GROUP_KEYS_MAX],
			   int64_t best_ns[static GROUP_KEYS_MAX])
{
	const struct leaf *leaf = leaf_of(a, group);

	for (size_t key = 0; key < a->n_keys; key++) {
		struct activity_row *row = &a->rows[path[key]];

		if (!is_pid(a, key))
			continue;
		if (!row->more[0] || leaf->cpu_ns > best_ns[key]) {
			row->more = leaf->comm;
			best_ns[key] = leaf->cpu_ns;
		}
	}
}

static int sum_up(struct activity *a)
{
	size_t n = a->leaves.size / sizeof(struct leaf);

	for (uint32_t i = 0; i < n; i++) {
		const struct leaf *leaf = leaf_of(a, i);

		if (!add_to(&a->sum.cpu_ns, leaf->cpu_ns) || !add_to(&a->sum.kernel_ns, leaf->kernel_ns) ||
		    !add_to(&a->sum.n_samples, leaf->n_samples) || !add_to(&a->sum.n_unnamed, leaf->n_unnamed))
			return -ERANGE;
	}
	return 0;
}

static int make_rows(struct activity *a)
{
	uint32_t path[GROUP_KEYS_MAX] = {};
	int64_t best_ns[GROUP_KEYS_MAX] = {};
	_cleanup_free_ uint32_t *groups = NULL;
	size_t n;
	int r = list_groups(a, &groups, &n);

	if (r < 0)
		return r;
	a->rows = calloc(n * a->n_keys + 1, sizeof(*a->rows));
	if (!a->rows)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		add_group(a, groups[i], path, i == 0);
		name_processes(a, groups[i], path, best_ns);
	}
	if (a->leaves.size && leaf_of(a, GROUP_BEYOND)->n_samples)
		count(add_row(a, ACTIVITY_OTHER, "", ACTIVITY_NONE), leaf_of(a, GROUP_BEYOND));
	return 0;
}

int activity_finish(struct activity *a)
{
	int r = sum_up(a);

	if (r == 0)
		r = make_rows(a);
	return r == 0 ? activity_sort(a, ACTIVITY_BY_CPU) : r;
}

size_t activity_n_levels(const struct activity *a)
{
	return a->n_keys;
}

const char *activity_level(const struct activity *a, size_t depth)
{
	return a->keys[depth].name;
}

const struct activity_row *activity_rows(const struct activity *a, size_t *ret_n)
{
	*ret_n = a->n_rows;
	return a->rows;
}

uint32_t activity_first(const struct activity *a)
{
	return a->first;
}

const struct activity_row *activity_sum(const struct activity *a)
{
	return &a->sum;
}

struct sorting {
	const struct activity_row *rows;
	enum activity_order order;
};

static int by_numbers(const struct activity_row *x, const struct activity_row *y, enum activity_order order)
{
	if (order == ACTIVITY_BY_KERNEL && x->kernel_ns != y->kernel_ns)
		return x->kernel_ns < y->kernel_ns ? 1 : -1;
	if (order != ACTIVITY_BY_NAME && x->cpu_ns != y->cpu_ns)
		return x->cpu_ns < y->cpu_ns ? 1 : -1;
	return 0;
}

static int by_order(const void *left, const void *right, void *context)
{
	const struct sorting *s = context;
	const struct activity_row *x = &s->rows[*(const uint32_t *)left], *y = &s->rows[*(const uint32_t *)right];
	int order;

	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	order = by_numbers(x, y, s->order);
	if (order == 0)
		order = strverscmp(x->name, y->name); /* pids as numbers */
	return order ? order : strcmp(x->more, y->more);
}

/* Siblings follow each other in the list. */
static void link_rows(struct activity *a, const uint32_t *sorted)
{
	for (size_t i = 0; i < a->n_rows; i++) {
		struct activity_row *row = &a->rows[sorted[i]], *before = i ? &a->rows[sorted[i - 1]] : NULL;

		row->next_sibling = ACTIVITY_NONE;
		if (before && before->parent == row->parent)
			before->next_sibling = sorted[i];
		else if (row->parent == ACTIVITY_NONE)
			a->first = sorted[i];
		else
			a->rows[row->parent].first_child = sorted[i];
	}
}

int activity_sort(struct activity *a, enum activity_order order)
{
	struct sorting sorting = { .rows = a->rows, .order = order };
	_cleanup_free_ uint32_t *sorted = calloc(a->n_rows + 1, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (uint32_t i = 0; i < a->n_rows; i++)
		sorted[i] = i;
	qsort_r(sorted, a->n_rows, sizeof(*sorted), by_order, &sorting);
	link_rows(a, sorted);
	return 0;
}

uint32_t activity_next(const struct activity *a, uint32_t row, bool is_open)
{
	if (is_open && a->rows[row].first_child != ACTIVITY_NONE)
		return a->rows[row].first_child;
	while (row != ACTIVITY_NONE && a->rows[row].next_sibling == ACTIVITY_NONE)
		row = a->rows[row].parent;
	return row == ACTIVITY_NONE ? ACTIVITY_NONE : a->rows[row].next_sibling;
}
