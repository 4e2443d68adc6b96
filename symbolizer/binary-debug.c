// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/binary-debug.h"

#include "symbolizer/binary-set.h"
#include "symbolizer/debug-key.h"
#include "symbolizer/index-failure.h"

/* What was read before stays, if anything was. */
static void set_debug_missing(struct binaries *set, struct binary_entry *e, const char *reason)
{
	e->public.debug_state = e->public.debug ? BINARY_DEBUG_READY : BINARY_DEBUG_MISSING;
	e->public.debug_reason = binary_set_reason(set, reason);
	set->stats.n_debug_missing++;
}

/* An index without a source of debug info tells only why there is none. */
static void set_debug(struct binaries *set, struct binary_entry *e, struct index *index)
{
	struct index_origin origin;

	index_origin(index, &origin);
	if (origin.failure && !origin.debug_source) {
		set_debug_missing(set, e, origin.failure);
		index_free(index);
		return;
	}
	e->public.debug_state = BINARY_DEBUG_READY;
	if (e->public.debug)
		e->outdated = (struct index *)(uintptr_t)e->public.debug;
	e->public.debug = index;
	set->stats.mapped_index_bytes += index_mapped_bytes(index);
}

/* Where something was missing, it may be there the next time. */
void binary_debug_on_result(struct binaries *set, struct binary_entry *e, const struct indexer_result *result)
{
	const struct content_key *key = e->has_debug_key && result->n_missing == 0 ? &e->debug_key : NULL;
	struct index *index;
	const char *fault;

	binary_set_remove_tag(set, e);
	set->n_debug_pending--;
	e->lacks_alt = result->lacks_alt;
	if (result->status < 0) {
		set_debug_missing(set, e, result->reason);
		if (e->has_debug_key)
			index_failure_remember(set->cache, &e->debug_key, result);
		return;
	}
	fault = binary_set_open_result(set, key, result->index_fd, &index);
	if (fault) {
		set_debug_missing(set, e, fault);
		return;
	}
	set_debug(set, e, index);
	set->stats.n_debug_read++;
}

static int find_for(const struct binaries *set, const struct binary_entry *e, const struct debug_need *need,
		    int *ret_fd, char *ret_path)
{
	if (!set->config.find_debug)
		return DEBUG_NEED_NONE;
	return set->config.find_debug(set->config.find_context, &e->public, need, ret_fd, ret_path);
}

int binary_debug_find(void *context, uint64_t tag, const struct debug_need *need, int *ret_fd, char *ret_path)
{
	const struct binaries *set = context;
	const struct binary_entry *e = binary_set_find_tag(set, tag);

	return e ? find_for(set, e, need, ret_fd, ret_path) : DEBUG_NEED_NONE;
}

/* Whose files are looked for: context of find_to_know(). */
struct looker {
	const struct binaries *set;
	const struct binary_entry *entry;
};

static int find_to_know(void *context, const struct debug_need *need, int *ret_fd, char *ret_path)
{
	const struct looker *looker = context;

	return find_for(looker->set, looker->entry, need, ret_fd, ret_path);
}

/* true: the cache knows what became of it. */
static bool find_debug_in_cache(struct binaries *set, struct binary_entry *e)
{
	struct looker looker = { .set = set, .entry = e };
	const struct debug_source source = { .open = find_to_know, .context = &looker };
	const struct content_key key = binary_set_key(e);
	struct index *index;

	if (!binary_set_is_cached(set, e) || e->public.root)
		return false; /* a root's number means nothing to the next who asks */
	e->has_debug_key = debug_key_make(&key, e->debuglink ? e->debuglink : "", &source, &e->debug_key) == 0 &&
			   !e->public.root; /* by what was found */
	if (!e->has_debug_key || index_failure_find(set->cache, &e->debug_key, &index) != 0)
		return false;
	set_debug(set, e, index);
	set->stats.n_debug_from_cache++;
	return true;
}

int binaries_want_debug(struct binaries *set, struct binary *binary, const char *path, int fd)
{
	struct binary_entry *e = (struct binary_entry *)binary; /* its first field */
	_cleanup_close_ int owned = fd;
	int r;

	if (binary->state != BINARY_READY)
		return -EINVAL;
	if (binary->debug_state != BINARY_DEBUG_UNASKED || find_debug_in_cache(set, e))
		return 0;
	r = binary_set_add_tag(set, e);
	if (r < 0)
		return r;
	r = binary_lanes_submit(set->lanes, INDEXER_DEBUG, binary->n_bytes, e->tag, take_fd(owned), path);
	if (r < 0) {
		binary_set_remove_tag(set, e);
		return r;
	}
	binary->debug_state = BINARY_DEBUG_PENDING;
	set->n_debug_pending++;
	return 0;
}

bool binaries_ask_again(struct binaries *set, struct binary *binary)
{
	struct binary_entry *e = (struct binary_entry *)binary; /* its first field */
	bool has_none = binary_lacks_debug_info(binary);
	bool has_some = binary->debug_state == BINARY_DEBUG_READY && e->lacks_alt && !e->outdated;

	if (!has_none && !has_some)
		return false;
	set->stats.n_debug_missing -= has_none;
	binary->debug_state = BINARY_DEBUG_UNASKED;
	return true;
}

size_t binaries_n_debug_pending(const struct binaries *set)
{
	return set->n_debug_pending;
}
