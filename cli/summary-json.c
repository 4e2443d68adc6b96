// SPDX-License-Identifier: Apache-2.0
/*
 * summary as JSON: numbers as they stand in the profile, in the units of its value types. A new object or array
 * hangs on its parent before it is filled, so that there is one owner.
 */
#include <string.h>

#include "cli/json.h"
#include "cli/ledgers-json.h"
#include "cli/summary.h"
#include "cli/value.h"
#include "pprof/profile.h"
#include "report/top.h"

static int append_string(struct json_object *array, const char *s)
{
	_cleanup_(json_putp) struct json_object *object = json_object_new_object();
	int r;

	if (!object)
		return -ENOMEM;
	r = json_add_string(object, "s", s); /* makes it valid UTF-8 */
	if (r < 0)
		return r;
	return json_append(array, json_object_get(json_object_object_get(object, "s")));
}

static int fill_type(struct json_object *object, const struct profile_value_type *type)
{
	int r;

	r = json_add_string(object, "type", type->type);
	return r < 0 ? r : json_add_string(object, "unit", type->unit);
}

int summary_add_file(struct json_object *top, const struct summary_file *file)
{
	int r;

	r = json_add_string(top, "file", file->path);
	if (r == 0)
		r = json_add_string(top, "form", file->form);
	return r < 0 ? r : json_add_number(top, "n_bytes", (int64_t)file->n_bytes);
}

static int add_time(struct json_object *top, const struct profile *p)
{
	char time[SUMMARY_TIME_SIZE];
	int r;

	summary_format_time(p, time);
	r = time[0] ? json_add_string(top, "time", time) : json_add_null(top, "time");
	if (r == 0)
		r = json_add_number(top, "time_ns", p->time_ns);
	return r < 0 ? r : json_add_number(top, "duration_ns", p->duration_ns);
}

static int add_period(struct json_object *top, const struct profile *p)
{
	double hz = value_hz(&p->period_type, p->period);
	struct json_object *period = NULL;
	int r;

	r = json_add_object(top, "period", &period);
	if (r == 0)
		r = fill_type(period, &p->period_type);
	if (r == 0)
		r = json_add_number(period, "value", p->period);
	if (r < 0)
		return r;
	return hz > 0 ? json_add(top, "hz", json_object_new_double(hz)) : json_add_null(top, "hz");
}

static int append_sample_type(struct json_object *array, const struct profile *p, size_t value_type)
{
	struct json_object *object = NULL;
	int64_t sum;
	int r;

	r = profile_sum(p, value_type, &sum);
	if (r == 0)
		r = json_append_object(array, &object);
	if (r == 0)
		r = fill_type(object, &p->sample_types[value_type]);
	return r < 0 ? r : json_add_number(object, "total", sum);
}

static int add_sample_types(struct json_object *top, const struct profile *p)
{
	struct json_object *array, *chosen = NULL;
	int r;

	r = json_add_array(top, "sample_types", &array);
	for (size_t i = 0; r == 0 && i < p->n_sample_types; i++)
		r = append_sample_type(array, p, i);
	if (r == 0)
		r = json_add_object(top, "ranked_by", &chosen);
	return r < 0 ? r : fill_type(chosen, &p->sample_types[p->default_type]);
}

static int add_sizes(struct json_object *top, const struct profile *p)
{
	const struct json_count counts[] = {
		{ "n_samples", p->n_samples },
		{ "n_locations", p->n_locations },
		{ "n_functions", p->n_functions },
		{ "n_mappings", p->n_mappings },
	};

	return json_add_counts(top, counts, ARRAY_SIZE(counts));
}

static int add_comments(struct json_object *top, const struct profile *p, const char *name, enum comment_kind kind)
{
	struct json_object *array = NULL;
	int r;

	r = json_add_array(top, name, &array);
	for (size_t i = 0; r == 0 && i < p->n_comments; i++) {
		const char *text;

		if (summary_comment_kind(p->comments[i], &text) == kind)
			r = append_string(array, text);
	}
	return r;
}

/* "NAME, Linux 6.1.0 x86_64" */
static int append_host(struct json_object *array, const char *text)
{
	size_t size = strcspn(text, ",");
	_cleanup_free_ char *name = strndup(text, size);
	struct json_object *object = NULL;
	int r;

	if (!name)
		return -ENOMEM;
	r = json_append_object(array, &object);
	if (r == 0)
		r = json_add_string(object, "name", name);
	return r < 0 ? r : json_add_string(object, "system", text + size + strspn(text + size, ", "));
}

static int add_hosts(struct json_object *top, const struct profile *p)
{
	struct json_object *array = NULL;
	int r;

	r = json_add_array(top, "hosts", &array);
	for (size_t i = 0; r == 0 && i < p->n_comments; i++) {
		const char *text;

		if (summary_comment_kind(p->comments[i], &text) == COMMENT_HOST)
			r = append_host(array, text);
	}
	return r;
}

static int add_texts(struct json_object *top, const struct profile *p)
{
	int r;

	r = json_add_string(top, "doc_url", p->doc_url);
	if (r == 0)
		r = add_hosts(top, p);
	if (r == 0)
		r = add_comments(top, p, "comments", COMMENT_OTHER);
	return r < 0 ? r : add_comments(top, p, "unreadable", COMMENT_UNREADABLE);
}

static int append_value(struct json_object *array, const struct top_row *row)
{
	struct json_object *object = NULL;
	int r;

	r = json_append_object(array, &object);
	if (r == 0)
		r = json_add_string(object, "value", row->name);
	return r < 0 ? r : json_add_number(object, "total", row->total);
}

static int append_label(struct json_object *array, const struct summary *s, const struct label_key *key,
			size_t max_rows)
{
	_cleanup_(top_done) struct top top = {};
	struct json_object *object = NULL, *values = NULL;
	int r;

	r = top_label(s->profile, s->profile->default_type, key->name, &top);
	if (r == 0)
		r = json_append_object(array, &object);
	if (r == 0)
		r = json_add_string(object, "key", key->name);
	if (r == 0)
		r = json_add_number(object, "n_values", (int64_t)summary_n_values(s, key, &top));
	if (r == 0)
		r = json_add_array(object, "values", &values);
	for (size_t i = 0; r == 0 && i < top.n_rows && i < max_rows; i++)
		r = append_value(values, &top.rows[i]);
	return r;
}

static int add_labels(struct json_object *top, const struct summary *s, size_t max_rows)
{
	struct json_object *array = NULL;
	int r;

	r = json_add_array(top, "labels", &array);
	for (size_t i = 0; r == 0 && i < s->label_keys.n; i++)
		r = append_label(array, s, &s->label_keys.keys[i], max_rows);
	return r;
}

static int append_function(struct json_object *array, const struct top_row *row)
{
	struct json_object *object = NULL;
	int r;

	r = json_append_object(array, &object);
	if (r == 0)
		r = json_add_string(object, "function", row->name);
	if (r == 0)
		r = json_add_string(object, "module", row->module);
	if (r == 0)
		r = json_add_number(object, "self", row->self);
	return r < 0 ? r : json_add_number(object, "total", row->total);
}

static int add_top(struct json_object *top, const struct summary *s, size_t max_rows)
{
	_cleanup_(top_done) struct top functions = {};
	struct json_object *array = NULL;
	int r;

	r = top_functions(s->profile, s->profile->default_type, &functions);
	if (r == 0)
		r = json_add_array(top, "top", &array);
	for (size_t i = 0; r == 0 && i < functions.n_rows && i < max_rows; i++)
		r = append_function(array, &functions.rows[i]);
	return r;
}

int summary_to_json(const struct summary *s, size_t max_rows, struct json_object **ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r;

	r = json_new_top(&top);
	if (r == 0)
		r = summary_add_file(top, &s->file);
	if (r == 0)
		r = add_time(top, s->profile);
	if (r == 0)
		r = add_period(top, s->profile);
	if (r == 0)
		r = add_sample_types(top, s->profile);
	if (r == 0)
		r = add_sizes(top, s->profile);
	if (r == 0)
		r = add_texts(top, s->profile);
	if (r == 0)
		r = ledgers_json_add(top, &s->ledgers);
	if (r == 0)
		r = add_labels(top, s, max_rows);
	if (r == 0)
		r = add_top(top, s, max_rows);
	if (r == 0)
		*ret = take_ptr(top);
	return r;
}
