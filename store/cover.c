// SPDX-License-Identifier: Apache-2.0
#include "store/cover.h"

#include <stdbool.h>

#define DROPPED INT64_C(0) /* no row has this number */

struct choice {
	struct catalogue_row *rows;
	int64_t since_ns, until_ns;
	enum selection_files files;
};

/* What is merged comes before what it is merged from. */
static int compare_ranges(const void *a, const void *b)
{
	const struct catalogue_row *x = a, *y = b;

	if (x->host != y->host)
		return x->host < y->host ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->tier != y->tier)
		return x->tier > y->tier ? -1 : 1;
	return (x->last < y->last) - (x->last > y->last);
}

static int compare_times(const void *a, const void *b)
{
	const struct catalogue_row *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	if (x->tier != y->tier)
		return x->tier > y->tier ? -1 : 1;
	if (x->host != y->host)
		return x->host < y->host ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

/* Of its minute or hour. */
static int64_t end_of_tier(const struct catalogue_row *row)
{
	return window_end_ns(&(struct window_info){ .tier = row->tier, .start_ns = row->start_ns });
}

/* A merged file reaches to the end of its minute or hour. */
static bool is_wholly_in_range(const struct choice *c, const struct catalogue_row *row)
{
	return row->tier != WINDOW_RAW && row->start_ns >= c->since_ns && end_of_tier(row) <= c->until_ns;
}

/* Of all that an hour stands for the end of the last minute; 0: some of it is there as no minute. */
static int64_t end_of_minutes(const struct catalogue_row *head, const struct catalogue_row *parts, size_t n)
{
	uint64_t n_windows = 0;
	int64_t last_ns = 0;

	for (size_t i = 0; i < n; i++) {
		if (parts[i].tier != WINDOW_MINUTE)
			continue;
		n_windows += parts[i].n_windows;
		if (end_of_tier(&parts[i]) > last_ns)
			last_ns = end_of_tier(&parts[i]);
	}
	return n_windows == head->n_windows ? last_ns : 0;
}

/* Whether the merged file is wanted although all that it stands for is there. */
static bool prefers_merged(const struct choice *c, const struct catalogue_row *row)
{
	bool is_few = c->files == SELECT_FEWEST || (c->files == SELECT_MINUTES && row->tier == WINDOW_MINUTE);

	return is_few && is_wholly_in_range(c, row);
}

static void drop(struct choice *c, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		c->rows[i].row = DROPPED;
}

static size_t end_of_group(const struct choice *c, size_t i, size_t n)
{
	const struct catalogue_row *head = &c->rows[i];
	size_t end = i + 1;

	while (end < n && c->rows[end].host == head->host && c->rows[end].first <= head->last)
		end++;
	return end;
}

/*
 * Chooses among rows from i to n; returns how many windows the chosen ones stand for. What lies deeper than there are
 * tiers stands for what something else stands for already.
 */
static uint64_t choose(struct choice *c, size_t i, size_t n, unsigned int levels)
{
	uint64_t n_windows = 0;
	size_t end;

	for (; i < n; i = end) {
		uint64_t head_windows = c->rows[i].n_windows, below;

		end = end_of_group(c, i, n);
		below = end > i + 1 && levels > 1 ? choose(c, i + 1, end, levels - 1) : 0;
		c->rows[i].end_ns = end_of_minutes(&c->rows[i], &c->rows[i + 1], end - i - 1);
		if (below != head_windows || prefers_merged(c, &c->rows[i]))
			drop(c, i + 1, end);
		else if (end > i + 1)
			drop(c, i, i + 1);
		n_windows += head_windows;
	}
	return n_windows;
}

void cover_choose(struct catalogue_rows *rows, int64_t since_ns, int64_t until_ns, enum selection_files files)
{
	struct choice c = { .rows = rows->rows, .since_ns = since_ns, .until_ns = until_ns, .files = files };
	size_t n = 0;

	if (rows->n == 0)
		return;
	if (files != SELECT_ALL) {
		qsort(rows->rows, rows->n, sizeof(*rows->rows), compare_ranges);
		choose(&c, 0, rows->n, WINDOW_N_TIERS);
	}
	for (size_t i = 0; i < rows->n; i++)
		if (rows->rows[i].row != DROPPED && rows->rows[i].start_ns >= since_ns &&
		    rows->rows[i].start_ns < until_ns)
			rows->rows[n++] = rows->rows[i];
	rows->n = n;
	qsort(rows->rows, rows->n, sizeof(*rows->rows), compare_times);
}
