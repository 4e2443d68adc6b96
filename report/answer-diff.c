// SPDX-License-Identifier: Apache-2.0
/* answer diff: the object of `cpuhound diff --json`, and a flame graph of two sides. */
#include <string.h>

#include "common/json.h"
#include "report/answer-flame.h"
#include "report/answer-inside.h"
#include "report/comparison.h"

struct work {
	struct comparison comparison;
	enum normalize normalize;
	struct diff_scale scale;
	struct answer_input inputs[DIFF_N_SIDES];
	struct buf names[DIFF_N_SIDES];
};

static void work_done(struct work *w)
{
	comparison_done(&w->comparison);
	for (size_t i = 0; i < DIFF_N_SIDES; i++) {
		answer_input_done(&w->inputs[i]);
		buf_done(&w->names[i]);
	}
}

static int read_side(struct answer_making *m, struct work *w, size_t side, const struct question_side *asked)
{
	struct answer_input *input = &w->inputs[side];
	struct source_item item;
	int r = answer_describe(m, asked, &w->names[side]);

	w->comparison.flame.columns[side].name = w->names[side].data;
	if (r == 0)
		r = answer_open(m, asked, input);
	while (r == 0 && (r = answer_next(m, input, &item)) == 0) {
		r = comparison_add(&w->comparison, side, &item, &m->filter);
		if (r == FLAME_OTHER_UNIT)
			return answer_refuse(m, ANSWER_BAD_QUESTION, "a window there measures something else");
	}
	if (r != ANSWER_END)
		return r;
	comparison_cover(&w->comparison, side, source_coverage(input->source));
	w->comparison.flame.n_given_up += selection_n_given_up(&input->selection);
	return 0;
}

/* Of nothing there are no shares: then values stay as they are. */
static int set_scale(struct answer_making *m, struct work *w)
{
	int r;

	w->normalize = (enum normalize)m->question->normalize;
	r = comparison_scale(&w->comparison, w->normalize, &w->scale);
	if (r == NORMALIZE_NO_SUM) {
		w->normalize = NORMALIZE_NONE;
		r = comparison_scale(&w->comparison, w->normalize, &w->scale);
	}
	return r == NORMALIZE_NO_TIME ? answer_refuse(m, ANSWER_BAD_QUESTION,
						      "a side does not say how long it took: normalize=none or total")
				      : r;
}

static int read_all(struct answer_making *m, struct work *w, enum diff_by by, bool is_drawn)
{
	const struct question *q = m->question;
	int r = comparison_init(&w->comparison, by, m->labels, m->n_labels, is_drawn);

	if (r == 0)
		r = read_side(m, w, DIFF_BEFORE, &q->before);
	if (r == 0)
		r = read_side(m, w, DIFF_AFTER, &q->side);
	w->comparison.flame.n_given_up += stack_filter_n_given_up(&m->filter);
	return r == 0 ? set_scale(m, w) : r;
}

static int show(struct answer_making *m, const struct work *w, enum diff_by by)
{
	_cleanup_free_ struct diff_row *rows = NULL;
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct diff_view v = {
		.max_rows = m->question->n_rows, .by = by, .normalize = w->normalize, .scale = w->scale
	};
	int r = diff_rows(w->comparison.diff, &v.scale, &rows, &v.n_rows);

	if (r < 0)
		return r;
	v.rows = rows;
	v.n_given_up = w->comparison.flame.n_given_up;
	comparison_show(&w->comparison, &v);
	r = diff_view_to_json(&v, &top);
	return r == 0 ? answer_put(m, top) : r;
}

static enum diff_by by_of(const struct answer_making *m)
{
	for (size_t i = 0; i < m->keys.n; i++) {
		if (m->keys.keys[i].kind == GROUP_BY_FUNCTION)
			return DIFF_BY_FUNCTION;
		if (m->keys.keys[i].kind == GROUP_BY_LIBRARY)
			return DIFF_BY_LIBRARY;
	}
	return DIFF_BY_LABELS;
}

int answer_diff(struct answer_making *m)
{
	_cleanup_(work_done) struct work w = {};
	enum diff_by by = by_of(m);
	int r = read_all(m, &w, by, false);

	return r == 0 ? show(m, &w, by) : r;
}

int answer_flame_of_two(struct answer_making *m)
{
	_cleanup_(work_done) struct work w = {};
	_cleanup_(buf_done) struct buf title = {};
	int r = read_all(m, &w, DIFF_BY_LABELS, true); /* the rows are nobody's: by labels they are the fewest */

	if (r == 0)
		r = comparison_finish_flame(&w.comparison, w.normalize, &w.scale);
	if (r == 0)
		r = buf_printf(&title, "%s -> %s", w.names[DIFF_BEFORE].data, w.names[DIFF_AFTER].data);
	w.comparison.flame.title = title.data;
	return r == 0 ? answer_put_flame(m, &w.comparison.flame) : r;
}
