/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index failure: an index file that only says why there is none. The cache keeps it where the index would be, so what
 * ended the indexer once does not do so again after each restart. It counts until another version of cpuhound comes,
 * which may know better. One thread.
 */
#pragma once

#include <stdbool.h>

#include "common/clean.h"
#include "symbolizer/index-cache.h"
#include "symbolizer/indexer-client.h"

/* index_cache_find(), for which a failure of another version is a miss. What is UNCHECKED is too large to be one. */
_must_check_ int index_failure_find(struct index_cache *cache, const struct content_key *key, struct index **ret);

/* Keeps the failure that result tells of, if the same would come of the next try. */
void index_failure_remember(struct index_cache *cache, const struct content_key *key,
			    const struct indexer_result *result);
