// SPDX-License-Identifier: Apache-2.0
#include "cli/top-once.h"

#include <inttypes.h>

#include "cli/grid.h"
#include "cli/text.h"
#include "cli/top-interval.h"
#include "cli/top-line.h"
#include "common/clock.h"
#include "common/json.h"
#include "report/activity.h"

#define BAR_CHARS 16
#define INDENT 2

struct table {
	const struct top_interval *interval;
	const struct activity_row *rows;
	size_t depth, max_rows;
	struct grid grid;
};

enum column { /* in order */
	CORES,
	SHARE,
	KERNEL,
	BAR,
	NAME,
};

static int add_columns(struct table *t, struct buf *levels)
{
	int r = top_line_add_levels(t->interval->activity, levels);

	if (r < 0)
		return r;
	grid_add_column(&t->grid, "CORES", GRID_NUMBER, 0);
	grid_add_column(&t->grid, "SHARE", GRID_NUMBER, 2);
	grid_add_column(&t->grid, "KERNEL", GRID_NUMBER, 3);
	grid_add_column(&t->grid, "", GRID_TEXT, 4);
	grid_add_column(&t->grid, levels->data, GRID_FUNCTION, 0);
	return 0;
}

static int add_bar(const struct table *t, const struct activity_row *row, struct buf *ret)
{
	size_t n_kernel, n_rest;

	top_line_bar(t->interval, row, BAR_CHARS, &n_kernel, &n_rest);
	return buf_printf(ret, "%.*s%.*s", (int)n_kernel, "################", (int)n_rest, "||||||||||||||||");
}

/* The numbers of a row, in a new one of the grid. */
static int add_numbers(struct table *t, const struct activity_row *row)
{
	struct top_numbers n;
	int r = grid_add_row(&t->grid);

	if (r < 0)
		return r;
	top_line_numbers(t->interval, row, &n);
	r = buf_add_str(grid_cell(&t->grid, CORES), n.cores);
	if (r == 0)
		r = buf_add_str(grid_cell(&t->grid, SHARE), n.share);
	if (r == 0)
		r = buf_add_str(grid_cell(&t->grid, KERNEL), n.kernel);
	return r == 0 ? add_bar(t, row, grid_cell(&t->grid, BAR)) : r;
}

static int add_row(struct table *t, const struct activity_row *row)
{
	struct buf *name;
	int r = add_numbers(t, row);

	if (r < 0)
		return r;
	name = grid_cell(&t->grid, NAME);
	r = buf_printf(name, "%*s", (int)(row->depth * INDENT), "");
	return r == 0 ? top_line_add_name(t->interval->activity, row, TEXT_MAX_CHARS, name) : r;
}

static void add_to(struct activity_row *sum, const struct activity_row *row)
{
	sum->cpu_ns += row->cpu_ns;
	sum->kernel_ns += row->kernel_ns;
}

/* This row and its siblings from here on, as one. */
static int add_rest(struct table *t, uint32_t row)
{
	struct activity_row rest = {};
	size_t n = 0, depth = t->rows[row].depth;
	int r;

	for (; row != ACTIVITY_NONE; row = t->rows[row].next_sibling, n++)
		add_to(&rest, &t->rows[row]);
	r = add_numbers(t, &rest);
	return r == 0 ? buf_printf(grid_cell(&t->grid, NAME), "%*s(%zu more)", (int)(depth * INDENT), "", n) : r;
}

static int add_siblings(struct table *t, uint32_t row)
{
	int r = 0;

	for (size_t n = 0; r == 0 && row != ACTIVITY_NONE; row = t->rows[row].next_sibling, n++) {
		if (n == t->max_rows && t->rows[row].next_sibling != ACTIVITY_NONE)
			return add_rest(t, row);
		r = add_row(t, &t->rows[row]);
		if (r == 0 && t->rows[row].depth + 1 < t->depth)
			r = add_siblings(t, t->rows[row].first_child); /* as deep as there are keys */
	}
	return r;
}

static int print_sum(const struct top_interval *i, FILE *out)
{
	const struct activity_row *sum = activity_sum(i->activity);
	_cleanup_(buf_done) struct buf quality = {};
	int r = top_interval_add_quality(i, &quality);

	if (r < 0)
		return r;
	fprintf(out, "total: %.3f of %" PRIu32 " cores in %.1f s, %.0f %% of it in the kernel; %s\n",
		top_interval_cores(i, sum->cpu_ns), i->n_cpus, (double)i->duration_ns / NS_PER_S,
		sum->cpu_ns > 0 ? 100 * (double)sum->kernel_ns / (double)sum->cpu_ns : 0, quality.data);
	return 0;
}

int top_once_print(const struct top_interval *i, size_t depth, size_t max_rows, FILE *out)
{
	size_t n;
	struct table t = {
		.interval = i,
		.rows = activity_rows(i->activity, &n),
		.depth = depth,
		.max_rows = max_rows,
	};
	_cleanup_(buf_done) struct buf levels = {};
	int r = add_columns(&t, &levels);

	if (r == 0)
		r = add_siblings(&t, activity_first(i->activity));
	if (r == 0)
		r = grid_print(&t.grid, out, text_width(out));
	grid_done(&t.grid);
	return r == 0 ? print_sum(i, out) : r;
}

/* What a row has, and what is in it. */
static int add_values(struct json_object *object, const struct top_interval *i, const struct activity_row *row)
{
	int r = json_add(object, "cores", json_object_new_double(top_interval_cores(i, row->cpu_ns)));

	if (r == 0)
		r = json_add_number(object, "cpu_ns", row->cpu_ns);
	if (r == 0)
		r = json_add_number(object, "kernel_ns", row->kernel_ns);
	if (r == 0)
		r = json_add_number(object, "samples", row->n_samples);
	return r == 0 ? json_add_number(object, "unnamed_samples", row->n_unnamed) : r;
}

static int add_objects(struct json_object *parent, const struct top_interval *i, const struct activity_row *rows,
		       uint32_t row, size_t depth)
{
	struct json_object *array, *object;
	int r = json_add_array(parent, "rows", &array);

	for (; r == 0 && row != ACTIVITY_NONE; row = rows[row].next_sibling) {
		r = json_append_object(array, &object);
		if (r == 0)
			r = json_add_string(object, "name", rows[row].name);
		if (r == 0)
			r = json_add_string(object, "more", rows[row].more);
		if (r == 0)
			r = add_values(object, i, &rows[row]);
		if (r == 0 && depth > 1 && rows[row].depth + 1 < activity_n_levels(i->activity))
			r = add_objects(object, i, rows, rows[row].first_child, depth - 1);
	}
	return r;
}

static int add_facts(struct json_object *object, const struct top_interval *i)
{
	struct json_object *by;
	int r = json_add_string(object, "source", i->is_own ? "own" : "agent");

	if (r == 0)
		r = json_add_number(object, "start_ns", i->start_realtime_ns);
	if (r == 0)
		r = json_add_number(object, "duration_ns", (int64_t)i->duration_ns);
	if (r == 0)
		r = json_add_number(object, "period_ns", (int64_t)i->period_ns);
	if (r == 0)
		r = json_add_number(object, "n_cpus", i->n_cpus);
	if (r == 0)
		r = json_add_number(object, "lost_samples", (int64_t)i->n_lost);
	if (r == 0)
		r = json_add_number(object, "missed_seconds", (int64_t)i->n_missed);
	if (r == 0)
		r = json_add_array(object, "by", &by);
	for (size_t k = 0; r == 0 && k < activity_n_levels(i->activity); k++)
		r = json_append(by, json_object_new_string(activity_level(i->activity, k)));
	return r;
}

int top_once_to_json(const struct top_interval *i, size_t depth, struct json_object **ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	size_t n;
	const struct activity_row *rows = activity_rows(i->activity, &n);
	int r = json_new_top(&top);

	if (r == 0)
		r = add_facts(top, i);
	if (r == 0)
		r = add_values(top, i, activity_sum(i->activity));
	if (r == 0)
		r = add_objects(top, i, rows, activity_first(i->activity), depth);
	if (r == 0)
		*ret = take_ptr(top);
	return r;
}
