// SPDX-License-Identifier: Apache-2.0
#include "store/runs.h"

#include <stdbool.h>

void runs_done(struct runs *r)
{
	free(r->runs);
	*r = (struct runs){};
}

/* By host and sequence; a file that stands for others lies in front of them. */
static int compare_rows(const void *a, const void *b)
{
	const struct catalogue_row *x = a, *y = b;

	if (x->host != y->host)
		return x->host < y->host ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->tier < y->tier) - (x->tier > y->tier);
}

struct scan {
	enum window_tier tier;
	int64_t interval_ns, late_ns; /* of the next tier; what began before late_ns / interval_ns is closed */
	struct catalogue_row *rows;   /* those of the runs move to the front */
	size_t n_rows, run_start;
	int64_t host;
	bool has_coarser;
	uint64_t coarser_last; /* the greatest sequence for which a coarser file of the host stands so far */
	struct runs runs;
};

static int64_t interval_of(const struct scan *s, const struct catalogue_row *row)
{
	return row->start_ns / s->interval_ns;
}

static int keep_run(struct scan *s)
{
	struct run *more = reallocarray(s->runs.runs, s->runs.n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	s->runs.runs = more;
	more[s->runs.n++] = (struct run){ .rows = s->rows + s->run_start, .n = s->n_rows - s->run_start };
	s->run_start = s->n_rows;
	return 0;
}

/* The run that is open ends here. One that is not closed is not kept: the next time it will be. */
static int end_run(struct scan *s, bool has_later)
{
	const struct catalogue_row *last = s->rows + s->n_rows - 1;

	if (s->n_rows == s->run_start)
		return 0;
	if (has_later || (interval_of(s, last) + 1) * s->interval_ns <= s->late_ns)
		return keep_run(s);
	s->n_rows = s->run_start;
	return 0;
}

static int begin_host(struct scan *s, int64_t host)
{
	int r = end_run(s, false);

	s->host = host;
	s->has_coarser = false;
	return r;
}

static int scan_row(struct scan *s, const struct catalogue_row row)
{
	int r = row.host != s->host ? begin_host(s, row.host) : 0;

	if (r < 0 || row.tier < s->tier)
		return r;
	if (row.tier > s->tier && (!s->has_coarser || row.last > s->coarser_last)) {
		s->has_coarser = true;
		s->coarser_last = row.last;
	}
	if (row.tier > s->tier || (s->has_coarser && row.first <= s->coarser_last))
		return end_run(s, true);
	if (s->n_rows > s->run_start && interval_of(s, &row) != interval_of(s, &s->rows[s->n_rows - 1]))
		r = end_run(s, true);
	s->rows[s->n_rows++] = row;
	return r;
}

int runs_find(struct catalogue_rows *rows, enum window_tier tier, int64_t now_ns, int64_t grace_ns, struct runs *ret)
{
	struct scan s = {
		.tier = tier,
		.interval_ns = (int64_t)window_tier_ns(tier + 1),
		.late_ns = now_ns - grace_ns,
		.rows = rows->rows,
	};
	int r = 0;

	if (rows->n == 0)
		return 0;
	qsort(rows->rows, rows->n, sizeof(*rows->rows), compare_rows);
	s.host = rows->rows[0].host;
	for (size_t i = 0; r == 0 && i < rows->n; i++)
		r = scan_row(&s, rows->rows[i]);
	if (r == 0)
		r = end_run(&s, false);
	rows->n = s.n_rows;
	if (r < 0) {
		runs_done(&s.runs);
		return r;
	}
	*ret = s.runs;
	return 0;
}
