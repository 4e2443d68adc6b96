// SPDX-License-Identifier: Apache-2.0
#include "report/grouping.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/intern.h"
#include "pprof/pool.h"
#include "pprof/profile.h"
#include "report/categories.h"
#include "report/frame-table.h"
#include "report/stack-reader.h"

#define MAX_RECORDS ((size_t)1 << 21)
#define MAX_RECORD_BYTES ((size_t)128 << 20)
#define N_MEMO 256 /* sets of labels of one profile that are at hand; a power of two */

/* Strings in records are interned: equal ones have equal pointers. */
struct group_record {
	uint32_t set, place, category, zero;
};

/* The set of labels that these strings of the profile were found to be. */
struct memo {
	uint64_t profile; /* number of it; 0: of none */
	const struct profile_label *labels[GROUP_KEYS_MAX];
	const char *values[GROUP_KEYS_MAX];
	uint32_t set;
};

/* The same of labels that samples share. */
struct shared_memo {
	uint64_t profile; /* 0: of none */
	const struct profile_label *labels;
	size_t n_labels;
	uint32_t set;
};

struct grouping {
	struct frame_table *frames;
	const struct categories *categories;
	struct group_keys keys;

	struct intern *values; /* of labels */
	struct pool sets;      /* const char *: the values of the keys that are labels */
	struct pool places;    /* const char *: two for each key that is of frames, but the category */
	struct pool functions; /* const char *: name, library */
	struct pool groups;    /* struct group_record */
	struct buf known;      /* struct group_frame, by the frame's number */
	struct buf stack;      /* uint32_t: groups of the last stack */
	struct memo memo[N_MEMO];
	struct shared_memo shared[N_MEMO];
	uint64_t profile;
	const char *host;
	uint64_t n_beyond;
};

struct grouping *grouping_free(struct grouping *g)
{
	if (!g)
		return NULL;
	intern_free(g->values);
	pool_done(&g->sets);
	pool_done(&g->places);
	pool_done(&g->functions);
	pool_done(&g->groups);
	buf_done(&g->known);
	buf_done(&g->stack);
	free(g);
	return NULL;
}

static int init_pools(struct grouping *g)
{
	static const struct group_record beyond = { UINT32_MAX, UINT32_MAX, UINT32_MAX, 0 };
	uint32_t number;
	int r = intern_new(GROUPING_MAX_VALUE_BYTES, &g->values);

	if (r == 0)
		r = pool_init(&g->sets, MAX_RECORDS, MAX_RECORD_BYTES);
	if (r == 0)
		r = pool_init(&g->places, MAX_RECORDS, MAX_RECORD_BYTES);
	if (r == 0)
		r = pool_init(&g->functions, MAX_RECORDS, MAX_RECORD_BYTES);
	if (r == 0)
		r = pool_init(&g->groups, GROUPING_MAX_GROUPS, MAX_RECORD_BYTES);
	return r == 0 ? pool_add(&g->groups, &beyond, sizeof(beyond), &number) : r; /* 0: GROUP_BEYOND */
}

int grouping_new(const char *by, struct frame_table *frames, const struct categories *categories, struct grouping **ret)
{
	_cleanup_(grouping_freep) struct grouping *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return -ENOMEM;
	g->frames = frames;
	g->categories = categories;
	g->host = "";
	g->profile = 1; /* 0: of a memo that was never used */
	r = group_keys_parse(by, &g->keys) ? GROUPING_BAD : 0;
	if (r == 0)
		r = init_pools(g);
	if (r == 0)
		*ret = take_ptr(g);
	return r;
}

const struct group_key *grouping_keys(const struct grouping *g, size_t *ret_n)
{
	*ret_n = g->keys.n;
	return g->keys.keys;
}

bool grouping_has(const struct grouping *g, enum group_kind kind)
{
	for (size_t i = 0; i < g->keys.n; i++)
		if (g->keys.keys[i].kind == kind)
			return true;
	return false;
}

bool grouping_is_of_frames(const struct grouping *g)
{
	return g->keys.n_labels < g->keys.n;
}

void grouping_begin_profile(struct grouping *g, const char *host)
{
	g->profile++;
	g->host = host;
}

/* The strings of a frame that a key is about. */
static void place_of(const struct frame_info *f, enum group_kind kind, const char *ret[static 2])
{
	ret[0] = kind == GROUP_BY_FUNCTION ? f->function : kind == GROUP_BY_LIBRARY ? f->library : f->file;
	ret[1] = kind == GROUP_BY_FUNCTION ? f->library : kind == GROUP_BY_LIBRARY ? f->build_id : NULL;
}

static int find_place(struct grouping *g, const struct frame_info *f, uint32_t *ret)
{
	const char *record[2 * GROUP_KEYS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < g->keys.n; i++)
		if (g->keys.keys[i].kind != GROUP_BY_LABEL && g->keys.keys[i].kind != GROUP_BY_CATEGORY)
			place_of(f, g->keys.keys[i].kind, &record[2 * n++]);
	return pool_add(&g->places, record, 2 * n * sizeof(record[0]), ret);
}

/* Code without names is one function for each library, "[libz.so.1]", as pprof has it: its addresses would be as many
 * rows. */
static int name_unnamed(struct grouping *g, struct frame_info *f)
{
	_cleanup_(buf_done) struct buf name = {};
	int r;

	if (f->kind == FRAME_MARKER || f->is_named || !f->library[0])
		return 0;
	r = buf_printf(&name, "[%s]", f->library);
	if (r == 0)
		r = intern_add(g->values, name.data, name.size, &f->function);
	return r == -ENOSPC ? 0 : r; /* then its address is its name */
}

static int look_at(struct grouping *g, uint32_t frame, struct group_frame *ret)
{
	struct frame_info of_group = *frame_table_get(g->frames, frame), *f = &of_group;
	struct group_frame known = {
		.is_known = 1,
		.is_code = f->kind != FRAME_MARKER,
		.is_named = f->kind != FRAME_MARKER && f->is_named,
		.is_kernel = f->kind == FRAME_KERNEL,
		.is_folded = f->kind == FRAME_MARKER && strcmp(f->function, FRAME_OTHER) == 0,
	};
	int r;

	if (g->keys.has_category) /* by the name that there really is */
		known.category = (uint8_t)categories_match(g->categories, f);
	r = name_unnamed(g, f);
	if (r == 0)
		r = pool_add(&g->functions, (const char *[]){ f->function, f->library }, 2 * sizeof(char *),
			     &known.function);
	if (r == 0)
		r = find_place(g, f, &known.place);
	if (r < 0)
		return r;
	*ret = known;
	return 0;
}

static int grow(struct grouping *g, uint32_t frame)
{
	size_t size = ((size_t)frame + 1) * sizeof(struct group_frame), more;
	int r;

	if (size <= g->known.size)
		return 0;
	more = frame_table_n(g->frames) * sizeof(struct group_frame) - g->known.size;
	r = buf_reserve(&g->known, more);
	if (r < 0)
		return r;
	memset(g->known.data + g->known.size, 0, more);
	g->known.size += more;
	return 0;
}

int grouping_frame(struct grouping *g, uint32_t frame, const struct group_frame **ret)
{
	int r = grow(g, frame);
	struct group_frame *known = (struct group_frame *)(void *)g->known.data + frame;

	if (r == 0 && !known->is_known)
		r = look_at(g, frame, known);
	*ret = known;
	return r;
}

/* The labels that are keys, in their order; NULL: the stack does not have it. */
static void find_labels(const struct grouping *g, const struct stack *s, struct memo *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < g->keys.n; i++) {
		const struct profile_label *found = NULL;

		if (g->keys.keys[i].kind != GROUP_BY_LABEL)
			continue;
		for (size_t j = 0; !found && j < s->n_labels; j++)
			if (strcmp(s->labels[j].key, g->keys.keys[i].label) == 0)
				found = &s->labels[j];
		ret->values[n] = found ? found->str : NULL;
		ret->labels[n++] = found;
	}
}

static int keep_value(struct grouping *g, const char *label, const struct profile_label *found, const char **ret)
{
	_cleanup_(buf_done) struct buf number = {};
	const char *value = strcmp(label, "host") == 0 ? g->host : "";
	int r = 0;

	if (found && !found->str) {
		r = buf_printf(&number, "%" PRId64 "%s%s", found->num, found->num_unit[0] ? " " : "", found->num_unit);
		value = number.data;
	} else if (found) {
		value = found->str;
	}
	if (r < 0)
		return r;
	return intern_add(g->values, value, strnlen(value, PROFILE_MAX_NAME_BYTES), ret);
}

static int find_set(struct grouping *g, const struct memo *m, uint32_t *ret)
{
	const char *record[GROUP_KEYS_MAX];
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->keys.n; i++) {
		if (g->keys.keys[i].kind != GROUP_BY_LABEL)
			continue;
		r = keep_value(g, g->keys.keys[i].label, m->labels[n], &record[n]);
		n++;
	}
	return r < 0 ? r : pool_add(&g->sets, record, n * sizeof(record[0]), ret);
}

static struct memo *memo_of(struct grouping *g, const struct memo *wanted)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < g->keys.n_labels; i++)
		hash = (hash ^ (uintptr_t)wanted->values[i]) * UINT64_C(0x9e3779b97f4a7c15);
	return &g->memo[hash >> 32 & (N_MEMO - 1)];
}

static bool is_number(const struct profile_label *label)
{
	return label && !label->str;
}

/* A number has no string, and a label that is not there has none either: numbers are the same as nothing. */
static bool is_same(const struct grouping *g, const struct memo *a, const struct memo *b)
{
	if (a->profile != g->profile) /* its labels have gone */
		return false;
	for (size_t i = 0; i < g->keys.n_labels; i++)
		if (a->values[i] != b->values[i] || is_number(a->labels[i]) || is_number(b->labels[i]))
			return false;
	return true;
}

static int set_of_strings(struct grouping *g, const struct stack *s, uint32_t *ret)
{
	struct memo wanted, *memo;
	int r = 0;

	find_labels(g, s, &wanted);
	memo = memo_of(g, &wanted);
	if (!is_same(g, memo, &wanted)) {
		r = find_set(g, &wanted, &wanted.set);
		wanted.profile = g->profile;
		*memo = wanted;
	}
	*ret = memo->set;
	return r;
}

static int set_of(struct grouping *g, const struct stack *s, uint32_t *ret)
{
	uint64_t hash = (uintptr_t)s->labels * UINT64_C(0x9e3779b97f4a7c15);
	struct shared_memo *memo = &g->shared[hash >> 32 & (N_MEMO - 1)];
	int r;

	if (memo->profile == g->profile && memo->labels == s->labels && memo->n_labels == s->n_labels) {
		*ret = memo->set;
		return 0;
	}
	r = set_of_strings(g, s, ret);
	if (r == 0)
		*memo = (struct shared_memo){ g->profile, s->labels, s->n_labels, *ret };
	return r;
}

static int add_group(struct grouping *g, const struct group_record *record)
{
	uint32_t number;
	int r = pool_add(&g->groups, record, sizeof(*record), &number);

	if (r == -ENOSPC)
		number = GROUP_BEYOND;
	else if (r < 0)
		return r;
	return buf_add(&g->stack, &number, sizeof(number));
}

/* From the root on: a frame that no rule matches is of its caller's category. */
static int add_groups_of_frames(struct grouping *g, const struct stack *s, uint32_t set)
{
	static const uint32_t none = GROUP_NONE;
	struct group_record record = { .set = set };
	int r = 0;

	for (size_t i = s->n_frames; r == 0 && i > 0; i--) {
		const struct group_frame *frame;

		r = grouping_frame(g, s->frames[i - 1], &frame);
		if (r < 0)
			return r;
		record.place = frame->place;
		if (frame->category != CATEGORY_OTHER)
			record.category = frame->category;
		/* Every stack begins in something that no rule matches: that alone makes none "other". */
		if (i > 1 && g->keys.n_places == 0 && record.category == CATEGORY_OTHER)
			r = buf_add(&g->stack, &none, sizeof(none));
		else
			r = add_group(g, &record);
	}
	return r;
}

static void reverse(uint32_t *groups, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		uint32_t other = groups[n - 1 - i];

		groups[n - 1 - i] = groups[i];
		groups[i] = other;
	}
}

int grouping_of_stack(struct grouping *g, const struct stack *s, const uint32_t **ret, size_t *ret_n)
{
	struct group_record record = {};
	uint32_t *groups;
	int r = set_of(g, s, &record.set);

	buf_clear(&g->stack);
	if (r == 0)
		r = grouping_is_of_frames(g) ? add_groups_of_frames(g, s, record.set) : add_group(g, &record);
	if (r == -ENOSPC) /* of the strings and records that groups are made of */
		r = buf_add(&g->stack, &(uint32_t){ GROUP_BEYOND }, sizeof(uint32_t));
	if (r < 0)
		return r;
	groups = (uint32_t *)(void *)g->stack.data;
	*ret_n = g->stack.size / sizeof(*groups);
	reverse(groups, *ret_n);
	g->n_beyond += groups[0] == GROUP_BEYOND;
	*ret = groups;
	return 0;
}

size_t grouping_n(const struct grouping *g)
{
	return g->groups.n;
}

uint64_t grouping_n_beyond(const struct grouping *g)
{
	return g->n_beyond;
}

/* How many of the keys before this one are of labels, and how many of places. */
static size_t index_of(const struct grouping *g, size_t key, bool is_label)
{
	size_t n = 0;

	for (size_t i = 0; i < key; i++)
		if (is_label)
			n += g->keys.keys[i].kind == GROUP_BY_LABEL;
		else
			n += g->keys.keys[i].kind != GROUP_BY_LABEL && g->keys.keys[i].kind != GROUP_BY_CATEGORY;
	return n;
}

const char *grouping_value(const struct grouping *g, uint32_t group, size_t key, const char **ret_more)
{
	const struct group_record *record;
	const char *const *strings;
	size_t size;

	*ret_more = "";
	if (group == GROUP_BEYOND)
		return "(beyond the limit)";
	record = pool_get(&g->groups, group, &size);
	if (g->keys.keys[key].kind == GROUP_BY_CATEGORY)
		return categories_name(g->categories, record->category);
	if (g->keys.keys[key].kind == GROUP_BY_LABEL) {
		strings = pool_get(&g->sets, record->set, &size);
		return strings[index_of(g, key, true)];
	}
	strings = pool_get(&g->places, record->place, &size);
	strings += 2 * index_of(g, key, false);
	*ret_more = strings[1] ?: "";
	return strings[0];
}

const char *grouping_function(const struct grouping *g, uint32_t function, const char **ret_library)
{
	size_t size;
	const char *const *strings = pool_get(&g->functions, function, &size);

	*ret_library = strings[1];
	return strings[0];
}
