// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/dwarf-debug.h"

#include <dwarf.h>

#include "symbolizer/dwarf-alt.h"
#include "symbolizer/dwarf-scopes.h"
#include "symbolizer/dwarf-spans.h"
#include "symbolizer/dwarf-split.h"

/* Honest files need a few looks at each byte: what refers back and forth more than that only keeps us busy. */
#define WORK_PER_BYTE 32
#define FREE_WORK ((uint64_t)64 << 20)
#define LINE_TABLE_WORK 64 /* of its header, beside what its rows cost */
#define LINE_ROW_WORK 4

struct dwarf_debug {
	struct dwarf_files *files;
	struct dwarf_array functions, scopes;
	struct dwarf_spans spans;
	struct dwarf_debug_stats stats;
};

struct dwarf_debug *dwarf_debug_free(struct dwarf_debug *d)
{
	if (!d)
		return NULL;
	dwarf_files_free(d->files);
	dwarf_array_done(&d->functions);
	dwarf_array_done(&d->scopes);
	dwarf_spans_done(&d->spans);
	free(d);
	return NULL;
}

void dwarf_debug_get(const struct dwarf_debug *d, struct index_debug *ret)
{
	*ret = (struct index_debug){
		.functions = d->functions.data,
		.scopes = d->scopes.data,
		.spans = d->spans.spans.data,
		.lines = d->spans.lines.data,
		.n_functions = d->functions.n,
		.n_scopes = d->scopes.n,
		.n_spans = d->spans.spans.n,
		.n_lines = d->spans.lines.n,
	};
	ret->files = dwarf_files_get(d->files, &ret->n_files);
}

const struct dwarf_debug_stats *dwarf_debug_stats(const struct dwarf_debug *d)
{
	return &d->stats;
}

/* -- reading -- */

struct reader {
	const struct dwarf_config *config;
	struct dwarf_debug *debug;
	uint64_t n_bytes; /* of all sections so far */
	uint64_t work;
	struct dwarf_info binary, alt;
	bool has_alt;
	struct dwarf_owners owners;
	struct dwarf_names names;
	struct dwarf_scopes scopes;
	struct dwarf_split split;
};

static int tell_size(const struct reader *r)
{
	return r->config->on_size ? r->config->on_size(r->config->context, r->n_bytes) : 0;
}

static int more_bytes(struct reader *r, uint64_t n_bytes)
{
	if (n_bytes == 0)
		return 0;
	r->n_bytes += n_bytes;
	r->work += n_bytes * WORK_PER_BYTE;
	return tell_size(r);
}

static int open_alt(struct reader *r)
{
	int status;

	status = dwarf_alt_open(r->config->file, r->config->sources, &r->work, &r->alt);
	r->debug->stats.n_large_files += status == DWARF_ALT_TOO_LARGE;
	if (status != 0)
		return status < 0 ? status : 0;
	r->has_alt = true;
	r->binary.alt = &r->alt;
	for (size_t i = 0; i < DWARF_N_SECTIONS; i++)
		r->n_bytes += r->alt.sections.all[i].size;
	return tell_size(r);
}

static int read_lines(struct reader *r, const struct dwarf_unit *unit, const struct dwarf_owned *owned, size_t n_owned,
		      struct dwarf_line_table *ret)
{
	const struct dwarf_line_unit line_unit = {
		.sections = &unit->info->sections,
		.offset = unit->stmt_list,
		.comp_dir = unit->comp_dir,
		.address_bytes = unit->encoding.address_bytes,
		.str_offsets = unit->str_offsets,
		.is_64 = unit->encoding.is_64,
	};
	int status;

	if (unit->stmt_list == DWARF_NOWHERE || !unit->info->sections.all[DWARF_LINE].data)
		return 0;
	status = dwarf_line_table_read(&line_unit, r->debug->files, ret);
	if (status < 0)
		return status;
	if (!dwarf_work_spend(&r->work, LINE_TABLE_WORK + ret->n_rows * LINE_ROW_WORK))
		return -EFBIG;
	return dwarf_spans_add_lines(&r->debug->spans, ret, owned, n_owned);
}

/* The part of a unit with the DIEs: itself, or what its skeleton stands for; NULL: nobody has it. */
static int find_dies(struct reader *r, struct dwarf_unit *unit, struct dwarf_unit **ret)
{
	uint64_t n_bytes = r->split.n_bytes;
	int status;

	if (unit->dwo_id == 0) {
		*ret = unit;
		return 0;
	}
	status = dwarf_split_find(&r->split, unit, ret);
	if (status == DWARF_SPLIT_NONE) {
		r->debug->stats.n_missing_dwo++;
		*ret = NULL;
		return 0;
	}
	if (status < 0)
		return status;
	r->debug->stats.n_info_bytes += (*ret)->end - (*ret)->offset;
	return more_bytes(r, r->split.n_bytes - n_bytes);
}

/* 0, also where a part is damaged: *ret_is_bad. */
static int read_scopes(struct reader *r, struct dwarf_unit *unit, const struct dwarf_line_table *table,
		       const struct dwarf_owned *owned, size_t n_owned, bool *ret_is_bad)
{
	struct dwarf_unit *dies;
	int status;

	status = find_dies(r, unit, &dies);
	if (status < 0 || !dies)
		return status;
	status = dwarf_scopes_read(&r->scopes, dies, table);
	if (status == -EBADMSG)
		*ret_is_bad = true;
	else if (status < 0)
		return status;
	return dwarf_spans_add(&r->debug->spans, &r->scopes.covers, owned, n_owned);
}

static int read_unit(struct reader *r, size_t number)
{
	struct dwarf_unit *unit = dwarf_info_unit(&r->binary, number);
	struct dwarf_line_table table = {};
	const struct dwarf_owned *owned;
	bool is_bad = false;
	size_t n_owned;
	int status;

	r->debug->stats.n_damaged_units += unit->is_bad;
	owned = dwarf_owners_of(&r->owners, number, &n_owned);
	if (n_owned == 0 || unit->is_type || unit->is_bad)
		return 0;
	status = read_lines(r, unit, owned, n_owned, &table);
	if (status == -EBADMSG) {
		is_bad = true;
		status = 0;
	}
	if (status == 0)
		status = read_scopes(r, unit, &table, owned, n_owned, &is_bad);
	dwarf_line_table_done(&table);
	r->debug->stats.n_damaged_units += is_bad;
	return status;
}

static int read_units(struct reader *r)
{
	const size_t n_units = dwarf_info_n_units(&r->binary);
	int status = 0;

	for (size_t i = 0; i < n_units && status == 0; i++)
		status = read_unit(r, i);
	return status;
}

/* Has anything made sense? */
static bool is_nonsense(const struct dwarf_debug *d)
{
	return d->stats.n_damaged_units > 0 && d->spans.spans.n == 0 && d->spans.lines.n == 0;
}

static void finish(struct reader *r)
{
	dwarf_spans_finish(&r->debug->spans);
	r->debug->functions = r->names.functions;
	r->debug->scopes = r->scopes.all;
	r->debug->stats.n_large_files += r->split.n_too_large;
	r->names.functions = r->scopes.all = (struct dwarf_array){};
}

static int read_all(struct reader *r)
{
	struct dwarf_bytes *info = &r->binary.sections.all[DWARF_INFO];
	int status;

	status = open_alt(r);
	if (status == 0)
		status = dwarf_info_read_units(&r->binary, &(struct dwarf_piece){ .info_end = info->size });
	if (status < 0)
		return status;
	r->debug->stats.n_info_bytes = info->size;
	r->debug->stats.n_units = dwarf_info_n_units(&r->binary) + r->binary.n_lost;
	r->debug->stats.n_damaged_units = r->binary.n_lost;
	status = dwarf_owners_read(&r->binary, &r->owners);
	if (status == 0)
		status = read_units(r);
	if (status < 0)
		return status;
	finish(r);
	return is_nonsense(r->debug) ? -EBADMSG : 0;
}

static int open_binary(struct reader *r)
{
	struct dwarf_sections sections = {};
	int status;

	status = more_bytes(r, dwarf_sections_size(r->config->file, false));
	if (status == 0)
		status = dwarf_sections_open(r->config->file, false, &sections);
	if (status < 0)
		return status;
	dwarf_info_init(&r->binary, &sections, &r->work);
	return sections.all[DWARF_INFO].data ? 0 : DWARF_NONE;
}

static void reader_init(struct reader *r, const struct dwarf_config *config, struct index_writer *w,
			struct dwarf_debug *d)
{
	*r = (struct reader){ .config = config, .debug = d, .work = FREE_WORK };
	dwarf_names_init(&r->names, w);
	dwarf_scopes_init(&r->scopes, &r->names);
	dwarf_split_init(&r->split, config->sources, &r->binary, &r->names);
}

static void reader_done(struct reader *r)
{
	dwarf_split_done(&r->split);
	dwarf_scopes_done(&r->scopes);
	dwarf_names_done(&r->names);
	dwarf_owners_done(&r->owners);
	if (r->has_alt)
		dwarf_info_done(&r->alt);
	dwarf_info_done(&r->binary);
}

int dwarf_debug_read(const struct dwarf_config *config, struct index_writer *w, struct dwarf_debug **ret)
{
	_cleanup_(dwarf_debug_freep) struct dwarf_debug *d = calloc(1, sizeof(*d));
	struct reader r;
	int status;

	if (!d)
		return -ENOMEM;
	status = dwarf_files_new(w, &d->files);
	if (status < 0)
		return status;
	reader_init(&r, config, w, d);
	status = open_binary(&r);
	if (status == 0)
		status = read_all(&r);
	reader_done(&r);
	if (status == 0)
		*ret = take_ptr(d);
	return status;
}
