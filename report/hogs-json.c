// SPDX-License-Identifier: Apache-2.0
/* hogs as JSON: docs/schemas/hogs.schema.json tells of each member. Shares are 0 to 1; what cannot be told is null. */
#include <math.h>

#include "common/json.h"
#include "report/coverage-json.h"
#include "report/coverage.h"
#include "report/grouping.h"
#include "report/hogs-view.h"

static int add_double(struct json_object *o, const char *name, bool is_known, double n)
{
	return is_known ? json_add(o, name, json_object_new_double(n)) : json_add_null(o, name);
}

static int add_part(struct json_object *o, const char *name, double part, double whole)
{
	return add_double(o, name, whole > 0, part / whole);
}

static int add_measure(struct json_object *parent, const char *name, const struct hogs_view *v,
		       const struct hogs_measure *m, const struct hogs_measure *whole)
{
	struct json_object *o = NULL;
	int r = json_add_object(parent, name, &o);

	if (r == 0)
		r = add_double(o, "cores", v->answer->has_cores, m->cores);
	if (r == 0)
		r = add_double(o, "error", v->answer->has_cores, HOGS_Z * m->sd);
	if (r == 0)
		r = json_add_number(o, "cpu_ns", m->amount.value_ns);
	if (r == 0)
		r = json_add_number(o, "n_samples", m->amount.n_samples);
	return r == 0 ? add_double(o, "share", true, hogs_share(m, whole)) : r;
}

static int add_change(struct json_object *parent, const struct hogs_row *row)
{
	struct hogs_change c = hogs_change_of(&row->self, &row->self_before);
	struct json_object *o = NULL;
	int r = json_add_object(parent, "change", &o);

	if (r == 0)
		r = add_double(o, "cores", true, c.cores);
	if (r == 0)
		r = add_double(o, "error", true, c.error);
	if (r == 0)
		r = add_double(o, "ratio", row->self_before.cores > 0, c.ratio);
	return r == 0 ? json_add(o, "is_noise", json_object_new_boolean(c.is_noise)) : r;
}

/* With what was before, where there is something to compare with. */
static int add_measures(struct json_object *o, const struct hogs_view *v, const struct hogs_row *row)
{
	const struct hogs_answer *a = v->answer;
	int r = add_measure(o, "self", v, &row->self, &a->all);

	if (r == 0)
		r = add_measure(o, "total", v, &row->total, &a->all);
	if (r < 0 || !a->has_before)
		return r;
	r = add_measure(o, "self_before", v, &row->self_before, &a->all_before);
	if (r == 0)
		r = add_measure(o, "total_before", v, &row->total_before, &a->all_before);
	return r == 0 ? add_change(o, row) : r;
}

static int add_quality(struct json_object *o, const struct hogs_row *row)
{
	int r = json_add_number(o, "n_hosts", (int64_t)row->n_hosts);

	if (r == 0)
		r = add_part(o, "kernel_share", (double)row->kernel_ns, (double)row->self.amount.value_ns);
	if (r == 0)
		r = add_part(o, "named_share", (double)row->n_named, (double)row->n_frames);
	if (r == 0)
		r = add_part(o, "folded_share", (double)row->n_folded, (double)row->self.amount.n_samples);
	return r == 0 ? add_part(o, "truncated_share", (double)row->n_truncated, (double)row->self.amount.n_samples)
		      : r;
}

static int add_function(struct json_object *o, const struct hogs_view *v, uint32_t function,
			const struct amount *amount, const struct amount *whole)
{
	const char *library, *name = grouping_function(v->grouping, function, &library);
	int r = json_add_string(o, "function", name);

	if (r == 0)
		r = json_add_string(o, "library", library);
	if (r == 0)
		r = json_add_number(o, "cpu_ns", amount->value_ns);
	return r == 0 ? add_part(o, "share", (double)amount->value_ns, (double)whole->value_ns) : r;
}

static int add_key(struct json_object *group, const struct hogs_view *v, uint32_t number)
{
	struct json_object *o = NULL;
	size_t n;
	const struct group_key *keys = grouping_keys(v->grouping, &n);
	int r = json_add_object(group, "key", &o);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *more;

		r = json_add_string(o, keys[i].name, grouping_value(v->grouping, number, i, &more));
		if (r == 0 && keys[i].kind == GROUP_BY_FUNCTION && !grouping_has(v->grouping, GROUP_BY_LIBRARY))
			r = json_add_string(o, "library", more);
		if (r == 0 && keys[i].kind == GROUP_BY_LIBRARY)
			r = json_add_string(o, "build_id", more);
	}
	return r;
}

static int add_callers(struct json_object *group, const struct hogs_view *v, uint32_t row)
{
	const struct hogs_answer *a = v->answer;
	struct json_object *array = NULL, *o = NULL;
	int r = json_add_array(group, "callers", &array);

	for (size_t i = 0; r == 0 && i < a->n_callers; i++) {
		if (a->callers[i].row != row)
			continue;
		r = json_append_object(array, &o);
		if (r == 0)
			r = add_function(o, v, a->callers[i].function, &a->callers[i].amount,
					 &a->rows[row].total.amount);
	}
	return r;
}

static int add_outliers(struct json_object *group, const struct hogs_view *v, uint32_t row)
{
	const struct hogs_answer *a = v->answer;
	struct json_object *array = NULL, *o = NULL;
	size_t n;
	const struct coverage_host *hosts = coverage_hosts(v->now, &n);
	int r = json_add_array(group, "outliers", &array);

	for (size_t i = 0; r == 0 && i < a->n_outliers; i++) {
		if (a->outliers[i].row != row)
			continue;
		r = json_append_object(array, &o);
		if (r == 0)
			r = json_add_string(o, "host", hosts[a->outliers[i].host].name);
		if (r == 0)
			r = add_double(o, "cores", true, a->outliers[i].cores);
		if (r == 0)
			r = add_double(o, "median", true, a->outliers[i].median);
	}
	return r;
}

static int add_spread(struct json_object *group, const struct hogs_view *v, const struct hogs_row *row)
{
	struct json_object *o = NULL;
	int r;

	if (!v->answer->has_cores)
		return json_add_null(group, "cores_per_host");
	r = json_add_object(group, "cores_per_host", &o);
	if (r == 0)
		r = add_double(o, "p50", true, row->host_p50);
	return r == 0 ? add_double(o, "p99", true, row->host_p99) : r;
}

static int add_top(struct json_object *group, const struct hogs_view *v, const struct hogs_row *row)
{
	struct json_object *o = NULL;
	int r;

	if (!row->has_top)
		return json_add_null(group, "top_function");
	r = json_add_object(group, "top_function", &o);
	return r == 0 ? add_function(o, v, row->top, &row->top_amount, &row->self.amount) : r;
}

static int add_group(struct json_object *array, const struct hogs_view *v, uint32_t number)
{
	const struct hogs_row *row = &v->answer->rows[number];
	struct json_object *o = NULL;
	int r = json_append_object(array, &o);

	if (r == 0)
		r = add_key(o, v, row->group);
	if (r == 0)
		r = add_measures(o, v, row);
	if (r == 0)
		r = add_quality(o, row);
	if (r == 0)
		r = add_spread(o, v, row);
	if (r == 0)
		r = add_top(o, v, row);
	if (r == 0)
		r = add_callers(o, v, number);
	return r == 0 ? add_outliers(o, v, number) : r;
}

static int add_groups(struct json_object *top, const struct hogs_view *v)
{
	struct json_object *array = NULL;
	int r = json_add_array(top, "groups", &array);

	for (size_t i = 0; r == 0 && i < v->answer->n_shown; i++)
		r = add_group(array, v, (uint32_t)i);
	return r;
}

/* The rows that are not shown, or all of them. */
static int add_sum(struct json_object *top, const char *name, const struct hogs_view *v, const struct hogs_row *row,
		   size_t n_groups)
{
	struct json_object *o = NULL;
	int r = json_add_object(top, name, &o);

	if (r == 0)
		r = json_add_number(o, "n_groups", (int64_t)n_groups);
	if (r == 0)
		r = add_measure(o, "self", v, &row->self, &v->answer->all);
	if (r == 0 && v->answer->has_before)
		r = add_measure(o, "self_before", v, &row->self_before, &v->answer->all_before);
	if (r == 0 && v->answer->has_before)
		r = add_change(o, row);
	return r == 0 ? add_quality(o, row) : r;
}

static int add_by(struct json_object *top, const struct hogs_view *v)
{
	struct json_object *array = NULL;
	size_t n;
	const struct group_key *keys = grouping_keys(v->grouping, &n);
	int r = json_add_array(top, "by", &array);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = json_append(array, json_object_new_string(keys[i].name));
	return r;
}

static int add_bounds(struct json_object *top, const struct hogs_view *v)
{
	const struct hogs_answer *a = v->answer;
	const struct json_count counts[] = {
		{ "groups", a->n_beyond_groups },      { "cells", a->n_beyond_cells },
		{ "top_functions", a->n_beyond_tops }, { "callers", a->n_beyond_edges },
		{ "frames", a->n_beyond_frames },      { "expressions", v->n_given_up },
	};
	struct json_object *o = NULL;
	int r = json_add_object(top, "beyond_limits", &o);

	return r == 0 ? json_add_counts(o, counts, ARRAY_SIZE(counts)) : r;
}

static int fill(struct json_object *top, const struct hogs_view *v)
{
	const struct hogs_answer *a = v->answer;
	int r = add_by(top, v);

	if (r == 0)
		r = coverage_json_add(top, "recorded", v->now, v->until_ns);
	if (r == 0)
		r = v->before ? coverage_json_add(top, "recorded_before", v->before, 0)
			      : json_add_null(top, "recorded_before");
	if (r == 0)
		r = add_groups(top, v);
	if (r == 0)
		r = add_sum(top, "rest", v, &a->rest, a->n_rows - a->n_shown);
	if (r == 0)
		r = add_sum(top, "sum", v, &a->taken, a->n_rows);
	if (r == 0)
		r = add_measure(top, "all", v, &a->all, &a->all);
	return r == 0 ? add_bounds(top, v) : r;
}

int hogs_view_to_json(const struct hogs_view *v, struct json_object **ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r = json_new_top(&top);

	if (r == 0)
		r = fill(top, v);
	if (r == 0)
		*ret = take_ptr(top);
	return r;
}
