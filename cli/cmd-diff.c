// SPDX-License-Identifier: Apache-2.0
/* diff: what changed between two sides. */
#include <inttypes.h>
#include <string.h>

#include "cli/diff-options.h"
#include "cli/diff-print.h"
#include "cli/json.h"
#include "cli/profile-fail.h"
#include "cli/text.h"
#include "common/log.h"
#include "pprof/profile.h"
#include "report/comparison.h"
#include "report/frame-table.h"

_Static_assert(LABEL_LIST_MAX == FLAME_MAX_KEYS, "labels of --by are roots of the graph");

/* Both sides while they are read. */
struct work {
	struct diff_options *options;
	struct comparison comparison;
	struct report_input inputs[DIFF_N_SIDES]; /* they own what was covered */
};

static void work_done(struct work *w)
{
	comparison_done(&w->comparison);
	for (size_t i = 0; i < DIFF_N_SIDES; i++)
		report_input_done(&w->inputs[i]);
}

static int work_init(struct work *w)
{
	const struct diff_options *o = w->options;
	int r = comparison_init(&w->comparison, o->by, o->labels.labels, o->labels.n, o->has_output);

	for (size_t i = 0; i < DIFF_N_SIDES; i++)
		w->comparison.flame.columns[i].name = o->sides[i].text;
	return r;
}

static int fail(int error)
{
	log_error("cannot compare: %s", strerror(-error));
	return EXIT_ERROR;
}

static int add_item(struct work *w, size_t side, const struct source_item *item)
{
	const struct profile *p = item->profile;
	int r = comparison_add(&w->comparison, side, item, &w->options->sides[side].report.filter);

	if (r == FLAME_OTHER_UNIT)
		return profile_fail_type("compare", item->name, &p->sample_types[p->default_type],
					 "what was read before measures something else");
	return r < 0 ? profile_fail(item->name, r) : EXIT_OK;
}

static int read_side(struct work *w, size_t side)
{
	struct report_options *o = &w->options->sides[side].report;
	struct report_input *input = &w->inputs[side];
	enum exit_code code = report_options_open(o, input), end = EXIT_OK;
	struct source_item item;

	if (code != EXIT_OK)
		return code;
	while (code == EXIT_OK && report_input_next(o, input, &item, &end) == 0)
		code = (enum exit_code)add_item(w, side, &item);
	comparison_cover(&w->comparison, side, source_coverage(input->source));
	return code == EXIT_OK ? end : code;
}

/* The sides' factors, and what is said when there are none. */
static int set_scale(const struct work *w, struct diff_scale *ret)
{
	switch (comparison_scale(&w->comparison, w->options->normalize, ret)) {
	case NORMALIZE_NO_TIME:
		log_error("cannot normalize by %s: a side does not say how long it took: take --normalize none or "
			  "total",
			  normalize_name(w->options->normalize));
		return EXIT_ERROR;
	case NORMALIZE_NO_SUM:
		log_error("cannot normalize by total: a side has no samples with these labels and stacks");
		return EXIT_ERROR;
	default:
		return EXIT_OK;
	}
}

static int print_json(const struct diff_view *v)
{
	_cleanup_(json_putp) struct json_object *object = NULL;
	int r = diff_view_to_json(v, &object);

	return r == 0 ? json_print(object) : r;
}

static int print(const struct diff_options *o, const struct diff_view *v)
{
	if (o->json)
		return print_json(v);
	return o->csv ? diff_print_csv(v, stdout) : diff_print(v, stdout);
}

static bool has_grown(const struct diff_change *c, double limit)
{
	return !c->is_noise && (double)c->delta > limit;
}

static bool is_above(const struct diff_view *v, double percent)
{
	struct diff_change sum;
	double limit;

	diff_view_sum(v, &sum);
	limit = (double)sum.before * percent / 100;
	if (has_grown(&sum, limit))
		return true;
	for (size_t i = 0; i < v->n_rows; i++) {
		struct diff_change self, total;

		diff_row_change_of(&v->rows[i], &v->scale, &self, &total);
		if (has_grown(&self, limit) || has_grown(&total, limit))
			return true;
	}
	return false;
}

static uint64_t n_given_up(const struct diff_options *o)
{
	uint64_t n = 0;

	for (size_t i = 0; i < DIFF_N_SIDES; i++)
		n += stack_filter_n_given_up(&o->sides[i].report.filter) +
		     selection_n_given_up(&o->sides[i].report.selection.selection);
	return n;
}

static int draw(struct work *w, const struct diff_scale *scale)
{
	const struct diff_options *o = w->options;
	_cleanup_(buf_done) struct buf title = {};
	int r = buf_printf(&title, "%s -> %s", o->sides[0].text, o->sides[1].text);

	w->comparison.flame.title = title.data;
	w->comparison.flame.n_given_up = n_given_up(o);
	if (r == 0)
		r = comparison_finish_flame(&w->comparison, o->normalize, scale);
	if (r == 0)
		r = output_draw(&w->options->output, &w->comparison.flame);
	return r < 0 ? text_fail("write", o->output.path, strerror(-r)) : EXIT_OK;
}

static int answer(struct work *w)
{
	const struct diff_options *o = w->options;
	_cleanup_free_ struct diff_row *rows = NULL;
	struct diff_view v = {
		.max_rows = o->max_rows, .by = o->by, .normalize = o->normalize, .n_given_up = n_given_up(o)
	};
	int r, code = set_scale(w, &v.scale);

	if (code != EXIT_OK)
		return code;
	r = diff_rows(w->comparison.diff, &v.scale, &rows, &v.n_rows);
	if (r < 0)
		return fail(r);
	v.rows = rows;
	comparison_show(&w->comparison, &v);
	r = print(o, &v);
	if (r < 0)
		return fail(r);
	code = o->has_output ? draw(w, &v.scale) : EXIT_OK;
	if (code != EXIT_OK)
		return code;
	return o->fail_above_percent >= 0 && is_above(&v, o->fail_above_percent) ? EXIT_THRESHOLD : EXIT_OK;
}

static void tell_bounds(const struct comparison *c)
{
	uint64_t n_frames = frame_table_n_beyond(c->flame.frames), n_rows = diff_n_beyond(c->diff);

	if (n_frames + n_rows > 0)
		log_warning("%" PRIu64 " frames and %" PRIu64 " samples had no room of their own: they are (other)",
			    n_frames, n_rows);
}

static int diff(struct diff_options *o)
{
	_cleanup_(work_done) struct work w = { .options = o };
	int r = work_init(&w), code = EXIT_OK;
	struct invoker who;

	if (r < 0)
		return fail(r);
	invoker_get(&who);
	r = o->has_output ? output_open(&o->output, &who) : 0;
	if (r < 0)
		return text_fail("write", o->output.path, strerror(-r));
	for (size_t i = 0; code == EXIT_OK && i < DIFF_N_SIDES; i++)
		code = read_side(&w, i);
	if (code != EXIT_OK)
		return code;
	tell_bounds(&w.comparison);
	return answer(&w);
}

static int run(int argc, char **argv)
{
	_cleanup_(diff_options_done) struct diff_options o = DIFF_OPTIONS_NONE;
	bool done;
	int code = diff_options_parse(&o, argc, argv, &done);

	return done ? code : diff(&o);
}

const struct command cmd_diff = {
	.name = "diff",
	.summary = "compare two profiles, times or releases: what changed, with error bars",
	.usage = diff_usage,
	.run = run,
};
