// SPDX-License-Identifier: Apache-2.0
#include "report/diff-view.h"

#include "common/json.h"
#include "report/coverage-json.h"

static const char *const bys[] = {
	[DIFF_BY_FUNCTION] = "function",
	[DIFF_BY_LIBRARY] = "library",
	[DIFF_BY_LABELS] = "labels",
};

void diff_view_sum(const struct diff_view *v, struct diff_change *ret)
{
	const struct call_value sums[] = {
		[DIFF_BEFORE] = diff_sum(v->diff, DIFF_BEFORE),
		[DIFF_AFTER] = diff_sum(v->diff, DIFF_AFTER),
	};

	diff_change_of(sums, &v->scale, ret);
}

static int add_change(struct json_object *parent, const char *name, const struct diff_view *v,
		      const struct diff_change *c)
{
	struct json_object *object = NULL;
	int r = json_add_object(parent, name, &object);

	if (r == 0)
		r = json_add_number(object, "before", c->before);
	if (r == 0)
		r = json_add_number(object, "after", c->after);
	if (r == 0)
		r = json_add_number(object, "delta", c->delta);
	if (r == 0)
		r = v->scale.has_errors ? json_add_number(object, "error", (int64_t)c->error)
					: json_add_null(object, "error");
	return r == 0 ? json_add(object, "is_noise", json_object_new_boolean(c->is_noise)) : r;
}

static int append_row(struct json_object *rows, const struct diff_view *v, const struct diff_row *row)
{
	struct json_object *object = NULL;
	struct diff_change self, total;
	int r = json_append_object(rows, &object);

	diff_row_change_of(row, &v->scale, &self, &total);
	if (r == 0)
		r = json_add_string(object, "name", row->name);
	if (r == 0 && v->by == DIFF_BY_FUNCTION)
		r = json_add_string(object, "library", row->library);
	if (r == 0)
		r = add_change(object, "self", v, &self);
	return r == 0 ? add_change(object, "total", v, &total) : r;
}

static int add_side(struct json_object *top, const char *name, const struct diff_view *v, size_t side)
{
	const struct diff_view_side *s = &v->sides[side];
	const struct json_count counts[] = {
		{ "n_profiles", s->n_profiles },
		{ "n_hosts", s->n_hosts },
		{ "n_samples", (uint64_t)diff_sum(v->diff, side).n_samples },
	};
	struct json_object *object = NULL;
	int r = json_add_object(top, name, &object);

	if (r == 0)
		r = json_add_string(object, "name", s->name);
	if (r == 0)
		r = json_add_counts(object, counts, ARRAY_SIZE(counts));
	if (r == 0)
		r = s->seconds > 0 ? json_add(object, "seconds", json_object_new_double(s->seconds))
				   : json_add_null(object, "seconds");
	if (r == 0)
		r = json_add(object, "factor", json_object_new_double(v->scale.factors[side]));
	return r == 0 ? coverage_json_add(object, "recorded", s->coverage, 0) : r;
}

static int add_head(struct json_object *top, const struct diff_view *v)
{
	struct json_object *labels = NULL;
	int r = json_add_string(top, "by", bys[v->by]);

	if (r == 0)
		r = json_add_array(top, "labels", &labels);
	for (size_t i = 0; r == 0 && i < v->n_labels; i++)
		r = json_append(labels, json_object_new_string(v->labels[i]));
	if (r == 0)
		r = json_add_string(top, "normalize", normalize_name(v->normalize));
	if (r == 0)
		r = json_add_string(top, "type", v->type.type);
	if (r == 0)
		r = json_add_string(top, "unit", v->type.unit);
	if (r == 0)
		r = add_side(top, "before", v, DIFF_BEFORE);
	return r == 0 ? add_side(top, "after", v, DIFF_AFTER) : r;
}

size_t diff_view_n_shown(const struct diff_view *v)
{
	return v->n_rows < v->max_rows ? v->n_rows : v->max_rows;
}

int diff_view_to_json(const struct diff_view *v, struct json_object **ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *rows = NULL;
	struct diff_change sum;
	int r = json_new_top(&top);

	diff_view_sum(v, &sum);
	if (r == 0)
		r = add_head(top, v);
	if (r == 0)
		r = add_change(top, "sum", v, &sum);
	if (r == 0)
		r = json_add_number(top, "n_rows", (int64_t)v->n_rows);
	if (r == 0)
		r = json_add_number(top, "n_beyond", (int64_t)diff_n_beyond(v->diff));
	if (r == 0)
		r = json_add_number(top, "n_given_up", (int64_t)v->n_given_up);
	if (r == 0)
		r = json_add_array(top, "rows", &rows);
	for (size_t i = 0; r == 0 && i < diff_view_n_shown(v); i++)
		r = append_row(rows, v, &v->rows[i]);
	if (r == 0)
		*ret = take_ptr(top);
	return r;
}
