/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index catalog: what lies in a cache directory of index files, for people: each binary once, with the facts of its
 * newest files. A reading as of now, which changes nothing there; it owns its strings.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/build-id.h"
#include "common/clean.h"
#include "symbolizer/index-cache.h"

#define INDEX_CATALOG_MAX 100000 /* files; as many as the cache itself looks at */

/* What one index file holds. */
struct index_catalog_facts {
	bool is_there;
	struct timespec used; /* when it was made, or used after that, to within a day */
	size_t n_functions;
	size_t n_unwind_pages, n_unwind_rules, n_unwind_rows;
	uint64_t n_bytes;
};

/* One binary: a build id and a size; without a build id every file is one of its own. */
struct index_catalog_entry {
	char key[INDEX_CACHE_STEM_SIZE]; /* begins with the build id, where there is one */
	struct build_id build_id;
	uint64_t n_bytes;       /* of the binary */
	uint64_t n_index_bytes; /* of all files, older ones too */
	size_t n_files;

	struct index_catalog_facts names; /* of its own symbol tables */
	char *failure;                    /* why they could not be read; NULL: they could */
	struct index_segment *segments;   /* as those have them */
	size_t n_segments;

	struct index_catalog_facts debug; /* of its debug info; is_there: it was looked for */
	bool has_lines;                   /* inlined calls and lines were found */
	char *path;                       /* as a process or a user named it; NULL: not known */
	char *debug_source;               /* the file that they were read from, or "pclntab"; NULL: none */
	char *debug_failure;              /* why there are none, or not all; NULL: there are, or nobody looked */
};

struct index_catalog {
	struct index_catalog_entry *entries; /* by path, then key; those of which none is known last */
	size_t n;
	size_t n_unusable;   /* files of another version, or damaged: they are remade when they are needed */
	size_t n_unreadable; /* files that this user may not read */
};

/* 0, -errno of the directory, or INDEX_CACHE_UNSAFE. */
_must_check_ int index_catalog_read(const char *dir, struct index_catalog *ret);
void index_catalog_done(struct index_catalog *c);

/* Of the best that there is. */
size_t index_catalog_n_functions(const struct index_catalog_entry *e);
int64_t index_catalog_used_s(const struct index_catalog_entry *e); /* since the epoch */

/* Entries whose key begins like this: their number; the first of them to *ret. */
size_t index_catalog_find(const struct index_catalog *c, const char *prefix, const struct index_catalog_entry **ret);
