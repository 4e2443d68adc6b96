// SPDX-License-Identifier: Apache-2.0
#include <stdbool.h>
#include <string.h>

#include "common/json.h"
#include "report/answer-labels.h"
#include "report/engine.h"
#include "store/label-counts.h"

int answer_end_labels(const struct answer_making *m, struct json_object *top, uint64_t n_more, bool is_partial)
{
	int r = json_add_number(top, "since_ns", m->question->side.since_ns);

	if (r == 0)
		r = json_add_number(top, "until_ns", answer_until(m, &m->question->side));
	if (r == 0)
		r = json_add_number(top, "n_more", (int64_t)n_more);
	return r == 0 ? json_add(top, "is_partial", json_object_new_boolean(is_partial)) : r;
}

int answer_begin_labels(const char *key, struct json_object **ret_top, struct json_object **ret_array)
{
	int r = json_new_top(ret_top);

	if (r == 0 && key)
		r = json_add_string(*ret_top, "key", key);
	return r == 0 ? json_add_array(*ret_top, key ? "values" : "labels", ret_array) : r;
}

/* -- a store -- */

static int add_count(struct json_object *array, bool is_name, const struct label_count *c)
{
	struct json_object *o = NULL;
	int r = json_append_object(array, &o);

	if (r == 0)
		r = json_add_string(o, is_name ? "name" : "value", c->text);
	return r == 0 ? json_add_number(o, is_name ? "n_values" : "n", (int64_t)c->n) : r;
}

static int show_counts(struct answer_making *m, const char *key, const struct label_counts *counts)
{
	size_t n = counts->n < m->question->n_rows ? counts->n : m->question->n_rows;
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *array = NULL;
	int r = answer_begin_labels(key, &top, &array);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_count(array, !key, &counts->items[i]);
	if (r == 0)
		r = answer_end_labels(m, top, counts->n - n + counts->n_beyond, counts->is_partial);
	return r == 0 ? answer_put(m, top) : r;
}

static int answer_of_store(struct answer_making *m, const char *key)
{
	_cleanup_(answer_input_done) struct answer_input input = {};
	_cleanup_(label_counts_done) struct label_counts counts = {};
	int r = answer_select(m, &m->question->side, &input.selection);

	if (r == 0)
		r = store_count_labels(m->place->store, &input.selection, key, m->question->prefix, &counts);
	return r == 0 ? show_counts(m, key, &counts) : r;
}

int answer_labels(struct answer_making *m)
{
	const char *key = m->question->key[0] ? matcher_label(m->question->key) : NULL;

	if (m->place->store)
		return answer_of_store(m, key);
	if (!engine_is_url(m->place->url))
		return answer_refuse(m, ANSWER_FAILED, "the hub is too old to tell its labels");
	return key ? answer_values_of_engine(m, key) : answer_names_of_engine(m);
}
