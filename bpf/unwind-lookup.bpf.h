/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * unwind lookup: from a process and an address to the rule in force there: the process's extents, the binary's table,
 * the page, its sub-index, the row, the rule. User space writes all of it without a lock; every reference is bounded
 * here to the chunk that it names, so wrong data can give a wrong stack, and nothing worse.
 *
 * A stack stays within few extents, so the last one is kept with what is known of its table.
 */
#pragma once

#include "bpf/base.bpf.h"

struct unwind_tables {
	struct unwind_table all[UNWIND_MAX_TABLES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, UNWIND_MAX_CHUNKS);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(map_flags, BPF_F_MMAPABLE);
			__uint(max_entries, 1);
			__uint(key_size, sizeof(__u32));
			__uint(value_size, sizeof(struct unwind_chunk)); /* clang 14 forgets the type in here */
		});
} unwind_chunks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unwind_tables);
} unwind_tables SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct unwind_slots);
} unwind_processes SEC(".maps");

/* Where lookups of one process stand. */
struct unwind_place {
	__u32 extents, n_extents; /* reference of the first extent */
	__u64 copies_until_ns;    /* as in struct unwind_extents */
	__u64 start, bytes;       /* the extent that was found last; bytes 0: none */
	__u64 to_table;           /* added to an address of it: the offset from the table's page 0 */
	__u32 table_state;
	__u32 pages, n_pages, rules, n_rules;
};

#define UNWIND_WORDS_OF(type) (sizeof(type) / sizeof(__u32))
#define UNWIND_EXTENT_SEARCH_STEPS 15 /* UNWIND_SLOT_N_EXTENTS() is below 2^15 */
#define UNWIND_ROW_SEARCH_STEPS 16    /* a sub-index's entries are below 2^16 */

static __always_inline struct unwind_chunk *unwind_chunk_of(__u32 ref)
{
	__u32 key = ref / UNWIND_CHUNK_WORDS, zero = 0;
	void *chunk = bpf_map_lookup_elem(&unwind_chunks, &key);

	return chunk ? bpf_map_lookup_elem(chunk, &zero) : NULL;
}

/* The chunk of a reference, where that of another one is at hand: mostly it is the same. */
static __always_inline struct unwind_chunk *unwind_chunk_beside(struct unwind_chunk *chunk, __u32 of, __u32 ref)
{
	return (of ^ ref) < UNWIND_CHUNK_WORDS ? chunk : unwind_chunk_of(ref);
}

/* The object of this many words behind a reference; NULL where the chunk has no room for it. */
static __always_inline void *unwind_in(struct unwind_chunk *chunk, __u32 ref, __u32 n_words)
{
	__u32 word = ref & (UNWIND_CHUNK_WORDS - 1);

	barrier_var(word); /* else clang makes "is not the last" of "is below", which Linux 6.1 does not understand */
	if (!chunk || word > UNWIND_CHUNK_WORDS - n_words)
		return NULL;
	barrier_var(chunk); /* else it adds before it checks */
	return &chunk->words[word];
}

static __always_inline void *unwind_at(__u32 ref, __u32 n_words)
{
	return unwind_in(unwind_chunk_of(ref), ref, n_words);
}

static __always_inline struct unwind_slots *unwind_slots(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&unwind_processes, &zero);
}

static __always_inline struct unwind_bucket *unwind_bucket_of(__u32 tgid)
{
	struct unwind_slots *slots = unwind_slots();

	return slots ? &slots->buckets[tgid % UNWIND_N_BUCKETS] : NULL;
}

/* A process's slot, 0 where it has none. */
static __always_inline __u64 unwind_find_slot(__u32 tgid)
{
	const volatile struct unwind_bucket *bucket = unwind_bucket_of(tgid);

	if (!bucket)
		return 0; /* cannot be */
	for (int i = 0; i < UNWIND_BUCKET_SLOTS; i++) {
		__u64 slot = bucket->slots[i];

		if (UNWIND_SLOT_TGID(slot) == tgid)
			return slot;
	}
	return 0;
}

static __always_inline void unwind_clear_slot(__u32 tgid)
{
	struct unwind_bucket *bucket = unwind_bucket_of(tgid);

	if (!bucket)
		return; /* cannot be */
	for (int i = 0; i < UNWIND_BUCKET_SLOTS; i++)
		if (UNWIND_SLOT_TGID(bucket->slots[i]) == tgid)
			bucket->slots[i] = 0;
}

/* What was mapped is gone. User space that has not heard of it yet takes back what it publishes. */
static __always_inline void unwind_note_exec(__u32 tgid, __u64 time_ns)
{
	struct unwind_slots *slots = unwind_slots();

	if (slots)
		__sync_lock_test_and_set(&slots->exec_ns[tgid % UNWIND_N_BUCKETS], time_ns);
	unwind_clear_slot(tgid);
}

/* The list behind a slot; returns false where there is none. */
static __always_inline bool unwind_begin(struct unwind_place *p, __u64 slot, __u64 *ret_news_ns)
{
	__u32 ref = UNWIND_SLOT_REF(slot) & ~1U, n = UNWIND_SLOT_N_EXTENTS(slot);
	struct unwind_extents *list = unwind_at(ref, UNWIND_WORDS_OF(*list));

	p->bytes = 0;
	if (!slot || !list)
		return false;
	p->extents = ref + UNWIND_WORDS_OF(*list);
	p->n_extents = n;
	p->copies_until_ns = list->copies_until_ns;
	*ret_news_ns = list->news_ns;
	return true;
}

static __always_inline void unwind_take_table(struct unwind_place *p, const struct unwind_extent *extent)
{
	__u32 zero = 0, i = extent->table;
	struct unwind_tables *tables = bpf_map_lookup_elem(&unwind_tables, &zero);
	const volatile struct unwind_table *t;

	p->table_state = UNWIND_TABLE_NOT_LOADED;
	if (!tables || i >= UNWIND_MAX_TABLES)
		return;
	t = &tables->all[i];
	p->table_state = t->state; /* before the rest, which is only true while it stands */
	p->to_table = extent->vaddr - extent->start - t->base;
	p->pages = t->pages;
	p->n_pages = t->n_pages;
	p->rules = t->rules;
	p->n_rules = t->n_rules;
}

/* The last of n extents that begins at or before addr; the first where none does. Addresses are below 2^63. */
static __always_inline __u32 unwind_search_extents(const struct unwind_chunk *chunk, __u32 first, __u32 n, __u64 addr)
{
	__u64 found = 0;

	for (int i = 0; i < UNWIND_EXTENT_SEARCH_STEPS && n > 1; i++) {
		__u64 half = n / 2, word = first + (found + half) * UNWIND_WORDS_OF(struct unwind_extent);

		word &= UNWIND_CHUNK_WORDS - 2;
		found += half & sign_mask((__s64)(*(const __u64 *)&chunk->words[word] - addr - 1));
		n -= (__u32)half;
	}
	return (__u32)found;
}

/* Moves to the extent that an address lies in; returns 0, or -1 where there is none and the place stays. */
__noinline int unwind_move(struct unwind_place *p, __u64 addr)
{
	const struct unwind_chunk *chunk;
	const struct unwind_extent *extent;
	__u32 first, word;

	if (!p || p->n_extents == 0)
		return -1;
	first = p->extents & (UNWIND_CHUNK_WORDS - 1);
	chunk = unwind_chunk_of(p->extents);
	if (!chunk)
		return -1;
	word = first + unwind_search_extents(chunk, first, p->n_extents, addr) * UNWIND_WORDS_OF(struct unwind_extent);
	if (word > UNWIND_CHUNK_WORDS - UNWIND_WORDS_OF(struct unwind_extent))
		return -1;
	extent = (const struct unwind_extent *)&chunk->words[word];
	if (addr - extent->start >= (__u64)extent->n_pages << 12)
		return -1;
	p->start = extent->start;
	p->bytes = (__u64)extent->n_pages << 12;
	unwind_take_table(p, extent);
	return 0;
}

static __always_inline bool unwind_has(struct unwind_place *p, __u64 addr)
{
	return addr - p->start < p->bytes || unwind_move(p, addr) == 0;
}

static __always_inline const struct unwind_row *unwind_row_at(const struct unwind_chunk *chunk, __u32 word)
{
	return (const struct unwind_row *)&chunk->words[word & (UNWIND_CHUNK_WORDS - 1)];
}

/*
 * The rule number in force at pc_low of a page that has rows. Its steps are branches: measured, 15 % of the whole walk
 * faster than without, because the processor reads ahead where it guesses well.
 */
static __always_inline __u32 unwind_search_rows(const struct unwind_chunk *chunk, __u32 words, __u32 block_shift,
						__u32 pc_low)
{
	__u32 shift = block_shift & 31, entry, rows, end;
	__u64 found, n;

	if (!chunk)
		return UNWIND_RULE_GAP;
	entry = (words & (UNWIND_CHUNK_WORDS - 1)) * 2 + (pc_low >> shift);
	found = ((const __u16 *)chunk->words)[entry & (UNWIND_CHUNK_WORDS * 2 - 1)];
	end = ((const __u16 *)chunk->words)[(entry + 1) & (UNWIND_CHUNK_WORDS * 2 - 1)];
	rows = words + UNWIND_SUBINDEX_WORDS(shift) - 1;
	n = end - found + 1; /* both count from 1; the first row lies at 0, so it is never the one before it */
	for (int i = 0; i < UNWIND_ROW_SEARCH_STEPS && n > 1 && n < UNWIND_PAGE_BYTES; i++) {
		__u64 half = n / 2;

		if (unwind_row_at(chunk, rows + (__u32)(found + half))->pc_low <= pc_low)
			found += half;
		n -= half;
	}
	return unwind_row_at(chunk, rows + (__u32)found)->rule;
}

/*
 * The rule in force at an address of the place's extent, whose table is loaded. NULL: the table is broken.
 */
static __always_inline const struct unwind_rule *unwind_find_rule(const struct unwind_place *p, __u64 addr)
{
	__u64 offset = addr + p->to_table, page_no = offset / UNWIND_PAGE_BYTES;
	__u32 pages = p->pages, rule = UNWIND_RULE_GAP;
	struct unwind_chunk *chunk = unwind_chunk_of(pages);
	const struct unwind_page *page;

	if (page_no < p->n_pages) {
		page = unwind_in(chunk, pages + (__u32)page_no * UNWIND_WORDS_OF(*page), UNWIND_WORDS_OF(*page));
		if (page && page->n_rows)
			rule = unwind_search_rows(unwind_chunk_beside(chunk, pages, page->words), page->words,
						  page->block_shift, (__u32)offset & (UNWIND_PAGE_BYTES - 1));
	}
	if (rule >= p->n_rules)
		return NULL;
	return unwind_in(unwind_chunk_beside(chunk, pages, p->rules),
			 p->rules + rule * UNWIND_WORDS_OF(struct unwind_rule), UNWIND_WORDS_OF(struct unwind_rule));
}
