/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id index: where in its array the thing with this id is. Ids are any numbers that a producer chose, mostly 1..n
 * in order, which costs no search and no memory. id_index_put() of all positions from 0 on, then id_index_sort(), then
 * find.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct id_entry {
	uint64_t id;
	size_t position;
};

struct id_index {
	struct id_entry *entries; /* NULL: ids are 1..n in order */
	size_t n;
};

/* Begins with { .n = n }. */
void id_index_done(struct id_index *x);
_must_check_ int id_index_put_other(struct id_index *x, size_t position, uint64_t id);
_must_check_ static inline int id_index_put(struct id_index *x, size_t position, uint64_t id)
{
	return !x->entries && id == position + 1 ? 0 : id_index_put_other(x, position, id);
}

/* -EBADMSG: an id is 0 or there twice. */
_must_check_ int id_index_sort(struct id_index *x);

/* -EBADMSG: no such id. */
_must_check_ int id_index_search(const struct id_index *x, uint64_t id, size_t *ret_position);
_must_check_ static inline int id_index_get(const struct id_index *x, uint64_t id, size_t *ret_position)
{
	if (x->entries)
		return id_index_search(x, id, ret_position);
	if (id - 1 >= x->n)
		return -EBADMSG;
	*ret_position = id - 1;
	return 0;
}
