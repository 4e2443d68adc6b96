// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/binary.h"

#include <string.h>
#include <sys/epoll.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "common/clock.h"
#include "common/intern.h"
#include "symbolizer/debug-key.h"
#include "symbolizer/file-content.h"
#include "symbolizer/index-cache.h"
#include "symbolizer/index-failure.h"
#include "symbolizer/indexer-client.h"
#include "symbolizer/indexer.h"

#define LANE_IDLE_NS (30 * NS_PER_S)      /* large files come in bursts, when a service starts */
#define DEBUG_TIMEOUT_NS (130 * NS_PER_S) /* its CPU time is 120 s at most: symbolizer/indexer-job.c */
#define DEBUG_LONGEST_NS (900 * NS_PER_S) /* on a busy host, where others come first */
#define REASONS_BYTES ((size_t)64 << 10)  /* the indexer's words; there are a dozen unless it lies */

struct entry {
	struct binary public;
	struct entry_key {
		struct file_content content;
		uint64_t root;
	} key;
	bool identified; /* public.build_id is known, or known to be none */
	bool is_kept;
	bool is_unnamed; /* deleted, or a memory file: nobody will meet it again, it is not cached */
	char *debuglink; /* as the indexer told; NULL: none */
	struct content_key debug_key;
	bool has_debug_key; /* what is read of its debug info is cached by it */
	uint64_t tag;
	UT_hash_handle hh; /* by key */
	UT_hash_handle hh_tag;
	struct entry *next; /* among the settled ones */
};

struct binaries {
	struct binaries_config config;
	struct entry *entries, *by_tag;
	struct entry *settled, **settled_end; /* not taken yet */
	size_t n_entries, n_pending, n_debug_pending;
	uint64_t last_tag;
	int epoll;
	struct indexer_client *lanes[BINARY_N_LANES];
	struct index_cache *cache; /* NULL: none */
	const char *cache_fault;
	struct intern *reasons;
	struct binaries_stats stats;
};

static struct content_key key_of(const struct entry *e)
{
	struct content_key key = { .build_id = e->public.build_id, .n_bytes = e->key.content.n_bytes };

	memcpy(key.sha, e->key.content.sha, sizeof(key.sha));
	return key;
}

static void settle(struct binaries *set, struct entry *e)
{
	*set->settled_end = e;
	set->settled_end = &e->next;
}

struct binary *binaries_take_settled(struct binaries *set)
{
	struct entry *e = set->settled;

	if (!e)
		return NULL;
	set->settled = e->next;
	if (!set->settled)
		set->settled_end = &set->settled;
	e->next = NULL;
	return &e->public;
}

static void set_unreadable(struct binaries *set, struct entry *e, const char *reason)
{
	e->public.state = BINARY_UNREADABLE;
	if (intern_add(set->reasons, reason, strlen(reason), &e->public.reason) < 0)
		e->public.reason = "cannot be read";
	set->stats.n_unreadable++;
}

static void set_ready(struct binaries *set, struct entry *e, struct index *index)
{
	e->public.state = BINARY_READY;
	e->public.index = index;
	e->public.build_id = *index_build_id(index);
	e->identified = true;
	set->stats.mapped_index_bytes += index_mapped_bytes(index);
}

static bool is_cached(const struct binaries *set, const struct entry *e)
{
	return set->cache && !e->is_unnamed;
}

/* An index that only tells why there is none; takes it. */
static void set_failed(struct binaries *set, struct entry *e, struct index *index)
{
	struct index_origin origin;

	index_origin(index, &origin);
	e->public.build_id = *index_build_id(index);
	set_unreadable(set, e, origin.failure);
	index_free(index);
}

/* Before it is identified, its key is that of a file without build id: of one, or of what could not be identified. */
static bool find_in_cache(struct binaries *set, struct entry *e)
{
	struct content_key key = key_of(e);
	struct index_origin origin;
	struct index *index;

	if (!is_cached(set, e) || index_failure_find(set->cache, &key, &index) != 0)
		return false; /* whatever is wrong with the cache, the indexer can do without */
	index_origin(index, &origin);
	if (origin.failure)
		set_failed(set, e, index);
	else
		set_ready(set, e, index);
	set->stats.n_from_cache++;
	return true;
}

static struct indexer_client *lane_of(const struct binaries *set, const struct entry *e)
{
	return set->lanes[e->key.content.n_bytes > BINARY_LARGE_BYTES ? BINARY_LANE_LARGE : BINARY_LANE_SMALL];
}

/* The next step towards a binary's index; takes fd. */
static int request_index(struct binaries *set, struct entry *e, int fd, const char *path)
{
	enum indexer_job job = is_cached(set, e) && !e->identified ? INDEXER_IDENTIFY : INDEXER_INDEX;

	if (find_in_cache(set, e)) {
		close_fd(fd);
		return 0;
	}
	return indexer_client_submit(lane_of(set, e), job, e->tag, fd, path);
}

/*
 * From the disk where there is a cache: pages of a file can be dropped under memory pressure, a memory file's cannot.
 * key: where it is to be found again; NULL: never.
 */
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

static void note_identity(struct entry *e, const struct indexer_result *result)
{
	e->public.build_id = result->build_id;
	e->identified = true;
	if (result->debuglink[0] && !e->debuglink)
		e->debuglink = strdup(result->debuglink); /* without it, a new debug file is not noticed */
}

static void on_indexed(struct binaries *set, struct entry *e, const struct indexer_result *result)
{
	struct content_key key;
	struct index *index;
	int r;

	note_identity(e, result);
	key = key_of(e);
	r = open_result(set, e->is_unnamed ? NULL : &key, result->index_fd, &index);
	if (r < 0) {
		set_unreadable(set, e, r == -EBADMSG ? "indexer made no valid index" : "no memory for the index");
		return;
	}
	set_ready(set, e, index);
	set->stats.n_indexed++;
}

static void on_identified(struct binaries *set, struct entry *e, struct indexer_result *result)
{
	note_identity(e, result);
	if (request_index(set, e, take_fd(result->elf_fd), result->path) < 0)
		set_unreadable(set, e, "too many files wait for the indexer");
}

static void set_debug_missing(struct binaries *set, struct entry *e, const char *reason)
{
	e->public.debug_state = BINARY_DEBUG_MISSING;
	if (intern_add(set->reasons, reason, strlen(reason), &e->public.debug_reason) < 0)
		e->public.debug_reason = "cannot be read";
	set->stats.n_debug_missing++;
}

/* An index without a source of debug info tells only why there is none. */
static void set_debug(struct binaries *set, struct entry *e, struct index *index)
{
	struct index_origin origin;

	index_origin(index, &origin);
	if (origin.failure && !origin.debug_source) {
		set_debug_missing(set, e, origin.failure);
		index_free(index);
		return;
	}
	e->public.debug_state = BINARY_DEBUG_READY;
	e->public.debug = index;
	set->stats.mapped_index_bytes += index_mapped_bytes(index);
}

/* Where something was missing, it may be there the next time. */
static void on_debug(struct binaries *set, struct entry *e, const struct indexer_result *result)
{
	const struct content_key *key = e->has_debug_key && result->n_missing == 0 ? &e->debug_key : NULL;
	struct index *index;
	int r;

	set->n_debug_pending--;
	if (result->status < 0) {
		set_debug_missing(set, e, result->reason);
		if (e->has_debug_key)
			index_failure_remember(set->cache, &e->debug_key, result);
		return;
	}
	r = open_result(set, key, result->index_fd, &index);
	if (r < 0) {
		set_debug_missing(set, e, r == -EBADMSG ? "indexer made no valid index" : "no memory for the index");
		return;
	}
	set_debug(set, e, index);
	set->stats.n_debug_read++;
}

static void on_names_failed(struct binaries *set, struct entry *e, const struct indexer_result *result)
{
	const struct content_key key = key_of(e);

	set_unreadable(set, e, result->reason);
	if (is_cached(set, e))
		index_failure_remember(set->cache, &key, result);
}

static void on_names(struct binaries *set, struct entry *e, struct indexer_result *result)
{
	if (result->status < 0)
		on_names_failed(set, e, result);
	else if (result->job == INDEXER_IDENTIFY)
		on_identified(set, e, result);
	else
		on_indexed(set, e, result);
	if (e->public.state == BINARY_PENDING)
		return;
	HASH_DELETE(hh_tag, set->by_tag, e);
	set->n_pending--;
	settle(set, e);
}

static struct entry *find_by_tag(struct binaries *set, uint64_t tag)
{
	struct entry *e;

	HASH_FIND(hh_tag, set->by_tag, &tag, sizeof(tag), e);
	return e;
}

static void on_result(struct binaries *set, struct indexer_result *result)
{
	struct entry *e = find_by_tag(set, result->tag);

	if (!e)
		return;
	if (result->job != INDEXER_DEBUG) {
		on_names(set, e, result);
		return;
	}
	HASH_DELETE(hh_tag, set->by_tag, e);
	on_debug(set, e, result);
}

static int find_for(const struct binaries *set, const struct entry *e, const struct debug_need *need, int *ret_fd,
		    char *ret_path)
{
	if (!set->config.find_debug)
		return DEBUG_NEED_NONE;
	return set->config.find_debug(set->config.find_context, &e->public, need, ret_fd, ret_path);
}

/* For the child that reads the debug info of the entry with this tag. */
static int find_debug(void *context, uint64_t tag, const struct debug_need *need, int *ret_fd, char *ret_path)
{
	struct binaries *set = context;
	const struct entry *e = find_by_tag(set, tag);

	return e ? find_for(set, e, need, ret_fd, ret_path) : DEBUG_NEED_NONE;
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

static int open_lane(struct binaries *set, enum binary_lane lane)
{
	static char name[] = "cpuhound", small[] = INDEXER_COMMAND, large[] = INDEXER_PATIENT_COMMAND,
		    debug[] = INDEXER_DEBUG_COMMAND;
	static char *const argv[BINARY_N_LANES][3] = {
		[BINARY_LANE_SMALL] = { name, small },
		[BINARY_LANE_LARGE] = { name, large },
		[BINARY_LANE_DEBUG] = { name, debug },
	};
	struct indexer_client_config config = {
		.path = "/proc/self/exe",
		.argv = argv[lane],
		.max_queue = BINARIES_MAX_PENDING,
		.idle_ns = lane == BINARY_LANE_SMALL ? 0 : LANE_IDLE_NS,
	};
	struct epoll_event event = { .events = EPOLLIN };
	int r;

	if (lane == BINARY_LANE_DEBUG) {
		config.timeout_ns = DEBUG_TIMEOUT_NS;
		config.longest_ns = DEBUG_LONGEST_NS;
		config.find = find_debug;
		config.find_context = set;
	}
	r = indexer_client_new(&config, &set->lanes[lane]);
	if (r < 0)
		return r;
	return epoll_ctl(set->epoll, EPOLL_CTL_ADD, indexer_client_fd(set->lanes[lane]), &event) < 0 ? -errno : 0;
}

static int open_lanes(struct binaries *set)
{
	int r = 0;

	set->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (set->epoll < 0)
		return -errno;
	for (int lane = 0; lane < BINARY_N_LANES && r == 0; lane++)
		r = open_lane(set, lane);
	return r;
}

int binaries_new(const struct binaries_config *config, struct binaries **ret)
{
	_cleanup_(binaries_freep) struct binaries *set = calloc(1, sizeof(*set));
	int r;

	if (!set)
		return -ENOMEM;
	set->config = *config;
	set->settled_end = &set->settled;
	set->epoll = -1;
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

static void free_entry(struct entry *e)
{
	index_free((struct index *)(uintptr_t)e->public.index);
	index_free((struct index *)(uintptr_t)e->public.debug);
	free(e->debuglink);
	free(e);
}

struct binaries *binaries_free(struct binaries *set)
{
	struct entry *e, *next;

	if (!set)
		return NULL;
	for (int lane = 0; lane < BINARY_N_LANES; lane++)
		indexer_client_free(set->lanes[lane]);
	close_fd(set->epoll);
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

static struct entry *new_entry(struct binaries *set, const struct entry_key *key, bool is_unnamed)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->key = *key;
	e->is_unnamed = is_unnamed;
	e->public.state = BINARY_PENDING;
	e->public.n_bytes = key->content.n_bytes;
	e->public.root = (uint32_t)key->root;
	e->tag = ++set->last_tag;
	return e;
}

void binaries_keep(struct binary *binary)
{
	if (binary)
		((struct entry *)binary)->is_kept = true; /* its first field */
}

static void drop(struct binaries *set, struct entry *e)
{
	struct index *const indexes[] = { (struct index *)(uintptr_t)e->public.index,
					  (struct index *)(uintptr_t)e->public.debug };

	for (size_t i = 0; i < ARRAY_SIZE(indexes); i++)
		if (indexes[i])
			set->stats.mapped_index_bytes -= index_mapped_bytes(indexes[i]);
	HASH_DELETE(hh, set->entries, e);
	set->n_entries--;
	free_entry(e);
}

static bool is_with_indexer(const struct entry *e)
{
	return e->public.state == BINARY_PENDING || e->public.debug_state == BINARY_DEBUG_PENDING;
}

/* Those that are about to go are not handed out as settled any more. */
static void forget_settled(struct binaries *set)
{
	struct entry **at = &set->settled;

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
	struct entry *e, *next;

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
	const struct entry *e;

	for (e = set->entries; e; e = e->hh.next)
		if (e->public.root == root)
			return true;
	return false;
}

int binaries_set_root(struct binaries *set, struct binary *binary, uint32_t root)
{
	struct entry *e = (struct entry *)binary, *other; /* its first field */
	struct entry_key key = e->key;

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

static int insert_by_tag(struct binaries *set, struct entry *e)
{
	HASH_ADD(hh_tag, set->by_tag, tag, sizeof(e->tag), e);
	return e->hh_tag.tbl ? 0 : -ENOMEM;
}

static int insert(struct binaries *set, struct entry *e)
{
	int r;

	HASH_ADD(hh, set->entries, key, sizeof(e->key), e);
	if (!e->hh.tbl)
		return -ENOMEM;
	if (e->public.state == BINARY_PENDING) {
		r = insert_by_tag(set, e);
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
	struct entry_key key = { .root = root };
	bool is_unnamed = false;
	struct entry *e;
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
		r = request_index(set, e, take_fd(owned), path);
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

/* Whose files are looked for: context of find_to_know(). */
struct looker {
	const struct binaries *set;
	const struct entry *entry;
};

static int find_to_know(void *context, const struct debug_need *need, int *ret_fd, char *ret_path)
{
	const struct looker *looker = context;

	return find_for(looker->set, looker->entry, need, ret_fd, ret_path);
}

/* true: the cache knows what became of it. */
static bool find_debug_in_cache(struct binaries *set, struct entry *e)
{
	struct looker looker = { .set = set, .entry = e };
	const struct debug_source source = { .open = find_to_know, .context = &looker };
	const struct content_key key = key_of(e);
	struct index *index;

	if (!is_cached(set, e) || e->public.root)
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
	struct entry *e = (struct entry *)binary; /* its first field */
	_cleanup_close_ int owned = fd;
	int r;

	if (binary->state != BINARY_READY)
		return -EINVAL;
	if (binary->debug_state != BINARY_DEBUG_UNASKED || find_debug_in_cache(set, e))
		return 0;
	r = insert_by_tag(set, e);
	if (r < 0)
		return r;
	r = indexer_client_submit(set->lanes[BINARY_LANE_DEBUG], INDEXER_DEBUG, e->tag, take_fd(owned), path);
	if (r < 0) {
		HASH_DELETE(hh_tag, set->by_tag, e);
		return r;
	}
	binary->debug_state = BINARY_DEBUG_PENDING;
	set->n_debug_pending++;
	return 0;
}

size_t binaries_n_debug_pending(const struct binaries *set)
{
	return set->n_debug_pending;
}

int binaries_fd(const struct binaries *set)
{
	return set->epoll;
}

int binaries_timeout_ms(const struct binaries *set)
{
	int timeout_ms = -1;

	for (int lane = 0; lane < BINARY_N_LANES; lane++) {
		int lane_ms = indexer_client_timeout_ms(set->lanes[lane]);

		if (lane_ms >= 0 && (timeout_ms < 0 || lane_ms < timeout_ms))
			timeout_ms = lane_ms;
	}
	return timeout_ms;
}

static int dispatch_lane(struct binaries *set, struct indexer_client *lane)
{
	struct indexer_result result;
	int r;

	do {
		r = indexer_client_dispatch(lane);
		if (r < 0)
			return r;
		while (indexer_client_take(lane, &result)) {
			on_result(set, &result);
			close_fd(result.elf_fd);
			close_fd(result.index_fd);
			free(result.path);
		}
	} while (indexer_client_timeout_ms(lane) == 0); /* there is more that can be sent */
	return 0;
}

int binaries_dispatch(struct binaries *set)
{
	int r = 0;

	for (int lane = 0; lane < BINARY_N_LANES && r == 0; lane++)
		r = dispatch_lane(set, set->lanes[lane]);
	return r;
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
		struct child_keeper_stats client = indexer_client_stats(set->lanes[lane]);

		stats->n_indexer_restarts += client.n_restarts;
		stats->indexer_cpu_ns += client.cpu_ns;
		if (client.rss_anon_peak_bytes > stats->indexer_rss_anon_peak_bytes)
			stats->indexer_rss_anon_peak_bytes = client.rss_anon_peak_bytes;
	}
	return stats;
}

pid_t binaries_indexer_pid(const struct binaries *set, enum binary_lane lane)
{
	return indexer_client_pid(set->lanes[lane]);
}

struct child_keeper_stats binaries_indexer_stats(const struct binaries *set, enum binary_lane lane)
{
	return indexer_client_stats(set->lanes[lane]);
}

const char *binaries_indexer_fault(const struct binaries *set)
{
	const char *fault = NULL;

	for (int lane = 0; lane < BINARY_N_LANES && !fault; lane++)
		fault = indexer_client_fault(set->lanes[lane]);
	return fault;
}

const char *binaries_cache_fault(const struct binaries *set)
{
	return set->cache_fault;
}
