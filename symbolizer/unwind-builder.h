/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind builder: gathers the rows of one binary, function by function, and brings them into the form of
 * bpf/unwind-table.h: sorted by function (not by row), equal rules stored once, equal neighbours merged, gaps between
 * functions as explicit rows of UNWIND_RULE_GAP (but for padding), pages with sub-indexes. One thread; belongs to the
 * indexer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/unwind-table.h"
#include "common/buf.h"
#include "common/clean.h"

/* What no binary that we know has a third of; less than 64 MiB. */
#define UNWIND_BUILDER_MAX_ROWS ((size_t)1 << 24)

/*
 * What is shorter between two functions of a page is taken for padding, which nobody executes, and gets no row: rows
 * of gaps as short as that would be 12 % of libLLVM's, 34 % of node's, 48 % of libjvm's.
 */
#define UNWIND_BUILDER_GAP_BYTES 16

struct unwind_builder;

_must_check_ int unwind_builder_new(struct unwind_builder **ret);
struct unwind_builder *unwind_builder_free(struct unwind_builder *b); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct unwind_builder *, unwind_builder_free);

/*
 * Begins a function [start, end): functions come in any order; where they overlap, the one that was begun first
 * keeps what it has. Left out are empty ones, those without a rule, and those 2 GiB or more away from the first one or
 * at the very end of the address space. -EFBIG, here and below: more rows than UNWIND_BUILDER_MAX_ROWS.
 */
_must_check_ int unwind_builder_begin(struct unwind_builder *b, uint64_t start, uint64_t end);

/*
 * From pc on, until the next call or the end of the function begun last, this rule holds. Addresses do not descend; a
 * second rule at one address replaces the first; outside of the function it is ignored. Of more distinct rules than
 * UNWIND_MAX_RULES the surplus becomes the unencodable rule, as does a page with more rows than it can count.
 */
_must_check_ int unwind_builder_add(struct unwind_builder *b, uint64_t pc, const struct unwind_rule *rule);

/* As they were added; merging and gaps come later. */
size_t unwind_builder_n_rows(const struct unwind_builder *b);

/*
 * Appends the section INDEX_UNWIND (symbolizer/index-format.h) to ret; nothing where there are no rows. The builder is
 * used up by it.
 */
_must_check_ int unwind_builder_finish(struct unwind_builder *b, struct buf *ret);
