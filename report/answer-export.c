// SPDX-License-Identifier: Apache-2.0
/* answer export: profiles as a file for other programs. */
#include "pprof/profile.h"
#include "report/answer-inside.h"
#include "report/collect.h"
#include "report/export.h"

static int collect_all(struct answer_making *m, struct answer_input *input, struct collect *c)
{
	struct source_item item;
	int r = answer_open(m, &m->question->side, input);

	while (r == 0 && (r = answer_next(m, input, &item)) == 0) {
		r = collect_add(c, input->source, &item);
		if (r == COLLECT_FOREIGN)
			return answer_not_cpu(m);
	}
	if (r != ANSWER_END)
		return r;
	return 0;
}

static int read_all(struct answer_making *m, struct answer_input *input, struct profile **ret)
{
	_cleanup_(collect_freep) struct collect *c = NULL;
	struct source_counts counts;
	int r = collect_new(&m->filter, &c);

	if (r == 0)
		r = collect_all(m, input, c);
	if (r != 0)
		return r;
	source_counts(input->source, &counts);
	if (counts.n_profiles > 0)
		r = collect_take(c, ret);
	if (r == 0 && (!*ret || (*ret)->n_samples == 0))
		return answer_refuse(m, ANSWER_NOTHING, "there are no samples with these labels and stacks");
	return r;
}

static int scale(struct answer_making *m, struct profile *p, struct coverage *coverage)
{
	struct normalize_extent extent;
	int r;

	normalize_extent_of(coverage, &extent);
	r = export_scale(p, (enum normalize)m->question->normalize, &extent);
	return r > 0 ? answer_refuse(m, ANSWER_BAD_QUESTION, "no window says how long it took: normalize=none or total")
		     : r;
}

static int add(struct answer_making *m, const struct profile *p)
{
	static const enum export_format formats[] = {
		[QUESTION_PPROF] = EXPORT_PPROF,
		[QUESTION_FOLDED] = EXPORT_FOLDED,
		[QUESTION_SPEEDSCOPE] = EXPORT_SPEEDSCOPE,
	};
	_cleanup_(buf_done) struct buf name = {};
	struct export_form form = {
		.format = formats[m->question->format],
		.normalize = (enum normalize)m->question->normalize,
		.by = m->labels,
		.n_by = m->n_labels,
	};
	int r = answer_describe(m, &m->question->side, &name);

	form.name = name.data;
	if (r == 0)
		r = export_add(p, &form, m->body, NULL);
	return r > 0 ? answer_not_cpu(m) : r;
}

int answer_export(struct answer_making *m)
{
	_cleanup_(answer_input_done) struct answer_input input = {};
	_cleanup_(profile_freep) struct profile *p = NULL;
	int r;

	m->has_all_labels = m->question->format == QUESTION_PPROF;
	r = read_all(m, &input, &p);
	if (r == 0)
		r = scale(m, p, source_coverage(input.source));
	return r == 0 ? add(m, p) : r;
}
