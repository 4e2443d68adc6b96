// SPDX-License-Identifier: Apache-2.0
/* answer labels, of an engine. */
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "pprof/pool.h"
#include "report/answer-labels.h"
#include "report/grouping.h"
#include "report/hogs.h"
#include "report/label-keys.h"

#define NAMES_NS ((int64_t)(600 * NS_PER_S)) /* of so long ago are the samples whose names are told */
#define MAX_NAMES 4096
#define MAX_NAMES_BYTES ((size_t)1 << 20)

struct by_value {
	struct answer_groups groups;
	struct hogs *hogs;
	struct answer_input input;
	struct hogs_answer answer;
};

static void by_value_done(struct by_value *s)
{
	hogs_answer_done(&s->answer);
	answer_input_done(&s->input);
	hogs_free(s->hogs);
	answer_groups_done(&s->groups);
}

static int begin(struct answer_making *m, const char *key, struct by_value *s)
{
	struct group_keys keys;
	int r;

	if (group_keys_parse(key, &keys) != 0 || keys.n_labels != 1 || keys.n != 1)
		return answer_refuse(m, ANSWER_BAD_QUESTION, "no label is called '%.100s'", key);
	m->labels[m->n_labels++] = key;
	r = answer_groups_init(m, key, &s->groups);
	return r == 0 ? hogs_new(s->groups.frames, s->groups.grouping, false, &s->hogs) : r;
}

static int add_all(struct answer_making *m, struct by_value *s)
{
	const struct hogs_question question = { .max_rows = SIZE_MAX };
	struct source_item item;
	int r = answer_open(m, &m->question->side, &s->input);

	while (r == 0 && (r = answer_next(m, &s->input, &item)) == 0) {
		r = hogs_add(s->hogs, HOGS_NOW, source_coverage(s->input.source), &item, &m->filter);
		if (r == HOGS_NOT_CPU)
			return answer_not_cpu(m);
	}
	return r == ANSWER_END ? hogs_answer(s->hogs, &question, &s->answer) : r;
}

static int add_value(struct json_object *array, const char *value, const struct hogs_measure *measure)
{
	struct json_object *o = NULL;
	int r = json_append_object(array, &o);

	if (r == 0)
		r = json_add_string(o, "value", value);
	return r == 0 ? json_add(o, "cores", json_object_new_double(measure->cores)) : r;
}

/* Samples without the label have no value that somebody could type. */
static int show_values(struct answer_making *m, const char *key, const struct by_value *s)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *array = NULL;
	uint64_t n_more = s->answer.n_beyond_groups;
	int r = answer_begin_labels(key, &top, &array);

	for (size_t i = 0; r == 0 && i < s->answer.n_rows; i++) {
		const struct hogs_row *row = &s->answer.rows[i];
		const char *more, *value = grouping_value(s->groups.grouping, row->group, 0, &more);

		if (!value[0] || strncmp(value, m->question->prefix, strlen(m->question->prefix)) != 0)
			continue;
		if (json_object_array_length(array) == m->question->n_rows)
			n_more++;
		else
			r = add_value(array, value, &row->self);
	}
	if (r == 0)
		r = answer_end_labels(m, top, n_more, false);
	return r == 0 ? answer_put(m, top) : r;
}

int answer_values_of_engine(struct answer_making *m, const char *key)
{
	_cleanup_(by_value_done) struct by_value s = {};
	int r = begin(m, key, &s);

	if (r == 0)
		r = add_all(m, &s);
	return r == 0 ? show_values(m, key, &s) : r;
}

/* -- names -- */

static int add_keys(const struct profile *p, struct pool *names)
{
	_cleanup_(label_keys_done) struct label_keys keys = {};
	uint32_t number;
	int r = label_keys_of(p, &keys);

	for (size_t i = 0; r == 0 && i < keys.n; i++)
		r = pool_add(names, keys.keys[i].name, strlen(keys.keys[i].name) + 1, &number);
	return r;
}

static int collect_names(struct answer_making *m, struct pool *names)
{
	_cleanup_(answer_input_done) struct answer_input input = {};
	struct question_side side = m->question->side;
	struct source_item item;
	int r;

	side.until_ns = answer_until(m, &side);
	if (side.until_ns - side.since_ns > NAMES_NS)
		side.since_ns = side.until_ns - NAMES_NS;
	m->has_all_labels = true;
	r = answer_open(m, &side, &input);
	while (r == 0 && (r = answer_next(m, &input, &item)) == 0)
		r = add_keys(item.profile, names);
	return r == ANSWER_END ? 0 : r;
}

static int add_name(struct json_object *array, const char *name)
{
	struct json_object *o = NULL;
	int r = json_append_object(array, &o);

	if (r == 0)
		r = json_add_string(o, "name", name);
	return r == 0 ? json_add_null(o, "n_values") : r;
}

static int show_names(struct answer_making *m, const struct pool *names)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *array = NULL;
	uint64_t n_more = 0;
	int r = answer_begin_labels(NULL, &top, &array);

	for (uint32_t i = 0; r == 0 && i < names->n; i++) {
		size_t size;
		const char *name = pool_get(names, i, &size);

		if (strncmp(name, m->question->prefix, strlen(m->question->prefix)) != 0)
			continue;
		if (json_object_array_length(array) == m->question->n_rows)
			n_more++;
		else
			r = add_name(array, name);
	}
	if (r == 0)
		r = answer_end_labels(m, top, n_more, true);
	return r == 0 ? answer_put(m, top) : r;
}

int answer_names_of_engine(struct answer_making *m)
{
	_cleanup_(pool_done) struct pool names = {};
	int r = pool_init(&names, MAX_NAMES, MAX_NAMES_BYTES);

	if (r == 0)
		r = collect_names(m, &names);
	return r == 0 ? show_names(m, &names) : r;
}
