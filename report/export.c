// SPDX-License-Identifier: Apache-2.0
#include "report/export.h"

#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/compress.h"
#include "pprof/merge.h"
#include "pprof/profile.h"
#include "report/samples-type.h"
#include "report/speedscope.h"

#define LEDGER_ID "export" /* of the summed ledger */

int export_scale(struct profile *p, enum normalize n, const struct normalize_extent *e)
{
	int r = 0;

	if (n == NORMALIZE_NONE)
		return 0;
	for (size_t i = 0; r == 0 && i < p->n_sample_types; i++) {
		double factor;
		int64_t sum;

		r = profile_sum(p, i, &sum);
		if (r == 0)
			r = normalize_factor(n, e, sum, NORMALIZE_TOTAL_SUM, &factor);
		if (r == 0)
			r = profile_scale(p, i, factor);
	}
	if (n == NORMALIZE_TIME || n == NORMALIZE_HOSTS)
		p->duration_ns = NS_PER_S;
	return r;
}

/* The column that was asked for by name, or this one. */
static int find_value(const struct profile *p, const char *name, size_t otherwise, size_t *ret)
{
	size_t i = 0;

	while (name && i < p->n_sample_types && strcmp(p->sample_types[i].type, name) != 0)
		i++;
	if (i == p->n_sample_types)
		return EXPORT_NO_VALUE;
	*ret = name ? i : otherwise;
	return 0;
}

static int add_pprof(const struct profile *p, const struct export_form *form, struct buf *ret)
{
	_cleanup_(merge_freep) struct merge *m = NULL;
	_cleanup_(buf_done) struct buf raw = {}, note = {};
	struct merge_options options = { .id = LEDGER_ID };
	int r = merge_new(&m);

	if (r == 0)
		r = merge_add(m, p);
	if (r == MERGE_FOREIGN)
		return EXPORT_FOREIGN;
	if (r == 0 && form->normalize != NORMALIZE_NONE) {
		r = buf_printf(&note, "normalized: %s", normalize_name(form->normalize));
		options.note = note.data;
	}
	if (r == 0)
		r = merge_encode(m, &options, &raw);
	return r == 0 ? compress_add(COMPRESSION_GZIP, raw.data, raw.size, ret) : r;
}

static int add_folded(const struct profile *p, const struct export_form *form, struct buf *ret)
{
	size_t type = 0;
	int r = find_value(p, form->value, samples_type_of(p), &type);

	return r == 0 ? profile_fold(p, type, form->by, form->n_by, ret) : r;
}

static int add_speedscope(const struct profile *p, const struct export_form *form, struct buf *ret)
{
	struct speedscope_options options = { .name = form->name, .by = form->by, .n_by = form->n_by };
	int r = find_value(p, form->value, p->default_type, &options.value_type);

	if (r == 0)
		r = speedscope_add(p, &options, ret);
	return r == SPEEDSCOPE_NEGATIVE ? EXPORT_NEGATIVE : r;
}

static int add_go_pgo(const struct profile *p, struct buf *ret, struct go_pgo_counts *ret_counts)
{
	_cleanup_(buf_done) struct buf raw = {};
	int r = go_pgo_encode(p, &raw, ret_counts);

	switch (r) {
	case 0:
		return compress_add(COMPRESSION_GZIP, raw.data, raw.size, ret);
	case GO_PGO_FOREIGN:
		return EXPORT_FOREIGN;
	case GO_PGO_NO_LINES:
		return EXPORT_NO_LINES;
	default:
		return r;
	}
}

int export_add(const struct profile *p, const struct export_form *form, struct buf *ret,
	       struct go_pgo_counts *ret_counts)
{
	switch (form->format) {
	case EXPORT_PPROF:
		return add_pprof(p, form, ret);
	case EXPORT_FOLDED:
		return add_folded(p, form, ret);
	case EXPORT_SPEEDSCOPE:
		return add_speedscope(p, form, ret);
	case EXPORT_GO_PGO:
		return add_go_pgo(p, ret, ret_counts);
	default:
		return -EINVAL;
	}
}
