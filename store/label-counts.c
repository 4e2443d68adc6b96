// SPDX-License-Identifier: Apache-2.0
#include "store/label-counts.h"

#include <string.h>

#include "common/intern.h"
#include "store/store-inside.h"

void label_counts_done(struct label_counts *c)
{
	free(c->items);
	intern_free(c->texts);
	*c = (struct label_counts){};
}

static int reserve(struct label_counts *c)
{
	size_t capacity = c->capacity ? 2 * c->capacity : 64;
	struct label_count *items;

	if (c->n < c->capacity)
		return 0;
	items = reallocarray(c->items, capacity, sizeof(*items));
	if (!items)
		return -ENOMEM;
	c->items = items;
	c->capacity = capacity;
	return 0;
}

static int add(struct label_counts *c, const char *text, uint64_t n)
{
	int r = c->n < LABEL_COUNTS_MAX ? reserve(c) : -ENOSPC;

	if (r == 0)
		r = intern_add(c->texts, text, strlen(text), &c->items[c->n].text);
	if (r == -ENOSPC) {
		c->n_beyond++;
		return 0;
	}
	if (r == 0)
		c->items[c->n++].n = n;
	return r;
}

struct label_counting {
	const char *key, *prefix;
	struct label_counts *ret;
	const char *name; /* the last one, while names are counted; NULL: none yet */
	uint64_t n_values;
};

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int end_name(struct label_counting *c)
{
	return c->name && begins(c->name, c->prefix) ? add(c->ret, c->name, c->n_values) : 0;
}

int label_counting_add(struct label_counting *c, const char *key, const char *value, uint64_t n_windows)
{
	int r;

	if (c->key)
		return strcmp(key, c->key) == 0 && begins(value, c->prefix) ? add(c->ret, value, n_windows) : 0;
	if (c->name && strcmp(c->name, key) == 0) {
		c->n_values++;
		return 0;
	}
	r = end_name(c);
	if (r == 0)
		r = intern_add(c->ret->texts, key, strlen(key), &c->name);
	c->n_values = 1;
	return r;
}

static int by_count(const void *a, const void *b)
{
	const struct label_count *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return strcmp(x->text, y->text);
}

int store_count_labels(struct store *s, const struct selection *selection, const char *key, const char *prefix,
		       struct label_counts *ret)
{
	_cleanup_(catalogue_rows_done) struct catalogue_rows rows = {};
	_cleanup_(label_counts_done) struct label_counts counts = {};
	struct label_counting c = { .key = key, .prefix = prefix, .ret = &counts };
	int r = intern_new(LABEL_COUNTS_MAX_BYTES, &counts.texts);

	if (r == 0)
		r = store_select_rows(s, selection, &rows);
	if (r == 0)
		r = catalogue_count_labels(s->catalogue, &rows, &c, &counts.is_partial);
	if (r == 0)
		r = end_name(&c);
	if (r < 0)
		return r;
	if (key && counts.n > 0)
		qsort(counts.items, counts.n, sizeof(*counts.items), by_count);
	*ret = counts;
	counts = (struct label_counts){};
	return 0;
}
