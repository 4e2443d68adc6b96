// SPDX-License-Identifier: Apache-2.0
/* diff data: two sides compared, as JSON and CSV. */
#include <inttypes.h>
#include <string.h>

#include "cli/csv.h"
#include "cli/diff-view.h"
#include "cli/json.h"
#include "common/buf.h"

static const char *const bys[] = {
	[DIFF_BY_FUNCTION] = "function",
	[DIFF_BY_LIBRARY] = "library",
	[DIFF_BY_LABELS] = "labels",
};

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
	return r == 0 ? json_add(object, "factor", json_object_new_double(v->scale.factors[side])) : r;
}

static int add_head(struct json_object *top, const struct diff_view *v)
{
	struct json_object *labels = NULL;
	int r = json_add_string(top, "by", bys[v->by]);

	if (r == 0)
		r = json_add_array(top, "labels", &labels);
	for (size_t i = 0; r == 0 && i < v->labels->n; i++)
		r = json_append(labels, json_object_new_string(v->labels->labels[i]));
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

static size_t n_shown(const struct diff_view *v)
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
		r = json_add_array(top, "rows", &rows);
	for (size_t i = 0; r == 0 && i < n_shown(v); i++)
		r = append_row(rows, v, &v->rows[i]);
	if (r == 0)
		*ret = take_ptr(top);
	return r;
}

static int add_csv_change(struct buf *b, const struct diff_view *v, const struct diff_change *c)
{
	int r = buf_printf(b, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",", c->before, c->after, c->delta);

	if (r == 0 && v->scale.has_errors)
		r = buf_printf(b, "%" PRId64, (int64_t)c->error);
	return r == 0 ? buf_add_str(b, c->is_noise ? ",1" : ",0") : r;
}

static int add_csv_row(struct buf *b, const struct diff_view *v, const struct diff_row *row)
{
	struct diff_change self, total;
	int r = csv_add(b, row->name);

	diff_row_change_of(row, &v->scale, &self, &total);
	if (r == 0)
		r = buf_add_char(b, ',');
	if (r == 0)
		r = csv_add(b, row->library);
	if (r == 0)
		r = add_csv_change(b, v, &self);
	if (r == 0)
		r = add_csv_change(b, v, &total);
	return r == 0 ? buf_add_str(b, "\r\n") : r;
}

int diff_view_print_csv(const struct diff_view *v, FILE *out)
{
	_cleanup_(buf_done) struct buf line = {};
	int r = 0;

	fputs("name,library,self_before,self_after,self_delta,self_error,self_is_noise,"
	      "total_before,total_after,total_delta,total_error,total_is_noise\r\n",
	      out);
	for (size_t i = 0; r == 0 && i < n_shown(v); i++) {
		buf_clear(&line);
		r = add_csv_row(&line, v, &v->rows[i]);
		if (r == 0)
			fputs(line.data, out);
	}
	return r;
}
