// SPDX-License-Identifier: Apache-2.0
/*
 * answer timeline: cores over time. Of windows all are listed first, which is cheap, and then read: minutes rather than
 * hours where they are few, or of one hour. An engine adds up all time that it is asked for: it is asked for each step
 * of a few.
 */
#include "common/json.h"
#include "report/answer-inside.h"
#include "report/coverage-json.h"
#include "report/coverage.h"
#include "report/engine.h"
#include "report/frame-table.h"
#include "report/grouping.h"
#include "report/timeline.h"

#define ENGINE_STEPS 24
#define MAX_FINE_WINDOWS 720 /* twelve hours of a host, in minutes: each is read in about a ms */

/* In the order of its making. */
struct work {
	struct answer_groups groups;
	struct timeline *timeline;
	struct coverage *coverage; /* of an engine: of all steps */
	uint64_t n_given_up;
};

static void work_done(struct work *w)
{
	coverage_free(w->coverage);
	timeline_free(w->timeline);
	answer_groups_done(&w->groups);
}

static int add_samples(struct answer_making *m, struct work *w, struct answer_input *input)
{
	struct source_item item;
	int r = 0;

	while (r == 0 && (r = answer_next(m, input, &item)) == 0) {
		r = timeline_add(w->timeline, &item, &m->filter);
		if (r == TIMELINE_NOT_CPU)
			return answer_not_cpu(m);
	}
	w->n_given_up = answer_n_given_up(m, input);
	return r == ANSWER_END ? 0 : r;
}

/* From `first` on, where there is one. */
static int add_recorded(struct answer_making *m, struct work *w, struct source *s, const struct window_info *first)
{
	struct window_info window = *first;
	int r = 0;

	while (r == 0) {
		r = timeline_add_recorded(w->timeline, &window);
		if (r == 0)
			r = source_next_recorded(s, &window);
	}
	return r == SOURCE_END ? 0 : answer_source_failed(m, s, r);
}

static int show(struct answer_making *m, const struct work *w, const struct coverage *coverage)
{
	const struct json_count counts[] = {
		{ "groups", grouping_n_beyond(w->groups.grouping) },  { "rows", timeline_n_dropped(w->timeline) },
		{ "frames", frame_table_n_beyond(w->groups.frames) }, { "expressions", w->n_given_up },
		{ "windows", timeline_n_untimed(w->timeline) },
	};
	const struct question *q = m->question;
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *beyond = NULL;
	int r = json_new_top(&top);

	if (r == 0)
		r = timeline_json_add(w->timeline, q->n_rows, top);
	if (r == 0)
		r = coverage_json_add(top, "recorded", coverage, answer_until(m, &q->side));
	if (r == 0)
		r = json_add_object(top, "beyond_limits", &beyond);
	if (r == 0)
		r = json_add_counts(beyond, counts, ARRAY_SIZE(counts));
	return r == 0 ? answer_put(m, top) : r;
}

/*
 * An hour that is one window shows nothing of it. One hour has its minutes however many they are: the last hour, which
 * is not merged yet, has as many.
 */
static int choose_files(struct answer_making *m)
{
	_cleanup_(answer_input_done) struct answer_input input = {};
	const struct question_side *side = &m->question->side;
	struct window_info window;
	size_t n = 0;
	int r;

	m->files = SELECT_MINUTES;
	if (answer_until(m, side) - side->since_ns <= (int64_t)window_tier_ns(WINDOW_HOUR))
		return 0;
	r = answer_open(m, side, &input);
	while (r == 0 && n <= MAX_FINE_WINDOWS) {
		r = source_next_recorded(input.source, &window);
		n++;
	}
	if (n > MAX_FINE_WINDOWS)
		m->files = SELECT_FEWEST;
	return r == SOURCE_END ? 0 : r;
}

static int answer_of_windows(struct answer_making *m, struct work *w, struct answer_input *input)
{
	const struct question_side *side = &m->question->side;
	struct window_info first = {};
	int64_t since_ns = side->since_ns;
	int r = m->place->store ? choose_files(m) : 0, listed;

	if (r == 0)
		r = answer_open(m, side, input);
	if (r != 0)
		return r;
	listed = source_next_recorded(input->source, &first);
	if (listed < 0)
		return answer_source_failed(m, input->source, listed);
	if (since_ns == 0 && listed == 0) /* all that there is */
		since_ns = first.start_ns;
	r = timeline_new(w->groups.frames, w->groups.grouping, since_ns, answer_until(m, side), m->question->n_points,
			 &w->timeline);
	if (r == 0 && listed == 0)
		r = add_recorded(m, w, input->source, &first);
	if (r == 0)
		r = add_samples(m, w, input);
	return r == 0 ? show(m, w, source_coverage(input->source)) : r;
}

/* -- engines -- */

static int add_coverage(struct work *w, const struct coverage *c)
{
	uint64_t n_windows = coverage_totals(c)->n_windows;
	size_t n;
	const struct coverage_host *hosts = coverage_hosts(c, &n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = coverage_add_host(w->coverage, &hosts[i], i == 0 ? n_windows : 0);
	return r;
}

static int add_step(struct answer_making *m, struct work *w, const struct question_side *side)
{
	_cleanup_(answer_input_done) struct answer_input input = {};
	struct window_info window = {};
	int r = answer_open(m, side, &input);

	if (r == 0)
		r = source_next_recorded(input.source, &window);
	if (r == 0)
		r = add_recorded(m, w, input.source, &window);
	if (r == 0 || r == SOURCE_END)
		r = add_samples(m, w, &input);
	return r == 0 ? add_coverage(w, source_coverage(input.source)) : r;
}

static int answer_of_engine(struct answer_making *m, struct work *w)
{
	struct question_side side = m->question->side;
	size_t n_points = m->question->n_points < ENGINE_STEPS ? m->question->n_points : ENGINE_STEPS;
	int r;

	if (side.since_ns == 0)
		return answer_refuse(m, ANSWER_BAD_QUESTION, "since when? It answers for a time only");
	r = timeline_new(w->groups.frames, w->groups.grouping, side.since_ns, answer_until(m, &side), n_points,
			 &w->timeline);
	if (r == 0)
		r = coverage_new(&w->coverage);
	for (size_t i = 0; r == 0 && timeline_take_step(w->timeline, i, &side.since_ns, &side.until_ns); i++)
		r = add_step(m, w, &side);
	if (r != 0)
		return r;
	coverage_finish(w->coverage);
	return show(m, w, w->coverage);
}

int answer_timeline(struct answer_making *m)
{
	_cleanup_(answer_input_done) struct answer_input input = {};
	_cleanup_(work_done) struct work w = {};
	int r = answer_groups_init(m, m->question->by, &w.groups);

	if (r != 0)
		return r;
	return m->place->store || !engine_is_url(m->place->url) ? answer_of_windows(m, &w, &input)
								: answer_of_engine(m, &w);
}
