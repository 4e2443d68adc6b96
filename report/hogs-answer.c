// SPDX-License-Identifier: Apache-2.0
/* hogs answer: from sums by group and host to rows: cores, ranks, the rest. */
#include <math.h>
#include <string.h>

#include "report/coverage.h"
#include "report/frame-table.h"
#include "report/grouping.h"
#include "report/hogs-inside.h"

static void making_done(struct hogs_making *m)
{
	free(m->row_of_group);
}

void hogs_answer_done(struct hogs_answer *a)
{
	free(a->rows);
	free(a->callers);
	free(a->outliers);
	*a = (struct hogs_answer){};
}

/* sd is a variance until finish_measure(). */
static int add_measure(struct hogs_making *m, struct hogs_measure *sum, const struct amount *amount, uint64_t wall_ns)
{
	double wall = (double)wall_ns;

	if (wall_ns) {
		sum->cores += (double)amount->value_ns / wall;
		sum->sd += amount->variance / wall / wall;
	} else if (amount->n_samples) {
		m->answer->has_cores = false;
	}
	return amount_add(&sum->amount, amount);
}

/* Cores that some windows have no part in would be none. */
static void finish_measure(const struct hogs_making *m, struct hogs_measure *measure)
{
	measure->cores = m->answer->has_cores ? measure->cores : 0;
	measure->sd = m->answer->has_cores ? sqrt(measure->sd) : 0;
}

static int add_measures(struct hogs_measure *sum, const struct hogs_measure *more)
{
	sum->cores += more->cores;
	sum->sd = sqrt(sum->sd * sum->sd + more->sd * more->sd);
	return amount_add(&sum->amount, &more->amount);
}

static int add_cell(struct hogs_making *m, enum hogs_side side, const struct sum *cell)
{
	struct hogs_answer *a = m->answer;
	uint64_t wall_ns = hogs_wall_ns(m->h, side, cell->b);
	bool is_now = side == HOGS_NOW;
	struct hogs_row *row;
	int r;

	if (cell->a == CELL_ALL)
		return add_measure(m, is_now ? &a->all : &a->all_before, &cell->self, wall_ns);
	row = cell->a == CELL_TAKEN ? &a->taken : &a->rows[cell->a];
	r = add_measure(m, is_now ? &row->self : &row->self_before, &cell->self, wall_ns);
	return r == 0 ? add_measure(m, is_now ? &row->total : &row->total_before, &cell->total, wall_ns) : r;
}

static void finish_row(const struct hogs_making *m, struct hogs_row *row)
{
	if (!grouping_is_of_frames(m->h->grouping)) {
		row->total = row->self;
		row->total_before = row->self_before;
	}
	finish_measure(m, &row->self);
	finish_measure(m, &row->total);
	finish_measure(m, &row->self_before);
	finish_measure(m, &row->total_before);
}

static void add_group_facts(const struct hogs_making *m, struct hogs_row *row)
{
	const struct group_facts *facts = (const struct group_facts *)(const void *)m->h->facts.data + row->group;

	if (row->group >= m->h->facts.size / sizeof(*facts))
		return;
	row->kernel_ns = facts->kernel_ns;
	row->n_frames = facts->n_frames;
	row->n_named = facts->n_named;
	row->n_truncated = facts->n_truncated;
	row->n_folded = facts->n_folded;
}

static int add_cells(struct hogs_making *m)
{
	for (enum hogs_side side = 0; side < HOGS_N_SIDES; side++) {
		const struct sums *cells = &m->h->cells[side];

		for (size_t i = 0; i < cells->n; i++) {
			int r = add_cell(m, side, &cells->items[i]);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static void add_facts_of(struct hogs_row *sum, const struct hogs_row *row)
{
	sum->kernel_ns += row->kernel_ns;
	sum->n_frames += row->n_frames;
	sum->n_named += row->n_named;
	sum->n_truncated += row->n_truncated;
	sum->n_folded += row->n_folded;
}

static int make_rows(struct hogs_making *m)
{
	struct hogs_answer *a = m->answer;
	int r;

	a->rows = calloc(m->n_groups + 1, sizeof(*a->rows));
	if (!a->rows)
		return -ENOMEM;
	a->n_rows = m->n_groups;
	for (size_t i = 0; i < m->n_groups; i++)
		a->rows[i].group = (uint32_t)i;
	r = add_cells(m);
	if (r < 0)
		return r;
	for (size_t i = 0; i < m->n_groups; i++) {
		finish_row(m, &a->rows[i]);
		add_group_facts(m, &a->rows[i]);
		add_facts_of(&a->taken, &a->rows[i]);
	}
	a->taken.group = GROUP_NONE;
	finish_row(m, &a->taken);
	finish_measure(m, &a->all);
	finish_measure(m, &a->all_before);
	return 0;
}

/* Cores where there are some, else CPU time: of two the larger one. */
static double rank_of(const struct hogs_measure *now, const struct hogs_measure *before)
{
	if (now->cores == 0 && before->cores == 0)
		return (double)(now->amount.value_ns > before->amount.value_ns ? now->amount.value_ns
									       : before->amount.value_ns);
	return now->cores > before->cores ? now->cores : before->cores;
}

static int by_number(double a, double b)
{
	return a > b ? -1 : a < b;
}

static int by_names(const struct grouping *g, uint32_t a, uint32_t b)
{
	size_t n_keys;
	int order = 0;

	grouping_keys(g, &n_keys);
	for (size_t i = 0; order == 0 && i < n_keys; i++) {
		const char *more_a, *more_b, *name_a = grouping_value(g, a, i, &more_a);
		const char *name_b = grouping_value(g, b, i, &more_b);

		order = strcmp(name_a, name_b);
		if (order == 0)
			order = strcmp(more_a, more_b);
	}
	return order;
}

static int by_rank(const void *a, const void *b, void *grouping)
{
	const struct hogs_row *x = a, *y = b;
	int order = by_number(rank_of(&x->self, &x->self_before), rank_of(&y->self, &y->self_before));

	if (order == 0)
		order = by_number(rank_of(&x->total, &x->total_before), rank_of(&y->total, &y->total_before));
	return order ? order : by_names(grouping, x->group, y->group);
}

static bool is_empty(const struct hogs_row *row)
{
	return row->self.amount.n_samples == 0 && row->self.amount.value_ns == 0 && row->total.amount.n_samples == 0 &&
	       row->total.amount.value_ns == 0 && row->self_before.amount.n_samples == 0 &&
	       row->self_before.amount.value_ns == 0 && row->total_before.amount.value_ns == 0;
}

/* GROUP_BEYOND is there without anything being beyond; and numbers of groups become numbers of rows. */
static int rank_rows(struct hogs_making *m)
{
	struct hogs_answer *a = m->answer;
	size_t n = 0;

	for (size_t i = 0; i < a->n_rows; i++)
		if (!is_empty(&a->rows[i]))
			a->rows[n++] = a->rows[i];
	a->n_rows = n;
	qsort_r(a->rows, n, sizeof(*a->rows), by_rank, m->h->grouping);
	while (a->n_shown < n && a->n_shown < m->question->max_rows &&
	       (!a->has_cores ||
		rank_of(&a->rows[a->n_shown].self, &a->rows[a->n_shown].self_before) >= m->question->min_cores))
		a->n_shown++;
	m->row_of_group = calloc(m->n_groups + 1, sizeof(*m->row_of_group));
	if (!m->row_of_group)
		return -ENOMEM;
	memset(m->row_of_group, 0xff, m->n_groups * sizeof(*m->row_of_group)); /* HOGS_NO_ROW */
	for (size_t i = 0; i < n; i++)
		m->row_of_group[a->rows[i].group] = (uint32_t)i;
	return 0;
}

/* Hosts that have a sample of any of these groups. */
static int count_hosts(const struct hogs_making *m, bool of_rest, size_t *ret)
{
	const struct sums *cells = &m->h->cells[HOGS_NOW];
	_cleanup_free_ bool *is_there = NULL;
	size_t n = 0;

	if (m->h->coverages[HOGS_NOW])
		coverage_hosts(m->h->coverages[HOGS_NOW], &n);
	is_there = calloc(n + 1, sizeof(*is_there));
	if (!is_there)
		return -ENOMEM;
	*ret = 0;
	for (size_t i = 0; i < cells->n; i++) {
		const struct sum *cell = &cells->items[i];

		if (cell->self.n_samples == 0 || cell->a >= m->n_groups ||
		    (of_rest && hogs_shown_row(m, cell->a) != HOGS_NO_ROW) || is_there[cell->b])
			continue;
		is_there[cell->b] = true;
		++*ret;
	}
	return 0;
}

static int sum_up_rest(struct hogs_making *m)
{
	struct hogs_answer *a = m->answer;
	int r;

	a->rest.group = GROUP_NONE;
	for (size_t i = a->n_shown; i < a->n_rows; i++) {
		r = add_measures(&a->rest.self, &a->rows[i].self);
		if (r == 0)
			r = add_measures(&a->rest.self_before, &a->rows[i].self_before);
		if (r < 0)
			return r;
		add_facts_of(&a->rest, &a->rows[i]);
	}
	r = count_hosts(m, true, &a->rest.n_hosts);
	return r == 0 ? count_hosts(m, false, &a->taken.n_hosts) : r;
}

static int make(struct hogs_making *m)
{
	int r = make_rows(m);

	if (r == 0)
		r = rank_rows(m);
	if (r == 0)
		r = hogs_spread_rows(m);
	if (r == 0)
		r = sum_up_rest(m);
	if (r == 0)
		r = hogs_find_callers(m);
	if (r == 0)
		hogs_find_tops(m);
	return r;
}

static bool tells_time(const struct hogs *h)
{
	for (enum hogs_side side = 0; side < HOGS_N_SIDES; side++)
		if (h->coverages[side] && coverage_totals(h->coverages[side])->n_untimed)
			return false;
	return true;
}

int hogs_answer(const struct hogs *h, const struct hogs_question *question, struct hogs_answer *ret)
{
	_cleanup_(hogs_answer_done) struct hogs_answer a = {
		.has_cores = tells_time(h),
		.has_before = h->coverages[HOGS_BEFORE] && h->cells[HOGS_BEFORE].n > 0,
		.n_beyond_groups = grouping_n_beyond(h->grouping),
		.n_beyond_cells = h->n_beyond_cells,
		.n_beyond_tops = h->n_beyond_tops,
		.n_beyond_edges = h->n_beyond_edges,
		.n_beyond_frames = frame_table_n_beyond(h->frames),
	};
	_cleanup_(making_done) struct hogs_making m = {
		.h = h, .question = question, .answer = &a, .n_groups = grouping_n(h->grouping)
	};
	int r = make(&m);

	if (r < 0)
		return r;
	*ret = a;
	a = (struct hogs_answer){};
	return 0;
}

struct hogs_change hogs_change_of(const struct hogs_measure *now, const struct hogs_measure *before)
{
	struct hogs_change c = { .cores = now->cores - before->cores,
				 .error = HOGS_Z * sqrt(now->sd * now->sd + before->sd * before->sd) };

	c.ratio = before->cores > 0 ? c.cores / before->cores : 0;
	c.is_noise = fabs(c.cores) <= c.error;
	return c;
}

double hogs_share(const struct hogs_measure *part, const struct hogs_measure *whole)
{
	if (whole->cores > 0)
		return part->cores / whole->cores;
	return whole->amount.value_ns ? (double)part->amount.value_ns / (double)whole->amount.value_ns : 0;
}
