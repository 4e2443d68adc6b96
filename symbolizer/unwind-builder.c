// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/unwind-builder.h"

#include <stdbool.h>
#include <string.h>

#include "symbolizer/index-format.h"
#include "symbolizer/unwind-pages.h"
#include "symbolizer/unwind-rules.h"
#include "symbolizer/unwind-sweep.h"

#define HALF_SPAN ((uint64_t)1 << 31)
#define LAST_PAGE (-(uint64_t)UNWIND_PAGE_BYTES) /* ends where addresses do */

/*
 * Addresses are kept in 32 bits, counted from the origin. Rows are those of struct unwind_row from the start: a
 * function that goes on into a page has a row at the page's start.
 */
struct unwind_builder {
	struct unwind_rules rules;
	struct unwind_row *rows;
	size_t n_rows, rows_capacity;
	struct unwind_function *functions;
	size_t n_functions, functions_capacity;
	uint64_t origin; /* a multiple of UNWIND_PAGE_BYTES */
	bool has_origin, is_open;
	uint32_t at; /* address of the last row of the function that is open */
};

int unwind_builder_new(struct unwind_builder **ret)
{
	_cleanup_(unwind_builder_freep) struct unwind_builder *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return -ENOMEM;
	r = unwind_rules_init(&b->rules);
	if (r < 0)
		return r;
	*ret = take_ptr(b);
	return 0;
}

struct unwind_builder *unwind_builder_free(struct unwind_builder *b)
{
	if (!b)
		return NULL;
	unwind_rules_done(&b->rules);
	free(b->rows);
	free(b->functions);
	free(b);
	return NULL;
}

static int grow_rows(struct unwind_builder *b)
{
	size_t capacity = b->rows_capacity ? 2 * b->rows_capacity : 1024;
	struct unwind_row *rows;

	if (b->n_rows == UNWIND_BUILDER_MAX_ROWS)
		return -EFBIG;
	rows = reallocarray(b->rows, capacity, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	b->rows = rows;
	b->rows_capacity = capacity;
	return 0;
}

static inline int push_row(struct unwind_builder *b, uint32_t addr, uint16_t rule)
{
	int r;

	if (b->n_rows == b->rows_capacity) {
		r = grow_rows(b);
		if (r < 0)
			return r;
	}
	b->rows[b->n_rows++] = (struct unwind_row){ .pc_low = (uint16_t)addr, .rule = rule };
	b->at = addr;
	return 0;
}

/* Repeats the rule in force at the start of every page before addr. */
static inline int cross_pages(struct unwind_builder *b, uint32_t addr)
{
	int r;

	while (b->at / UNWIND_PAGE_BYTES < (addr - 1) / UNWIND_PAGE_BYTES) {
		r = push_row(b, (b->at | (UNWIND_PAGE_BYTES - 1)) + 1, b->rows[b->n_rows - 1].rule);
		if (r < 0)
			return r;
	}
	return 0;
}

static struct unwind_function *last_function(struct unwind_builder *b)
{
	return &b->functions[b->n_functions - 1];
}

static inline int close_function(struct unwind_builder *b)
{
	if (!b->is_open)
		return 0;
	b->is_open = false;
	if (last_function(b)->row == b->n_rows) {
		b->n_functions--;
		return 0;
	}
	return cross_pages(b, last_function(b)->end);
}

static inline int make_room(struct unwind_builder *b)
{
	size_t capacity = b->functions_capacity ? 2 * b->functions_capacity : 256;
	struct unwind_function *functions;

	if (b->n_functions < b->functions_capacity)
		return 0;
	if (b->n_functions >= UNWIND_BUILDER_MAX_ROWS)
		return -EFBIG;
	functions = reallocarray(b->functions, capacity, sizeof(*functions));
	if (!functions)
		return -ENOMEM;
	b->functions = functions;
	b->functions_capacity = capacity;
	return 0;
}

static void set_origin(struct unwind_builder *b, uint64_t start)
{
	b->origin = start & ~(uint64_t)(UNWIND_PAGE_BYTES - 1);
	b->origin -= b->origin < HALF_SPAN ? b->origin : HALF_SPAN;
	b->has_origin = true;
}

int unwind_builder_begin(struct unwind_builder *b, uint64_t start, uint64_t end)
{
	struct unwind_function f;
	int r;

	r = close_function(b);
	if (r < 0)
		return r;
	if (start >= end)
		return 0;
	if (!b->has_origin)
		set_origin(b, start);
	if (start < b->origin || end - b->origin >= 2 * HALF_SPAN || end > LAST_PAGE)
		return 0;
	f = (struct unwind_function){ (uint32_t)(start - b->origin), (uint32_t)(end - b->origin), (uint32_t)b->n_rows };
	r = make_room(b);
	if (r < 0)
		return r;
	b->functions[b->n_functions++] = f;
	b->is_open = true;
	b->at = f.start;
	return 0;
}

/* The first rule of the open function: what lies before it is a gap. */
static int add_first(struct unwind_builder *b, uint32_t addr, uint16_t rule)
{
	int r;

	if (addr == b->at)
		return push_row(b, addr, rule);
	r = push_row(b, b->at, UNWIND_RULE_GAP);
	if (r < 0)
		return r;
	r = cross_pages(b, addr);
	if (r < 0)
		return r;
	return push_row(b, addr, rule);
}

int unwind_builder_add(struct unwind_builder *b, uint64_t pc, const struct unwind_rule *rule)
{
	uint64_t addr = pc - b->origin;
	uint16_t number;
	int r;

	if (!b->is_open || pc < b->origin || addr < b->at || addr >= last_function(b)->end)
		return 0;
	r = unwind_rules_number(&b->rules, rule, &number);
	if (r < 0)
		return r;
	if (last_function(b)->row == b->n_rows)
		return add_first(b, (uint32_t)addr, number);
	if (addr == b->at) {
		b->rows[b->n_rows - 1].rule = number;
		return 0;
	}
	if (b->rows[b->n_rows - 1].rule == number)
		return 0;
	r = cross_pages(b, (uint32_t)addr);
	if (r < 0)
		return r;
	return push_row(b, (uint32_t)addr, number);
}

size_t unwind_builder_n_rows(const struct unwind_builder *b)
{
	return b->n_rows;
}

/* The first and the last page that a function has a part in. */
static void find_pages(const struct unwind_builder *b, uint32_t *ret_first, uint32_t *ret_last)
{
	uint32_t first = UINT32_MAX, last = 0;

	for (size_t i = 0; i < b->n_functions; i++) {
		const struct unwind_function *f = &b->functions[i];

		if (f->start < first)
			first = f->start;
		if (f->end - 1 > last)
			last = f->end - 1;
	}
	*ret_first = first / UNWIND_PAGE_BYTES;
	*ret_last = last / UNWIND_PAGE_BYTES;
}

static int write_words(struct unwind_builder *b, size_t first, struct unwind_pages *pages)
{
	int r;

	r = unwind_sweep(b->functions, b->n_functions, b->rows, b->n_rows, (uint32_t)(first * UNWIND_PAGE_BYTES),
			 pages);
	return r < 0 ? r : unwind_pages_finish(pages);
}

/* Leaves room for the head and the pages, which are known last. */
static int write_section(struct unwind_builder *b, size_t first, size_t n_pages, struct buf *ret)
{
	struct index_unwind_head head = { .base = b->origin + first * UNWIND_PAGE_BYTES, .n_pages = (uint32_t)n_pages };
	const size_t head_at = ret->size, pages_at = head_at + sizeof(head);
	_cleanup_(unwind_pages_freep) struct unwind_pages *pages = NULL;
	int r;

	r = buf_reserve(ret, sizeof(head) + n_pages * sizeof(struct unwind_page));
	if (r < 0)
		return r;
	ret->size += sizeof(head) + n_pages * sizeof(struct unwind_page);
	r = unwind_pages_new(n_pages, ret, &b->rules, &pages);
	if (r < 0)
		return r;
	r = write_words(b, first, pages);
	if (r < 0)
		return r;
	head.n_words = (uint32_t)((ret->size - pages->words_at) / sizeof(uint32_t));
	head.n_rows = (uint32_t)pages->n_rows;
	head.n_rules = (uint32_t)b->rules.n;
	memcpy(ret->data + head_at, &head, sizeof(head));
	memcpy(ret->data + pages_at, pages->all, n_pages * sizeof(struct unwind_page));
	return buf_add(ret, b->rules.all, b->rules.n * sizeof(struct unwind_rule));
}

static bool is_empty(const struct buf *section, size_t at)
{
	struct index_unwind_head head;

	memcpy(&head, section->data + at, sizeof(head));
	return head.n_rows == 0;
}

int unwind_builder_finish(struct unwind_builder *b, struct buf *ret)
{
	const size_t before = ret->size;
	uint32_t first, last;
	int r;

	r = close_function(b);
	if (r < 0 || b->n_functions == 0)
		return r;
	find_pages(b, &first, &last);
	r = write_section(b, first, last - first + 1, ret);
	if (r < 0 || is_empty(ret, before))
		ret->size = before;
	return r;
}
