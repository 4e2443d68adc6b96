// SPDX-License-Identifier: Apache-2.0
/* hogs details: what only rows need that are shown: how their hosts differ, their top functions, their callers. */
#include <math.h>
#include <string.h>

#include "report/coverage.h"
#include "report/grouping.h"
#include "report/hogs-inside.h"
#include "report/spread.h"

/* A group of a shown row on a host. */
struct share_of_host {
	uint32_t row, host;
	double cores, error;
};

uint64_t hogs_wall_ns(const struct hogs *h, enum hogs_side side, uint32_t host)
{
	size_t n;

	return coverage_hosts(h->coverages[side], &n)[host].wall_ns;
}

uint32_t hogs_shown_row(const struct hogs_making *m, uint32_t group)
{
	uint32_t row = group < m->n_groups ? m->row_of_group[group] : HOGS_NO_ROW;

	return row < m->answer->n_shown ? row : HOGS_NO_ROW;
}

static int by_row_and_cores(const void *a, const void *b)
{
	const struct share_of_host *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return x->cores < y->cores ? -1 : x->cores > y->cores;
}

static void add_share(const struct hogs_making *m, const struct sum *cell, struct share_of_host *shares, size_t *n)
{
	uint32_t row = hogs_shown_row(m, cell->a);
	double wall_ns = (double)hogs_wall_ns(m->h, HOGS_NOW, cell->b);

	if (row == HOGS_NO_ROW || (cell->self.n_samples == 0 && cell->total.n_samples == 0))
		return;
	shares[(*n)++] = (struct share_of_host){
		.row = row,
		.host = cell->b,
		.cores = wall_ns > 0 ? (double)cell->self.value_ns / wall_ns : 0,
		.error = wall_ns > 0 ? HOGS_Z * sqrt(cell->self.variance) / wall_ns : 0,
	};
}

/* Of HOGS_NOW: by row, then the smallest first. */
static int find_shares(const struct hogs_making *m, struct share_of_host **ret, size_t *ret_n)
{
	const struct sums *cells = &m->h->cells[HOGS_NOW];
	struct share_of_host *shares = calloc(cells->n + 1, sizeof(*shares));

	if (!shares)
		return -ENOMEM;
	*ret_n = 0;
	for (size_t i = 0; i < cells->n; i++)
		add_share(m, &cells->items[i], shares, ret_n);
	qsort(shares, *ret_n, sizeof(*shares), by_row_and_cores);
	*ret = shares;
	return 0;
}

static int add_outliers(struct hogs_making *m, const struct share_of_host *shares, size_t n, double *values)
{
	struct hogs_answer *a = m->answer;
	struct spread spread;

	if (n < SPREAD_MIN_HOSTS)
		return 0;
	spread = spread_of(values, n);
	for (size_t i = 0; i < n; i++) {
		struct hogs_outlier *more;

		if (!spread_stands_out(&spread, shares[i].cores, shares[i].error))
			continue;
		more = reallocarray(a->outliers, a->n_outliers + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		a->outliers = more;
		a->outliers[a->n_outliers++] = (struct hogs_outlier){
			.row = shares[i].row, .host = shares[i].host, .cores = shares[i].cores, .median = spread.median
		};
	}
	return 0;
}

/* The hosts of one row: shares are n > 0. */
static int spread_row(struct hogs_making *m, const struct share_of_host *shares, size_t n)
{
	struct hogs_row *row = &m->answer->rows[shares->row];
	_cleanup_free_ double *values = calloc(n, sizeof(*values));

	if (!values)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		values[i] = shares[i].cores;
	row->n_hosts = n;
	row->host_p50 = spread_percentile(values, n, 50);
	row->host_p99 = spread_percentile(values, n, 99);
	return m->question->has_outliers ? add_outliers(m, shares, n, values) : 0;
}

int hogs_spread_rows(struct hogs_making *m)
{
	_cleanup_free_ struct share_of_host *shares = NULL;
	size_t n_shares = 0;
	int r = find_shares(m, &shares, &n_shares);

	for (size_t i = 0, n; r == 0 && i < n_shares; i += n) {
		for (n = 1; i + n < n_shares && shares[i + n].row == shares[i].row; n++)
			;
		r = spread_row(m, &shares[i], n);
	}
	return r;
}

static bool is_larger(const struct hogs_making *m, const struct sum *top, const struct hogs_row *than)
{
	const char *library, *other_library, *name, *other;

	if (!than->has_top || top->self.value_ns != than->top_amount.value_ns)
		return !than->has_top || top->self.value_ns > than->top_amount.value_ns;
	name = grouping_function(m->h->grouping, top->b, &library);
	other = grouping_function(m->h->grouping, than->top, &other_library);
	return strcmp(name, other) < 0;
}

void hogs_find_tops(struct hogs_making *m)
{
	for (size_t i = 0; i < m->h->tops.n; i++) {
		const struct sum *top = &m->h->tops.items[i];
		uint32_t number = hogs_shown_row(m, top->a);
		struct hogs_row *row = number == HOGS_NO_ROW ? NULL : &m->answer->rows[number];

		if (!row || !is_larger(m, top, row))
			continue;
		row->has_top = true;
		row->top = top->b;
		row->top_amount = top->self;
	}
}

static int by_row_and_value(const void *a, const void *b, void *grouping)
{
	const struct hogs_caller *x = a, *y = b;
	const char *library;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	if (x->amount.value_ns != y->amount.value_ns)
		return x->amount.value_ns > y->amount.value_ns ? -1 : 1;
	return strcmp(grouping_function(grouping, x->function, &library),
		      grouping_function(grouping, y->function, &library));
}

int hogs_find_callers(struct hogs_making *m)
{
	const struct sums *edges = &m->h->edges;
	struct hogs_caller *all = calloc(edges->n + 1, sizeof(*all));
	size_t n = 0, n_kept = 0, n_of_row = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < edges->n; i++) {
		uint32_t row = hogs_shown_row(m, edges->items[i].a);

		if (row != HOGS_NO_ROW)
			all[n++] = (struct hogs_caller){ row, edges->items[i].b, edges->items[i].total };
	}
	qsort_r(all, n, sizeof(*all), by_row_and_value, m->h->grouping);
	for (size_t i = 0; i < n; i++) {
		n_of_row = n_kept > 0 && all[n_kept - 1].row == all[i].row ? n_of_row + 1 : 1;
		if (n_of_row <= m->question->max_callers)
			all[n_kept++] = all[i];
	}
	m->answer->callers = all;
	m->answer->n_callers = n_kept;
	return 0;
}
