/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows oracle: the unwind table of an index, address by address, against what libdw's CFI interpreter says of the same
 * file. libdw shares no code with symbolizer/.
 */
#pragma once

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolizer/index.h"

struct rows_counts {
	size_t n_fdes, n_libdw_rows;
	size_t n_rows, n_rules;
	size_t n_unencodable;          /* rows of ours that libdw confirms to be beyond a rule */
	size_t n_bytes, n_index_bytes; /* of rows, and of their sub-indexes and pages */
	size_t n_wrong;
};

/* A table, laid flat: rows of all pages in one array, one more at the end. */
struct flat_row {
	uint64_t addr;
	struct unwind_rule rule;
};

struct flat_rows {
	struct flat_row *all;
	size_t n;
};

/* As the header of bpf/unwind-table.h describes them. */
void flat_rows_of(const struct index *index, struct flat_rows *ret);
void flat_rows_done(struct flat_rows *flat);
const struct unwind_rule *flat_rows_at(const struct flat_rows *flat, uint64_t addr);

/* What libdw says of the row at addr, and where that row ends; false: no CFI covers addr. */
bool rows_oracle_at(Dwarf_CFI *cfi, int machine, uint64_t addr, struct unwind_rule *ret, uint64_t *ret_end);

/* Compares all rows between the addresses; tells of the first few differences on stderr. */
void rows_oracle_range(const struct flat_rows *flat, Dwarf_CFI *cfi, int machine, uint64_t start, uint64_t end,
		       struct rows_counts *counts);

/* Everything that .eh_frame_hdr lists; false: the file has no such list. */
bool rows_oracle_file(int fd, const struct index *index, struct rows_counts *counts);
