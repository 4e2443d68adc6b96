// SPDX-License-Identifier: Apache-2.0
/* show: what is in a profile, of whatever tool. */
#include <stdio.h>

#include "cli/json.h"
#include "cli/losses-view.h"
#include "cli/options.h"
#include "cli/profile-fail.h"
#include "cli/summary.h"
#include "common/parse.h"
#include "pprof/profile-file.h"
#include "pprof/profile.h"
#include "report/losses.h"

#define DEFAULT_TOP 20
#define DEFAULT_LOSSES_TOP 5

static const char usage[] =
	"usage: cpuhound show FILE [--json] [--top N] [--losses]\n"
	"\n"
	"Shows what is in a profile: where and when it was made, its ledger, its labels, its top functions.\n"
	"FILE is a pprof profile of any tool, compressed with gzip or zstd or not at all; '-' is standard input.\n"
	"\n"
	"  -n, --top N   so many functions (20; with --losses so many places of each kind: 5)\n"
	"      --losses  what is missing and where: for each reason the stacks that end short, the binaries and "
	"functions\n"
	"                that they stopped in, and what can be done about it; then the ticks that have no stack\n"
	"      --json    one JSON object: schema_version, the header's fields, ledger (null for a profile of another\n"
	"                tool), labels, top; numbers are in the units of sample_types. With --losses: ledger,\n"
	"                matches_ledger, truncated, stacks, lost, not_delivered\n";

enum {
	OPTION_JSON = 256,
	OPTION_LOSSES,
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "losses", no_argument, NULL, OPTION_LOSSES },
	{ "top", required_argument, NULL, 'n' },
	{},
};

struct show_options {
	const char *path;
	size_t max_rows;
	bool has_max_rows;
	bool json, losses;
};

static int print_json(const struct summary *s, size_t max_rows)
{
	_cleanup_(json_putp) struct json_object *object = NULL;
	int r;

	r = summary_to_json(s, max_rows, &object);
	return r < 0 ? r : json_print(object);
}

static int print_losses_json(const struct losses_view *v)
{
	_cleanup_(json_putp) struct json_object *object = NULL;
	int r;

	r = losses_view_to_json(v, &object);
	return r < 0 ? r : json_print(object);
}

static int show_losses(const struct show_options *o, const struct summary_file *file, const struct profile *p)
{
	_cleanup_(losses_done) struct losses losses = {};
	const struct losses_view v = {
		.file = *file,
		.profile = p,
		.losses = &losses,
		.max_rows = o->has_max_rows ? o->max_rows : DEFAULT_LOSSES_TOP,
	};
	int r;

	r = losses_of(p, &losses);
	if (r < 0)
		return r;
	return o->json ? print_losses_json(&v) : losses_view_print(&v, stdout);
}

static int show_summary(const struct show_options *o, const struct summary_file *file, const struct profile *p)
{
	_cleanup_(summary_done) struct summary s = {};
	size_t max_rows = o->has_max_rows ? o->max_rows : DEFAULT_TOP;
	int r;

	r = summary_init(&s, file, p);
	if (r < 0)
		return r;
	return o->json ? print_json(&s, max_rows) : summary_print(&s, stdout, max_rows);
}

static int print(const struct show_options *o, const struct profile_file *f)
{
	const struct summary_file file = { .path = f->path, .form = f->form, .n_bytes = f->n_bytes };

	return o->losses ? show_losses(o, &file, f->profile) : show_summary(o, &file, f->profile);
}

static int show(const struct show_options *o)
{
	_cleanup_(profile_file_done) struct profile_file file = {};
	int r;

	r = profile_file_read(o->path, &file);
	if (r == 0)
		r = print(o, &file);
	return r < 0 ? profile_fail(o->path, r) : EXIT_OK;
}

static int parse_top(const char *value, struct show_options *o)
{
	uint64_t n;

	if (parse_u64(value, 10, &n) < 0)
		return options_error(&cmd_show, "--top takes a number, not '%s'", value);
	o->max_rows = n;
	o->has_max_rows = true;
	return EXIT_OK;
}

static int take_option(int option, const char *value, struct show_options *o)
{
	switch (option) {
	case OPTION_JSON:
		o->json = true;
		return EXIT_OK;
	case OPTION_LOSSES:
		o->losses = true;
		return EXIT_OK;
	default:
		return parse_top(value, o);
	}
}

static int run(int argc, char **argv)
{
	struct options o = {
		.command = &cmd_show, .argc = argc, .argv = argv, .short_options = "n:", .long_options = long_options
	};
	struct show_options show_options = {};
	int option;

	while ((option = options_next(&o)) > 0)
		o.exit_code = (enum exit_code)take_option(option, o.value, &show_options);
	if (option == OPTIONS_STOP)
		return o.exit_code;
	if (o.first_argument == argc)
		return options_error(&cmd_show, "which file?");
	if (o.first_argument + 1 < argc)
		return options_error(&cmd_show, "one file at a time");
	show_options.path = argv[o.first_argument];
	return show(&show_options);
}

const struct command cmd_show = {
	.name = "show",
	.summary = "show what is in a profile: header, ledger, labels, top functions",
	.usage = usage,
	.run = run,
};
