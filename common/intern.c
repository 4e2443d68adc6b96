// SPDX-License-Identifier: Apache-2.0
#include "common/intern.h"

#include <stdint.h>
#include <string.h>

#include "common/hash.h"

#define MIN_SLOTS 64

struct entry {
	size_t size;
	char text[];
};

/* The hash stands beside the pointer: other strings are passed over without a look at them. */
struct slot {
	struct entry *entry; /* NULL: free */
	uint32_t hash;
};

struct intern {
	struct slot *slots;
	size_t n, n_slots; /* 0 or a power of two */
	uint64_t seed;
	size_t bytes;
	size_t limit_bytes;
};

int intern_new(size_t limit_bytes, struct intern **ret)
{
	_cleanup_(intern_freep) struct intern *in = calloc(1, sizeof(*in));
	int r;

	if (!in)
		return -ENOMEM;
	in->limit_bytes = limit_bytes;
	r = hash_seed(&in->seed);
	if (r == 0)
		*ret = take_ptr(in);
	return r;
}

struct intern *intern_free(struct intern *in)
{
	if (!in)
		return NULL;
	for (size_t i = 0; i < in->n_slots; i++)
		free(in->slots[i].entry);
	free(in->slots);
	free(in);
	return NULL;
}

/* The slot of this string, or the free one where it belongs. There is always a free one. */
static struct slot *find_slot(const struct intern *in, uint32_t hash, const char *s, size_t size)
{
	for (size_t i = hash & (in->n_slots - 1);; i = (i + 1) & (in->n_slots - 1)) {
		struct slot *slot = &in->slots[i];

		if (!slot->entry ||
		    (slot->hash == hash && slot->entry->size == size && memcmp(slot->entry->text, s, size) == 0))
			return slot;
	}
}

static void move_slot(struct slot *slots, size_t mask, struct slot from)
{
	size_t i = from.hash & mask;

	while (slots[i].entry)
		i = (i + 1) & mask;
	slots[i] = from;
}

/* Keeps half of the slots free. */
static int reserve_slot(struct intern *in)
{
	size_t n_slots = in->n_slots ? 2 * in->n_slots : MIN_SLOTS;
	struct slot *slots;

	if (in->n < in->n_slots / 2)
		return 0;
	slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < in->n_slots; i++)
		if (in->slots[i].entry)
			move_slot(slots, n_slots - 1, in->slots[i]);
	free(in->slots);
	in->slots = slots;
	in->n_slots = n_slots;
	return 0;
}

static int new_entry(struct intern *in, const char *s, size_t size, struct entry **ret)
{
	struct entry *e;

	if (sizeof(*e) + size + 1 > in->limit_bytes - in->bytes)
		return -ENOSPC;
	e = malloc(sizeof(*e) + size + 1);
	if (!e)
		return -ENOMEM;
	e->size = size;
	memcpy(e->text, s, size);
	e->text[size] = 0;
	in->bytes += sizeof(*e) + size + 1;
	in->n++;
	*ret = e;
	return 0;
}

int intern_add(struct intern *in, const char *s, size_t size, const char **ret)
{
	uint32_t hash = hash_bytes(in->seed, s, size);
	int r = reserve_slot(in);
	struct slot *slot;

	if (r < 0)
		return r;
	slot = find_slot(in, hash, s, size);
	if (!slot->entry) {
		r = new_entry(in, s, size, &slot->entry);
		if (r < 0)
			return r;
		slot->hash = hash;
	}
	*ret = slot->entry->text;
	return 0;
}

size_t intern_bytes(const struct intern *in)
{
	return in->bytes;
}
