// SPDX-License-Identifier: Apache-2.0
#include "pprof/merge.h"

#include <stdbool.h>
#include <string.h>

#include "pprof/binary-names.h"
#include "pprof/build.h"
#include "pprof/copier.h"
#include "pprof/ledger.h"
#include "pprof/profile.h"
#include "pprof/tables.h"

#define STANDS_FOR "merged " /* how the comment begins that tells what a merged profile stands for */
#define PPM 1000000

struct merge {
	struct profile_builder *builder;
	struct binary_names names;
	char *comments[MERGE_MAX_COMMENTS];
	size_t n_comments, n_more_comments;
	struct ledger ledger;
	bool has_ledger, has_main;
	struct profile_meta meta;
};

int merge_new(struct merge **ret)
{
	_cleanup_(merge_freep) struct merge *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	r = binary_names_init(&m->names);
	if (r == 0)
		r = profile_builder_new(&m->builder);
	if (r < 0)
		return r;
	*ret = take_ptr(m);
	return 0;
}

struct merge *merge_free(struct merge *m)
{
	if (!m)
		return NULL;
	profile_builder_free(m->builder);
	binary_names_done(&m->names);
	for (size_t i = 0; i < m->n_comments; i++)
		free(m->comments[i]);
	free(m);
	return NULL;
}

static int add_text(struct merge *m, const char *text)
{
	for (size_t i = 0; i < m->n_comments; i++)
		if (strcmp(m->comments[i], text) == 0)
			return 0;
	if (m->n_comments == MERGE_MAX_COMMENTS) {
		m->n_more_comments++;
		return 0;
	}
	m->comments[m->n_comments] = strdup(text);
	if (!m->comments[m->n_comments])
		return -ENOMEM;
	m->n_comments++;
	return 0;
}

static int add_comment(struct merge *m, const char *text)
{
	struct ledger l;

	if (strncmp(text, STANDS_FOR, strlen(STANDS_FOR)) == 0)
		return 0;
	if (ledger_parse(text, &l) != 0)
		return add_text(m, text); /* a damaged ledger too: its readers count it */
	m->has_ledger = true;
	return ledger_add(&m->ledger, &l);
}

/* The first one's program is the merged one's. */
static int set_main(struct profile_builder *b, struct binary_names *names, const struct profile *p)
{
	struct profile_mapping mapping;
	int r;

	if (p->n_mappings == 0)
		return 0;
	r = binary_names_map(names, &p->mappings[0], &mapping);
	return r == 0 ? profile_builder_set_main(b, &mapping) : r;
}

static int add_head(struct merge *m, const struct profile *p)
{
	int r = 0;

	if (p->time_ns && (!m->meta.time_ns || p->time_ns < m->meta.time_ns))
		m->meta.time_ns = p->time_ns;
	if (p->period > m->meta.period_ns)
		m->meta.period_ns = p->period; /* as pprof does: where rates differ, the coarsest one */
	if (__builtin_add_overflow(m->meta.duration_ns, p->duration_ns, &m->meta.duration_ns))
		return -ERANGE;
	for (size_t i = 0; r == 0 && i < p->n_comments; i++)
		r = add_comment(m, p->comments[i]);
	if (r < 0 || m->has_main)
		return r;
	m->has_main = p->n_mappings > 0;
	return set_main(m->builder, &m->names, p);
}

int merge_add(struct merge *m, const struct profile *p)
{
	_cleanup_(copier_done) struct copier c = {};
	int r;

	if (!copier_takes(p))
		return MERGE_FOREIGN;
	r = add_head(m, p);
	if (r == 0)
		r = copier_init(&c, m->builder, &m->names, p);
	for (size_t i = 0; r == 0 && i < p->n_samples; i++)
		r = copier_add(&c, &p->samples[i]);
	return r;
}

/* CPU time of each stack, whatever its labels. */
struct stack_times {
	struct pool stacks;  /* as the decoder has them: one location of a merged profile is one pointer */
	struct buf cpu_ns;   /* uint64_t, by the number of the stack */
	uint32_t *of_sample; /* the number of its stack */
	uint64_t total_ns;
};

static void stack_times_done(struct stack_times *t)
{
	pool_done(&t->stacks);
	buf_done(&t->cpu_ns);
	free(t->of_sample);
}

static int add_time(struct stack_times *t, const struct profile_sample *s, uint32_t *ret)
{
	uint64_t cpu_ns = (uint64_t)s->values[COPIER_CPU_NS], *sums;
	const uint64_t none = 0;
	int r;

	r = pool_add(&t->stacks, s->locations, s->n_locations * sizeof(struct profile_location *), ret);
	if (r == 0 && *ret == t->cpu_ns.size / sizeof(none))
		r = buf_add(&t->cpu_ns, &none, sizeof(none));
	if (r < 0)
		return r;
	sums = (void *)t->cpu_ns.data;
	if (__builtin_add_overflow(t->total_ns, cpu_ns, &t->total_ns))
		return -ERANGE;
	sums[*ret] += cpu_ns; /* not more than the total */
	return 0;
}

static int stack_times_init(struct stack_times *t, const struct profile *p)
{
	int r;

	*t = (struct stack_times){};
	r = pool_init(&t->stacks, PROFILE_MAX_SAMPLES, 2 * PROFILE_MAX_SAMPLES_BYTES);
	t->of_sample = calloc(p->n_samples + 1, sizeof(*t->of_sample));
	if (!t->of_sample)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < p->n_samples; i++)
		r = add_time(t, &p->samples[i], &t->of_sample[i]);
	return r;
}

static bool is_below(const struct stack_times *t, uint32_t stack, uint32_t ppm)
{
	const uint64_t *sums = (const void *)t->cpu_ns.data;

	return (unsigned __int128)sums[stack] * PPM < (unsigned __int128)t->total_ns * ppm;
}

/* By what they have in common from the root on: neighbours that are alike compress better. */
static int compare_stacks(const void *a, const void *b)
{
	const struct profile_sample *x = *(const struct profile_sample *const *)a;
	const struct profile_sample *y = *(const struct profile_sample *const *)b;
	size_t n = x->n_locations < y->n_locations ? x->n_locations : y->n_locations;

	for (size_t i = 1; i <= n; i++) {
		const struct profile_location *of_x = x->locations[x->n_locations - i];
		const struct profile_location *of_y = y->locations[y->n_locations - i];

		if (of_x != of_y)
			return of_x < of_y ? -1 : 1;
	}
	return (x->n_locations > y->n_locations) - (x->n_locations < y->n_locations);
}

/* What was merged so far, with its small stacks folded. */
static int add_folded(const struct profile *p, uint32_t below_ppm, struct profile_builder *b)
{
	_cleanup_(stack_times_done) struct stack_times times = {};
	_cleanup_(binary_names_done) struct binary_names names = {};
	_cleanup_(copier_done) struct copier c = {};
	_cleanup_free_ const struct profile_sample **order = NULL;
	int r;

	r = stack_times_init(&times, p);
	if (r == 0)
		r = binary_names_init(&names);
	if (r == 0)
		r = set_main(b, &names, p);
	if (r == 0)
		r = copier_init(&c, b, &names, p);
	order = calloc(p->n_samples + 1, sizeof(*order));
	if (r == 0 && !order)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < p->n_samples; i++)
		order[i] = &p->samples[i];
	if (r == 0)
		qsort(order, p->n_samples, sizeof(*order), compare_stacks);
	for (size_t i = 0; r == 0 && i < p->n_samples; i++)
		r = is_below(&times, times.of_sample[order[i] - p->samples], below_ppm)
			    ? copier_add_as(&c, order[i], MERGE_OTHER)
			    : copier_add(&c, order[i]);
	return r;
}

static int fold(struct merge *m, uint32_t below_ppm)
{
	_cleanup_(profile_builder_freep) struct profile_builder *folded = NULL;
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(buf_done) struct buf raw = {};
	int r;

	r = profile_builder_encode(m->builder, &m->meta, &raw);
	if (r == 0)
		r = profile_decode(raw.data, raw.size, &p);
	if (r == 0)
		r = profile_builder_new(&folded);
	if (r == 0)
		r = add_folded(p, below_ppm, folded);
	if (r < 0)
		return r;
	profile_builder_free(m->builder);
	m->builder = take_ptr(folded);
	return 0;
}

static int add_line(struct profile_builder *b, struct buf *line)
{
	int r = profile_builder_add_comment(b, line->data);

	buf_clear(line);
	return r;
}

static int add_comments(struct merge *m, const struct merge_options *options)
{
	_cleanup_(buf_done) struct buf line = {};
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->n_comments; i++)
		r = profile_builder_add_comment(m->builder, m->comments[i]);
	if (r == 0 && m->n_more_comments) {
		r = buf_printf(&line, "%zu more comments", m->n_more_comments);
		r = r == 0 ? add_line(m->builder, &line) : r;
	}
	if (r == 0 && options->note)
		r = profile_builder_add_comment(m->builder, options->note);
	if (r == 0 && m->has_ledger) {
		r = ledger_format(&m->ledger, options->id, &line);
		r = r == 0 ? add_line(m->builder, &line) : r;
	}
	if (r == 0 && options->stands_for) {
		r = buf_printf(&line, STANDS_FOR "%s", options->stands_for);
		r = r == 0 ? add_line(m->builder, &line) : r;
	}
	return r;
}

int merge_encode(struct merge *m, const struct merge_options *options, struct buf *ret)
{
	int r = options->fold_below_ppm ? fold(m, options->fold_below_ppm) : 0;

	if (r == 0)
		r = add_comments(m, options);
	return r == 0 ? profile_builder_encode(m->builder, &m->meta, ret) : r;
}
