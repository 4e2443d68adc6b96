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
	free(s->slots);
	*s = (struct sums){};
}

/* The slot of these two, or the free one where they belong. Numbers are ours: nobody can choose ones that collide. */
static uint32_t *find_slot(const struct sums *s, uint32_t a, uint32_t b)
{
	uint64_t hash = ((uint64_t)a << 32 | b) * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = hash >> 32 & (s->n_slots - 1);; i = (i + 1) & (s->n_slots - 1)) {
		uint32_t *slot = &s->slots[i];

		if (*slot == 0 || (s->items[*slot - 1].a == a && s->items[*slot - 1].b == b))
			return slot;
	}
}

/* Keeps half of the slots free. */
static int reserve_slot(struct sums *s)
{
	uint32_t *before = s->slots, *slots;
	size_t n_slots = s->n_slots ? 2 * s->n_slots : MIN_SLOTS;

	if (s->n < s->n_slots / 2)
		return 0;
	slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	s->slots = slots;
	s->n_slots = n_slots;
	for (size_t i = 0; i < s->n; i++)
		*find_slot(s, s->items[i].a, s->items[i].b) = (uint32_t)i + 1;
	free(before);
	return 0;
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
	uint32_t *slot = s->n_slots ? find_slot(s, a, b) : NULL;
	int r;

	if (slot && *slot) {
		*ret = &s->items[*slot - 1];
		return 0;
	}
	if (s->n == s->max)
		return SUMS_FULL;
	r = reserve_slot(s);
	if (r == 0)
		r = reserve_item(s);
	if (r < 0)
		return r;
	s->items[s->n] = (struct sum){ .a = a, .b = b };
	*ret = &s->items[s->n++];
	*find_slot(s, a, b) = (uint32_t)s->n;
	return 0;
}

const struct sum *sums_find(const struct sums *s, uint32_t a, uint32_t b)
{
	uint32_t slot = s->n_slots ? *find_slot(s, a, b) : 0;

	return slot ? &s->items[slot - 1] : NULL;
}
