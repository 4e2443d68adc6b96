// SPDX-License-Identifier: Apache-2.0
#include "uploader/source.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "pprof/merge.h"
#include "pprof/profile.h"

#define LIST_AT_ONCE ((size_t)4096)

void source_init(struct source *s, struct store *store)
{
	*s = (struct source){ .store = store };
}

void source_done(struct source *s)
{
	free(s->windows);
	*s = (struct source){};
}

static uint64_t hash_of(const char *host)
{
	uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a */

	for (; *host; host++)
		hash = (hash ^ (unsigned char)*host) * 0x100000001b3ULL;
	return hash;
}

static int add(struct source *s, const struct window_info *info)
{
	if (s->n == s->capacity) {
		size_t capacity = s->capacity ? s->capacity * 2 : 256;
		struct source_window *more = reallocarray(s->windows, capacity, sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->windows = more;
		s->capacity = capacity;
	}
	s->windows[s->n++] = (struct source_window){
		.sequence = info->first,
		.start_ns = info->start_ns,
		.duration_ns = info->duration_ns,
		.disk_bytes = info->n_disk_bytes,
		.host = hash_of(info->host),
	};
	return 0;
}

/* The windows of one listing; *ret_n: how many there were. */
static int add_listed(struct source *s, uint64_t first, size_t max, size_t *ret_n)
{
	_cleanup_(window_cursor_freep) struct window_cursor *cursor = NULL;
	struct window_info info;
	int r = store_list(s->store, WINDOW_RAW, first, INT64_MAX, false, max, &cursor);

	*ret_n = 0;
	while (r == 0) {
		r = window_cursor_next(cursor, &info);
		if (r == 0)
			r = add(s, &info);
		*ret_n += r == 0;
	}
	return r == STORE_END ? 0 : r;
}

int source_add_new(struct source *s)
{
	size_t n = LIST_AT_ONCE;
	int r = 0;

	while (r == 0 && n == LIST_AT_ONCE && s->n + LIST_AT_ONCE <= SOURCE_MAX_WINDOWS)
		r = add_listed(s, s->n ? s->windows[s->n - 1].sequence + 1 : 0, LIST_AT_ONCE, &n);
	return r;
}

int source_oldest(struct source *s, uint64_t *ret)
{
	_cleanup_(window_cursor_freep) struct window_cursor *cursor = NULL;
	struct window_info info;
	int r = store_list(s->store, WINDOW_RAW, 0, INT64_MAX, false, 1, &cursor);

	if (r == 0)
		r = window_cursor_next(cursor, &info);
	if (r == STORE_END)
		*ret = UINT64_MAX;
	else if (r == 0)
		*ret = info.first;
	return r < 0 ? r : 0;
}

size_t source_lower_bound(const struct source *s, uint64_t sequence)
{
	size_t from = 0, to = s->n;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (s->windows[middle].sequence < sequence)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

void source_drop_before(struct source *s, uint64_t sequence)
{
	size_t n = source_lower_bound(s, sequence);

	if (n > 0)
		memmove(s->windows, s->windows + n, (s->n - n) * sizeof(*s->windows));
	s->n -= n;
}

/* 0, or what store_load() answers, or MERGE_FOREIGN as STORE_BAD. */
static int add_window(struct source *s, uint64_t sequence, struct merge *merge, struct source_batch *ret)
{
	_cleanup_(profile_freep) struct profile *profile = NULL;
	struct window_info info;
	int r = store_find(s->store, sequence, &info);

	if (r == 0)
		r = store_load(s->store, &info, &profile);
	if (r == 0 && merge_add(merge, profile) == MERGE_FOREIGN)
		r = STORE_BAD;
	if (r == 0)
		snprintf(ret->host, sizeof(ret->host), "%s", info.host);
	return r;
}

static int count(struct source_batch *b, int answer)
{
	b->n_windows += answer == 0;
	b->n_gone += answer == STORE_GONE;
	b->n_unreadable += answer == STORE_BAD;
	return answer < 0 ? answer : 0;
}

int source_load(struct source *s, uint64_t first, uint64_t last, const char *id, struct source_batch *ret)
{
	_cleanup_(merge_freep) struct merge *merge = NULL;
	_cleanup_(buf_done) struct buf merged = {};
	const struct merge_options options = { .id = id };
	struct source_batch b = {};
	int r = merge_new(&merge);

	for (size_t i = source_lower_bound(s, first); r == 0 && i < s->n && s->windows[i].sequence <= last; i++)
		r = count(&b, add_window(s, s->windows[i].sequence, merge, &b));
	if (r == 0 && b.n_windows > 0)
		r = merge_encode(merge, &options, &merged);
	if (r == 0 && b.n_windows > 0)
		r = profile_decode(merged.data, merged.size, &b.profile);
	if (r == 0)
		*ret = b;
	return r;
}
