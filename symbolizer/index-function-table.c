// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/index-function-table.h"

#include <string.h>

#define FREE UINT32_MAX

void index_function_table_done(struct index_function_table *t)
{
	free(t->numbers);
	free(t->rows);
	*t = (struct index_function_table){};
}

static bool are_equal(const struct index_function *a, const struct index_function *b)
{
	return a->name.name == b->name.name && a->name.linkage_name == b->name.linkage_name &&
	       a->start_line == b->start_line;
}

static size_t hash_function(const struct index_function *f)
{
	uint64_t h = (f->name.name * 0x9e3779b97f4a7c15 ^ f->name.linkage_name) * 0xff51afd7ed558ccd;

	return (size_t)(((h ^ h >> 32 ^ f->start_line) * 0x9e3779b97f4a7c15) >> 32);
}

/* Gives each function the number of the first one that it equals. */
static int merge(struct index_function_table *t, const struct index_debug *d)
{
	_cleanup_free_ uint32_t *slots = NULL;
	size_t n_slots = 16;

	while (n_slots < 2 * d->n_functions)
		n_slots *= 2;
	slots = malloc(n_slots * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots, 0xff, n_slots * sizeof(*slots)); /* FREE */
	for (uint32_t i = 0; i < d->n_functions; i++) {
		size_t at = hash_function(&d->functions[i]) & (n_slots - 1);

		while (slots[at] != FREE && !are_equal(&d->functions[slots[at]], &d->functions[i]))
			at = (at + 1) & (n_slots - 1);
		if (slots[at] == FREE)
			slots[at] = i;
		t->numbers[i] = slots[at];
	}
	return 0;
}

struct use {
	uint32_t n, function;
};

static int compare_uses(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return x->function < y->function ? -1 : x->function > y->function;
}

static void number_by_use(struct index_function_table *t, const struct index_debug *d, struct use *uses)
{
	for (uint32_t i = 0; i < d->n_functions; i++)
		uses[i].function = i;
	for (size_t i = 0; i < d->n_scopes; i++)
		uses[t->numbers[d->scopes[i].function]].n++;
	qsort(uses, d->n_functions, sizeof(uses[0]), compare_uses);
	while (t->n_rows < d->n_functions && uses[t->n_rows].n > 0) {
		t->rows[t->n_rows] = uses[t->n_rows].function;
		t->n_rows++;
	}
}

/* From the first that it equals to that one's row. */
static void set_numbers(struct index_function_table *t, size_t n_functions, uint32_t *row_of)
{
	for (uint32_t row = 0; row < t->n_rows; row++)
		row_of[t->rows[row]] = row;
	for (size_t i = 0; i < n_functions; i++)
		t->numbers[i] = row_of[t->numbers[i]];
}

int index_function_table_init(struct index_function_table *t, const struct index_debug *debug)
{
	_cleanup_free_ struct use *uses = calloc(debug->n_functions + 1, sizeof(*uses));
	_cleanup_free_ uint32_t *row_of = calloc(debug->n_functions + 1, sizeof(*row_of));
	_cleanup_(index_function_table_done) struct index_function_table made = {};
	int r;

	made.numbers = calloc(debug->n_functions + 1, sizeof(*made.numbers));
	made.rows = calloc(debug->n_functions + 1, sizeof(*made.rows));
	if (!uses || !row_of || !made.numbers || !made.rows)
		return -ENOMEM;
	r = merge(&made, debug);
	if (r < 0)
		return r;
	number_by_use(&made, debug, uses);
	set_numbers(&made, debug->n_functions, row_of);
	*t = made;
	made = (struct index_function_table){};
	return 0;
}
