// SPDX-License-Identifier: Apache-2.0
#include "report/comparison.h"

#include <string.h>

#include "common/clock.h"
#include "pprof/profile.h"
#include "report/coverage.h"
#include "report/frame-table.h"
#include "report/samples-type.h"
#include "report/source.h"
#include "report/stack-filter.h"
#include "report/stack-reader.h"

int comparison_init(struct comparison *c, enum diff_by by, const char *const *labels, size_t n_labels, bool is_drawn)
{
	int r;

	*c = (struct comparison){ .is_drawn = is_drawn };
	r = flame_init(&c->flame);
	c->flame.n_columns = DIFF_N_SIDES;
	for (size_t i = 0; i < n_labels; i++)
		c->flame.keys[c->flame.n_keys++] = labels[i];
	return r == 0 ? diff_new(by, labels, n_labels, &c->diff) : r;
}

void comparison_done(struct comparison *c)
{
	diff_free(c->diff);
	flame_done(&c->flame);
}

static int add_stack(struct comparison *c, size_t side, const struct stack *s)
{
	int r = diff_add(c->diff, side, c->flame.frames, s);

	return r == 0 && c->is_drawn ? flame_add_stack(&c->flame, side, s) : r;
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

int comparison_add(struct comparison *c, size_t side, const struct source_item *item, struct stack_filter *filter)
{
	_cleanup_(stack_reader_done) struct stack_reader reader = {};
	int r = flame_add_facts(&c->flame, side, item->profile);

	if (r != 0)
		return r;
	c->has_samples = has_samples_type(item->profile);
	r = stack_reader_init(&reader, c->flame.frames, item->profile);
	return r == 0 ? add_stacks(c, side, filter, &reader) : r;
}

void comparison_cover(struct comparison *c, size_t side, struct coverage *coverage)
{
	c->coverages[side] = coverage;
	normalize_extent_of(coverage, &c->extents[side]);
}

int comparison_scale(const struct comparison *c, enum normalize n, struct diff_scale *ret)
{
	int64_t before = diff_sum(c->diff, DIFF_BEFORE).value;
	int r = 0;

	ret->has_errors = c->has_samples;
	for (size_t i = 0; r == 0 && i < DIFF_N_SIDES; i++) {
		r = normalize_factor(n, &c->extents[i], diff_sum(c->diff, i).value, before, &ret->factors[i]);
		if (r == NORMALIZE_NO_TIME && c->flame.columns[i].n_profiles == 0) {
			ret->factors[i] = 1;
			r = 0;
		}
	}
	return r;
}

void comparison_show(const struct comparison *c, struct diff_view *ret)
{
	ret->diff = c->diff;
	ret->labels = c->flame.keys;
	ret->n_labels = c->flame.n_keys;
	ret->type = (struct profile_value_type){ .type = c->flame.type, .unit = c->flame.unit };
	for (size_t i = 0; i < DIFF_N_SIDES; i++)
		ret->sides[i] = (struct diff_view_side){
			.name = c->flame.columns[i].name,
			.n_profiles = c->flame.columns[i].n_profiles,
			.n_hosts = c->extents[i].n_hosts,
			.seconds = c->extents[i].seconds,
			.coverage = c->coverages[i],
		};
}

/* Whoever reads the graph divides values by the time of their column, to have cores. */
static uint64_t wall_ns(const struct comparison *c, enum normalize n, size_t side)
{
	switch (n) {
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

int comparison_finish_flame(struct comparison *c, enum normalize n, const struct diff_scale *scale)
{
	int r;

	for (size_t i = 0; i < DIFF_N_SIDES; i++)
		call_tree_scale(c->flame.tree, i, scale->factors[i]);
	r = flame_finish(&c->flame);
	for (size_t i = 0; i < DIFF_N_SIDES; i++) {
		flame_cover(&c->flame, i, c->coverages[i]);
		c->flame.columns[i].span.covered_ns = wall_ns(c, n, i);
	}
	return r;
}
