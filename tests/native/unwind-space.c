// SPDX-License-Identifier: Apache-2.0
#include "tests/native/unwind-space.h"

#include <string.h>

int unwind_space_init(struct unwind_space *s, size_t n_chunks)
{
	*s = (struct unwind_space){ .n_chunks = n_chunks, .n_words = 2, .n_tables = 1 };
	s->tables = calloc(UNWIND_MAX_TABLES, sizeof(*s->tables));
	s->slots = calloc(1, sizeof(*s->slots));
	if (!s->tables || !s->slots)
		return -ENOMEM;
	for (size_t i = 0; i < n_chunks; i++) {
		s->chunks[i] = calloc(1, sizeof(*s->chunks[i]));
		if (!s->chunks[i])
			return -ENOMEM;
	}
	return 0;
}

void unwind_space_done(struct unwind_space *s)
{
	for (size_t i = 0; i < s->n_chunks; i++)
		free(s->chunks[i]);
	free(s->tables);
	free(s->slots);
}

/* Room for n words within one chunk, at an even reference; 0: there is none. */
static uint32_t reserve(struct unwind_space *s, size_t n)
{
	size_t ref = (s->n_words + 1) & ~(size_t)1;

	if (ref % UNWIND_CHUNK_WORDS + n > UNWIND_CHUNK_WORDS)
		ref = (ref / UNWIND_CHUNK_WORDS + 1) * UNWIND_CHUNK_WORDS;
	if (n > UNWIND_CHUNK_WORDS || ref / UNWIND_CHUNK_WORDS >= s->n_chunks)
		return 0;
	s->n_words = ref + n;
	return (uint32_t)ref;
}

static uint32_t *at(struct unwind_space *s, uint32_t ref)
{
	return &s->chunks[ref / UNWIND_CHUNK_WORDS]->words[ref % UNWIND_CHUNK_WORDS];
}

static uint32_t put(struct unwind_space *s, const void *data, size_t n_words)
{
	uint32_t ref = reserve(s, n_words);

	if (ref)
		memcpy(at(s, ref), data, n_words * sizeof(uint32_t));
	return ref;
}

static uint32_t put_page(struct unwind_space *s, const struct index_unwind *table, const struct unwind_page *page)
{
	return put(s, &table->words[page->words], UNWIND_SUBINDEX_WORDS(page->block_shift) + page->n_rows);
}

static int put_pages(struct unwind_space *s, const struct index_unwind *table, uint32_t pages)
{
	for (size_t i = 0; i < table->n_pages; i++) {
		struct unwind_page page = table->pages[i];

		if (page.n_rows > 0) {
			page.words = put_page(s, table, &table->pages[i]);
			if (!page.words)
				return -ENOSPC;
		}
		memcpy(at(s, pages + (uint32_t)i * 2), &page, sizeof(page));
	}
	return 0;
}

int unwind_space_add_table(struct unwind_space *s, const struct index_unwind *table)
{
	struct unwind_table t = {
		.base = table->base,
		.n_pages = (uint32_t)table->n_pages,
		.n_rules = (uint32_t)table->n_rules,
		.pages = reserve(s, table->n_pages * 2),
		.rules = put(s, table->rules, table->n_rules * 4),
		.state = UNWIND_TABLE_LOADED,
	};

	if (!t.pages || !t.rules || s->n_tables == UNWIND_MAX_TABLES || put_pages(s, table, t.pages) < 0)
		return -ENOSPC;
	s->tables[s->n_tables] = t;
	return (int)s->n_tables++;
}

int unwind_space_add_state(struct unwind_space *s, enum unwind_table_state state)
{
	if (s->n_tables == UNWIND_MAX_TABLES)
		return -ENOSPC;
	s->tables[s->n_tables].state = state;
	return (int)s->n_tables++;
}

int unwind_space_set_process(struct unwind_space *s, uint32_t tgid, uint64_t news_ns,
			     const struct unwind_extent *extents, size_t n)
{
	struct unwind_bucket *bucket = &s->slots->buckets[tgid % UNWIND_N_BUCKETS];
	uint32_t ref = reserve(s, (sizeof(struct unwind_extents) + n * sizeof(*extents)) / 4);
	struct unwind_extents *list;
	size_t i = 0;

	if (!ref)
		return -ENOSPC;
	list = (struct unwind_extents *)at(s, ref);
	list->news_ns = news_ns;
	memcpy(list->all, extents, n * sizeof(*extents));
	while (i < UNWIND_BUCKET_SLOTS && bucket->slots[i] != 0 && UNWIND_SLOT_TGID(bucket->slots[i]) != tgid)
		i++;
	if (i == UNWIND_BUCKET_SLOTS)
		return -ENOSPC;
	bucket->slots[i] = UNWIND_SLOT(tgid, n, ref);
	return 0;
}
