// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/binary-index.h"

#include <string.h>

#include "symbolizer/binary-set.h"
#include "symbolizer/index-failure.h"

static void set_unreadable(struct binaries *set, struct binary_entry *e, const char *reason)
{
	e->public.state = BINARY_UNREADABLE;
	e->public.reason = binary_set_reason(set, reason);
	set->stats.n_unreadable++;
}

static void set_ready(struct binaries *set, struct binary_entry *e, struct index *index)
{
	e->public.state = BINARY_READY;
	e->public.index = index;
	e->public.build_id = *index_build_id(index);
	e->identified = true;
	set->stats.mapped_index_bytes += index_mapped_bytes(index);
}

/* An index that only tells why there is none; takes it. */
static void set_failed(struct binaries *set, struct binary_entry *e, struct index *index)
{
	struct index_origin origin;

	index_origin(index, &origin);
	e->public.build_id = *index_build_id(index);
	set_unreadable(set, e, origin.failure);
	index_free(index);
}

/* Before it is identified, its key is that of a file without build id: of one, or of what could not be identified. */
static bool find_in_cache(struct binaries *set, struct binary_entry *e)
{
	struct content_key key = binary_set_key(e);
	struct index_origin origin;
	struct index *index;

	if (!binary_set_is_cached(set, e) || index_failure_find(set->cache, &key, &index) != 0)
		return false; /* whatever is wrong with the cache, the indexer can do without */
	index_origin(index, &origin);
	if (origin.failure)
		set_failed(set, e, index);
	else
		set_ready(set, e, index);
	set->stats.n_from_cache++;
	return true;
}

int binary_index_request(struct binaries *set, struct binary_entry *e, int fd, const char *path)
{
	enum indexer_job job = binary_set_is_cached(set, e) && !e->identified ? INDEXER_IDENTIFY : INDEXER_INDEX;

	if (find_in_cache(set, e)) {
		close_fd(fd);
		return 0;
	}
	return binary_lanes_submit(set->lanes, job, e->key.content.n_bytes, e->tag, fd, path);
}

static void note_identity(struct binary_entry *e, const struct indexer_result *result)
{
	e->public.build_id = result->build_id;
	e->identified = true;
	if (result->debuglink[0] && !e->debuglink)
		e->debuglink = strdup(result->debuglink); /* without it, a new debug file is not noticed */
}

static void on_indexed(struct binaries *set, struct binary_entry *e, const struct indexer_result *result)
{
	struct content_key key;
	struct index *index;
	const char *fault;

	note_identity(e, result);
	key = binary_set_key(e);
	fault = binary_set_open_result(set, e->is_unnamed ? NULL : &key, result->index_fd, &index);
	if (fault) {
		set_unreadable(set, e, fault);
		return;
	}
	set_ready(set, e, index);
	set->stats.n_indexed++;
}

static void on_identified(struct binaries *set, struct binary_entry *e, struct indexer_result *result)
{
	note_identity(e, result);
	if (binary_index_request(set, e, take_fd(result->elf_fd), result->path) < 0)
		set_unreadable(set, e, "too many files wait for the indexer");
}

static void on_failed(struct binaries *set, struct binary_entry *e, const struct indexer_result *result)
{
	const struct content_key key = binary_set_key(e);

	set_unreadable(set, e, result->reason);
	if (binary_set_is_cached(set, e))
		index_failure_remember(set->cache, &key, result);
}

void binary_index_on_result(struct binaries *set, struct binary_entry *e, struct indexer_result *result)
{
	if (result->status < 0)
		on_failed(set, e, result);
	else if (result->job == INDEXER_IDENTIFY)
		on_identified(set, e, result);
	else
		on_indexed(set, e, result);
}
