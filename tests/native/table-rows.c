// SPDX-License-Identifier: Apache-2.0
#include "tests/native/table-rows.h"

#include <string.h>

static uint16_t rule_number(struct row_table *t, const struct unwind_rule *rule)
{
	for (size_t i = 0; i < t->table.n_rules; i++)
		if (memcmp(&t->rules[i], rule, sizeof(*rule)) == 0)
			return (uint16_t)i;
	t->rules[t->table.n_rules] = *rule;
	return (uint16_t)t->table.n_rules++;
}

/* The page's rows: the one in force at its start, and those within. */
static size_t page_rows(struct row_table *t, const struct table_row *rows, size_t n_rows, size_t first, uint64_t start,
			struct unwind_row *ret)
{
	size_t n = 0;

	if (first > 0 && (first == n_rows || rows[first].addr > start))
		ret[n++] = (struct unwind_row){ .pc_low = 0, .rule = rule_number(t, &rows[first - 1].rule) };
	else if (first == 0 && rows[0].addr > start)
		ret[n++] = (struct unwind_row){ .pc_low = 0, .rule = UNWIND_RULE_GAP };
	for (size_t i = first; i < n_rows && rows[i].addr < start + UNWIND_PAGE_BYTES; i++)
		ret[n++] = (struct unwind_row){
			.pc_low = (uint16_t)(rows[i].addr - start),
			.rule = rule_number(t, &rows[i].rule),
		};
	return n;
}

static void write_subindex(const struct unwind_row *rows, size_t n, unsigned int block_shift, uint16_t *ret)
{
	for (size_t b = 0; b <= (size_t)UNWIND_BLOCKS(block_shift); b++) {
		ret[b] = 0;
		for (size_t i = 0; i < n; i++)
			ret[b] += rows[i].pc_low < b << block_shift;
	}
}

int row_table_init(struct row_table *t, const struct table_row *rows, size_t n_rows, unsigned int block_shift)
{
	size_t subindex = UNWIND_SUBINDEX_WORDS(block_shift), first = 0;
	uint64_t base = rows[0].addr & ~(uint64_t)(UNWIND_PAGE_BYTES - 1);

	*t = (struct row_table){};
	t->table.base = base;
	t->table.n_pages = (rows[n_rows - 1].addr - base) / UNWIND_PAGE_BYTES + 1;
	t->pages = calloc(t->table.n_pages, sizeof(*t->pages));
	t->rules = calloc(n_rows + 1, sizeof(*t->rules));
	t->words = calloc(n_rows + t->table.n_pages * (subindex + 1), sizeof(*t->words));
	if (!t->pages || !t->rules || !t->words)
		return -ENOMEM;
	t->table.n_rules = 1;
	for (size_t i = 0; i < t->table.n_pages; i++) {
		uint64_t start = base + i * UNWIND_PAGE_BYTES;
		struct unwind_row *out = (void *)&t->words[t->table.n_words + subindex];
		size_t n = page_rows(t, rows, n_rows, first, start, out);

		write_subindex(out, n, block_shift, (uint16_t *)&t->words[t->table.n_words]);
		t->pages[i] = (struct unwind_page){
			.words = (uint32_t)t->table.n_words,
			.n_rows = (uint16_t)n,
			.block_shift = (uint8_t)block_shift,
		};
		t->table.n_words += subindex + n;
		t->table.n_rows += n;
		while (first < n_rows && rows[first].addr < start + UNWIND_PAGE_BYTES)
			first++;
	}
	t->table.pages = t->pages;
	t->table.rules = t->rules;
	t->table.words = t->words;
	return 0;
}

void row_table_done(struct row_table *t)
{
	free(t->pages);
	free(t->rules);
	free(t->words);
}
