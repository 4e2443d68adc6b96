// SPDX-License-Identifier: Apache-2.0
#include "uploader/source.h"

#include <string.h>

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

int source_load(struct source *s, uint64_t first, uint64_t last, const char *id, struct loaded *ret)
{
	_cleanup_(loader_done) struct loader loader = {};
	int r = loader_init(&loader, s->store, NULL);

	for (size_t i = source_lower_bound(s, first); r == 0 && i < s->n && s->windows[i].sequence <= last; i++) {
		struct window_info info;

		r = store_find(s->store, WINDOW_RAW, s->windows[i].sequence, &info);
		if (r == STORE_GONE)
			r = loader_note_gone(&loader);
		else if (r == 0)
			r = loader_add(&loader, &info);
	}
	return r < 0 ? r : loader_end(&loader, id, ret);
}
