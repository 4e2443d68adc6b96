// SPDX-License-Identifier: Apache-2.0
/* unwind builder: what comes out at every address against a plain array; the layout against its description. */
#include "tests/unit/cmocka-all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/index-format.h"
#include "symbolizer/index-unwind.h"
#include "symbolizer/unwind-builder.h"

#define X86_64 62

struct built {
	struct buf section;
	struct index_unwind u;
};

static void built_done(struct built *b)
{
	buf_done(&b->section);
}

static struct unwind_rule rule_of(int n)
{
	return n ? (struct unwind_rule){ .cfa = UNWIND_CFA_REGISTER, .reg = 7, .cfa_offset = n }
		 : (struct unwind_rule){};
}

static void finish(struct unwind_builder *b, struct built *ret)
{
	*ret = (struct built){};
	assert_int_equal(unwind_builder_finish(b, &ret->section), 0);
	if (ret->section.size)
		assert_int_equal(index_unwind_check(ret->section.data, ret->section.size, X86_64, &ret->u), 0);
}

static void add(struct unwind_builder *b, uint64_t pc, int n)
{
	const struct unwind_rule rule = rule_of(n);

	assert_int_equal(unwind_builder_add(b, pc, &rule), 0);
}

static void begin(struct unwind_builder *b, uint64_t start, uint64_t end)
{
	assert_int_equal(unwind_builder_begin(b, start, end), 0);
}

/* A look-up through the sub-index, step by step as bpf/unwind-table.h describes it; -1: unencodable. */
static int look_up(const struct built *b, uint64_t addr)
{
	const struct index_unwind *u = &b->u;
	const struct unwind_page *page;
	const struct unwind_row *rows;
	const struct unwind_rule *rule;
	const uint16_t *subindex;
	size_t i, block, first, last;

	if (addr < u->base || (addr - u->base) / UNWIND_PAGE_BYTES >= u->n_pages)
		return 0;
	page = &u->pages[(addr - u->base) / UNWIND_PAGE_BYTES];
	if (page->n_rows == 0)
		return 0;
	subindex = (const void *)(u->words + page->words);
	rows = (const void *)(u->words + page->words + UNWIND_SUBINDEX_WORDS(page->block_shift));
	block = (addr & 0xffff) >> page->block_shift;
	first = subindex[block] ? subindex[block] - 1 : 0;
	last = subindex[block + 1] - 1;
	for (i = last; i > first && rows[i].pc_low > (addr & 0xffff); i--)
		;
	assert_true(rows[i].pc_low <= (addr & 0xffff));
	rule = &u->rules[rows[i].rule];
	return rule->cfa == UNWIND_CFA_UNENCODABLE ? -1 : rule->cfa_offset;
}

static void test_one_function(void **state)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	_cleanup_(built_done) struct built built;

	assert_int_equal(unwind_builder_new(&b), 0);
	begin(b, 0x401000, 0x401040);
	add(b, 0x400fff, 9); /* outside: ignored */
	add(b, 0x401004, 8);
	add(b, 0x401010, 16);
	add(b, 0x401010, 24); /* replaces */
	add(b, 0x401020, 24); /* nothing new */
	add(b, 0x401040, 9);
	assert_int_equal(unwind_builder_n_rows(b), 3);
	finish(b, &built);
	assert_int_equal(built.u.base, 0x400000);
	assert_int_equal(built.u.n_pages, 1);
	assert_int_equal(built.u.n_rows, 4); /* a gap, 8, 24, a gap */
	assert_int_equal(look_up(&built, 0x400fff), 0);
	assert_int_equal(look_up(&built, 0x401003), 0);
	assert_int_equal(look_up(&built, 0x401004), 8);
	assert_int_equal(look_up(&built, 0x40100f), 8);
	assert_int_equal(look_up(&built, 0x401010), 24);
	assert_int_equal(look_up(&built, 0x40103f), 24);
	assert_int_equal(look_up(&built, 0x401040), 0);
	assert_memory_equal(&built.u.rules[0], &(struct unwind_rule){}, sizeof(struct unwind_rule));
}

static void test_nothing(void **state)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	_cleanup_(built_done) struct built built;

	assert_int_equal(unwind_builder_new(&b), 0);
	add(b, 0x1000, 8); /* belongs to no function */
	begin(b, 0x1000, 0x1000);
	add(b, 0x1000, 8);
	begin(b, 0x2000, 0x1000);
	add(b, 0x1000, 8);
	begin(b, 0x3000, 0x4000); /* without a rule */
	begin(b, 0x3000, 0x4000); /* with nothing but a gap */
	add(b, 0x3000, 0);
	finish(b, &built);
	assert_int_equal(built.section.size, 0);
	assert_ptr_equal(unwind_builder_free(NULL), NULL);
}

/* Pages that a function goes through without a row of its own, and one that it does not reach. */
static void test_pages(void **state)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	_cleanup_(built_done) struct built built;

	assert_int_equal(unwind_builder_new(&b), 0);
	begin(b, 0x1fff8, 0x50000);
	add(b, 0x1fff8, 8);
	add(b, 0x20000, 16);
	begin(b, 0x70010, 0x80000);
	add(b, 0x70010, 24);
	finish(b, &built);
	assert_int_equal(built.u.base, 0x10000);
	assert_int_equal(built.u.n_pages, 7);
	assert_int_equal(built.u.pages[4].n_rows, 0);
	assert_int_equal(look_up(&built, 0x1fff7), 0);
	assert_int_equal(look_up(&built, 0x1ffff), 8);
	assert_int_equal(look_up(&built, 0x20000), 16);
	assert_int_equal(look_up(&built, 0x3ffff), 16);
	assert_int_equal(look_up(&built, 0x40000), 16);
	assert_int_equal(look_up(&built, 0x4ffff), 16);
	assert_int_equal(look_up(&built, 0x50000), 0);
	assert_int_equal(look_up(&built, 0x7000f), 0);
	assert_int_equal(look_up(&built, 0x7ffff), 24);
}

static void check_padding(unsigned int n_bytes, int expected)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	_cleanup_(built_done) struct built built;

	assert_int_equal(unwind_builder_new(&b), 0);
	begin(b, 0x1000, 0x1020);
	add(b, 0x1000, 8);
	begin(b, 0x1020 + n_bytes, 0x1040);
	add(b, 0x1020 + n_bytes, 16);
	finish(b, &built);
	assert_int_equal(look_up(&built, 0x101f), 8);
	assert_int_equal(look_up(&built, 0x1020 + n_bytes - 1), expected);
	assert_int_equal(look_up(&built, 0x1020 + n_bytes), 16);
}

static void test_padding(void **state)
{
	check_padding(15, 8);
	check_padding(16, 0);
}

#define FIELD_BASE 0x7f000
#define FIELD_BYTES 0x3000 /* across the border of a page */
#define N_FUNCTIONS 60

/* One random function into the builder, and into the field where nobody was before. */
static void add_random(struct unwind_builder *b, int *field, bool *taken, unsigned int *seed)
{
	size_t start = (size_t)rand_r(seed) % FIELD_BYTES;
	size_t size = (size_t)rand_r(seed) % (rand_r(seed) % 4 ? 300 : 6000) + 1;
	size_t end = start + size > FIELD_BYTES ? FIELD_BYTES : start + size;
	size_t at = start + (rand_r(seed) % 8 == 0);
	int *own = calloc(FIELD_BYTES, sizeof(*own));

	assert_non_null(own);
	begin(b, FIELD_BASE + start, FIELD_BASE + end);
	for (bool first = true; at < end; at += (size_t)rand_r(seed) % 90, first = false) {
		int n = rand_r(seed) % 5 * 8;

		if (first && n == 0)
			n = 8;
		add(b, FIELD_BASE + at, n);
		for (size_t i = at; i < end; i++)
			own[i] = n;
	}
	for (size_t i = start; i < end; i++) {
		if (!taken[i])
			field[i] = own[i];
		taken[i] |= at > start; /* it had a rule */
	}
	free(own);
}

/* Whether addr lies in a hole between functions that is taken for padding. */
static bool is_padding(const bool *taken, size_t at)
{
	size_t low = at, high = at;

	if (taken[at])
		return false;
	while (low > 0 && !taken[low - 1])
		low--;
	while (high < FIELD_BYTES && !taken[high])
		high++;
	return high - low < UNWIND_BUILDER_GAP_BYTES;
}

static void check_random(unsigned int seed)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	_cleanup_(built_done) struct built built;
	static int field[FIELD_BYTES];
	static bool taken[FIELD_BYTES];
	int n_functions = rand_r(&seed) % N_FUNCTIONS + 1;

	memset(field, 0, sizeof(field));
	memset(taken, 0, sizeof(taken));
	assert_int_equal(unwind_builder_new(&b), 0);
	for (int i = 0; i < n_functions; i++)
		add_random(b, field, taken, &seed);
	finish(b, &built);
	for (size_t i = 0; i < FIELD_BYTES; i++) {
		if (!is_padding(taken, i) && look_up(&built, FIELD_BASE + i) != field[i])
			fail_msg("seed %u: at %zx %d, not %d", seed, i, look_up(&built, FIELD_BASE + i), field[i]);
	}
}

static void test_overlaps(void **state)
{
	for (unsigned int seed = 1; seed <= 300; seed++)
		check_random(seed);
}

/* Many functions in each other, all begun before the one that encloses them. */
static void test_many_overlaps(void **state)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	_cleanup_(built_done) struct built built;
	const uint64_t n = 100000;

	assert_int_equal(unwind_builder_new(&b), 0);
	for (uint64_t i = n; i > 0; i--) {
		begin(b, 0x10000 + i * 64, 0x10000 + i * 64 + 32);
		add(b, 0x10000 + i * 64, 8);
	}
	for (uint64_t i = 0; i < n; i++) {
		begin(b, 0x10000 + i, 0x10000 + n * 64 + 64);
		add(b, 0x10000 + i, 16);
	}
	finish(b, &built);
	for (uint64_t i = 1; i <= n; i++) {
		assert_int_equal(look_up(&built, 0x10000 + i * 64), 8);
		assert_int_equal(look_up(&built, 0x10000 + i * 64 + 31), 8);
		assert_int_equal(look_up(&built, 0x10000 + i * 64 + 32), 16);
	}
	assert_int_equal(look_up(&built, 0x10000 + n * 64 + 63), 16);
	assert_int_equal(look_up(&built, 0x10000 + n * 64 + 64), 0);
}

/* A row at every byte: one more than can be counted. */
static void check_full_page(unsigned int n_rows, int expected)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	_cleanup_(built_done) struct built built;

	assert_int_equal(unwind_builder_new(&b), 0);
	begin(b, 0x10000, 0x30000);
	for (unsigned int i = 0; i < n_rows; i++)
		add(b, 0x10000 + i, i % 2 ? 8 : 16);
	finish(b, &built);
	assert_int_equal(look_up(&built, 0x10000), expected ? expected : 16);
	assert_int_equal(look_up(&built, 0x17777), expected ? expected : 8);
	assert_int_equal(look_up(&built, 0x20000), 8); /* the next page is as good as ever */
}

static void test_full_page(void **state)
{
	check_full_page(UNWIND_PAGE_BYTES, -1);
	check_full_page(UNWIND_PAGE_BYTES - 2, 0);
}

static void test_too_many_rules(void **state)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	_cleanup_(built_done) struct built built;
	const int n = 70000;

	assert_int_equal(unwind_builder_new(&b), 0);
	begin(b, 0x10000, 0x10000 + (uint64_t)n * 16);
	for (int i = 0; i < n; i++)
		add(b, 0x10000 + (uint64_t)i * 16, i + 1);
	finish(b, &built);
	assert_int_equal(built.u.n_rules, UNWIND_MAX_RULES);
	for (int i = 0; i < n; i++)
		assert_int_equal(look_up(&built, 0x10000 + (uint64_t)i * 16 + 7),
				 i < UNWIND_MAX_RULES - 2 ? i + 1 : -1);
}

static void test_far_apart(void **state)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	_cleanup_(built_done) struct built built;
	const uint64_t first = 0xffffffff80000000;

	assert_int_equal(unwind_builder_new(&b), 0);
	begin(b, first, first + 64);
	add(b, first, 8);
	begin(b, 0x1000, 0x2000);
	add(b, 0x1000, 16);
	begin(b, first - 0x80000000, first - 0x7ffff000);
	add(b, first - 0x80000000, 24);
	begin(b, first + 0x7ffe0000, first + 0x7fff0000);
	add(b, first + 0x7ffe0000, 32);
	begin(b, UINT64_MAX - 64, UINT64_MAX);
	add(b, UINT64_MAX - 64, 40);
	finish(b, &built);
	assert_int_equal(built.u.n_pages, 65535);
	assert_int_equal(built.section.size, 24 + 65535 * 8 + 4 * 16 + 4 * (built.u.n_rows + 3));
	assert_int_equal(look_up(&built, first), 8);
	assert_int_equal(look_up(&built, 0x1000), 0);
	assert_int_equal(look_up(&built, first - 0x80000000), 24);
	assert_int_equal(look_up(&built, first + 0x7ffeffff), 32);
	assert_int_equal(look_up(&built, UINT64_MAX - 1), 0);
}

static void test_too_many_rows(void **state)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
	const struct unwind_rule rule = rule_of(8);
	int r = 0;

	assert_int_equal(unwind_builder_new(&b), 0);
	for (int i = 0; i < 300 && r == 0; i++) { /* of 65,536 pages each */
		r = unwind_builder_begin(b, 0x10000, 0xfffeffff);
		if (r == 0)
			r = unwind_builder_add(b, 0x10000, &rule);
	}
	assert_int_equal(r, -EFBIG);
}

/* The share of sub-indexes, at every density of rows. */
static void test_subindex_is_small(void **state)
{
	for (unsigned int step = 1; step <= 2048; step = step * 5 / 4 + 1) {
		_cleanup_(unwind_builder_freep) struct unwind_builder *b = NULL;
		_cleanup_(built_done) struct built built;
		size_t n_subindex;

		assert_int_equal(unwind_builder_new(&b), 0);
		begin(b, 0x10000, 0x20000);
		for (unsigned int i = 0; i < 0xfff0; i += step)
			add(b, 0x10000 + i, i / step % 2 ? 8 : 16);
		finish(b, &built);
		n_subindex = built.u.n_words - built.u.n_rows;
		if (n_subindex * 10 > built.u.n_rows)
			fail_msg("step %u: %zu words for %zu rows", step, n_subindex, built.u.n_rows);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_function),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_many_overlaps),
		cmocka_unit_test(test_full_page),
		cmocka_unit_test(test_too_many_rules),
		cmocka_unit_test(test_far_apart),
		cmocka_unit_test(test_too_many_rows),
		cmocka_unit_test(test_subindex_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
