/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind pages: rows that come in ascending order, cut into the pages of bpf/unwind-table.h, each with a sub-index.
 * A row equal to the one before it is left out. One thread; belongs to an unwind builder.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/unwind-table.h"
#include "common/buf.h"
#include "common/clean.h"
#include "symbolizer/unwind-rules.h"

struct unwind_pages {
	struct unwind_page *all;
	size_t n;
	struct buf *words; /* borrowed: where the words go */
	size_t words_at;   /* the first one's offset there */
	size_t n_rows;
	struct unwind_rules *rules; /* borrowed: a page with more rows than can be counted becomes unencodable */
	size_t page;                /* that is being filled */
	size_t n_filled;
	struct unwind_row rows[UNWIND_PAGE_BYTES]; /* of the page that is being filled */
};

/* n_pages pages without rows; their words will be appended to `words`. */
_must_check_ int unwind_pages_new(size_t n_pages, struct buf *words, struct unwind_rules *rules,
				  struct unwind_pages **ret);
struct unwind_pages *unwind_pages_free(struct unwind_pages *p); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct unwind_pages *, unwind_pages_free);

/*
 * From addr on (counted from the start of page 0) this rule holds, at most to the end of the page: what begins a page
 * without a row of its own is a gap. Addresses do not descend; a second rule at one address replaces the first.
 */
_must_check_ int unwind_pages_add(struct unwind_pages *p, uint64_t addr, uint16_t rule);

/* Writes what is left. */
_must_check_ int unwind_pages_finish(struct unwind_pages *p);
