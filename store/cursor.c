// SPDX-License-Identifier: Apache-2.0
/* cursor: windows by time and labels, and by sequence. */
#include <string.h>

#include "common/clock.h"
#include "store/cover.h"
#include "store/store-inside.h"

#define MARGIN_NS (2 * 3600 * (int64_t)NS_PER_S) /* of what is looked at around a range: hours reach out of it */

struct window_cursor {
	struct catalogue *catalogue; /* that the rows are of */
	struct catalogue_rows rows;
	size_t next;
};

struct window_cursor *window_cursor_free(struct window_cursor *c)
{
	if (!c)
		return NULL;
	catalogue_unref(c->catalogue);
	catalogue_rows_done(&c->rows);
	free(c);
	return NULL;
}

int window_cursor_next(struct window_cursor *c, struct window_info *ret)
{
	const struct catalogue_row *row = c->rows.rows + c->next;
	int r;

	if (c->next == c->rows.n)
		return STORE_END;
	c->next++;
	r = catalogue_get(c->catalogue, row->row, ret);
	if (r == 0)
		ret->end_ns = row->end_ns;
	return r == CATALOGUE_END ? STORE_GONE : r;
}

size_t window_cursor_n(const struct window_cursor *c)
{
	return c->rows.n;
}

/* Takes the rows in every case. */
static int new_cursor(struct store *s, struct catalogue_rows *rows, struct window_cursor **ret)
{
	struct window_cursor *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->catalogue = catalogue_ref(s->catalogue);
	c->rows = *rows;
	*rows = (struct catalogue_rows){};
	*ret = c;
	return 0;
}

static int64_t add_cut(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? (b < 0 ? INT64_MIN : INT64_MAX) : sum;
}

static int choose_rows(struct store *s, const struct chosen_range *range, struct catalogue_rows *ret)
{
	int64_t since_ns = add_cut(range->since_ns, -MARGIN_NS), until_ns = add_cut(range->until_ns, MARGIN_NS);
	struct catalogue_version version;
	int r = store_refresh(s, since_ns, until_ns);

	if (r == 0)
		r = catalogue_version(s->catalogue, &version);
	if (r == 0)
		r = chosen_find(&s->chosen, range, &version, ret);
	if (r != CHOSEN_UNKNOWN)
		return r;
	r = catalogue_find_by_time(s->catalogue, since_ns, until_ns, ret);
	if (r < 0)
		return r;
	cover_choose(ret, range->since_ns, range->until_ns, range->files);
	chosen_keep(&s->chosen, range, &version, ret);
	return 0;
}

int store_select_rows(struct store *s, const struct selection *selection, struct catalogue_rows *ret)
{
	const struct chosen_range range = { selection->since_ns, selection->until_ns, selection->files };
	int r = choose_rows(s, &range, ret);

	return r == 0 ? catalogue_filter(s->catalogue, selection->matchers, selection->n_matchers, ret) : r;
}

int store_select(struct store *s, const struct selection *selection, struct window_cursor **ret)
{
	_cleanup_(catalogue_rows_done) struct catalogue_rows rows = {};
	int r = store_select_rows(s, selection, &rows);

	return r == 0 ? new_cursor(s, &rows, ret) : r;
}

int store_list(struct store *s, enum window_tier tier, uint64_t first, uint64_t last, bool newest_first, size_t max,
	       struct window_cursor **ret)
{
	_cleanup_(catalogue_rows_done) struct catalogue_rows rows = {};
	int r = store_refresh(s, 0, INT64_MAX);

	if (r == 0)
		r = catalogue_find_by_sequence(s->catalogue, tier, first, last, newest_first, max, &rows);
	return r == 0 ? new_cursor(s, &rows, ret) : r;
}

int store_find(struct store *s, enum window_tier tier, uint64_t first, struct window_info *ret)
{
	int r = store_refresh(s, 0, INT64_MAX);

	if (r == 0)
		r = catalogue_find_first(s->catalogue, tier, first, ret);
	return r == CATALOGUE_END ? STORE_GONE : r;
}
