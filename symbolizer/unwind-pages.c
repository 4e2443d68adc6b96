// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/unwind-pages.h"

/* Blocks have half as many to this many rows, 8 to 9 on average: a sub-index entry is half a row, so they make it 6 %.
 */
#define MAX_ROWS_PER_BLOCK 12

int unwind_pages_new(size_t n_pages, struct buf *words, struct unwind_rules *rules, struct unwind_pages **ret)
{
	_cleanup_(unwind_pages_freep) struct unwind_pages *p = malloc(sizeof(*p)); /* rows[]: as many as are written */

	if (!p)
		return -ENOMEM;
	p->all = calloc(n_pages, sizeof(*p->all));
	p->n = n_pages;
	p->words = words;
	p->words_at = words->size;
	p->n_rows = 0;
	p->rules = rules;
	p->page = 0;
	p->n_filled = 0;
	if (!p->all)
		return -ENOMEM;
	*ret = take_ptr(p);
	return 0;
}

struct unwind_pages *unwind_pages_free(struct unwind_pages *p)
{
	if (!p)
		return NULL;
	free(p->all);
	free(p);
	return NULL;
}

static uint8_t choose_block_shift(size_t n_rows)
{
	uint8_t shift = UNWIND_MAX_BLOCK_SHIFT;

	while (shift > UNWIND_MIN_BLOCK_SHIFT && n_rows > (size_t)MAX_ROWS_PER_BLOCK * UNWIND_BLOCKS(shift))
		shift--;
	return shift;
}

static int add_subindex(struct unwind_pages *p, uint8_t shift)
{
	uint16_t entries[UNWIND_BLOCKS(UNWIND_MIN_BLOCK_SHIFT) + 2];
	size_t n = UNWIND_BLOCKS(shift), row = 0;

	for (size_t block = 0; block <= n; block++) {
		while (row < p->n_filled && p->rows[row].pc_low < block << shift)
			row++;
		entries[block] = (uint16_t)row;
	}
	entries[n + 1] = 0; /* the padding */
	return buf_add(p->words, entries, UNWIND_SUBINDEX_WORDS(shift) * sizeof(uint32_t));
}

static int make_unencodable(struct unwind_pages *p)
{
	p->n_filled = 1;
	return unwind_rules_number(p->rules, &(struct unwind_rule){ .cfa = UNWIND_CFA_UNENCODABLE }, &p->rows[0].rule);
}

static int write_page(struct unwind_pages *p)
{
	struct unwind_page page = { .words = (uint32_t)((p->words->size - p->words_at) / sizeof(uint32_t)) };
	int r;

	if (p->n_filled > UINT16_MAX) {
		r = make_unencodable(p);
		if (r < 0)
			return r;
	}
	if (p->n_filled == 0 || (p->n_filled == 1 && p->rows[0].rule == UNWIND_RULE_GAP))
		return 0;
	page.n_rows = (uint16_t)p->n_filled;
	page.block_shift = choose_block_shift(p->n_filled);
	r = add_subindex(p, page.block_shift);
	if (r < 0)
		return r;
	p->all[p->page] = page;
	p->n_rows += p->n_filled;
	return buf_add(p->words, p->rows, p->n_filled * sizeof(p->rows[0]));
}

static int turn_to(struct unwind_pages *p, size_t page)
{
	int r;

	r = write_page(p);
	if (r < 0)
		return r;
	p->page = page;
	p->rows[0] = (struct unwind_row){ .rule = UNWIND_RULE_GAP };
	p->n_filled = 1;
	return 0;
}

int unwind_pages_add(struct unwind_pages *p, uint64_t addr, uint16_t rule)
{
	const struct unwind_row row = { .pc_low = (uint16_t)addr, .rule = rule };
	int r;

	if (addr / UNWIND_PAGE_BYTES >= p->n) /* a gap behind the last page */
		return 0;
	if (p->n_filled == 0 || addr / UNWIND_PAGE_BYTES != p->page) {
		r = turn_to(p, addr / UNWIND_PAGE_BYTES);
		if (r < 0)
			return r;
	}
	if (p->rows[p->n_filled - 1].pc_low == row.pc_low)
		p->n_filled--;
	if (p->n_filled == 0 || p->rows[p->n_filled - 1].rule != rule)
		p->rows[p->n_filled++] = row;
	return 0;
}

int unwind_pages_finish(struct unwind_pages *p)
{
	return write_page(p);
}
