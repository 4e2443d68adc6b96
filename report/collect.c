// SPDX-License-Identifier: Apache-2.0
#include "report/collect.h"

#include "common/buf.h"
#include "pprof/merge.h"
#include "pprof/profile.h"
#include "report/frame-table.h"
#include "report/source.h"
#include "report/stack-filter.h"
#include "report/stack-reader.h"

#define LEDGER_ID "collected" /* of the summed ledger */

struct collect {
	struct stack_filter *filter;
	struct frame_table *frames; /* that the filter has looked at */
	struct merge *merge;
	bool is_merging;         /* something was added to it */
	struct profile *foreign; /* NULL, or the only one */
};

int collect_new(struct stack_filter *filter, struct collect **ret)
{
	_cleanup_(collect_freep) struct collect *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->filter = filter;
	r = frame_table_new(&c->frames);
	if (r == 0)
		r = merge_new(&c->merge);
	if (r == 0)
		*ret = take_ptr(c);
	return r;
}

struct collect *collect_free(struct collect *c)
{
	if (!c)
		return NULL;
	frame_table_free(c->frames);
	merge_free(c->merge);
	profile_free(c->foreign);
	free(c);
	return NULL;
}

static int mark_stacks(struct collect *c, struct stack_reader *reader, bool *is_kept)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < reader->profile->n_samples; i++) {
		struct stack s;

		r = stack_reader_read(reader, i, &s);
		if (r == 0)
			r = stack_filter_takes(c->filter, c->frames, &s);
		is_kept[i] = r > 0;
	}
	return r < 0 ? r : 0;
}

static int keep_stacks(struct collect *c, struct profile *p)
{
	_cleanup_(stack_reader_done) struct stack_reader reader = {};
	_cleanup_free_ bool *is_kept = NULL;
	int r;

	if (stack_filter_takes_all(c->filter))
		return 0;
	is_kept = calloc(p->n_samples + 1, sizeof(*is_kept));
	if (!is_kept)
		return -ENOMEM;
	r = stack_reader_init(&reader, c->frames, p);
	if (r == 0)
		r = mark_stacks(c, &reader, is_kept);
	if (r == 0)
		profile_keep_samples(p, is_kept);
	return r;
}

int collect_add(struct collect *c, struct source *source, struct source_item *item)
{
	int r = c->foreign ? COLLECT_FOREIGN : keep_stacks(c, item->profile);

	if (r != 0)
		return r;
	r = merge_add(c->merge, item->profile);
	if (r == MERGE_FOREIGN) {
		if (c->is_merging)
			return COLLECT_FOREIGN;
		c->foreign = source_take(source);
		return 0;
	}
	c->is_merging = true;
	return r;
}

int collect_take(struct collect *c, struct profile **ret)
{
	const struct merge_options options = { .id = LEDGER_ID };
	_cleanup_(buf_done) struct buf raw = {};
	int r;

	if (c->foreign) {
		*ret = take_ptr(c->foreign);
		return 0;
	}
	r = merge_encode(c->merge, &options, &raw);
	return r == 0 ? profile_decode(raw.data, raw.size, ret) : r;
}
