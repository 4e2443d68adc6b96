// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/binary-set.h"

#include <string.h>

struct content_key binary_set_key(const struct binary_entry *e)
{
	struct content_key key = { .build_id = e->public.build_id, .n_bytes = e->key.content.n_bytes };

	memcpy(key.sha, e->key.content.sha, sizeof(key.sha));
	return key;
}

int binary_set_add_tag(struct binaries *set, struct binary_entry *e)
{
	HASH_ADD(hh_tag, set->by_tag, tag, sizeof(e->tag), e);
	return e->hh_tag.tbl ? 0 : -ENOMEM;
}

void binary_set_remove_tag(struct binaries *set, struct binary_entry *e)
{
	HASH_DELETE(hh_tag, set->by_tag, e);
}

struct binary_entry *binary_set_find_tag(const struct binaries *set, uint64_t tag)
{
	struct binary_entry *e;

	HASH_FIND(hh_tag, set->by_tag, &tag, sizeof(tag), e);
	return e;
}

const char *binary_set_reason(struct binaries *set, const char *reason)
{
	const char *kept;

	return intern_add(set->reasons, reason, strlen(reason), &kept) < 0 ? "cannot be read" : kept;
}

bool binary_set_is_cached(const struct binaries *set, const struct binary_entry *e)
{
	return set->cache && !e->is_unnamed;
}

static int open_result(struct binaries *set, const struct content_key *key, int fd, struct index **ret)
{
	int r;

	if (set->cache) {
		r = index_cache_put(set->cache, key, fd, ret);
		if (r == 0 || r == -EBADMSG)
			return r;
	}
	return index_open(fd, ret);
}

const char *binary_set_open_result(struct binaries *set, const struct content_key *key, int fd, struct index **ret)
{
	int r = open_result(set, key, fd, ret);

	if (r == 0)
		return NULL;
	return r == -EBADMSG ? "indexer made no valid index" : "no memory for the index";
}
