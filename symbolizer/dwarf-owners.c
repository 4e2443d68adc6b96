// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-owners.h"

#include <dwarf.h>

#include "symbolizer/dwarf-ranges.h"

#define MAX_ENDS ((size_t)8 << 20) /* 128 MiB: four million ranges */

void dwarf_owners_done(struct dwarf_owners *o)
{
	free(o->all);
	free(o->first);
	*o = (struct dwarf_owners){};
}

/* Where a unit's claim begins or ends; as dwarf_array_sort() wants it. */
struct end {
	uint64_t at;
	uint32_t unit, is_start;
};

/* -- the claims -- */

struct claims {
	const struct dwarf_info *info;
	struct dwarf_array ends;
	struct dwarf_array ranges; /* of the unit at hand */
	uint8_t *is_told;          /* .debug_aranges tells of the unit */
};

static int add_end(struct claims *c, uint64_t at, size_t unit, bool is_start)
{
	int r;

	r = dwarf_array_add(&c->ends, sizeof(struct end), MAX_ENDS);
	if (r == 0)
		*dwarf_array_last(&c->ends, struct end) =
			(struct end){ .at = at, .unit = (uint32_t)unit, .is_start = is_start };
	return r;
}

static int take_ranges(struct claims *c, size_t unit)
{
	const struct dwarf_range *all = c->ranges.data;
	int r = 0;

	for (size_t i = 0; i < c->ranges.n && r == 0; i++) {
		r = add_end(c, all[i].from, unit, true);
		if (r == 0)
			r = add_end(c, all[i].to, unit, false);
	}
	c->ranges.n = 0;
	return r;
}

/* The pairs of one set, to its end. */
static int add_pairs(struct claims *c, const struct dwarf_unit *unit, struct byte_reader *set, uint8_t address_bytes)
{
	while (bytes_left(set) >= 2 * (size_t)address_bytes) {
		uint64_t from = bytes_fixed(set, address_bytes), to;
		int r;

		if (__builtin_add_overflow(from, bytes_fixed(set, address_bytes), &to))
			continue;
		r = dwarf_ranges_add(unit, from, to, &c->ranges);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Pairs begin at a multiple of their size, counted from where the set begins. */
static void skip_padding(struct byte_reader *set, const uint8_t *from, uint8_t address_bytes)
{
	size_t over = (size_t)(set->at - from) % (2 * (size_t)address_bytes);

	if (over)
		bytes_skip(set, 2 * (size_t)address_bytes - over);
}

/* One set, whose length was read; from is where it begins. */
static int read_set(struct claims *c, struct byte_reader *set, const uint8_t *from, bool is_64)
{
	uint64_t version = bytes_fixed(set, 2), offset = bytes_fixed(set, is_64 ? 8 : 4);
	uint8_t address_bytes = bytes_u8(set), segment_bytes = bytes_u8(set);
	struct dwarf_unit *unit = dwarf_info_find_at(c->info, offset);
	size_t number;
	int r;

	if (set->failed || version != 2 || segment_bytes != 0 || (address_bytes != 4 && address_bytes != 8))
		return -EBADMSG;
	skip_padding(set, from, address_bytes);
	if (!unit)
		return 0;
	number = (size_t)(unit - dwarf_info_unit(c->info, 0));
	c->is_told[number] = 1;
	r = add_pairs(c, unit, set, address_bytes);
	return r < 0 ? r : take_ranges(c, number);
}

/* What comes behind a damaged set is not read, as in llvm. */
static int read_sets(struct claims *c)
{
	const struct dwarf_bytes *section = &c->info->sections.all[DWARF_ARANGES];
	struct byte_reader all, set;
	int r = 0;

	if (!section->data)
		return 0;
	all = byte_reader_of(section->data, section->size);
	while (bytes_left(&all) > 0 && r == 0) {
		const uint8_t *from = all.at;
		uint64_t length;
		bool is_64;

		length = dwarf_length_read(&all, &is_64);
		set = bytes_take(&all, length);
		r = set.failed ? -EBADMSG : read_set(c, &set, from, is_64);
	}
	return r == -EBADMSG ? 0 : r;
}

static int read_unit(struct claims *c, size_t number)
{
	struct dwarf_unit *unit = dwarf_info_unit(c->info, number);
	struct dwarf_die die = {};
	int r;

	if (unit->is_type || unit->is_bad || c->is_told[number])
		return 0;
	r = dwarf_die_at(&(struct dwarf_place){ .unit = unit, .offset = unit->first_die }, &die);
	if (r == 0)
		r = dwarf_ranges_read(unit, &die, &c->ranges);
	return r < 0 ? r : take_ranges(c, number);
}

static int read_claims(struct claims *c)
{
	int r;

	c->is_told = calloc(dwarf_info_n_units(c->info) + 1, 1);
	if (!c->is_told)
		return -ENOMEM;
	r = read_sets(c);
	for (size_t i = 0; i < dwarf_info_n_units(c->info) && r == 0; i++)
		r = read_unit(c, i);
	return r;
}

/* -- who gets what -- */

/* Units that claim the address at hand: how often each does, and a heap of their numbers, some of which have ended. */
struct claimants {
	uint32_t *n_claims;
	uint32_t *heap;
	size_t n_heap;
};

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t old = *a;

	*a = *b;
	*b = old;
}

static void heap_push(struct claimants *c, uint32_t unit)
{
	size_t at = c->n_heap++;

	c->heap[at] = unit;
	for (; at > 0 && c->heap[(at - 1) / 2] > c->heap[at]; at = (at - 1) / 2)
		swap(&c->heap[(at - 1) / 2], &c->heap[at]);
}

static void heap_pop(struct claimants *c)
{
	size_t at = 0;

	c->heap[0] = c->heap[--c->n_heap];
	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < c->n_heap && c->heap[child + 1] < c->heap[child])
			child++;
		if (child >= c->n_heap || c->heap[at] <= c->heap[child])
			return;
		swap(&c->heap[at], &c->heap[child]);
		at = child;
	}
}

static void claim(struct claimants *c, const struct end *e)
{
	if (!e->is_start)
		c->n_claims[e->unit]--;
	else if (c->n_claims[e->unit]++ == 0)
		heap_push(c, e->unit);
	while (c->n_heap > 0 && c->n_claims[c->heap[0]] == 0)
		heap_pop(c);
}

static int own(struct claimants *c, uint64_t from, uint64_t to, struct dwarf_array *ret)
{
	struct dwarf_owned *last = ret->n ? dwarf_array_last(ret, struct dwarf_owned) : NULL;
	int r;

	if (last && last->to == from && c->n_claims[last->unit] > 0) {
		last->to = to;
		return 0;
	}
	r = dwarf_array_add(ret, sizeof(*last), MAX_ENDS);
	if (r == 0)
		*dwarf_array_last(ret, struct dwarf_owned) =
			(struct dwarf_owned){ .from = from, .to = to, .unit = c->heap[0] };
	return r;
}

/* Ends of claims come before beginnings, or a count would go below 0 for ranges that touch: it may not. */
static int settle(const struct end *ends, size_t n, struct claimants *c, struct dwarf_array *ret)
{
	uint64_t before = 0;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if (ends[i].at > before && c->n_heap > 0)
			r = own(c, before, ends[i].at, ret);
		claim(c, &ends[i]);
		before = ends[i].at;
	}
	return r;
}

/* Each unit is in the heap once for each time it began to claim: at most as often as there are ends. */
static int settle_claims(struct claims *c, struct dwarf_array *ret)
{
	struct claimants who = {};
	int r = -ENOMEM;

	dwarf_array_sort(c->ends.data, c->ends.n);
	who.n_claims = calloc(dwarf_info_n_units(c->info) + 1, sizeof(who.n_claims[0]));
	who.heap = calloc(c->ends.n / 2 + 1, sizeof(who.heap[0]));
	if (who.n_claims && who.heap)
		r = settle(c->ends.data, c->ends.n, &who, ret);
	free(who.n_claims);
	free(who.heap);
	return r;
}

/* From ascending order to one by unit, within it ascending. */
static int group(const struct dwarf_array *owned, size_t n_units, struct dwarf_owners *ret)
{
	const struct dwarf_owned *all = owned->data;
	size_t sum = 0;

	ret->first = calloc(n_units + 2, sizeof(ret->first[0]));
	ret->all = calloc(owned->n + 1, sizeof(ret->all[0]));
	if (!ret->first || !ret->all)
		return -ENOMEM;
	for (size_t i = 0; i < owned->n; i++)
		ret->first[all[i].unit + 2]++;
	for (size_t i = 0; i < n_units + 2; i++) {
		sum += ret->first[i];
		ret->first[i] = sum;
	}
	for (size_t i = 0; i < owned->n; i++)
		ret->all[ret->first[all[i].unit + 1]++] = all[i];
	return 0;
}

int dwarf_owners_read(const struct dwarf_info *info, struct dwarf_owners *ret)
{
	struct claims c = { .info = info };
	struct dwarf_owners o = {};
	struct dwarf_array owned = {};
	int r;

	r = read_claims(&c);
	if (r == 0)
		r = settle_claims(&c, &owned);
	dwarf_array_done(&c.ends);
	if (r == 0)
		r = group(&owned, dwarf_info_n_units(info), &o);
	dwarf_array_done(&c.ranges);
	dwarf_array_done(&owned);
	free(c.is_told);
	if (r < 0)
		dwarf_owners_done(&o);
	else
		*ret = o;
	return r;
}
