// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-map.h"

#include <string.h>

#define FIRST_SLOTS 1024

void dwarf_map_done(struct dwarf_map *m)
{
	free(m->slots);
	*m = (struct dwarf_map){};
}

void dwarf_map_clear(struct dwarf_map *m)
{
	if (m->n > 0)
		memset(m->slots, 0, m->n_slots * sizeof(m->slots[0]));
	m->n = 0;
}

/* The slot of a key: the one that holds it, or the free one where it belongs. */
static struct dwarf_map_slot *find_slot(struct dwarf_map_slot *slots, size_t n_slots, uint64_t key)
{
	uint64_t h = (key ^ key >> 32) * 0x9e3779b97f4a7c15;

	for (size_t at = (h >> 32) & (n_slots - 1);; at = (at + 1) & (n_slots - 1)) {
		if (slots[at].key == key || slots[at].key == 0)
			return &slots[at];
	}
}

bool dwarf_map_find(const struct dwarf_map *m, uint64_t key, uint64_t *ret)
{
	const struct dwarf_map_slot *slot = m->n ? find_slot(m->slots, m->n_slots, key) : NULL;

	if (!slot || slot->key == 0)
		return false;
	*ret = slot->value;
	return true;
}

static int resize(struct dwarf_map *m, size_t n_slots)
{
	struct dwarf_map_slot *slots = calloc(n_slots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->n_slots; i++) {
		if (m->slots[i].key)
			*find_slot(slots, n_slots, m->slots[i].key) = m->slots[i];
	}
	free(m->slots);
	m->slots = slots;
	m->n_slots = n_slots;
	return 0;
}

int dwarf_map_add(struct dwarf_map *m, uint64_t key, uint64_t value)
{
	struct dwarf_map_slot *slot;
	int r;

	if (m->n >= m->n_slots / 4 * 3) {
		r = resize(m, m->n_slots ? m->n_slots * 2 : FIRST_SLOTS);
		if (r < 0)
			return r;
	}
	slot = find_slot(m->slots, m->n_slots, key);
	m->n += slot->key == 0;
	*slot = (struct dwarf_map_slot){ .key = key, .value = value };
	return 0;
}
