// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/unwind-rules.h"

#include <stdbool.h>
#include <string.h>

#define FIRST_SLOTS 1024

static const struct unwind_rule unencodable = { .cfa = UNWIND_CFA_UNENCODABLE };

int unwind_rules_init(struct unwind_rules *rules)
{
	uint16_t gap;
	int r;

	*rules = (struct unwind_rules){ .slots = calloc(FIRST_SLOTS, sizeof(*rules->slots)), .n_slots = FIRST_SLOTS };
	if (!rules->slots)
		return -ENOMEM;
	r = unwind_rules_number(rules, &(const struct unwind_rule){}, &gap);
	if (r < 0)
		unwind_rules_done(rules);
	return r;
}

void unwind_rules_done(struct unwind_rules *rules)
{
	free(rules->all);
	free(rules->slots);
	*rules = (struct unwind_rules){};
}

static bool is_same(const struct unwind_rule *a, const struct unwind_rule *b)
{
	return memcmp(a, b, sizeof(*a)) == 0; /* no padding: its size is asserted */
}

static uint32_t hash_rule(const struct unwind_rule *rule)
{
	uint64_t words[2];

	_Static_assert(sizeof(words) == sizeof(*rule), "the whole rule");
	memcpy(words, rule, sizeof(words));
	words[0] = (words[0] ^ words[1] * 0x9e3779b97f4a7c15) * 0xff51afd7ed558ccd;
	return (uint32_t)(words[0] >> 32);
}

/* The slot that holds a rule, or the free one where it belongs. */
static inline uint32_t *find_slot(const struct unwind_rules *rules, const struct unwind_rule *rule)
{
	for (size_t at = hash_rule(rule);; at++) {
		uint32_t *slot = &rules->slots[at & (rules->n_slots - 1)];

		if (*slot == 0 || is_same(&rules->all[*slot - 1], rule))
			return slot;
	}
}

static int grow_slots(struct unwind_rules *rules)
{
	uint32_t *slots = calloc(2 * rules->n_slots, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(rules->slots);
	rules->slots = slots;
	rules->n_slots *= 2;
	for (size_t i = 0; i < rules->n; i++)
		*find_slot(rules, &rules->all[i]) = (uint32_t)i + 1;
	return 0;
}

static int make_room(struct unwind_rules *rules)
{
	size_t capacity = rules->capacity ? 2 * rules->capacity : FIRST_SLOTS / 2;
	struct unwind_rule *all;

	if (rules->n < rules->capacity)
		return 0;
	all = reallocarray(rules->all, capacity, sizeof(*all));
	if (!all)
		return -ENOMEM;
	rules->all = all;
	rules->capacity = capacity;
	return 2 * capacity > rules->n_slots ? grow_slots(rules) : 0;
}

int unwind_rules_number(struct unwind_rules *rules, const struct unwind_rule *rule, uint16_t *ret)
{
	uint32_t *slot = find_slot(rules, rule);
	int r;

	if (*slot == 0 && rules->n >= UNWIND_MAX_RULES - 1) { /* the last place is for this one */
		rule = &unencodable;
		slot = find_slot(rules, rule);
	}
	if (*slot == 0) {
		r = make_room(rules);
		if (r < 0)
			return r;
		rules->all[rules->n++] = *rule;
		*find_slot(rules, rule) = (uint32_t)rules->n;
		*ret = (uint16_t)(rules->n - 1);
		return 0;
	}
	*ret = (uint16_t)(*slot - 1);
	return 0;
}
