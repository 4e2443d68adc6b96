// SPDX-License-Identifier: Apache-2.0
#include "pprof/id-index.h"

void id_index_done(struct id_index *x)
{
	free(x->entries);
	*x = (struct id_index){};
}

int id_index_put_other(struct id_index *x, size_t position, uint64_t id)
{
	if (!x->entries) {
		x->entries = calloc(x->n, sizeof(*x->entries));
		if (!x->entries)
			return -ENOMEM;
		for (size_t i = 0; i < position; i++)
			x->entries[i] = (struct id_entry){ .id = i + 1, .position = i };
	}
	x->entries[position] = (struct id_entry){ .id = id, .position = position };
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct id_entry *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static bool is_ascending(const struct id_index *x)
{
	for (size_t i = 1; i < x->n; i++)
		if (x->entries[i].id <= x->entries[i - 1].id)
			return false;
	return true;
}

int id_index_sort(struct id_index *x)
{
	if (!x->entries)
		return 0;
	if (!is_ascending(x)) {
		qsort(x->entries, x->n, sizeof(*x->entries), compare_ids);
		if (!is_ascending(x))
			return -EBADMSG;
	}
	return x->entries[0].id == 0 ? -EBADMSG : 0;
}

int id_index_search(const struct id_index *x, uint64_t id, size_t *ret_position)
{
	const struct id_entry key = { .id = id };
	const struct id_entry *e = bsearch(&key, x->entries, x->n, sizeof(*x->entries), compare_ids);

	if (!e)
		return -EBADMSG;
	*ret_position = e->position;
	return 0;
}
