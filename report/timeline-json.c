// SPDX-License-Identifier: Apache-2.0
/* timeline as JSON: docs/schemas/api-timeline.schema.json tells of each member. */
#include <stdio.h>

#include "common/json.h"
#include "report/grouping.h"
#include "report/timeline-inside.h"

#define NUMBER_BYTES 32

struct ranked {
	size_t row;
	double sum;
};

static int by_sum(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->sum != y->sum)
		return x->sum > y->sum ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

static int rank_rows(const struct timeline *t, struct ranked **ret)
{
	size_t n = timeline_n_rows(t);
	struct ranked *ranked = calloc(n + 1, sizeof(*ranked));

	if (!ranked)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ranked[i] = (struct ranked){ .row = i, .sum = timeline_sum(t, timeline_row(t, i)) };
	qsort(ranked, n, sizeof(*ranked), by_sum);
	*ret = ranked;
	return 0;
}

/* Six digits: what is plotted needs no more, and there are thousands. */
static struct json_object *new_cores(double cores)
{
	char text[NUMBER_BYTES];

	snprintf(text, sizeof(text), "%.6g", cores);
	return json_object_new_double_s(cores, text);
}

/* null where nothing was recorded. */
static int add_steps(struct json_object *parent, const char *name, const double *row, const size_t *n_hosts, size_t n)
{
	struct json_object *array = NULL;
	int r = json_add_array(parent, name, &array);

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (n_hosts[i] > 0)
			r = json_append(array, new_cores(row[i]));
		else if (json_object_array_add(array, NULL) < 0)
			r = -ENOMEM;
	}
	return r;
}

static int add_name(struct json_object *group, const struct timeline *t, uint32_t number)
{
	struct json_object *array = NULL;
	size_t n;
	const struct group_key *keys = grouping_keys(t->grouping, &n);
	int r = json_add_array(group, "name", &array);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *more;

		r = json_append_string(array, grouping_value(t->grouping, number, i, &more));
		if (r == 0 && keys[i].kind == GROUP_BY_FUNCTION && !grouping_has(t->grouping, GROUP_BY_LIBRARY))
			r = json_add_string(group, "library", more);
		if (r == 0 && keys[i].kind == GROUP_BY_LIBRARY)
			r = json_add_string(group, "build_id", more);
	}
	return r;
}

static int add_group(struct json_object *array, const struct timeline *t, size_t row, const size_t *n_hosts)
{
	uint32_t number = ((const uint32_t *)(const void *)t->groups.data)[row];
	struct json_object *group = NULL;
	int r = json_append_object(array, &group);

	if (r == 0)
		r = add_name(group, t, number);
	return r == 0 ? add_steps(group, "cores", timeline_row(t, row), n_hosts, t->n_steps) : r;
}

/* The largest ones; the others are put into the rest. */
static int add_groups(struct timeline *t, size_t n_groups, const size_t *n_hosts, struct json_object *top)
{
	_cleanup_free_ struct ranked *ranked = NULL;
	struct json_object *array = NULL;
	int r = json_add_array(top, "groups", &array);

	if (r == 0)
		r = rank_rows(t, &ranked);
	for (size_t i = 0; r == 0 && i < timeline_n_rows(t); i++) {
		if (i < n_groups) {
			r = add_group(array, t, ranked[i].row, n_hosts);
			continue;
		}
		for (size_t step = 0; step < t->n_steps; step++)
			t->rest[step] += timeline_row(t, ranked[i].row)[step];
	}
	return r;
}

static int add_head(const struct timeline *t, struct json_object *top)
{
	struct json_object *by = NULL;
	size_t n;
	const struct group_key *keys = grouping_keys(t->grouping, &n);
	int r = json_add_array(top, "by", &by);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = json_append_string(by, keys[i].name);
	if (r == 0)
		r = json_add_number(top, "start_ns", t->start_ns);
	if (r == 0)
		r = json_add_number(top, "step_ns", t->step_ns);
	if (r == 0)
		r = json_add_number(top, "n_steps", (int64_t)t->n_steps);
	return r == 0 ? json_add_number(top, "n_groups", (int64_t)(timeline_n_rows(t) + t->n_dropped)) : r;
}

static int add_hosts(struct json_object *top, const size_t *n_hosts, size_t n)
{
	struct json_object *array = NULL;
	int r = json_add_array(top, "n_hosts", &array);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = json_append(array, json_object_new_int64((int64_t)n_hosts[i]));
	return r;
}

static int add_coarsest(struct json_object *top, const struct timeline *t)
{
	struct json_object *array = NULL;
	int r = json_add_array(top, "coarsest_ns", &array);

	for (size_t i = 0; r == 0 && i < t->n_steps; i++)
		r = json_append(array, json_object_new_int64(t->coarsest_ns[i]));
	return r;
}

int timeline_json_add(struct timeline *t, size_t n_groups, struct json_object *top)
{
	size_t n_hosts[TIMELINE_MAX_STEPS];
	int r = add_head(t, top);

	for (size_t i = 0; i < t->n_steps; i++)
		n_hosts[i] = timeline_n_hosts(t, i);
	if (r == 0)
		r = add_groups(t, n_groups, n_hosts, top);
	if (r == 0)
		r = add_steps(top, "rest", t->rest, n_hosts, t->n_steps);
	if (r == 0)
		r = add_steps(top, "all", t->all, n_hosts, t->n_steps);
	if (r == 0)
		r = add_hosts(top, n_hosts, t->n_steps);
	return r == 0 ? add_coarsest(top, t) : r;
}
