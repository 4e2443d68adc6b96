// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/binary.h"

#include <string.h>

#include "symbolizer/binary-debug.h"
#include "symbolizer/binary-index.h"
#include "symbolizer/binary-set.h"

#define REASONS_BYTES ((size_t)64 << 10) /* the indexer's words; there are a dozen unless it lies */

static void settle(struct binaries *set, struct binary_entry *e)
{
	*set->settled_end = e;
	set->settled_end = &e->next;
}

struct binary *binaries_take_settled(struct binaries *set)
{
	struct binary_entry *e = set->settled;

	if (!e)
		return NULL;
	set->settled = e->next;
	if (!set->settled)
		set->settled_end = &set->settled;
	e->next = NULL;
	return &e->public;
}

static void settle_if_known(struct binaries *set, struct binary_entry *e)
{
	if (e->public.state == BINARY_PENDING)
		return;
	binary_set_remove_tag(set, e);
	set->n_pending--;
	settle(set, e);
}

static void on_index(struct binaries *set, struct binary_entry *e, struct indexer_result *result)
{
	binary_index_on_result(set, e, result);
	settle_if_known(set, e);
}

static void check_some(struct binaries *set)
{
	struct binary_entry *e = set->unchecked;

	if (!e)
		return;
	binary_index_check(set, e);
	settle_if_known(set, e);
}

static void on_result(struct binaries *set, struct indexer_result *result)
{
	struct binary_entry *e = binary_set_find_tag(set, result->tag);

	if (!e)
		return;
	if (result->job == INDEXER_DEBUG)
		binary_debug_on_result(set, e, result);
	else
		on_index(set, e, result);
}

static int open_cache(struct binaries *set)
{
	int r;

	if (!set->config.cache_dir)
		return 0;
	r = index_cache_new(set->config.cache_dir, set->config.cache_limit_bytes, &set->cache);
	if (r == INDEX_CACHE_UNSAFE)
		set->cache_fault = "belongs to another user, or others may write to it";
	else if (r < 0)
		set->cache_fault = strerrordesc_np(-r);
	return r == -ENOMEM ? r : 0;
}

static int open_lanes(struct binaries *set)
{
	const struct binary_lanes_config config = {
		.max_queue = BINARIES_MAX_PENDING,
		.find_debug = binary_debug_find,
		.find_context = set,
	};

	return binary_lanes_new(&config, &set->lanes);
}

int binaries_new(const struct binaries_config *config, struct binaries **ret)
{
	_cleanup_(binaries_freep) struct binaries *set = calloc(1, sizeof(*set));
	int r;

	if (!set)
		return -ENOMEM;
	set->config = *config;
	set->settled_end = &set->settled;
	r = intern_new(REASONS_BYTES, &set->reasons);
	if (r < 0)
		return r;
	r = open_cache(set);
	if (r < 0)
		return r;
	r = open_lanes(set);
	if (r < 0)
		return r;
	*ret = take_ptr(set);
	return 0;
}

static void free_entry(struct binary_entry *e)
{
	index_free((struct index *)(uintptr_t)e->public.index);
	index_free((struct index *)(uintptr_t)e->public.debug);
	index_free(e->outdated);
	index_free(e->damaged);
	close_fd(e->fd);
	free(e->path);
	free(e->debuglink);
	free(e);
}

struct binaries *binaries_free(struct binaries *set)
{
	struct binary_entry *e, *next;

	if (!set)
		return NULL;
	binary_lanes_free(set->lanes);
	index_cache_free(set->cache);
	HASH_CLEAR(hh_tag, set->by_tag);
	HASH_ITER (hh, set->entries, e, next) {
		HASH_DELETE(hh, set->entries, e);
		free_entry(e);
	}
	intern_free(set->reasons);
	free(set);
	return NULL;
}

static struct binary_entry *new_entry(struct binaries *set, const struct binary_entry_key *key, bool is_unnamed)
{
	struct binary_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->key = *key;
	e->is_unnamed = is_unnamed;
	e->fd = -1;
	e->public.state = BINARY_PENDING;
	e->public.n_bytes = key->content.n_bytes;
	e->public.root = (uint32_t)key->root;
	e->tag = ++set->last_tag;
	return e;
}

void binaries_keep(struct binary *binary)
{
	if (binary)
		((struct binary_entry *)binary)->is_kept = true; /* its first field */
}

static void drop(struct binaries *set, struct binary_entry *e)
{
	struct index *const indexes[] = { (struct index *)(uintptr_t)e->public.index,
					  (struct index *)(uintptr_t)e->public.debug, e->outdated, e->damaged };

	for (size_t i = 0; i < ARRAY_SIZE(indexes); i++)
		if (indexes[i])
			set->stats.mapped_index_bytes -= index_mapped_bytes(indexes[i]);
	HASH_DELETE(hh, set->entries, e);
	set->n_entries--;
	free_entry(e);
}

static bool is_with_indexer(const struct binary_entry *e)
{
	return e->public.state == BINARY_PENDING || e->public.debug_state == BINARY_DEBUG_PENDING;
}

/* Those that are about to go are not handed out as settled any more. */
static void forget_settled(struct binaries *set)
{
	struct binary_entry **at = &set->settled;

	while (*at) {
		if ((*at)->is_kept)
			at = &(*at)->next;
		else
			*at = (*at)->next;
	}
	set->settled_end = at;
}

void binaries_sweep(struct binaries *set)
{
	struct binary_entry *e, *next;

	HASH_ITER (hh, set->entries, e, next)
		e->is_kept |= is_with_indexer(e);
	forget_settled(set);
	HASH_ITER (hh, set->entries, e, next) {
		if (!e->is_kept)
			drop(set, e);
		else
			e->is_kept = false;
	}
}

bool binaries_has_root(const struct binaries *set, uint32_t root)
{
	const struct binary_entry *e;

	for (e = set->entries; e; e = e->hh.next)
		if (e->public.root == root)
			return true;
	return false;
}

int binaries_set_root(struct binaries *set, struct binary *binary, uint32_t root)
{
	struct binary_entry *e = (struct binary_entry *)binary, *other; /* its first field */
	struct binary_entry_key key = e->key;

	key.root = root;
	HASH_FIND(hh, set->entries, &key, sizeof(key), other);
	if (other)
		return -EEXIST;
	HASH_DELETE(hh, set->entries, e);
	e->key = key;
	e->public.root = root;
	e->has_debug_key = false;
	HASH_ADD(hh, set->entries, key, sizeof(e->key), e);
	return e->hh.tbl ? 0 : -ENOMEM;
}

size_t binaries_n(const struct binaries *set)
{
	return set->n_entries;
}

static int insert(struct binaries *set, struct binary_entry *e)
{
	int r;

	HASH_ADD(hh, set->entries, key, sizeof(e->key), e);
	if (!e->hh.tbl)
		return -ENOMEM;
	if (e->public.state == BINARY_PENDING) {
		r = binary_set_add_tag(set, e);
		if (r < 0) {
			HASH_DELETE(hh, set->entries, e);
			return r;
		}
		set->n_pending++;
	}
	set->n_entries++;
	if (e->public.state != BINARY_PENDING)
		settle(set, e);
	return 0;
}

int binaries_add_rooted(struct binaries *set, int fd, const char *path, uint32_t root, struct binary **ret)
{
	_cleanup_close_ int owned = fd;
	struct binary_entry_key key = { .root = root };
	bool is_unnamed = false;
	struct binary_entry *e;
	int r;

	r = file_content_read(fd, &key.content, &is_unnamed);
	if (r < 0)
		return r;
	HASH_FIND(hh, set->entries, &key, sizeof(key), e);
	if (!e) {
		if (set->n_entries >= set->config.max_binaries)
			return -ENOSPC;
		if (set->n_pending >= BINARIES_MAX_PENDING)
			return -EAGAIN;
		e = new_entry(set, &key, is_unnamed);
		if (!e)
			return -ENOMEM;
		r = binary_index_request(set, e, take_fd(owned), path);
		if (r == 0)
			r = insert(set, e);
		if (r < 0) {
			free_entry(e);
			return r;
		}
	}
	*ret = &e->public;
	return 0;
}

int binaries_add(struct binaries *set, int fd, const char *path, struct binary **ret)
{
	return binaries_add_rooted(set, fd, path, 0, ret);
}

int binaries_fd(const struct binaries *set)
{
	return binary_lanes_fd(set->lanes);
}

int binaries_timeout_ms(const struct binaries *set)
{
	return set->unchecked ? 0 : binary_lanes_timeout_ms(set->lanes);
}

int binaries_dispatch(struct binaries *set)
{
	struct indexer_result result;
	int r;

	do {
		r = binary_lanes_dispatch(set->lanes);
		if (r < 0)
			return r;
		while (binary_lanes_take(set->lanes, &result)) {
			on_result(set, &result);
			indexer_result_done(&result);
		}
	} while (binary_lanes_timeout_ms(set->lanes) == 0); /* there is more that can be sent */
	check_some(set);
	return 0;
}

size_t binaries_n_pending(const struct binaries *set)
{
	return set->n_pending;
}

const struct binaries_stats *binaries_stats(struct binaries *set)
{
	struct binaries_stats *stats = &set->stats;

	stats->cache_bytes = set->cache ? index_cache_bytes(set->cache) : 0;
	stats->n_indexer_restarts = stats->indexer_rss_anon_peak_bytes = stats->indexer_cpu_ns = 0;
	for (int lane = 0; lane < BINARY_N_LANES; lane++) {
		struct child_keeper_stats client = binary_lanes_stats(set->lanes, lane);

		stats->n_indexer_restarts += client.n_restarts;
		stats->indexer_cpu_ns += client.cpu_ns;
		if (client.rss_anon_peak_bytes > stats->indexer_rss_anon_peak_bytes)
			stats->indexer_rss_anon_peak_bytes = client.rss_anon_peak_bytes;
	}
	return stats;
}

pid_t binaries_indexer_pid(const struct binaries *set, enum binary_lane lane)
{
	return binary_lanes_pid(set->lanes, lane);
}

struct child_keeper_stats binaries_indexer_stats(const struct binaries *set, enum binary_lane lane)
{
	return binary_lanes_stats(set->lanes, lane);
}

const char *binaries_indexer_fault(const struct binaries *set)
{
	return binary_lanes_fault(set->lanes);
}

const char *binaries_cache_fault(const struct binaries *set)
{
	return set->cache_fault;
}
