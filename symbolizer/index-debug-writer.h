/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index debug writer: packs spans, scopes and lines into the sections of an index file. Memory: 9 bytes a scope, 12 a
 * function (and 24 for a moment), 8 a leaf. Belongs to the writer; sections are written in the order of the functions
 * here.
 */
#pragma once

#include "common/clean.h"
#include "symbolizer/index-sink.h"
#include "symbolizer/index-writer.h"

/* A function of the symbol tables. */
struct index_writer_symbol {
	uint64_t start;
	uint32_t n_bytes;
	struct index_name name;
};

struct index_debug_writer;

/*
 * What is passed stays the caller's, and must outlive it; symbols ascend. -EINVAL: debug is not as index-writer.h has
 * it.
 */
_must_check_ int index_debug_writer_new(const struct index_debug *debug, const struct index_writer_symbol *symbols,
					size_t n_symbols, struct index_debug_writer **ret);
struct index_debug_writer *index_debug_writer_free(struct index_debug_writer *w); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct index_debug_writer *, index_debug_writer_free);

_must_check_ int index_debug_writer_scopes(struct index_debug_writer *w, struct index_sink *sink);
_must_check_ int index_debug_writer_functions(const struct index_debug_writer *w, struct index_sink *sink);
_must_check_ int index_debug_writer_files(const struct index_debug_writer *w, struct index_sink *sink);
_must_check_ int index_debug_writer_leaves(struct index_debug_writer *w, struct index_sink *sink);
_must_check_ int index_debug_writer_starts(const struct index_debug_writer *w, struct index_sink *sink);
