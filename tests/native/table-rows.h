/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table rows: an unwind table made from a plain list of rows, in the form of bpf/unwind-table.h, written without regard
 * to the product's builder: the walker's tests must not take over its mistakes.
 */
#pragma once

#include "symbolizer/index.h"

struct table_row {
	uint64_t addr;
	struct unwind_rule rule;
};

/* Owns what its `table` points to. */
struct row_table {
	struct index_unwind table;
	struct unwind_page *pages;
	struct unwind_rule *rules;
	uint32_t *words;
};

/* From rows in ascending order of address; what lies before the first, and in pages behind the last, is a gap. */
_must_check_ int row_table_init(struct row_table *t, const struct table_row *rows, size_t n_rows,
				unsigned int block_shift);
void row_table_done(struct row_table *t);
