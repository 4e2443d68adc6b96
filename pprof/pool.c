// SPDX-License-Identifier: Apache-2.0
#include "pprof/pool.h"

#include <assert.h>
#include <string.h>

#include "common/hash.h"

#define MIN_SLOTS 64

struct pool_slot {
	uint32_t hash;
	uint32_t number; /* plus one; 0: the slot is free */
};

int pool_init(struct pool *p, size_t max_records, size_t max_bytes)
{
	assert(max_records < UINT32_MAX && max_bytes <= UINT32_MAX);
	*p = (struct pool){
		.bytes.limit_bytes = max_bytes,
		.max_records = max_records,
		.max_bytes = max_bytes,
	};
	return hash_seed(&p->seed);
}

void pool_done(struct pool *p)
{
	buf_done(&p->bytes);
	free(p->starts);
	free(p->slots);
	*p = (struct pool){};
}

const void *pool_get(const struct pool *p, uint32_t number, size_t *ret_size)
{
	size_t start, end;

	assert(number < p->n);
	start = p->starts[number];
	end = number + 1 < p->n ? p->starts[number + 1] : p->bytes.size;
	*ret_size = end - start;
	return p->bytes.data + start;
}

static bool record_equals(const struct pool *p, uint32_t number, const void *data, size_t size)
{
	size_t have_size;
	const void *have = pool_get(p, number, &have_size);

	return have_size == size && (size == 0 || memcmp(have, data, size) == 0);
}

/* The slot of this record, or the free one where it belongs. There is always a free one. */
static struct pool_slot *find_slot(const struct pool *p, uint32_t hash, const void *data, size_t size)
{
	size_t mask = p->n_slots - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct pool_slot *slot = &p->slots[i];

		if (slot->number == 0)
			return slot;
		if (slot->hash == hash && record_equals(p, slot->number - 1, data, size))
			return slot;
	}
}

static void move_slot(struct pool_slot *slots, size_t mask, struct pool_slot from)
{
	size_t i = from.hash & mask;

	while (slots[i].number != 0)
		i = (i + 1) & mask;
	slots[i] = from;
}

/* Keeps at least a quarter of the slots free. */
static int reserve_slot(struct pool *p)
{
	size_t n_slots = p->n_slots ? 2 * p->n_slots : MIN_SLOTS;
	struct pool_slot *slots;

	if (p->n < p->n_slots / 4 * 3)
		return 0;
	slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_slots; i++)
		if (p->slots[i].number != 0)
			move_slot(slots, n_slots - 1, p->slots[i]);
	free(p->slots);
	p->slots = slots;
	p->n_slots = n_slots;
	return 0;
}

static int reserve_start(struct pool *p)
{
	size_t capacity = p->capacity ? 2 * p->capacity : MIN_SLOTS;
	uint32_t *starts;

	if (p->n < p->capacity)
		return 0;
	starts = reallocarray(p->starts, capacity, sizeof(*starts));
	if (!starts)
		return -ENOMEM;
	p->starts = starts;
	p->capacity = capacity;
	return 0;
}

static int keep_record(struct pool *p, const void *data, size_t size)
{
	size_t start = p->bytes.size;
	int r;

	if (p->n >= p->max_records || size > p->max_bytes - p->bytes.size)
		return -ENOSPC;
	r = reserve_start(p);
	if (r < 0)
		return r;
	r = buf_add(&p->bytes, data, size);
	if (r < 0)
		return r;
	p->starts[p->n++] = (uint32_t)start;
	if (size > p->largest_bytes)
		p->largest_bytes = size;
	return 0;
}

int pool_add(struct pool *p, const void *data, size_t size, uint32_t *ret)
{
	uint32_t hash = hash_bytes(p->seed, data, size);
	struct pool_slot *slot;
	int r;

	r = reserve_slot(p);
	if (r < 0)
		return r;
	slot = find_slot(p, hash, data, size);
	if (slot->number == 0) {
		r = keep_record(p, data, size);
		if (r < 0)
			return r;
		*slot = (struct pool_slot){ .hash = hash, .number = (uint32_t)p->n };
	}
	*ret = slot->number - 1;
	return 0;
}

bool pool_find(const struct pool *p, const void *data, size_t size, uint32_t *ret)
{
	const struct pool_slot *slot;

	if (p->n == 0)
		return false;
	slot = find_slot(p, hash_bytes(p->seed, data, size), data, size);
	if (slot->number == 0)
		return false;
	*ret = slot->number - 1;
	return true;
}
