/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index cache: index files kept in a directory across restarts, one for each file: BUILDID-SIZE-SHA.idx, and one for
 * its debug info: BUILDID-SIZE-SHA-DEBUG.idx. A file appears whole or not at all, is checked on every open, and remade
 * when it is not good: so the directory may be deleted, damaged or shared by two processes at any time. Beyond its
 * limit the least recently used files go. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/build-id.h"
#include "common/clean.h"
#include "symbolizer/file-content.h"
#include "symbolizer/index.h"

/* What tells one file content from another. */
struct content_key {
	struct build_id build_id;
	uint64_t n_bytes;
	uint8_t sha[CONTENT_SHA_BYTES]; /* as in file-content.h */
	uint64_t debug;                 /* as in debug-key.h; 0: of the binary itself */
};

struct index_cache;

enum index_cache_answer {
	INDEX_CACHE_MISS = 1,
	INDEX_CACHE_UNSAFE, /* the directory is not ours, or others may write to it */
	INDEX_CACHE_UNCHECKED,
};

/* Opens an existing directory for reading: 0, INDEX_CACHE_UNSAFE, or -errno. */
_must_check_ int index_cache_open_dir(const char *dir, int *ret);

/* What a file's name there says. */
#define INDEX_CACHE_STEM_SIZE (BUILD_ID_HEX_SIZE + 1 + 16 + 1 + 16)
struct index_cache_name {
	char stem[INDEX_CACHE_STEM_SIZE]; /* what names of one binary begin with: build id and size, else all but
					   * what its debug info adds */
	uint64_t n_bytes;                 /* of the binary */
	bool is_debug;
};

/* false: no name of ours. */
bool index_cache_parse_name(const char *name, struct index_cache_name *ret);

_must_check_ int index_cache_new(const char *dir, uint64_t limit_bytes, struct index_cache **ret);
struct index_cache *index_cache_free(struct index_cache *cache); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct index_cache *, index_cache_free);

/*
 * 0, INDEX_CACHE_MISS, or, for a binary's index that takes milliseconds to check, INDEX_CACHE_UNCHECKED: *ret is as
 * index_open_rows() leaves it, and index_check() is the caller's, who removes the file if it is not good.
 */
_must_check_ int index_cache_find(struct index_cache *cache, const struct content_key *key, struct index **ret);
void index_cache_remove(struct index_cache *cache, const struct content_key *key);

/*
 * Copies an index file into the cache and opens it from there. key NULL: it is not to be found again. -EBADMSG: it is
 * no good index; nothing was kept.
 */
_must_check_ int index_cache_put(struct index_cache *cache, const struct content_key *key, int fd, struct index **ret);

/* Of all files: as the last scan found them, and what was put since. */
uint64_t index_cache_bytes(const struct index_cache *cache);
