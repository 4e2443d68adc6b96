// SPDX-License-Identifier: Apache-2.0
#include "report/top.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "common/buf.h"
#include "pprof/profile.h"

#define UNLABELLED "(none)"
#define STACKLESS "[no stack]" /* as in folded text */

struct entry {
	UT_hash_handle hh;
	struct top_row row;
	size_t last_sample; /* the sample that was counted last, plus one: recursion counts once; 0: none yet */
};

struct table {
	struct entry *entries;
	size_t n;
	struct entry **frames; /* of all locations, innermost line first: a location is named once, not a sample */
	size_t *first_frames;  /* in frames, one for each location, and the end of the last */
};

static void table_done(struct table *t)
{
	struct entry *e, *next;

	HASH_ITER (hh, t->entries, e, next) {
		HASH_DEL(t->entries, e);
		free(e->row.name);
		free(e);
	}
	free(t->frames);
	free(t->first_frames);
}

/* The key is "name NUL module": one allocation, which becomes the row's name. */
static int add_entry(struct table *t, char *key, size_t key_bytes, struct entry **ret)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->row.name = key;
	e->row.module = key + strlen(key) + 1;
	HASH_ADD_KEYPTR(hh, t->entries, e->row.name, key_bytes, e);
	if (!e->hh.tbl) {
		free(e);
		return -ENOMEM;
	}
	t->n++;
	*ret = e;
	return 0;
}

static int find_or_add(struct table *t, const char *name, const char *module, struct entry **ret)
{
	size_t name_bytes = strlen(name) + 1, key_bytes = name_bytes + strlen(module) + 1;
	_cleanup_free_ char *key = malloc(key_bytes);
	struct entry *e = NULL;
	int r;

	if (!key)
		return -ENOMEM;
	memcpy(key, name, name_bytes);
	memcpy(key + name_bytes, module, key_bytes - name_bytes);
	HASH_FIND(hh, t->entries, key, key_bytes, e);
	if (!e) {
		r = add_entry(t, key, key_bytes, &e);
		if (r < 0)
			return r;
		(void)take_ptr(key);
	}
	*ret = e;
	return 0;
}

static int find_address(struct table *t, const struct profile_location *l, struct entry **ret)
{
	const char *module = profile_module(l);
	_cleanup_free_ char *name = NULL;

	if (asprintf(&name, "%s%s0x%" PRIx64, module, module[0] ? "+" : "", l->address) < 0)
		return -ENOMEM;
	return find_or_add(t, name, module, ret);
}

static size_t n_frames_of(const struct profile_location *l)
{
	return l->n_lines ? l->n_lines : 1;
}

static int find_frame(struct table *t, const struct profile_location *l, size_t line, struct entry **ret)
{
	const struct profile_function *f = line < l->n_lines ? l->lines[line].function : NULL;

	return f && f->name[0] ? find_or_add(t, f->name, profile_module(l), ret) : find_address(t, l, ret);
}

static int alloc_frames(struct table *t, const struct profile *p)
{
	size_t n = 0;

	t->first_frames = calloc(p->n_locations + 1, sizeof(*t->first_frames));
	if (!t->first_frames)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_locations; i++) {
		t->first_frames[i] = n;
		n += n_frames_of(&p->locations[i]);
	}
	t->first_frames[p->n_locations] = n;
	t->frames = calloc(n + 1, sizeof(struct entry *));
	return t->frames ? 0 : -ENOMEM;
}

static int name_locations(struct table *t, const struct profile *p)
{
	int r;

	r = alloc_frames(t, p);
	for (size_t i = 0; r == 0 && i < p->n_locations; i++)
		for (size_t k = 0; r == 0 && k < n_frames_of(&p->locations[i]); k++)
			r = find_frame(t, &p->locations[i], k, &t->frames[t->first_frames[i] + k]);
	return r;
}

static int count(struct entry *e, size_t sample, int64_t value, bool is_self)
{
	if (is_self && __builtin_add_overflow(e->row.self, value, &e->row.self))
		return -ERANGE;
	if (e->last_sample != sample + 1 && __builtin_add_overflow(e->row.total, value, &e->row.total))
		return -ERANGE;
	e->last_sample = sample + 1;
	return 0;
}

static int count_stackless(struct table *t, size_t sample, int64_t value)
{
	struct entry *e;
	int r;

	r = find_or_add(t, STACKLESS, "", &e);
	return r < 0 ? r : count(e, sample, value, true);
}

static int count_stack(struct table *t, const struct profile *p, size_t sample, size_t value_type)
{
	const struct profile_sample *s = &p->samples[sample];
	bool is_self = true;

	if (s->n_locations == 0)
		return count_stackless(t, sample, s->values[value_type]);
	for (size_t i = 0; i < s->n_locations; i++) {
		size_t at = (size_t)(s->locations[i] - p->locations);

		for (size_t k = t->first_frames[at]; k < t->first_frames[at + 1]; k++) {
			int r = count(t->frames[k], sample, s->values[value_type], is_self);

			if (r < 0)
				return r;
			is_self = false;
		}
	}
	return 0;
}

static uint64_t size_of(int64_t value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

/* pprof marks what was subtracted by -diff_base. */
static bool is_base(const struct profile_sample *s)
{
	const struct profile_label *l = profile_find_label(s, "pprof::base");

	return l && l->str && strcmp(l->str, "true") == 0;
}

/* A whole made of sums that cancel out says nothing: pprof takes the sizes, and the base's alone where it is known. */
static int sum_samples(const struct profile *p, size_t value_type, struct top *t)
{
	uint64_t all = 0, base = 0;

	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_sample *s = &p->samples[i];
		int64_t value = s->values[value_type];

		if (__builtin_add_overflow(t->sum, value, &t->sum) || __builtin_add_overflow(all, size_of(value), &all))
			return -ERANGE;
		if (is_base(s))
			base += size_of(value); /* no larger than all */
	}
	t->whole = base ? base : all;
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;
	int order;

	if (size_of(x->self) != size_of(y->self))
		return size_of(x->self) < size_of(y->self) ? 1 : -1;
	if (size_of(x->total) != size_of(y->total))
		return size_of(x->total) < size_of(y->total) ? 1 : -1;
	order = strcmp(x->name, y->name);
	return order ? order : strcmp(x->module, y->module);
}

/* Locations that no sample refers to are no rows. */
static int move_rows(struct table *t, struct top *ret)
{
	struct entry *e, *next;

	ret->rows = calloc(t->n + 1, sizeof(*ret->rows));
	if (!ret->rows)
		return -ENOMEM;
	HASH_ITER (hh, t->entries, e, next) {
		if (e->last_sample == 0)
			continue;
		HASH_DEL(t->entries, e);
		ret->rows[ret->n_rows++] = e->row;
		free(e);
	}
	qsort(ret->rows, ret->n_rows, sizeof(*ret->rows), by_size);
	return 0;
}

static int rank(struct table *t, const struct profile *p, size_t value_type, struct top *ret)
{
	struct top top = {};
	int r;

	r = sum_samples(p, value_type, &top);
	if (r < 0)
		return r;
	r = move_rows(t, &top);
	if (r < 0)
		return r;
	*ret = top;
	return 0;
}

int top_functions(const struct profile *p, size_t value_type, struct top *ret)
{
	_cleanup_(table_done) struct table t = {};
	int r;

	r = name_locations(&t, p);
	for (size_t i = 0; r == 0 && i < p->n_samples; i++)
		r = count_stack(&t, p, i, value_type);
	return r < 0 ? r : rank(&t, p, value_type, ret);
}

static int find_value(struct table *t, const struct profile_sample *s, const char *key, struct entry **ret)
{
	const struct profile_label *l = profile_find_label(s, key);
	_cleanup_free_ char *number = NULL;

	if (!l || l->str)
		return find_or_add(t, l ? l->str : UNLABELLED, "", ret);
	if (asprintf(&number, "%" PRId64 "%s%s", l->num, l->num_unit[0] ? " " : "", l->num_unit) < 0)
		return -ENOMEM;
	return find_or_add(t, number, "", ret);
}

int top_label(const struct profile *p, size_t value_type, const char *key, struct top *ret)
{
	_cleanup_(table_done) struct table t = {};
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_samples; i++) {
		struct entry *e;

		r = find_value(&t, &p->samples[i], key, &e);
		if (r == 0)
			r = count(e, i, p->samples[i].values[value_type], true);
	}
	return r < 0 ? r : rank(&t, p, value_type, ret);
}

void top_done(struct top *t)
{
	for (size_t i = 0; i < t->n_rows; i++)
		free(t->rows[i].name);
	free(t->rows);
	*t = (struct top){};
}
