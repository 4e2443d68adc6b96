// SPDX-License-Identifier: Apache-2.0
/* answer hogs: the object of `cpuhound hogs --json`. */
#include "common/json.h"
#include "report/answer-inside.h"
#include "report/hogs-view.h"

/* In the order of its making. */
struct work {
	struct answer_groups groups;
	struct hogs *hogs;
	struct answer_input inputs[HOGS_N_SIDES];
	struct hogs_answer answer;
};

static void work_done(struct work *w)
{
	hogs_answer_done(&w->answer);
	for (enum hogs_side side = 0; side < HOGS_N_SIDES; side++)
		answer_input_done(&w->inputs[side]);
	hogs_free(w->hogs);
	answer_groups_done(&w->groups);
}

static int read_side(struct answer_making *m, struct work *w, enum hogs_side side, const struct question_side *asked)
{
	struct answer_input *input = &w->inputs[side];
	struct source_item item;
	int r = answer_open(m, asked, input);

	if (r == 0)
		source_want_facts(input->source);
	while (r == 0 && (r = answer_next(m, input, &item)) == 0) {
		r = hogs_add(w->hogs, side, source_coverage(input->source), &item, &m->filter);
		if (r == HOGS_NOT_CPU)
			return answer_not_cpu(m);
	}
	return r == ANSWER_END ? 0 : r;
}

static int show(struct answer_making *m, const struct work *w)
{
	const struct question *q = m->question;
	_cleanup_(json_putp) struct json_object *top = NULL;
	const struct hogs_view v = {
		.grouping = w->groups.grouping,
		.answer = &w->answer,
		.now = source_coverage(w->inputs[HOGS_NOW].source),
		.before = q->has_before ? source_coverage(w->inputs[HOGS_BEFORE].source) : NULL,
		.until_ns = answer_until(m, &q->side),
		.vs_ns = q->vs_ns,
		.is_filtered = !stack_filter_takes_all(&m->filter),
		.tells_outliers = q->has_outliers,
		.n_given_up = answer_n_given_up(m, &w->inputs[HOGS_NOW]),
	};
	int r = hogs_view_to_json(&v, &top);

	return r == 0 ? answer_put(m, top) : r;
}

static int answer(struct answer_making *m, struct work *w)
{
	const struct question *q = m->question;
	const struct hogs_question question = {
		.max_rows = q->n_rows,
		.min_cores = q->min_cores,
		.max_callers = q->n_callers,
		.has_outliers = q->has_outliers,
	};
	int r = answer_groups_init(m, q->by, &w->groups);

	if (r == 0)
		r = hogs_new(w->groups.frames, w->groups.grouping, q->n_callers > 0, &w->hogs);
	if (r == 0)
		r = read_side(m, w, HOGS_NOW, &q->side);
	if (r == 0 && q->has_before)
		r = read_side(m, w, HOGS_BEFORE, &q->before);
	if (r == 0)
		r = hogs_answer(w->hogs, &question, &w->answer);
	return r == 0 ? show(m, w) : r;
}

int answer_hogs(struct answer_making *m)
{
	_cleanup_(work_done) struct work w = {};

	return answer(m, &w);
}
