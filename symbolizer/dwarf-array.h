/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dwarf array: items of one size that grow in number, and the order of those of 16 bytes. What a binary's debug info
 * comes to is held in a few of them: large ones move without being copied (glibc remaps them). The owner initialises
 * with `= {}` and ends with dwarf_array_done().
 */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

struct dwarf_array {
	void *data;
	size_t n, capacity;
};

void dwarf_array_done(struct dwarf_array *a);
_must_check_ int dwarf_array_grow(struct dwarf_array *a, size_t item_bytes, size_t limit);

/* Counts one more, whose content is the caller's to write: dwarf_array_last(). -EFBIG: there are `limit` already. */
static inline _must_check_ int dwarf_array_add(struct dwarf_array *a, size_t item_bytes, size_t limit)
{
	if (a->n == a->capacity) {
		int r = dwarf_array_grow(a, item_bytes, limit);

		if (r < 0)
			return r;
	}
	assert(a->data);
	a->n++;
	return 0;
}

#define dwarf_array_last(a, type) (&((type *)(a)->data)[(a)->n - 1])

/* In place, ascending, by the two 64-bit numbers that each record of 16 bytes is. */
void dwarf_array_sort(void *records, size_t n);
