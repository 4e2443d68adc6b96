// SPDX-License-Identifier: Apache-2.0
#include "pprof/id-index.h"

int id_index_init(struct id_index *x, size_t n)
{
	*x = (struct id_index){ .n = n, .is_in_order = true };
	x->entries = calloc(n ? n : 1, sizeof(*x->entries));
	return x->entries ? 0 : -ENOMEM;
}

void id_index_done(struct id_index *x)
{
	free(x->entries);
	*x = (struct id_index){};
}

void id_index_put(struct id_index *x, size_t position, uint64_t id)
{
	x->entries[position] = (struct id_entry){ .id = id, .position = position };
	x->is_in_order &= id == position + 1;
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
	if (x->is_in_order)
		return 0;
	if (!is_ascending(x)) {
		qsort(x->entries, x->n, sizeof(*x->entries), compare_ids);
		if (!is_ascending(x))
			return -EBADMSG;
	}
	return x->n > 0 && x->entries[0].id == 0 ? -EBADMSG : 0;
}

int id_index_get(const struct id_index *x, uint64_t id, size_t *ret_position)
{
	const struct id_entry key = { .id = id }, *e;

	if (x->is_in_order) {
		if (id - 1 >= x->n)
			return -EBADMSG;
		*ret_position = id - 1;
		return 0;
	}
	e = bsearch(&key, x->entries, x->n, sizeof(*x->entries), compare_ids);
	if (!e)
		return -EBADMSG;
	*ret_position = e->position;
	return 0;
}
