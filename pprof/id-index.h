/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id index: where in its array the thing with this id is. Ids are any numbers that a producer chose, mostly 1..n
 * in order, which costs no search. Fill entries[0..n), then id_index_sort(), then find.
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
	struct id_entry *entries;
	size_t n;
	bool is_in_order; /* 1..n */
};

_must_check_ int id_index_init(struct id_index *x, size_t n);
void id_index_done(struct id_index *x);
void id_index_put(struct id_index *x, size_t position, uint64_t id);

/* -EBADMSG: an id is 0 or there twice. */
_must_check_ int id_index_sort(struct id_index *x);

/* -EBADMSG: no such id. */
_must_check_ int id_index_get(const struct id_index *x, uint64_t id, size_t *ret_position);
