// SPDX-License-Identifier: Apache-2.0
#include "workload/mapping-space.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MIN_CAPACITY 8

struct mapping_list {
	size_t refs;
	size_t n, capacity;
	uint64_t revision; /* another one whenever the items change */
	uint64_t replaced_ns;
	struct mapping items[];
};

static size_t count(const struct mapping_list *list)
{
	return list ? list->n : 0;
}

size_t mapping_space_count(const struct mapping_space *space)
{
	return count(space->live) + count(space->past);
}

static size_t list_bytes(size_t capacity)
{
	return sizeof(struct mapping_list) + capacity * sizeof(struct mapping);
}

static struct mapping_list *list_unref(struct mapping_list *list, struct mapping_store *store)
{
	if (!list || --list->refs > 0)
		return NULL;
	for (size_t i = 0; i < list->n; i++)
		file_table_unref(store->files, list->items[i].file);
	store->n_mappings -= list->n;
	store->bytes -= list_bytes(list->capacity);
	free(list);
	return NULL;
}

static int list_new(struct mapping_store *store, size_t capacity, struct mapping_list **ret)
{
	struct mapping_list *list = malloc(list_bytes(capacity));

	if (!list)
		return -ENOMEM;
	list->refs = 1;
	list->n = 0;
	list->capacity = capacity;
	list->revision = ++store->last_revision;
	list->replaced_ns = 0;
	store->bytes += list_bytes(capacity);
	*ret = list;
	return 0;
}

/* A list of the caller's own with the same items and a given capacity; gives up the old one. */
static int list_copy(struct mapping_store *store, size_t capacity, struct mapping_list **list)
{
	struct mapping_list *old = *list, *copy;
	int r;

	r = list_new(store, capacity, &copy);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count(old); i++) {
		copy->items[i] = old->items[i];
		mapped_file_ref(copy->items[i].file);
	}
	copy->n = count(old);
	copy->replaced_ns = old ? old->replaced_ns : 0;
	store->n_mappings += copy->n;
	list_unref(old, store);
	*list = copy;
	return 0;
}

static int list_grow(struct mapping_store *store, size_t capacity, struct mapping_list **list)
{
	struct mapping_list *old = *list;
	size_t old_bytes = list_bytes(old->capacity);
	struct mapping_list *grown = realloc(old, list_bytes(capacity));

	if (!grown)
		return -ENOMEM;
	store->bytes += list_bytes(capacity) - old_bytes;
	grown->capacity = capacity;
	*list = grown;
	return 0;
}

/* Makes *list the caller's own, to be changed, with room for `more` items. */
static int list_own(struct mapping_store *store, size_t more, struct mapping_list **list)
{
	size_t need = count(*list) + more;
	size_t capacity = *list ? (*list)->capacity : LIST_MIN_CAPACITY;

	while (capacity < need)
		capacity += capacity / 2;
	if (!*list || (*list)->refs > 1)
		return list_copy(store, capacity, list);
	(*list)->revision = ++store->last_revision;
	if (capacity > (*list)->capacity)
		return list_grow(store, capacity, list);
	return 0;
}

void mapping_space_done(struct mapping_space *space, struct mapping_store *store)
{
	space->live = list_unref(space->live, store);
	space->past = list_unref(space->past, store);
}

void mapping_space_fork(const struct mapping_space *parent, struct mapping_space *child)
{
	child->live = parent->live;
	if (child->live)
		child->live->refs++;
}

static bool has_room(const struct mapping_space *space, const struct mapping_store *store, size_t more)
{
	return mapping_space_count(space) + more <= store->max_per_process &&
	       store->n_mappings + more <= store->max_mappings;
}

/* The first live mapping that ends behind addr; the number of mappings: none. */
static size_t first_behind(const struct mapping_list *list, uint64_t addr)
{
	size_t low = 0, high = count(list);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->items[middle].end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* /proc tells device and inode, the sideband a build id: two tellings of one file agree in what both have. */
static bool is_same_file(const struct mapped_file *a, const struct mapped_file *b)
{
	if (a == b)
		return true;
	if (!a || !b)
		return false;
	if (a->build_id.n_bytes && b->build_id.n_bytes && !build_id_equal(&a->build_id, &b->build_id))
		return false;
	if (a->ino && b->ino)
		return a->ino == b->ino && a->dev == b->dev;
	return a->path == b->path;
}

bool mapping_continues(const struct mapping *a, const struct mapping *b)
{
	return is_same_file(a->file, b->file) && (!a->file || a->start - a->file_offset == b->start - b->file_offset);
}

static void set_start(struct mapping *m, uint64_t start)
{
	m->file_offset += start - m->start;
	m->start = start;
}

/*
 * Grows m over the live mappings that it touches and continues: code caches grow page by page, and would fill the
 * table. The grown part seems mapped a little early; what was there until then has ended earlier, and what ended
 * first is found first.
 */
static void absorb(const struct mapping_list *live, struct mapping *m)
{
	size_t i = first_behind(live, m->start);

	if (i > 0 && live->items[i - 1].end == m->start)
		i--;
	for (; i < count(live) && live->items[i].start <= m->end; i++) {
		const struct mapping *other = &live->items[i];

		if (!mapping_continues(other, m))
			continue;
		if (other->start < m->start)
			set_start(m, other->start);
		if (other->end > m->end)
			m->end = other->end;
		if (other->from_ns < m->from_ns)
			m->from_ns = other->from_ns;
	}
}

/* Keeps what of m lies in [start, end) for samples from before now_ns. */
static int bury(struct mapping_space *space, struct mapping_store *store, struct mapping m, uint64_t start,
		uint64_t end, uint64_t now_ns)
{
	int r;

	if (m.from_ns >= now_ns)
		return 0;
	if (!has_room(space, store, 1)) {
		store->n_dropped++;
		return 0;
	}
	r = list_own(store, 1, &space->past);
	if (r < 0)
		return r;
	if (m.start < start)
		set_start(&m, start);
	if (m.end > end)
		m.end = end;
	m.to_ns = now_ns;
	mapped_file_ref(m.file);
	space->past->items[space->past->n++] = m;
	store->n_mappings++;
	return 0;
}

/* What takes the place of the live mappings [first, first + n_old): the rest on the left, the new one, the rest on
 * the right. */
struct splice {
	size_t first, n_old, n_new;
	struct mapping with[3];
};

static void splice_add(struct splice *s, struct mapping m)
{
	s->with[s->n_new++] = m;
}

static void splice_plan(const struct mapping_list *live, uint64_t start, uint64_t end, const struct mapping *m,
			struct splice *ret)
{
	struct splice s = { .first = first_behind(live, start) };
	const struct mapping *old;
	struct mapping rest;

	while (s.first + s.n_old < count(live) && live->items[s.first + s.n_old].start < end)
		s.n_old++;
	old = s.n_old ? &live->items[s.first] : NULL;
	if (old && old->start < start) {
		rest = *old;
		rest.end = start;
		splice_add(&s, rest);
	}
	if (m)
		splice_add(&s, *m);
	if (old && old[s.n_old - 1].end > end) {
		rest = old[s.n_old - 1];
		set_start(&rest, end);
		splice_add(&s, rest);
	}
	*ret = s;
}

/* Without room the last piece is not followed any more: better no name than a wrong one. */
static void splice_limit(const struct mapping_space *space, struct mapping_store *store, struct splice *s)
{
	while (s->n_new > s->n_old && !has_room(space, store, s->n_new - s->n_old)) {
		s->n_new--;
		store->n_dropped++;
	}
}

static void splice_apply(struct mapping_list *live, struct mapping_store *store, const struct splice *s)
{
	struct mapping *at;

	assert(live);
	at = live->items + s->first;
	for (size_t i = 0; i < s->n_new; i++)
		mapped_file_ref(s->with[i].file);
	for (size_t i = 0; i < s->n_old; i++)
		file_table_unref(store->files, at[i].file);
	memmove(at + s->n_new, at + s->n_old, (live->n - s->first - s->n_old) * sizeof(*at));
	memcpy(at, s->with, s->n_new * sizeof(*at));
	live->n = live->n - s->n_old + s->n_new;
	store->n_mappings = store->n_mappings - s->n_old + s->n_new;
}

/* [start, end) holds m, or nothing, from now_ns on. */
static int overlay(struct mapping_space *space, struct mapping_store *store, uint64_t start, uint64_t end,
		   const struct mapping *m, uint64_t now_ns)
{
	struct splice s;
	int r;

	splice_plan(space->live, start, end, m, &s);
	if (s.n_old == 0 && s.n_new == 0)
		return 0;
	if (space->live && space->live->refs > 1 && !has_room(space, store, space->live->n)) {
		store->n_dropped++;
		return 0;
	}
	r = list_own(store, s.n_new, &space->live);
	if (r < 0)
		return r;
	for (size_t i = s.first; i < s.first + s.n_old; i++) {
		const struct mapping *old = &space->live->items[i];

		if (m && mapping_continues(old, m))
			continue;
		if (m && !is_same_file(old->file, m->file))
			space->live->replaced_ns = now_ns;
		r = bury(space, store, *old, start, end, now_ns);
		if (r < 0)
			return r;
	}
	splice_limit(space, store, &s);
	splice_apply(space->live, store, &s);
	return 0;
}

static bool is_mapped_already(const struct mapping_list *live, const struct mapping *m)
{
	size_t i = first_behind(live, m->start);

	return i < count(live) && live->items[i].start <= m->start && live->items[i].end >= m->end &&
	       mapping_continues(&live->items[i], m);
}

int mapping_space_add(struct mapping_space *space, struct mapping_store *store, const struct mapping *m,
		      uint64_t now_ns)
{
	struct mapping grown = *m;
	int r = 0;

	if (!is_mapped_already(space->live, m)) {
		absorb(space->live, &grown);
		r = overlay(space, store, grown.start, grown.end, &grown, now_ns);
	}
	file_table_unref(store->files, m->file);
	return r;
}

int mapping_space_remove(struct mapping_space *space, struct mapping_store *store, uint64_t start, uint64_t end,
			 uint64_t now_ns)
{
	return overlay(space, store, start, end, NULL, now_ns);
}

const struct mapping *mapping_space_find(const struct mapping_space *space, uint64_t addr, uint64_t time_ns)
{
	size_t i;

	for (i = 0; i < count(space->past); i++) {
		const struct mapping *m = &space->past->items[i];

		if (m->start <= addr && addr < m->end && m->from_ns <= time_ns && time_ns < m->to_ns)
			return m;
	}
	i = first_behind(space->live, addr);
	if (i == count(space->live) || space->live->items[i].start > addr || space->live->items[i].from_ns > time_ns)
		return NULL;
	return &space->live->items[i];
}

size_t mapping_space_live(const struct mapping_space *space, const struct mapping **ret, uint64_t *ret_revision)
{
	*ret = space->live ? space->live->items : NULL;
	*ret_revision = count(space->live) ? space->live->revision : 0;
	return count(space->live);
}

uint64_t mapping_space_replaced_ns(const struct mapping_space *space)
{
	return space->live ? space->live->replaced_ns : 0;
}

static int replace_in(struct mapping_store *store, struct mapping_list **list, struct mapped_file *from,
		      struct mapped_file *to)
{
	int n = 0, r;

	for (size_t i = 0; i < count(*list); i++) {
		if ((*list)->items[i].file != from)
			continue;
		r = list_own(store, 0, list);
		if (r < 0)
			return r;
		(*list)->items[i].file = mapped_file_ref(to);
		file_table_unref(store->files, from);
		n++;
	}
	return n;
}

static int compare_starts(const void *a, const void *b)
{
	const struct mapping *x = *(const struct mapping *const *)a, *y = *(const struct mapping *const *)b;

	return x->start < y->start ? -1 : x->start > y->start;
}

size_t mapping_space_at(const struct mapping_space *space, uint64_t time_ns, const struct mapping **ret, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < count(space->past) && n < max; i++) {
		const struct mapping *m = &space->past->items[i];

		if (m->from_ns <= time_ns && time_ns < m->to_ns)
			ret[n++] = m;
	}
	for (size_t i = 0; i < count(space->live) && n < max; i++)
		if (space->live->items[i].from_ns <= time_ns)
			ret[n++] = &space->live->items[i];
	qsort(ret, n, sizeof(const struct mapping *), compare_starts);
	return n;
}

const struct mapping *mapping_space_find_file(const struct mapping_space *space, const struct mapped_file *file)
{
	for (size_t i = 0; i < count(space->live); i++)
		if (space->live->items[i].file == file)
			return &space->live->items[i];
	return NULL;
}

int mapping_space_replace_file(struct mapping_space *space, struct mapping_store *store, struct mapped_file *from,
			       struct mapped_file *to)
{
	int n_live, n_past;

	n_live = replace_in(store, &space->live, from, to);
	if (n_live < 0)
		return n_live;
	n_past = replace_in(store, &space->past, from, to);
	return n_past < 0 ? n_past : n_live + n_past;
}

void mapping_space_expire(struct mapping_space *space, struct mapping_store *store, uint64_t before_ns)
{
	struct mapping_list *past = space->past;
	size_t kept = 0;

	for (size_t i = 0; i < count(past); i++) {
		if (past->items[i].to_ns > before_ns)
			past->items[kept++] = past->items[i];
		else
			file_table_unref(store->files, past->items[i].file);
	}
	if (past) {
		store->n_mappings -= past->n - kept;
		past->n = kept;
	}
	if (kept == 0)
		space->past = list_unref(past, store);
}
