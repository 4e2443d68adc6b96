// SPDX-License-Identifier: Apache-2.0
#include "store/chosen.h"

#include <stdbool.h>
#include <string.h>

void chosen_done(struct chosen *c)
{
	for (size_t i = 0; i < CHOSEN_N_RANGES; i++)
		catalogue_rows_done(&c->kept[i].rows);
}

static int copy_rows(const struct catalogue_rows *rows, struct catalogue_rows *ret)
{
	struct catalogue_row *copy = calloc(rows->n, sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy, rows->rows, rows->n * sizeof(*copy));
	*ret = (struct catalogue_rows){ .rows = copy, .n = rows->n };
	return 0;
}

static bool is_range(const struct chosen_range *a, const struct chosen_range *b)
{
	return a->since_ns == b->since_ns && a->until_ns == b->until_ns && a->files == b->files;
}

static bool is_version(const struct catalogue_version *a, const struct catalogue_version *b)
{
	return a->others == b->others && a->own == b->own;
}

int chosen_find(const struct chosen *c, const struct chosen_range *range, const struct catalogue_version *version,
		struct catalogue_rows *ret)
{
	for (size_t i = 0; i < CHOSEN_N_RANGES; i++)
		if (c->kept[i].rows.n > 0 && is_range(&c->kept[i].range, range) &&
		    is_version(&c->kept[i].version, version))
			return copy_rows(&c->kept[i].rows, ret);
	return CHOSEN_UNKNOWN;
}

/* What was kept of the same range is of no use any more. */
static size_t place_of(struct chosen *c, const struct chosen_range *range)
{
	size_t place = c->next;

	for (size_t i = 0; i < CHOSEN_N_RANGES; i++)
		if (c->kept[i].rows.n > 0 && is_range(&c->kept[i].range, range))
			return i;
	c->next = (c->next + 1) % CHOSEN_N_RANGES;
	return place;
}

void chosen_keep(struct chosen *c, const struct chosen_range *range, const struct catalogue_version *version,
		 const struct catalogue_rows *rows)
{
	struct catalogue_rows copy;
	size_t place;

	if (rows->n == 0 || rows->n > CHOSEN_MAX_ROWS || copy_rows(rows, &copy) < 0)
		return;
	place = place_of(c, range);
	catalogue_rows_done(&c->kept[place].rows);
	c->kept[place].range = *range;
	c->kept[place].version = *version;
	c->kept[place].rows = copy;
}
