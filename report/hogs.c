// SPDX-License-Identifier: Apache-2.0
#include "report/hogs.h"

#include <math.h>
#include <string.h>

#include "pprof/profile.h"
#include "report/coverage.h"
#include "report/frame-table.h"
#include "report/grouping.h"
#include "report/hogs-inside.h"
#include "report/samples-type.h"
#include "report/source.h"
#include "report/stack-facts.h"
#include "report/stack-filter.h"
#include "report/stack-reader.h"

/* One profile on its way into the sums. */
struct adding {
	struct hogs *h;
	enum hogs_side side;
	struct coverage *coverage;
	const struct source_item *item;
	bool has_samples;      /* a column counts them */
	const char *host_name; /* the last stack's, of a file: strings of a profile are unique */
	uint32_t host;
};

struct hogs *hogs_free(struct hogs *h)
{
	if (!h)
		return NULL;
	for (enum hogs_side side = 0; side < HOGS_N_SIDES; side++)
		sums_done(&h->cells[side]);
	sums_done(&h->tops);
	sums_done(&h->edges);
	buf_done(&h->facts);
	free(h);
	return NULL;
}

int hogs_new(struct frame_table *frames, struct grouping *grouping, bool has_callers, struct hogs **ret)
{
	struct hogs *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->frames = frames;
	h->grouping = grouping;
	h->has_callers = has_callers;
	for (enum hogs_side side = 0; side < HOGS_N_SIDES; side++)
		sums_init(&h->cells[side], HOGS_MAX_CELLS);
	sums_init(&h->tops, HOGS_MAX_TOPS);
	sums_init(&h->edges, HOGS_MAX_EDGES);
	*ret = h;
	return 0;
}

/* Where nobody counted samples, one is worth a period. */
static struct amount amount_of(const struct adding *a, const struct stack *s)
{
	double period_ns = (double)a->item->window.period_ns, value_ns = (double)s->value;
	int64_t n = s->n_samples;

	if (!a->has_samples)
		n = period_ns > 0 ? (int64_t)(value_ns / period_ns) : 0;
	return (struct amount){ .value_ns = s->value,
				.n_samples = n,
				.variance = fabs(value_ns) * (n ? fabs(value_ns / (double)n) : period_ns) };
}

/* What is counted of the host as a whole has its room, before there are so many groups that nothing has. */
static int begin_host(struct adding *a, const char *name)
{
	static const uint32_t wholes[] = { CELL_ALL, CELL_TAKEN, GROUP_BEYOND };
	struct sum *sum;
	int r = coverage_find(a->coverage, name, &a->host);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(wholes); i++)
		r = sums_get(&a->h->cells[a->side], wholes[i], a->host, &sum);
	return r == SUMS_FULL ? -ENOSPC : r;
}

/* A store tells the host; a file's samples do. */
static int find_host(struct adding *a, const struct stack *s)
{
	const char *name;

	if (a->item->window.host[0])
		return 0;
	name = stack_label(s, COVERAGE_HOST_LABEL);
	if (name == a->host_name)
		return 0;
	a->host_name = name;
	return begin_host(a, name);
}

static int add_self(struct adding *a, uint32_t group, const struct amount *amount)
{
	struct sums *cells = &a->h->cells[a->side];
	struct sum *cell;
	int r = sums_get(cells, group, a->host, &cell);

	if (r == SUMS_FULL) {
		a->h->n_beyond_cells++;
		r = sums_get(cells, GROUP_BEYOND, a->host, &cell);
	}
	return r == 0 ? amount_add(&cell->self, amount) : r;
}

/* Once for a stack, however often it goes through the group. */
static int add_total(struct adding *a, uint32_t group, const struct amount *amount)
{
	struct sum *cell;
	int r = sums_get(&a->h->cells[a->side], group, a->host, &cell);

	if (r == SUMS_FULL) {
		a->h->n_beyond_cells++;
		return 0;
	}
	if (r < 0 || cell->last == a->h->n_stacks)
		return r;
	cell->last = a->h->n_stacks;
	return amount_add(&cell->total, amount);
}

static int add_top(struct hogs *h, uint32_t group, const struct stack *s, const struct amount *amount)
{
	const struct group_frame *leaf;
	struct sum *sum;
	int r = grouping_frame(h->grouping, s->frames[0], &leaf);

	if (r < 0 || leaf->is_folded) /* nobody knows whose it was */
		return r;
	r = sums_get(&h->tops, group, leaf->function, &sum);
	if (r == SUMS_FULL) {
		h->n_beyond_tops++;
		return 0;
	}
	return r == 0 ? amount_add(&sum->self, amount) : r;
}

/* A caller is another function: what calls itself is called from outside as well. Each pair once for a stack. */
static int add_edges(struct hogs *h, const uint32_t *groups, const struct stack *s, const struct amount *amount)
{
	for (size_t i = 0; i + 1 < s->n_frames; i++) {
		const struct group_frame *caller;
		struct sum *sum;
		int r;

		if (groups[i] == groups[i + 1])
			continue;
		r = grouping_frame(h->grouping, s->frames[i + 1], &caller);
		if (r == 0)
			r = sums_get(&h->edges, groups[i], caller->function, &sum);
		if (r == SUMS_FULL) {
			h->n_beyond_edges++;
			continue;
		}
		if (r == 0 && sum->last != h->n_stacks) {
			sum->last = h->n_stacks;
			r = amount_add(&sum->total, amount);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int facts_of(struct hogs *h, uint32_t group, struct group_facts **ret)
{
	size_t size = ((size_t)group + 1) * sizeof(**ret), more = size > h->facts.size ? size - h->facts.size : 0;
	int r = more ? buf_reserve(&h->facts, more) : 0;

	if (r < 0)
		return r;
	if (more) {
		memset(h->facts.data + h->facts.size, 0, more);
		h->facts.size = size;
	}
	*ret = (struct group_facts *)(void *)h->facts.data + group;
	return 0;
}

static int add_facts(struct hogs *h, uint32_t group, const struct stack *s, const struct stack_facts *facts,
		     const struct amount *amount)
{
	uint64_t n = amount->n_samples > 0 ? (uint64_t)amount->n_samples : 0;
	const struct group_frame *leaf;
	struct group_facts *sum;
	int r = facts_of(h, group, &sum);

	if (r == 0)
		r = grouping_frame(h->grouping, s->frames[0], &leaf);
	if (r < 0)
		return r;
	if (leaf->is_kernel && __builtin_add_overflow(sum->kernel_ns, amount->value_ns, &sum->kernel_ns))
		return -ERANGE;
	sum->n_folded += facts->n_folded * n;
	sum->n_frames += facts->n_code * n;
	sum->n_named += facts->n_named * n;
	sum->n_truncated += facts->is_truncated ? n : 0;
	return 0;
}

static int add_groups(struct adding *a, const struct stack *s, const struct stack_facts *facts,
		      const struct amount *amount)
{
	bool is_of_frames = grouping_is_of_frames(a->h->grouping);
	const uint32_t *groups;
	size_t n;
	int r = grouping_of_stack(a->h->grouping, s, &groups, &n);

	if (r == 0)
		r = add_self(a, groups[0], amount);
	for (size_t i = 0; r == 0 && is_of_frames && i < n; i++)
		if (groups[i] != GROUP_NONE)
			r = add_total(a, groups[i], amount);
	if (r < 0 || a->side != HOGS_NOW)
		return r;
	if (a->h->has_callers && n == s->n_frames)
		r = add_edges(a->h, groups, s, amount);
	if (r == 0)
		r = add_facts(a->h, groups[0], s, facts, amount);
	return r == 0 ? add_top(a->h, groups[0], s, amount) : r;
}

static int add_stack(struct adding *a, const struct stack *s, const struct stack_facts *facts,
		     struct stack_filter *filter)
{
	struct amount amount = amount_of(a, s);
	int r = find_host(a, s), is_taken;

	a->h->n_stacks++;
	if (r == 0)
		r = add_self(a, CELL_ALL, &amount);
	if (r < 0)
		return r;
	is_taken = stack_filter_takes_all(filter) ? 1 : stack_filter_takes(filter, a->h->frames, s);
	if (is_taken <= 0)
		return is_taken;
	r = add_self(a, CELL_TAKEN, &amount);
	return r == 0 ? add_groups(a, s, facts, &amount) : r;
}

/* Else the innermost ones will do, for the functions that burn most. */
static bool needs_frames(const struct hogs *h, const struct stack_filter *filter)
{
	return h->has_callers || grouping_is_of_frames(h->grouping) || !stack_filter_takes_all(filter);
}

static int add_stacks(struct adding *a, struct stack_filter *filter)
{
	const struct profile *p = a->item->profile;
	_cleanup_(stack_reader_done) struct stack_reader reader = {};
	_cleanup_free_ struct stack_facts *own_facts = NULL;
	int r = needs_frames(a->h, filter) ? stack_reader_init(&reader, a->h->frames, p)
					   : stack_reader_init_innermost(&reader, a->h->frames, p);

	if (r == 0 && !a->item->facts)
		r = stack_facts_new(p, &own_facts);
	for (size_t i = 0; r == 0 && i < p->n_samples; i++) {
		struct stack s;

		r = stack_reader_read(&reader, i, &s);
		if (r == 0)
			r = add_stack(a, &s, own_facts ? &own_facts[i] : &a->item->facts[i], filter);
	}
	return r;
}

int hogs_add(struct hogs *h, enum hogs_side side, struct coverage *coverage, const struct source_item *item,
	     struct stack_filter *filter)
{
	const struct profile *p = item->profile;
	struct adding a = { .h = h, .side = side, .coverage = coverage, .item = item };
	int r;

	if (!is_cpu_time(p))
		return HOGS_NOT_CPU;
	a.has_samples = strcmp(p->sample_types[samples_type_of(p)].type, "samples") == 0;
	h->coverages[side] = coverage;
	grouping_begin_profile(h->grouping, item->window.host);
	r = item->window.host[0] ? begin_host(&a, item->window.host) : 0;
	return r == 0 ? add_stacks(&a, filter) : r;
}
