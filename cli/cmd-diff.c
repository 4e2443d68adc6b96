// SPDX-License-Identifier: Apache-2.0
/* diff: what changed between two sides. */
#include <inttypes.h>
#include <string.h>

#include "cli/diff-options.h"
#include "cli/diff-view.h"
#include "cli/json.h"
#include "cli/profile-fail.h"
#include "cli/text.h"
#include "common/clock.h"
#include "common/log.h"
#include "report/flame.h"
#include "report/frame-table.h"
#include "report/samples-type.h"
#include "report/stack-reader.h"

_Static_assert(LABEL_LIST_MAX == FLAME_MAX_KEYS, "labels of --by are roots of the graph");

/* Both sides while they are read. */
struct comparison {
	const struct diff_options *options;
	struct diff *diff;
	struct flame flame; /* a column for each side; its stacks only where it is drawn, its frames in any case */
	struct normalize_extent extents[DIFF_N_SIDES];
	bool has_samples; /* they count samples, which chance has a hand in */
};

static void comparison_done(struct comparison *c)
{
	diff_free(c->diff);
	flame_done(&c->flame);
}

static int comparison_init(struct comparison *c, const struct diff_options *o)
{
	int r;

	*c = (struct comparison){ .options = o };
	r = flame_init(&c->flame);
	c->flame.n_columns = DIFF_N_SIDES;
	memcpy(c->flame.keys, o->labels.labels, sizeof(c->flame.keys));
	c->flame.n_keys = o->labels.n;
	for (size_t i = 0; i < DIFF_N_SIDES; i++)
		c->flame.columns[i].name = o->sides[i].text;
	if (r == 0)
		r = diff_new(o->by, o->labels.labels, o->labels.n, &c->diff);
	return r;
}

static int fail(int error)
{
	log_error("cannot compare: %s", strerror(-error));
	return EXIT_ERROR;
}

static int add_stack(struct comparison *c, size_t side, const struct stack *s)
{
	int r = diff_add(c->diff, side, c->flame.frames, s);

	return r == 0 && c->options->has_output ? flame_add_stack(&c->flame, side, s) : r;
}

static int add_stacks(struct comparison *c, size_t side, struct stack_filter *filter, struct stack_reader *reader)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < reader->profile->n_samples; i++) {
		struct stack s;

		r = stack_reader_read(reader, i, &s);
		if (r == 0)
			r = stack_filter_takes(filter, c->flame.frames, &s);
		if (r > 0)
			r = add_stack(c, side, &s);
	}
	return r < 0 ? r : 0;
}

static int add_profile(struct comparison *c, size_t side, struct stack_filter *filter, const struct profile *p)
{
	_cleanup_(stack_reader_done) struct stack_reader reader = {};
	int r = stack_reader_init(&reader, c->flame.frames, p);

	c->has_samples = has_samples_type(p);
	return r == 0 ? add_stacks(c, side, filter, &reader) : r;
}

static int add_item(struct comparison *c, size_t side, struct stack_filter *filter, const struct source_item *item)
{
	const struct profile *p = item->profile;
	int r = flame_add_facts(&c->flame, side, p);

	if (r == FLAME_OTHER_UNIT)
		return profile_fail_type("compare", item->name, &p->sample_types[p->default_type],
					 "what was read before measures something else");
	if (r == 0)
		r = add_profile(c, side, filter, p);
	return r < 0 ? profile_fail(item->name, r) : EXIT_OK;
}

static int read_side(struct comparison *c, size_t side, struct report_options *o)
{
	_cleanup_(report_input_done) struct report_input input = {};
	enum exit_code code = report_options_open(o, &input), end = EXIT_OK;
	struct source_item item;

	if (code != EXIT_OK)
		return code;
	while (code == EXIT_OK && report_input_next(o, &input, &item, &end) == 0)
		code = (enum exit_code)add_item(c, side, &o->filter, &item);
	normalize_extent_of(source_coverage(input.source), &c->extents[side]);
	flame_cover(&c->flame, side, source_coverage(input.source));
	return code == EXIT_OK ? end : code;
}

/* The sides' factors, and what is said when there are none. */
static int set_scale(struct comparison *c, struct diff_scale *ret)
{
	enum normalize n = c->options->normalize;
	int64_t before = diff_sum(c->diff, DIFF_BEFORE).value;
	int r = 0;

	for (size_t i = 0; r == 0 && i < DIFF_N_SIDES; i++)
		r = normalize_factor(n, &c->extents[i], diff_sum(c->diff, i).value, before, &ret->factors[i]);
	ret->has_errors = c->has_samples;
	switch (r) {
	case NORMALIZE_NO_TIME:
		log_error("cannot normalize by %s: a side does not say how long it took: take --normalize none or "
			  "total",
			  normalize_name(n));
		return EXIT_ERROR;
	case NORMALIZE_NO_SUM:
		log_error("cannot normalize by total: a side has no samples with these labels and stacks");
		return EXIT_ERROR;
	default:
		return EXIT_OK;
	}
}

static void set_sides(struct comparison *c, struct diff_view *v)
{
	for (size_t i = 0; i < DIFF_N_SIDES; i++)
		v->sides[i] = (struct diff_view_side){
			.name = c->options->sides[i].text,
			.n_profiles = c->flame.columns[i].n_profiles,
			.n_hosts = c->extents[i].n_hosts,
			.seconds = c->extents[i].seconds,
		};
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
	return o->csv ? diff_view_print_csv(v, stdout) : diff_view_print(v, stdout);
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

/* Whoever reads the graph divides values by the time of their column, to have cores. */
static uint64_t wall_ns(const struct comparison *c, size_t side)
{
	switch (c->options->normalize) {
	case NORMALIZE_TIME:
	case NORMALIZE_HOSTS:
		return NS_PER_S;
	case NORMALIZE_TOTAL:
		return (uint64_t)(c->extents[DIFF_BEFORE].seconds * NS_PER_S);
	case NORMALIZE_NONE:
	default:
		return (uint64_t)(c->extents[side].seconds * NS_PER_S);
	}
}

static int draw(struct comparison *c, const struct diff_scale *scale, struct output *output)
{
	_cleanup_(buf_done) struct buf title = {};
	int r = buf_printf(&title, "%s -> %s", c->options->sides[0].text, c->options->sides[1].text);

	for (size_t i = 0; i < DIFF_N_SIDES; i++)
		call_tree_scale(c->flame.tree, i, scale->factors[i]);
	c->flame.title = title.data;
	if (r == 0)
		r = flame_finish(&c->flame);
	for (size_t i = 0; i < DIFF_N_SIDES; i++)
		c->flame.columns[i].span.covered_ns = wall_ns(c, i);
	if (r == 0)
		r = output_draw(output, &c->flame);
	return r < 0 ? text_fail("write", output->path, strerror(-r)) : EXIT_OK;
}

static int answer(struct comparison *c, struct diff_options *o)
{
	_cleanup_free_ struct diff_row *rows = NULL;
	struct diff_view v = {
		.diff = c->diff, .max_rows = o->max_rows, .by = o->by, .labels = &o->labels, .normalize = o->normalize
	};
	int r, code = set_scale(c, &v.scale);

	if (code != EXIT_OK)
		return code;
	r = diff_rows(c->diff, &v.scale, &rows, &v.n_rows);
	if (r < 0)
		return fail(r);
	v.rows = rows;
	v.type = (struct profile_value_type){ c->flame.type, c->flame.unit };
	set_sides(c, &v);
	r = print(o, &v);
	if (r < 0)
		return fail(r);
	code = o->has_output ? draw(c, &v.scale, &o->output) : EXIT_OK;
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
	_cleanup_(comparison_done) struct comparison c = {};
	int r = comparison_init(&c, o), code = EXIT_OK;
	struct invoker who;

	if (r < 0)
		return fail(r);
	invoker_get(&who);
	r = o->has_output ? output_open(&o->output, &who) : 0;
	if (r < 0)
		return text_fail("write", o->output.path, strerror(-r));
	for (size_t i = 0; code == EXIT_OK && i < DIFF_N_SIDES; i++)
		code = read_side(&c, i, &o->sides[i].report);
	if (code != EXIT_OK)
		return code;
	tell_bounds(&c);
	return answer(&c, o);
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
