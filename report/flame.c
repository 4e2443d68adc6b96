// SPDX-License-Identifier: Apache-2.0
#include "report/flame.h"

#include <stdio.h>
#include <string.h>

#include "pprof/profile.h"
#include "report/coverage.h"
#include "report/stack-filter.h"
#include "report/stack-reader.h"

int flame_init(struct flame *f)
{
	int r;

	*f = (struct flame){ .title = "", .n_columns = 1, .columns = { { .name = "" }, { .name = "" } } };
	r = frame_table_new(&f->frames);
	return r < 0 ? r : call_tree_new(f->frames, &f->tree);
}

void flame_done(struct flame *f)
{
	f->tree = call_tree_free(f->tree);
	f->frames = frame_table_free(f->frames);
	for (size_t i = 0; i < CALL_TREE_N_COLUMNS; i++)
		wall_time_done(&f->columns[i].wall);
}

static int check_unit(struct flame *f, const struct profile *p)
{
	const struct profile_value_type *t = &p->sample_types[p->default_type];
	char type[FLAME_UNIT_SIZE], unit[FLAME_UNIT_SIZE];

	snprintf(type, sizeof(type), "%s", t->type);
	snprintf(unit, sizeof(unit), "%s", t->unit);
	if (f->columns[0].n_profiles + f->columns[1].n_profiles == 0) {
		memcpy(f->type, type, sizeof(type));
		memcpy(f->unit, unit, sizeof(unit));
	}
	return strcmp(f->type, type) == 0 && strcmp(f->unit, unit) == 0 ? 0 : FLAME_OTHER_UNIT;
}

int flame_add_facts(struct flame *f, size_t column, const struct profile *p)
{
	struct flame_column *c = &f->columns[column];
	struct ledgers ledgers;
	int r;

	r = check_unit(f, p);
	if (r != 0)
		return r;
	ledgers_of(p, &ledgers);
	if (ledger_add(&c->ledger, &ledgers.sum) < 0)
		c->n_damaged_ledgers += ledgers.n; /* as ledgers_of() does with what cannot be added */
	else
		c->n_ledgers += ledgers.n;
	c->n_damaged_ledgers += ledgers.n_damaged;
	c->n_profiles++;
	return wall_time_add(&c->wall, p->time_ns > 0 ? p->time_ns : 0,
			     p->duration_ns > 0 ? (uint64_t)p->duration_ns : 0);
}

int flame_add_stack(struct flame *f, size_t column, const struct stack *s)
{
	uint32_t roots[FLAME_MAX_KEYS];
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->n_keys; i++)
		r = call_tree_root(f->frames, f->keys[i], stack_label(s, f->keys[i]), &roots[i]);
	return r < 0 ? r : call_tree_add(f->tree, column, roots, f->n_keys, s);
}

static int add_sample(struct flame *f, size_t column, struct stack_reader *reader, size_t sample,
		      struct stack_filter *filter)
{
	struct stack s;
	int r;

	r = stack_reader_read(reader, sample, &s);
	if (r < 0)
		return r;
	r = filter ? stack_filter_takes(filter, f->frames, &s) : 1;
	return r == 1 ? flame_add_stack(f, column, &s) : r;
}

int flame_add(struct flame *f, size_t column, const struct profile *p, struct stack_filter *filter)
{
	_cleanup_(stack_reader_done) struct stack_reader reader = {};
	int r;

	r = flame_add_facts(f, column, p);
	if (r != 0)
		return r;
	r = stack_reader_init(&reader, f->frames, p);
	for (size_t i = 0; r == 0 && i < p->n_samples; i++)
		r = add_sample(f, column, &reader, i, filter);
	return r;
}

int flame_finish(struct flame *f)
{
	for (size_t i = 0; i < CALL_TREE_N_COLUMNS; i++)
		f->columns[i].span = wall_time_sum(&f->columns[i].wall);
	return call_tree_finish(f->tree);
}

void flame_cover(struct flame *f, size_t column, const struct coverage *c)
{
	const struct coverage_totals *totals = coverage_totals(c);
	size_t n;
	const struct coverage_host *hosts = coverage_hosts(c, &n);
	struct wall_span *span = &f->columns[column].span;

	f->columns[column].is_covered = true;
	f->columns[column].n_hosts = n;
	f->columns[column].n_unread = totals->n_unread;
	*span = (struct wall_span){ .start_ns = totals->start_ns, .end_ns = totals->end_ns };
	for (size_t i = 0; i < n; i++)
		if (hosts[i].wall_ns > span->covered_ns)
			span->covered_ns = hosts[i].wall_ns;
}
