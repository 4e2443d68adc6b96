// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "common/json.h"
#include "report/answer-labels.h"
#include "report/engine.h"
#include "report/fetch.h"
#include "store/label-counts.h"

#define MAX_HUB_BYTES ((size_t)4 << 20)
#define LABELS_PATH "/api/v1/labels"

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

/* -- a hub -- */

static int add_text(const char *name, const char *value, struct buf *url)
{
	int r = value[0] ? buf_printf(url, "&%s=", name) : 0;

	return r == 0 && value[0] ? fetch_add_escaped(value, url) : r;
}

static int add_matchers(const struct selection *s, struct buf *url)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_matchers; i++)
		r = add_text("match", matcher_text(s->matchers[i]), url);
	return r;
}

static int make_url(struct answer_making *m, struct buf *ret)
{
	const struct question *q = m->question;
	_cleanup_(answer_input_done) struct answer_input input = {};
	size_t n = strlen(m->place->url);
	int r = answer_select(m, &q->side, &input.selection);

	while (n > 0 && m->place->url[n - 1] == '/')
		n--;
	if (r == 0)
		r = buf_add(ret, m->place->url, n);
	if (r == 0)
		r = buf_printf(ret, LABELS_PATH "?since_ns=%" PRId64 "&until_ns=%" PRId64 "&n=%" PRIu32,
			       q->side.since_ns, q->side.until_ns, q->n_rows);
	if (r == 0)
		r = add_text("key", q->key, ret);
	if (r == 0)
		r = add_text("prefix", q->prefix, ret);
	return r == 0 ? add_matchers(&input.selection, ret) : r;
}

/* It is foreign: what is no such object is not handed on. */
static int take_text(struct answer_making *m, const char *key, const struct buf *text)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r = json_parse(text->data ?: "", text->size, &top);

	if (r < 0)
		return r;
	if (r > 0 || json_find_number(top, "schema_version") != JSON_SCHEMA_VERSION ||
	    !json_object_is_type(json_find(top, key ? "values" : "labels"), json_type_array))
		return answer_refuse(m, ANSWER_FAILED, "what it answers is no list of labels: is it a cpuhound hub?");
	return answer_put(m, top);
}

static int answer_of_hub(struct answer_making *m, const char *key)
{
	_cleanup_(buf_done) struct buf url = {}, text = {};
	_cleanup_(fetch_freep) struct fetch *f = NULL;
	char reason[FETCH_REASON_BYTES] = "";
	int r = make_url(m, &url);

	if (r == 0)
		r = fetch_new(m->place->settings, &f, reason);
	if (r == 0)
		r = fetch_get(f, url.data, MAX_HUB_BYTES, &text, reason);
	if (r == FETCH_GONE)
		return answer_refuse(m, ANSWER_FAILED, "the hub is too old to tell its labels");
	if (r > 0)
		return answer_refuse(m, ANSWER_FAILED, "%s", reason);
	return r == 0 ? take_text(m, key, &text) : r;
}

int answer_labels(struct answer_making *m)
{
	const char *key = m->question->key[0] ? matcher_label(m->question->key) : NULL;

	if (m->place->store)
		return answer_of_store(m, key);
	if (!engine_is_url(m->place->url))
		return answer_of_hub(m, key);
	return key ? answer_values_of_engine(m, key) : answer_names_of_engine(m);
}
