/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index writer: gathers the facts of one binary and writes them as an index file. Equal strings are stored once.
 * Memory: 24 bytes a function and one copy of each distinct name that is not kept apart. One thread; belongs to the
 * indexer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/build-id.h"
#include "common/clean.h"
#include "symbolizer/demangle.h"
#include "symbolizer/index.h"

struct index_writer;

_must_check_ int index_writer_new(uint16_t machine, const struct build_id *id, struct index_writer **ret);
struct index_writer *index_writer_free(struct index_writer *w); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct index_writer *, index_writer_free);

/* -ENOSPC: more than INDEX_MAX_SEGMENTS. */
_must_check_ int index_writer_add_segment(struct index_writer *w, const struct index_segment *segment);

/* Makes room for n functions at once. Optional. */
_must_check_ int index_writer_reserve(struct index_writer *w, size_t n);

/*
 * Functions come in ascending order and do not overlap, else -EINVAL; a size over 4 GiB is cut. linkage_name NULL:
 * the same as name. Names are copied. -EFBIG: the strings have outgrown the format.
 */
_must_check_ int index_writer_add_function(struct index_writer *w, uint64_t start, uint64_t size, const char *name,
					   const char *linkage_name);

/* An offset into the strings; "" is 0. data need not be NUL-terminated, and is cut at a NUL. */
_must_check_ int index_writer_add_string(struct index_writer *w, const char *data, size_t size, uint32_t *ret);

/* A linkage name, and what it is called: demangled where it can be. Long ones are cut at SYMBOL_NAME_BYTES. */
struct index_name {
	uint32_t name, linkage_name; /* offsets into the strings */
};
_must_check_ int index_writer_add_name(struct index_writer *w, const char *data, size_t size, struct index_name *ret);

/*
 * Linkage names that are added from now on are neither looked for among the strings nor copied, which saves a third of
 * the time for names: nothing else asks for them, and symbol tables have few of them twice. They stay the caller's, as
 * they are, until the file is written.
 */
void index_writer_keep_names_apart(struct index_writer *w);

/*
 * A name of those that is demangled some names before it is added: the place among the strings where it will be looked
 * for is fetched into the cache meanwhile.
 */
struct index_prepared_name {
	bool is_ready;    /* false: names are not kept apart */
	uint16_t n_bytes; /* 0: it is not mangled */
	uint32_t hash;
	char text[DEMANGLE_MAX_BYTES + 1];
};
void index_writer_prepare_name(const struct index_writer *w, const char *data, size_t size,
			       struct index_prepared_name *ret);
/* index_writer_add_name(); prepared: of the same name. */
_must_check_ int index_writer_add_prepared_name(struct index_writer *w, const char *data, size_t size,
						const struct index_prepared_name *prepared, struct index_name *ret);

/* The same with a demangled name that is known. Strings end in a NUL. */
_must_check_ int index_writer_add_known_name(struct index_writer *w, const char *name, const char *linkage_name,
					     struct index_name *ret);

/* index_writer_add_function() with a name that is among the strings already. */
_must_check_ int index_writer_add_named_function(struct index_writer *w, uint64_t start, uint64_t size,
						 const struct index_name *name);

/*
 * What debug info says beside the symbol tables (symbolizer/dwarf-debug.h and go-lines.h make it). Scopes form a
 * forest: a root is a function, what hangs on it are the calls that were inlined into it, at any depth. Spans tell the
 * innermost scope of each piece of code, lines where the code of the innermost scope was written.
 */
#define INDEX_NO_SCOPE UINT32_MAX

struct index_function {
	struct index_name name;
	uint32_t start_line; /* where it is declared; 0: unknown */
};

struct index_scope {
	uint32_t parent;               /* what it is inlined into, an earlier scope; INDEX_NO_SCOPE: a function */
	uint32_t function;             /* one of `functions` */
	uint32_t call_file, call_line; /* of the call in the parent; 0: a function, or unknown */
};

struct index_span {
	uint64_t start;
	uint32_t n_bytes; /* not 0 */
	uint32_t scope;
};

/* The line of the code from here to the next one. line and file 0: none is known. */
struct index_line {
	uint64_t start;
	uint32_t file, line;
};

struct index_debug {
	const uint32_t *files; /* full paths, as offsets into the strings; number 0 is "" and means unknown */
	const struct index_function *functions;
	const struct index_scope *scopes;
	const struct index_span *spans; /* ascending, without overlap */
	const struct index_line *lines; /* ascending, one an address */
	size_t n_files, n_functions, n_scopes, n_spans, n_lines;
};

/* What debug points to stays the caller's until the file is written. */
void index_writer_set_debug(struct index_writer *w, const struct index_debug *debug);

/* Strings are copied. */
_must_check_ int index_writer_set_origin(struct index_writer *w, const struct index_origin *origin);

/* The section that unwind_builder_finish() made; it stays the caller's until the file is written. Empty: none. */
void index_writer_set_unwind(struct index_writer *w, const void *section, size_t size);

/* Writes the file from the start of fd, which is empty and can be written with pwrite. */
_must_check_ int index_writer_finish(struct index_writer *w, int fd);
