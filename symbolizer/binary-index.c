// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/binary-index.h"

#include <string.h>
#include <utlist.h>

#include "symbolizer/binary-set.h"
#include "symbolizer/index-failure.h"

#define CHECK_BYTES ((size_t)1 << 20) /* of an index at a stretch: a quarter of a millisecond */

static const char queue_full[] = "too many files wait for the indexer";

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

/* A large index: its rows are there, its names are still to be checked; takes fd. */
static int begin_check(struct binaries *set, struct binary_entry *e, struct index *index, int fd, const char *path)
{
	_cleanup_(index_freep) struct index *owned_index = index;
	_cleanup_close_ int owned_fd = fd;

	e->path = strdup(path);
	if (!e->path)
		return -ENOMEM;
	e->fd = take_fd(owned_fd);
	e->public.index = take_ptr(owned_index);
	DL_APPEND2(set->unchecked, e, unchecked_prev, unchecked_next);
	return 0;
}

/* Where the cache lied, the indexer is asked, as if nothing had been found. What uses the rows already may go on. */
static void ask_after_all(struct binaries *set, struct binary_entry *e, struct index *index)
{
	const struct content_key key = binary_set_key(e);

	e->public.index = NULL;
	e->damaged = index;
	set->stats.mapped_index_bytes += index_mapped_bytes(index);
	index_cache_remove(set->cache, &key);
	if (binary_index_request(set, e, take_fd(e->fd), e->path) < 0)
		set_unreadable(set, e, queue_full);
}

void binary_index_check(struct binaries *set, struct binary_entry *e)
{
	struct index *index = (struct index *)(uintptr_t)e->public.index;
	int r = index_check(index, CHECK_BYTES);

	if (r == INDEX_UNCHECKED)
		return;
	DL_DELETE2(set->unchecked, e, unchecked_prev, unchecked_next);
	if (r < 0) {
		ask_after_all(set, e, index);
	} else {
		set_ready(set, e, index);
		set->stats.n_from_cache++;
		e->fd = close_fd(e->fd);
	}
	free(take_ptr(e->path));
}

static int find(struct binaries *set, const struct binary_entry *e, struct index **ret)
{
	const struct content_key key = binary_set_key(e);

	if (!binary_set_is_cached(set, e) || e->damaged)
		return INDEX_CACHE_MISS;
	return index_failure_find(set->cache, &key, ret);
}

static void set_found(struct binaries *set, struct binary_entry *e, struct index *index)
{
	struct index_origin origin;

	index_origin(index, &origin);
	if (origin.failure)
		set_failed(set, e, index);
	else
		set_ready(set, e, index);
	set->stats.n_from_cache++;
}

/* Before it is identified, its key is that of a file without build id: of one, or of what could not be identified. */
int binary_index_request(struct binaries *set, struct binary_entry *e, int fd, const char *path)
{
	enum indexer_job job = binary_set_is_cached(set, e) && !e->identified ? INDEXER_IDENTIFY : INDEXER_INDEX;
	struct index *index;
	int r = find(set, e, &index);

	if (r == INDEX_CACHE_UNCHECKED)
		return begin_check(set, e, index, fd, path);
	if (r == 0) {
		set_found(set, e, index);
		close_fd(fd);
		return 0;
	}
	/* Whatever is wrong with the cache, the indexer can do without. */
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
		set_unreadable(set, e, queue_full);
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
