// SPDX-License-Identifier: Apache-2.0
/* export: profiles as data for other programs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/export-options.h"
#include "cli/profile-fail.h"
#include "cli/text.h"
#include "common/log.h"
#include "pprof/profile.h"
#include "report/collect.h"
#include "report/export.h"

/* What was read, and over what it was measured. */
struct exported {
	struct profile *profile;
	struct normalize_extent extent;
};

static void exported_done(struct exported *e)
{
	profile_free(e->profile);
}

#define TOO_MUCH "more than one profile can hold: select a shorter time, or fewer labels"

/* Limits of a profile are not those of a disk. */
static const char *why(int error)
{
	switch (error) {
	case -ENOSPC:
	case -EFBIG:
		return TOO_MUCH;
	case -ERANGE:
		return "values are too large to be summed";
	default:
		return strerror(-error);
	}
}

static int fail(const struct export_options *o, int error)
{
	return text_fail("export to", o->output.path, why(error));
}

static int fail_to_add(const char *name, const struct profile *p, int r)
{
	switch (r) {
	case COLLECT_FOREIGN:
		return profile_fail_type("add", name, &p->sample_types[p->default_type],
					 "only profiles with samples/count and cpu/nanoseconds add up");
	case -ENOSPC:
		return text_fail("add", name, "together with the others it is " TOO_MUCH);
	default:
		return profile_fail(name, r);
	}
}

static int collect_all(struct export_options *o, struct report_input *input, struct collect *c)
{
	enum exit_code code = EXIT_OK;
	struct source_item item;

	while (report_input_next(&o->report, input, &item, &code) == 0) {
		int r = collect_add(c, input->source, &item);

		if (r != 0)
			return fail_to_add(item.name, item.profile, r);
	}
	return code;
}

static int read_all(struct export_options *o, struct exported *ret)
{
	_cleanup_(report_input_done) struct report_input input = {};
	_cleanup_(collect_freep) struct collect *c = NULL;
	int r, code = report_options_open(&o->report, &input);

	if (code != EXIT_OK)
		return code;
	r = collect_new(&o->report.filter, &c);
	if (r < 0)
		return fail(o, r);
	code = collect_all(o, &input, c);
	if (code != EXIT_OK)
		return code;
	normalize_extent_of(source_coverage(input.source), &ret->extent);
	r = collect_take(c, &ret->profile);
	if (r < 0)
		return fail(o, r);
	if (ret->profile->n_samples == 0)
		return text_fail("export to", o->output.path, "there are no samples with these labels and stacks");
	return EXIT_OK;
}

static int normalize(const struct export_options *o, struct exported *e)
{
	int r = export_scale(e->profile, o->normalize, &e->extent);

	switch (r) {
	case 0:
		return EXIT_OK;
	case NORMALIZE_NO_TIME:
		log_error("cannot normalize by %s: no profile says how long it took", normalize_name(o->normalize));
		return EXIT_ERROR;
	case NORMALIZE_NO_SUM:
		log_error("cannot normalize by total: there are no samples");
		return EXIT_ERROR;
	default:
		return fail(o, r);
	}
}

static int tell(const struct export_options *o, int r)
{
	switch (r) {
	case EXPORT_FOREIGN:
		log_error("only samples/count and cpu/nanoseconds can be exported to this format: take folded or "
			  "speedscope");
		return EXIT_ERROR;
	case EXPORT_NO_VALUE:
		return text_fail("find the values", o->value, "the profile has none of this name: see 'cpuhound show'");
	case EXPORT_NEGATIVE:
		return text_fail("export to", o->output.path, "speedscope has no values below 0, as a difference has");
	case EXPORT_NO_LINES:
		return text_fail("export to", o->output.path,
				 "no call has the lines that Go needs: select a Go program that is built with Go 1.20 "
				 "or later (service=NAME)");
	default:
		return fail(o, r);
	}
}

static void print_counts(const struct go_pgo_counts *counts)
{
	printf("%zu of %zu calls, which carry %d %% of the samples", counts->n_written, counts->n_calls,
	       GO_PGO_PERCENT);
	if (counts->n_guessed > 0)
		printf("; %" PRIu64 " samples are left out: their callers are guessed", counts->n_guessed);
	putchar('\n');
}

static int make(const struct export_options *o, const struct profile *p, struct buf *ret)
{
	const struct export_form form = {
		.format = o->format,
		.normalize = o->normalize,
		.by = o->by.labels,
		.n_by = o->by.n,
		.value = o->value,
		.name = o->report.n_files ? o->report.files[0] : o->report.selection.store,
	};
	struct go_pgo_counts counts;
	int r = export_add(p, &form, ret, &counts);

	if (r != 0)
		return tell(o, r);
	if (o->format == EXPORT_GO_PGO && !o->output.to_stdout)
		print_counts(&counts);
	return EXIT_OK;
}

static int export(struct export_options *o)
{
	_cleanup_(exported_done) struct exported e = {};
	_cleanup_(buf_done) struct buf bytes = {};
	struct invoker who;
	int r, code;

	invoker_get(&who);
	r = output_open(&o->output, &who);
	if (r < 0)
		return text_fail("write", o->output.path, strerror(-r));
	code = read_all(o, &e);
	if (code == EXIT_OK)
		code = normalize(o, &e);
	if (code == EXIT_OK)
		code = make(o, e.profile, &bytes);
	if (code != EXIT_OK)
		return code;
	r = output_put(&o->output, &bytes);
	return r < 0 ? text_fail("write", o->output.path, strerror(-r)) : EXIT_OK;
}

static int run(int argc, char **argv)
{
	_cleanup_(export_options_done) struct export_options o = EXPORT_OPTIONS_NONE;
	bool done;
	int code = export_options_parse(&o, argc, argv, &done);

	return done ? code : export(&o);
}

const struct command cmd_export = {
	.name = "export",
	.summary = "write profiles for other programs: pprof, folded, speedscope, Go PGO",
	.usage = export_usage,
	.run = run,
};
