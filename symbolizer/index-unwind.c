// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/index-unwind.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "symbolizer/index-format.h"

static bool is_good_rule(const struct unwind_rule *rule, uint16_t n_registers)
{
	if (rule->cfa >= UNWIND_CFA_N || rule->ra >= UNWIND_RA_N || rule->fp >= UNWIND_FP_N)
		return false;
	if (rule->reg >= n_registers)
		return false;
	return rule->ra != UNWIND_RA_REGISTER || (rule->ra_offset >= 0 && rule->ra_offset < n_registers);
}

static bool are_good_rules(const struct index_unwind *u, uint16_t n_registers)
{
	static const struct unwind_rule gap;

	if (u->n_rules == 0 || memcmp(&u->rules[UNWIND_RULE_GAP], &gap, sizeof(gap)) != 0)
		return false;
	for (size_t i = 0; i < u->n_rules; i++) {
		if (!is_good_rule(&u->rules[i], n_registers))
			return false;
	}
	return true;
}

/* Without a branch in the loop: a million rows take a millisecond. */
static bool are_good_rows(const struct unwind_row *rows, size_t n, size_t n_rules)
{
	bool bad = rows[0].pc_low != 0 || rows[0].rule >= n_rules;

	for (size_t i = 1; i < n; i++)
		bad |= (rows[i].pc_low <= rows[i - 1].pc_low) | (rows[i].rule >= n_rules);
	return !bad;
}

/* Every entry is the number of rows before its block, which is only asked for once the rows are known to ascend. */
static bool is_good_subindex(const uint16_t *entries, uint8_t shift, const struct unwind_row *rows, size_t n)
{
	size_t n_blocks = UNWIND_BLOCKS(shift);

	for (size_t block = 0; block <= n_blocks; block++) {
		size_t before = entries[block];

		if (before > n || (before > 0 && rows[before - 1].pc_low >= block << shift))
			return false;
		if (before < n && rows[before].pc_low < block << shift)
			return false;
	}
	return true;
}

/* Returns the number of words of a page that begins at word `at`; 0: it is bad. */
static size_t check_page(const struct index_unwind *u, const struct unwind_page *page, size_t at)
{
	const uint32_t *words = u->words + at;
	size_t n_subindex;

	if (page->words != at || page->block_shift < UNWIND_MIN_BLOCK_SHIFT ||
	    page->block_shift > UNWIND_MAX_BLOCK_SHIFT)
		return 0;
	n_subindex = UNWIND_SUBINDEX_WORDS(page->block_shift);
	if (n_subindex + page->n_rows > u->n_words - at)
		return 0;
	if (!are_good_rows((const void *)(words + n_subindex), page->n_rows, u->n_rules))
		return 0;
	if (!is_good_subindex((const void *)words, page->block_shift, (const void *)(words + n_subindex), page->n_rows))
		return 0;
	return n_subindex + page->n_rows;
}

/* Pages lie one behind the other, so that no two of them share rows: what they take is bounded by the file. */
static bool are_good_pages(const struct index_unwind *u)
{
	size_t at = 0, n_rows = 0, n;

	for (size_t i = 0; i < u->n_pages; i++) {
		if (u->pages[i].zero != 0)
			return false;
		if (u->pages[i].n_rows == 0)
			continue;
		n = check_page(u, &u->pages[i], at);
		if (n == 0)
			return false;
		at += n;
		n_rows += u->pages[i].n_rows;
	}
	return at == u->n_words && n_rows == u->n_rows;
}

/* The arrays fill the section. */
static bool set_arrays(const char *data, uint64_t size, struct index_unwind *ret)
{
	const struct index_unwind_head *head = (const void *)data;

	if (size < sizeof(*head) || head->n_pages > INDEX_MAX_UNWIND_PAGES || head->n_rules > UNWIND_MAX_RULES)
		return false;
	*ret = (struct index_unwind){
		.base = head->base,
		.pages = (const void *)(head + 1),
		.n_pages = head->n_pages,
		.n_words = head->n_words,
		.n_rules = head->n_rules,
		.n_rows = head->n_rows,
	};
	if (size != sizeof(*head) + head->n_pages * sizeof(ret->pages[0]) + head->n_words * sizeof(ret->words[0]) +
			    head->n_rules * sizeof(ret->rules[0]))
		return false;
	ret->words = (const void *)(ret->pages + ret->n_pages);
	ret->rules = (const void *)(ret->words + ret->n_words);
	return true;
}

int index_unwind_check(const char *data, uint64_t size, uint16_t machine, struct index_unwind *ret)
{
	uint16_t n_registers = machine == EM_AARCH64 ? UNWIND_AARCH64_N : UNWIND_X86_64_N;
	struct index_unwind u;

	if (!set_arrays(data, size, &u) || u.base % UNWIND_PAGE_BYTES)
		return -EBADMSG;
	if (u.n_pages * UNWIND_PAGE_BYTES > UINT64_MAX - u.base)
		return -EBADMSG;
	if (!are_good_rules(&u, n_registers) || !are_good_pages(&u))
		return -EBADMSG;
	*ret = u;
	return 0;
}
