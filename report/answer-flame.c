// SPDX-License-Identifier: Apache-2.0
#include "report/answer-flame.h"

#include <string.h>

#include "common/clock.h"
#include "report/answer-inside.h"
#include "report/coverage.h"
#include "report/flame-json.h"
#include "report/flame-svg.h"
#include "report/flame.h"
#include "report/normalize.h"

/* A browser draws so many at once; of a day of ten hosts there are fewer. */
#define MAX_NODES ((size_t)200000)
#define MIN_NODES ((size_t)1000)

static int put(const struct answer_making *m, const struct flame *f)
{
	if (m->question->kind == QUESTION_FLAME)
		return flame_json_add(f, m->body);
	return m->question->format == QUESTION_SVG ? flame_svg_add(f, m->body) : m->place->add_page(f, m->body);
}

/* Where names are so long that the nodes do not fit, it is fewer nodes. */
int answer_put_flame(struct answer_making *m, struct flame *f)
{
	int r = -EFBIG;

	for (size_t max_nodes = MAX_NODES; r == -EFBIG && max_nodes >= MIN_NODES; max_nodes /= 4) {
		buf_clear(m->body);
		r = call_tree_prune(f->tree, max_nodes);
		if (r == 0)
			r = put(m, f);
	}
	return r;
}

static int read_all(struct answer_making *m, struct flame *f, struct answer_input *input)
{
	struct stack_filter *filter = stack_filter_takes_all(&m->filter) ? NULL : &m->filter;
	struct source_item item;
	int r = answer_open(m, &m->question->side, input);

	while (r == 0 && (r = answer_next(m, input, &item)) == 0) {
		r = flame_add(f, 0, item.profile, filter);
		if (r == FLAME_OTHER_UNIT)
			return answer_refuse(m, ANSWER_BAD_QUESTION, "a window there measures something else");
	}
	return r == ANSWER_END ? 0 : r;
}

static int sum_of(const struct flame *f, int64_t *ret)
{
	size_t n;
	const struct call_node *nodes = call_tree_nodes(f->tree, &n);

	*ret = 0;
	for (size_t i = 0; i < n; i++)
		if (__builtin_add_overflow(*ret, nodes[i].self[0].value, ret))
			return -ERANGE;
	return 0;
}

/* Of nothing there are no shares, and no cores: it stays nothing. */
static int scale(struct answer_making *m, struct flame *f, struct coverage *coverage)
{
	struct normalize_extent extent;
	double factor = 1;
	int64_t sum;
	int r = sum_of(f, &sum);

	if (r < 0)
		return r;
	normalize_extent_of(coverage, &extent);
	if (sum != 0)
		r = normalize_factor((enum normalize)m->question->normalize, &extent, sum, NORMALIZE_TOTAL_SUM,
				     &factor);
	if (r == NORMALIZE_NO_TIME)
		return answer_refuse(m, ANSWER_BAD_QUESTION,
				     "no window says how long it took: normalize=none or total");
	call_tree_scale(f->tree, 0, factor);
	return r < 0 ? r : 0;
}

/* Whoever reads the graph divides values by the time of the column. */
static void set_time(const struct answer_making *m, struct flame *f, const struct coverage *coverage)
{
	flame_cover(f, 0, coverage);
	if (m->question->normalize == NORMALIZE_TIME || m->question->normalize == NORMALIZE_HOSTS)
		f->columns[0].span.covered_ns = NS_PER_S;
}

static int make(struct answer_making *m, struct flame *f, struct answer_input *input)
{
	_cleanup_(buf_done) struct buf title = {};
	int r = answer_describe(m, &m->question->side, &title);

	f->title = title.data;
	for (size_t i = 0; i < m->n_labels; i++)
		f->keys[f->n_keys++] = m->labels[i];
	if (r == 0)
		r = read_all(m, f, input);
	if (r == 0)
		r = scale(m, f, source_coverage(input->source));
	if (r == 0)
		r = flame_finish(f);
	if (r != 0)
		return r;
	f->n_given_up = answer_n_given_up(m, input);
	set_time(m, f, source_coverage(input->source));
	return answer_put_flame(m, f);
}

static int answer_flame_of_one(struct answer_making *m)
{
	_cleanup_(answer_input_done) struct answer_input input = {};
	_cleanup_(flame_done) struct flame f = {};
	int r = flame_init(&f);

	return r == 0 ? make(m, &f, &input) : r;
}

int answer_flame(struct answer_making *m)
{
	return m->question->has_before ? answer_flame_of_two(m) : answer_flame_of_one(m);
}

int answer_drawing(struct answer_making *m)
{
	if (m->question->format == QUESTION_HTML && !m->place->add_page)
		return answer_refuse(m, ANSWER_BAD_QUESTION, "there are no pages here");
	return answer_flame_of_one(m);
}
