// SPDX-License-Identifier: Apache-2.0
#include "report/missing.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "pprof/profile.h"
#include "report/samples-type.h"

#define UNNAMED_KERNEL "[kernel]" /* the recorder's name for kernel code when the kernel hides its symbols */

/* A binary while it is counted; each number says which sample was counted last there, 0: none. */
struct tally {
	struct missing_counts counts;
	uint64_t all, no_line, no_name;
};

struct entry {
	UT_hash_handle hh;
	char *key; /* path NUL build id */
	struct tally tally;
};

struct missing_table {
	struct entry *entries;
	struct tally whole;
	uint64_t n_samples; /* distinct ones seen so far, of all profiles */
};

static int add_entry(struct missing_table *t, char *key, size_t key_bytes, struct entry **ret)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->key = key;
	HASH_ADD_KEYPTR(hh, t->entries, e->key, key_bytes, e);
	if (!e->hh.tbl) {
		free(e);
		return -ENOMEM;
	}
	*ret = e;
	return 0;
}

static int find_or_add(struct missing_table *t, const char *path, const char *build_id, struct entry **ret)
{
	size_t path_bytes = strlen(path) + 1, key_bytes = path_bytes + strlen(build_id) + 1;
	_cleanup_free_ char *key = malloc(key_bytes);
	int r;

	if (!key)
		return -ENOMEM;
	memcpy(key, path, path_bytes);
	memcpy(key + path_bytes, build_id, key_bytes - path_bytes);
	HASH_FIND(hh, t->entries, key, key_bytes, *ret);
	if (*ret)
		return 0;
	r = add_entry(t, key, key_bytes, ret);
	if (r == 0)
		(void)take_ptr(key);
	return r;
}

/* The entries of a profile's mappings, and behind them that of code in no file. */
static int find_entries(struct missing_table *t, const struct profile *p, struct entry ***ret)
{
	_cleanup_free_ struct entry **entries = calloc(p->n_mappings + 1, sizeof(struct entry *));
	int r;

	if (!entries)
		return -ENOMEM;
	r = find_or_add(t, "", "", &entries[p->n_mappings]);
	for (size_t i = 0; r == 0 && i < p->n_mappings; i++)
		r = find_or_add(t, p->mappings[i].filename, p->mappings[i].build_id, &entries[i]);
	if (r == 0)
		*ret = take_ptr(entries);
	return r;
}

static const char *name_of(const struct profile_location *l)
{
	const struct profile_function *f = l->n_lines ? l->lines[0].function : NULL;

	return f && f->name[0] && strcmp(f->name, UNNAMED_KERNEL) != 0 ? f->name : NULL;
}

static bool has_line(const struct profile_location *l)
{
	return l->n_lines && l->lines[0].line > 0 && l->lines[0].function && l->lines[0].function->filename[0];
}

/* "[truncated: depth]", "[irq]" */
static bool is_marker(const struct profile_location *l)
{
	const char *name = name_of(l);

	return !l->mapping && name && name[0] == '[';
}

static int count(struct missing_count *c, uint64_t *last, uint64_t sample, int64_t value, bool is_self)
{
	if (is_self && __builtin_add_overflow(c->self, value, &c->self))
		return -ERANGE;
	if (*last != sample && __builtin_add_overflow(c->total, value, &c->total))
		return -ERANGE;
	*last = sample;
	return 0;
}

static int count_frame(struct tally *t, const struct profile_location *l, uint64_t sample, int64_t value, bool is_self)
{
	int r;

	r = count(&t->counts.all, &t->all, sample, value, is_self);
	if (r == 0 && !has_line(l))
		r = count(&t->counts.no_line, &t->no_line, sample, value, is_self);
	if (r == 0 && !name_of(l))
		r = count(&t->counts.no_name, &t->no_name, sample, value, is_self);
	return r;
}

static int count_sample(struct missing_table *t, const struct profile *p, struct entry **entries,
			const struct profile_sample *s, int64_t value)
{
	uint64_t sample = ++t->n_samples;
	bool is_self = true;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_locations; i++) {
		const struct profile_location *l = s->locations[i];
		size_t at = l->mapping ? (size_t)(l->mapping - p->mappings) : p->n_mappings;

		if (is_marker(l))
			continue;
		r = count_frame(&entries[at]->tally, l, sample, value, is_self);
		if (r == 0)
			r = count_frame(&t->whole, l, sample, value, is_self);
		is_self = false;
	}
	return r;
}

/* The first profile says what is counted. */
static bool has_other_unit(struct missing *m, const struct profile_value_type *type)
{
	char name[MISSING_UNIT_SIZE], unit[MISSING_UNIT_SIZE];

	snprintf(name, sizeof(name), "%s", type->type);
	snprintf(unit, sizeof(unit), "%s", type->unit);
	if (m->table)
		return strcmp(m->type, name) != 0 || strcmp(m->unit, unit) != 0;
	memcpy(m->type, name, sizeof(name));
	memcpy(m->unit, unit, sizeof(unit));
	return false;
}

int missing_add(struct missing *m, const struct profile *p)
{
	_cleanup_free_ struct entry **entries = NULL;
	size_t type = samples_type_of(p);
	int r;

	if (has_other_unit(m, &p->sample_types[type]))
		return MISSING_OTHER_UNIT;
	if (!m->table)
		m->table = calloc(1, sizeof(*m->table));
	if (!m->table)
		return -ENOMEM;
	r = find_entries(m->table, p, &entries);
	for (size_t i = 0; r == 0 && i < p->n_samples; i++)
		r = count_sample(m->table, p, entries, &p->samples[i], p->samples[i].values[type]);
	return r;
}

static uint64_t size_of(int64_t n)
{
	return n < 0 ? -(uint64_t)n : (uint64_t)n; /* in the difference of two profiles */
}

static int compare_counts(const struct missing_count *a, const struct missing_count *b)
{
	if (size_of(a->self) != size_of(b->self))
		return size_of(a->self) < size_of(b->self) ? 1 : -1;
	return (size_of(a->total) < size_of(b->total)) - (size_of(a->total) > size_of(b->total));
}

static int by_size(const void *va, const void *vb)
{
	const struct missing_row *a = va, *b = vb;
	int order;

	order = compare_counts(&a->counts.no_line, &b->counts.no_line);
	if (order == 0)
		order = compare_counts(&a->counts.no_name, &b->counts.no_name);
	if (order == 0)
		order = strcmp(a->path, b->path);
	return order ? order : strcmp(a->build_id, b->build_id);
}

/* A binary without a sample is neither complete nor does it miss anything. */
static void add_row(struct missing *m, const struct entry *e)
{
	if (e->tally.no_line)
		m->rows[m->n_rows++] = (struct missing_row){
			.path = e->key,
			.build_id = e->key + strlen(e->key) + 1,
			.counts = e->tally.counts,
		};
	else if (e->tally.all)
		m->n_complete++;
}

int missing_finish(struct missing *m)
{
	struct entry *e, *next;

	m->rows = calloc((m->table ? HASH_COUNT(m->table->entries) : 0) + 1, sizeof(*m->rows));
	if (!m->rows)
		return -ENOMEM;
	if (!m->table)
		return 0;
	HASH_ITER (hh, m->table->entries, e, next)
		add_row(m, e);
	m->counts = m->table->whole.counts;
	qsort(m->rows, m->n_rows, sizeof(*m->rows), by_size);
	return 0;
}

bool missing_is_partial(const struct missing_row *row)
{
	const struct missing_counts *c = &row->counts;

	return size_of(c->no_line.total) < size_of(c->all.total) || size_of(c->no_line.self) < size_of(c->all.self);
}

static void table_free(struct missing_table *t)
{
	struct entry *e, *next;

	HASH_ITER (hh, t->entries, e, next) {
		HASH_DEL(t->entries, e);
		free(e->key);
		free(e);
	}
	free(t);
}

void missing_done(struct missing *m)
{
	free(m->rows);
	if (m->table)
		table_free(m->table);
	*m = (struct missing){};
}
