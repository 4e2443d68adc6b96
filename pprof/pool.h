/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool: records of bytes, each kept once and known by its number: 0, 1, 2 ... in the order they came. Made for a
 * few hundred thousand small records: a record costs its bytes, 4 for where it starts and 11 to 22 for finding it.
 * Records lie one behind the other without padding, so a pool whose records are all multiples of 8 (or 4) bytes
 * hands them out aligned to that. Used by one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/clean.h"

struct pool_slot;

struct pool {
	struct buf bytes;
	uint32_t *starts; /* capacity of them; the end of a record is the next one's start */
	size_t n, capacity;
	size_t max_records, max_bytes;
	size_t largest_bytes; /* the size of the largest record */
	struct pool_slot *slots;
	size_t n_slots; /* 0 or a power of two */
	uint64_t seed;
};

/* max_records and max_bytes must fit 32 bits. */
_must_check_ int pool_init(struct pool *p, size_t max_records, size_t max_bytes);
void pool_done(struct pool *p);

/* The number of the record that has these bytes, kept now if it is new. -ENOSPC: the pool has reached a limit. */
_must_check_ int pool_add(struct pool *p, const void *data, size_t size, uint32_t *ret);

/* The number of the record that has these bytes, if there is one. */
bool pool_find(const struct pool *p, const void *data, size_t size, uint32_t *ret);

/* Borrowed until the next pool_add(). */
const void *pool_get(const struct pool *p, uint32_t number, size_t *ret_size);
