// SPDX-License-Identifier: Apache-2.0
#include "report/sums.h"

#include <assert.h>

#define MIN_SLOTS 64

int amount_add(struct amount *sum, const struct amount *more)
{
	if (__builtin_add_overflow(sum->value_ns, more->value_ns, &sum->value_ns) ||
	    __builtin_add_overflow(sum->n_samples, more->n_samples, &sum->n_samples))
		return -ERANGE;
	sum->variance += more->variance;
	return 0;
}

void sums_init(struct sums *s, size_t max)
{
	assert(max < UINT32_MAX);
	*s = (struct sums){ .max = max };
}

void sums_done(struct sums *s)
{
	free(s->items);
	slots_done(&s->slots);
	*s = (struct sums){};
}

/* Numbers are ours: nobody can choose ones that collide. */
static uint32_t hash_of(uint32_t a, uint32_t b)
{
	return (uint32_t)(((uint64_t)a << 32 | b) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* The slot of these two, or the free one where they belong. There is always a free one. */
static struct slot *find_slot(const struct sums *s, uint32_t hash, uint32_t a, uint32_t b)
{
	for (size_t i = hash & (s->slots.n - 1);; i = (i + 1) & (s->slots.n - 1)) {
		struct slot *slot = &s->slots.all[i];

		if (slot->number == 0 ||
		    (slot->hash == hash && s->items[slot->number - 1].a == a && s->items[slot->number - 1].b == b))
			return slot;
	}
}

static int reserve_item(struct sums *s)
{
	size_t capacity = s->capacity ? 2 * s->capacity : MIN_SLOTS;
	struct sum *items;

	if (s->n < s->capacity)
		return 0;
	items = reallocarray(s->items, capacity, sizeof(*items));
	if (!items)
		return -ENOMEM;
	s->items = items;
	s->capacity = capacity;
	return 0;
}

int sums_get(struct sums *s, uint32_t a, uint32_t b, struct sum **ret)
{
	const uint32_t hash = hash_of(a, b);
	struct slot *slot = s->slots.n ? find_slot(s, hash, a, b) : NULL;
	int r;

	if (slot && slot->number) {
		*ret = &s->items[slot->number - 1];
		return 0;
	}
	if (s->n == s->max)
		return SUMS_FULL;
	r = slots_reserve(&s->slots, s->n, MIN_SLOTS);
	if (r == 0)
		r = reserve_item(s);
	if (r < 0)
		return r;
	s->items[s->n] = (struct sum){ .a = a, .b = b };
	*ret = &s->items[s->n++];
	*find_slot(s, hash, a, b) = (struct slot){ hash, (uint32_t)s->n };
	return 0;
}

const struct sum *sums_find(const struct sums *s, uint32_t a, uint32_t b)
{
	uint32_t number = s->slots.n ? find_slot(s, hash_of(a, b), a, b)->number : 0;

	return number ? &s->items[number - 1] : NULL;
}
