/* SPDX-License-Identifier: Apache-2.0 */
/*
 * binary set: the inside of struct binaries (binary.h), and what its parts share: binary.c (which files there are),
 * binary-index.c (their indexes) and binary-debug.c (their debug info). An entry belongs to the table, and begins with
 * what others see of it. The table's thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "common/clean.h"
#include "common/intern.h"
#include "symbolizer/binary-lanes.h"
#include "symbolizer/binary.h"
#include "symbolizer/file-content.h"
#include "symbolizer/index-cache.h"

struct binary_entry {
	struct binary public;
	struct binary_entry_key {
		struct file_content content;
		uint64_t root;
	} key;
	bool identified; /* public.build_id is known, or known to be none */
	bool is_kept;
	/* While its index is being checked: the file, should the indexer be needed after all. */
	int fd;
	char *path;
	struct binary_entry *unchecked_prev, *unchecked_next;
	struct index *damaged; /* an index that was not good in the end: its rows may be in use */
	bool is_unnamed;       /* deleted, or a memory file: nobody will meet it again, it is not cached */
	char *debuglink;       /* as the indexer told; NULL: none */
	struct content_key debug_key;
	bool lacks_alt;         /* of its debug info, what dwz moved out could not be had */
	struct index *outdated; /* public.debug as it was without that; names in use may be of it */
	bool has_debug_key;     /* what is read of its debug info is cached by it */
	uint64_t tag;
	UT_hash_handle hh; /* by key */
	UT_hash_handle hh_tag;
	struct binary_entry *next; /* among the settled ones */
};

struct binaries {
	struct binaries_config config;
	struct binary_entry *entries, *by_tag;
	struct binary_entry *settled, **settled_end; /* not taken yet */
	struct binary_entry *unchecked;              /* whose indexes are being checked, the first one now */
	size_t n_entries, n_pending, n_debug_pending;
	uint64_t last_tag;
	struct binary_lanes *lanes;
	struct index_cache *cache; /* NULL: none */
	const char *cache_fault;
	struct intern *reasons;
	struct binaries_stats stats;
};

/* Those that the indexer has, by the tag that it knows them by; NULL: it has none such. */
_must_check_ int binary_set_add_tag(struct binaries *set, struct binary_entry *e);
void binary_set_remove_tag(struct binaries *set, struct binary_entry *e);
struct binary_entry *binary_set_find_tag(const struct binaries *set, uint64_t tag);

/* Where the cache has the entry's index, and whether it may. */
struct content_key binary_set_key(const struct binary_entry *e);
bool binary_set_is_cached(const struct binaries *set, const struct binary_entry *e);

/*
 * Opens an index that the indexer made: from the disk where there is a cache, as pages of a file can be dropped under
 * memory pressure, and a memory file's cannot. key: where it is to be found again; NULL: never. Returns NULL, or the
 * words for why it cannot be used.
 */
const char *binary_set_open_result(struct binaries *set, const struct content_key *key, int fd, struct index **ret);

/* The words, kept as long as the table; others where there is no room for them. */
const char *binary_set_reason(struct binaries *set, const char *reason);
