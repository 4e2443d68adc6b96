// SPDX-License-Identifier: Apache-2.0
/*
 * hogs as a table: the rows that are shown, below a function those that call it, and what the rows leave out.
 *
 *	SERVICE       CORES  ±95%  SHARE                 CHANGE  HOSTS  HOST P50  HOST P99  TOP%  TOP FUNCTION
 *	checkout-api  311.4  0.31  24.1%  +38.20 ±0.44 (+14.0%)     42     6.900    13.100   11%  inflate_fast
 *	(118 more)    402.0  0.35  31.2%           within noise     97
 */
#include <math.h>
#include <string.h>

#include "cli/grid.h"
#include "cli/hogs-print.h"
#include "cli/text.h"
#include "report/coverage.h"
#include "report/grouping.h"

#define HEADING_BYTES 64
#define ERROR_HEADING                                                                                                  \
	"\xc2\xb1"                                                                                                     \
	"95%" /* plus and minus */

struct table {
	const struct hogs_view *v;
	struct grid grid;
	size_t column; /* of the last row: the one that comes next */
	bool is_of_frames, has_builds;
	bool has_hosts; /* more than one */
};

/* The cells of a row come in the order of the columns. */
static struct buf *next(struct table *t)
{
	return grid_cell(&t->grid, t->column++);
}

static int add_number(struct table *t, double n)
{
	double size = fabs(n);

	return buf_printf(next(t), "%.*f", size >= 100 ? 1 : size >= 10 ? 2 : 3, n);
}

static int add_percent(struct table *t, double part)
{
	return buf_printf(next(t), "%.1f%%", 100 * part);
}

static bool has_change(const struct table *t)
{
	return t->v->answer->has_before;
}

static const char *heading_of(const struct group_key *key, char ret[static HEADING_BYTES])
{
	size_t n = 0;

	for (; key->name[n] && n < HEADING_BYTES - 1; n++)
		ret[n] = (char)(key->name[n] >= 'a' && key->name[n] <= 'z' ? key->name[n] - 32 : key->name[n]);
	ret[n] = 0;
	return ret;
}

static int by_pointer(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Whether two shown libraries have one name: then their build ids tell them apart. Equal names are one string. */
static int find_builds(struct table *t)
{
	const struct hogs_answer *a = t->v->answer;
	_cleanup_free_ const char **names = calloc(a->n_shown + 1, sizeof(*names));
	size_t n;

	if (!names)
		return -ENOMEM;
	grouping_keys(t->v->grouping, &n);
	if (n != 1 || !grouping_has(t->v->grouping, GROUP_BY_LIBRARY))
		return 0;
	for (size_t i = 0; i < a->n_shown; i++) {
		const char *build;

		names[i] = grouping_value(t->v->grouping, a->rows[i].group, 0, &build);
	}
	qsort(names, a->n_shown, sizeof(*names), by_pointer);
	for (size_t i = 1; i < a->n_shown; i++)
		t->has_builds |= names[i] == names[i - 1];
	return 0;
}

static void add_key_columns(struct table *t, char headings[GROUP_KEYS_MAX][HEADING_BYTES])
{
	size_t n;
	const struct group_key *keys = grouping_keys(t->v->grouping, &n);

	for (size_t i = 0; i < n; i++) {
		bool is_function = keys[i].kind == GROUP_BY_FUNCTION;

		grid_add_column(&t->grid, heading_of(&keys[i], headings[i]), is_function ? GRID_FUNCTION : GRID_TEXT,
				0);
		if (is_function)
			grid_add_column(&t->grid, "LIBRARY", GRID_TEXT, 5);
	}
	if (t->has_builds)
		grid_add_column(&t->grid, "BUILD ID", GRID_TEXT, 5);
}

static void add_columns(struct table *t, char headings[GROUP_KEYS_MAX][HEADING_BYTES])
{
	struct grid *g = &t->grid;
	bool has_cores = t->v->answer->has_cores;

	add_key_columns(t, headings);
	grid_add_column(g, t->is_of_frames ? "SELF" : has_cores ? "CORES" : "SECONDS", GRID_NUMBER, 0);
	grid_add_column(g, ERROR_HEADING, GRID_NUMBER, 8);
	grid_add_column(g, t->is_of_frames ? "SELF%" : "SHARE", GRID_NUMBER, 1);
	if (t->is_of_frames) {
		grid_add_column(g, "TOTAL", GRID_NUMBER, 4);
		grid_add_column(g, "TOTAL%", GRID_NUMBER, 2);
	}
	if (has_change(t))
		grid_add_column(g, "CHANGE", GRID_NUMBER, 3);
	if (t->has_hosts) {
		grid_add_column(g, "HOSTS", GRID_NUMBER, 7);
		grid_add_column(g, "HOST P50", GRID_NUMBER, 11);
		grid_add_column(g, "HOST P99", GRID_NUMBER, 10);
	}
	grid_add_column(g, "KERNEL", GRID_NUMBER, 9);
	grid_add_column(g, "NAMED", GRID_NUMBER, 12);
	grid_add_column(g, "CUT", GRID_NUMBER, 13);
	if (!grouping_has(t->v->grouping, GROUP_BY_FUNCTION)) {
		grid_add_column(g, "TOP%", GRID_NUMBER, 6);
		grid_add_column(g, "TOP FUNCTION", GRID_FUNCTION, 6);
		grid_add_column(g, "OF", GRID_TEXT, 14);
	}
}

static int add_keys(struct table *t, const struct hogs_row *row)
{
	size_t n;
	const struct group_key *keys = grouping_keys(t->v->grouping, &n);
	const char *more = "";
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *value = grouping_value(t->v->grouping, row->group, i, &more);

		r = buf_add_str(next(t), *value ? value : HOGS_NONE);
		if (r == 0 && keys[i].kind == GROUP_BY_FUNCTION)
			r = buf_add_str(next(t), more);
	}
	return r == 0 && t->has_builds ? buf_add_str(next(t), more) : r;
}

/* The row of what is not shown, or of all: a text instead of the keys. */
static int add_text_key(struct table *t, const char *text)
{
	int r = buf_add_str(grid_cell(&t->grid, 0), text);
	size_t n;
	const struct group_key *keys = grouping_keys(t->v->grouping, &n);

	t->column = n + t->has_builds;
	for (size_t i = 0; i < n; i++)
		t->column += keys[i].kind == GROUP_BY_FUNCTION;
	return r;
}

static int add_change(struct table *t, const struct hogs_row *row)
{
	struct hogs_change c = hogs_change_of(&row->self, &row->self_before);
	struct buf *cell = next(t);
	int r;

	if (c.is_noise)
		return buf_add_str(cell, "within noise");
	r = buf_printf(cell, "%+.3f \xc2\xb1%.3f ", c.cores, c.error);
	if (r < 0)
		return r;
	if (row->self_before.amount.value_ns == 0)
		return buf_add_str(cell, "(new)");
	return row->self.amount.value_ns == 0 ? buf_add_str(cell, "(gone)")
					      : buf_printf(cell, "(%+.1f%%)", 100 * c.ratio);
}

static int add_measures(struct table *t, const struct hogs_row *row, bool has_total)
{
	const struct hogs_measure *whole = &t->v->answer->all;
	int r = add_number(t, hogs_view_amount(t->v, &row->self));

	if (r == 0)
		r = add_number(t, hogs_view_error(t->v, &row->self));
	if (r == 0)
		r = add_percent(t, hogs_share(&row->self, whole));
	if (r == 0 && t->is_of_frames && has_total)
		r = add_number(t, hogs_view_amount(t->v, &row->total));
	if (r == 0 && t->is_of_frames && has_total)
		r = add_percent(t, hogs_share(&row->total, whole));
	else
		t->column += t->is_of_frames ? 2 : 0;
	return r == 0 && has_change(t) ? add_change(t, row) : r;
}

/* What has no samples of its own has no shares of them. */
static int add_part(struct table *t, double part, double whole)
{
	if (whole > 0)
		return add_percent(t, part / whole);
	t->column++;
	return 0;
}

static int add_quality(struct table *t, const struct hogs_row *row)
{
	int r = add_part(t, (double)row->kernel_ns, (double)row->self.amount.value_ns);

	if (r == 0)
		r = add_part(t, (double)row->n_named, (double)row->n_frames);
	return r == 0 ? add_part(t, (double)row->n_truncated, (double)row->self.amount.n_samples) : r;
}

static int add_hosts(struct table *t, const struct hogs_row *row, bool has_spread)
{
	int r;

	if (!t->has_hosts)
		return 0;
	r = buf_printf(next(t), "%zu", row->n_hosts);
	if (!has_spread || !t->v->answer->has_cores) {
		t->column += 2;
		return r;
	}
	if (r == 0)
		r = add_number(t, row->host_p50);
	return r == 0 ? add_number(t, row->host_p99) : r;
}

static int add_top(struct table *t, const struct hogs_row *row)
{
	const char *library, *name;
	int r;

	if (!row->has_top || grouping_has(t->v->grouping, GROUP_BY_FUNCTION))
		return 0;
	name = grouping_function(t->v->grouping, row->top, &library);
	r = add_part(t, (double)row->top_amount.value_ns, (double)row->self.amount.value_ns);
	if (r == 0)
		r = buf_add_str(next(t), name);
	return r == 0 ? buf_add_str(next(t), library) : r;
}

static int begin_row(struct table *t)
{
	t->column = 0;
	return grid_add_row(&t->grid);
}

static int add_callers(struct table *t, uint32_t row)
{
	const struct hogs_answer *a = t->v->answer;
	double whole = (double)a->rows[row].total.amount.value_ns;
	int r = 0;

	for (size_t i = 0; r == 0 && i < a->n_callers; i++) {
		const char *library, *name;

		if (a->callers[i].row != row)
			continue;
		name = grouping_function(t->v->grouping, a->callers[i].function, &library);
		r = begin_row(t);
		if (r == 0)
			r = buf_printf(grid_cell(&t->grid, 0), "  %4.1f%% from %s",
				       100 * (double)a->callers[i].amount.value_ns / whole, name);
		if (r == 0)
			r = buf_add_str(grid_cell(&t->grid, 1), library);
	}
	return r;
}

static int add_row(struct table *t, uint32_t number)
{
	const struct hogs_row *row = &t->v->answer->rows[number];
	int r = begin_row(t);

	if (r == 0)
		r = add_keys(t, row);
	if (r == 0)
		r = add_measures(t, row, true);
	if (r == 0)
		r = add_hosts(t, row, true);
	if (r == 0)
		r = add_quality(t, row);
	if (r == 0)
		r = add_top(t, row);
	return r == 0 ? add_callers(t, number) : r;
}

static int add_rest(struct table *t)
{
	const struct hogs_answer *a = t->v->answer;
	_cleanup_(buf_done) struct buf text = {};
	int r;

	if (a->n_shown == a->n_rows)
		return 0;
	r = buf_printf(&text, "(%zu more)", a->n_rows - a->n_shown);
	if (r == 0)
		r = begin_row(t);
	if (r == 0)
		r = add_text_key(t, text.data);
	if (r == 0)
		r = add_measures(t, &a->rest, false);
	if (r == 0)
		r = add_hosts(t, &a->rest, false);
	return r == 0 ? add_quality(t, &a->rest) : r;
}

int hogs_print_table(const struct hogs_view *v, FILE *out)
{
	char headings[GROUP_KEYS_MAX][HEADING_BYTES];
	struct table t = { .v = v, .is_of_frames = grouping_is_of_frames(v->grouping) };
	size_t n_hosts;
	int r = find_builds(&t);

	coverage_hosts(v->now, &n_hosts);
	t.has_hosts = n_hosts > 1;
	add_columns(&t, headings);
	for (size_t i = 0; r == 0 && i < v->answer->n_shown; i++)
		r = add_row(&t, (uint32_t)i);
	if (r == 0)
		r = add_rest(&t);
	if (r == 0)
		r = grid_print(&t.grid, out, text_width(out));
	grid_done(&t.grid);
	return r;
}
