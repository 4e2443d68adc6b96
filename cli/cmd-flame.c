// SPDX-License-Identifier: Apache-2.0
/* flame: draws a flame graph of what is selected. */
#include <stdio.h>
#include <string.h>

#include "cli/invoker.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/report-options.h"
#include "cli/text.h"
#include "cli/value.h"
#include "common/log.h"
#include "pprof/profile.h"
#include "report/flame.h"

#define MAX_OUTPUTS 4
#define MAX_TITLE_BYTES 300

static const char usage[] =
	"usage: cpuhound flame [SELECTION] [--by LABEL[,LABEL]...] -o FILE...\n"
	"\n"
	"Draws a flame graph.\n"
	"\n"
	"  -o, --output FILE      .html: a page that needs nothing but a browser: zoom, search, callers and callees,\n"
	"                         a table of functions; .svg: a picture; may be repeated\n"
	"      --by LABEL,...     the values of these labels are the roots of the stacks, as in --by service,host\n"
	"\n" REPORT_USAGE "Of a store it is the last hour when neither --since nor --until says otherwise.\n";

enum {
	OPTION_BY = 256,
};

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "by", required_argument, NULL, OPTION_BY },
	REPORT_LONG_OPTIONS,
	{},
};

struct flame_options {
	struct report_options report;
	struct output outputs[MAX_OUTPUTS];
	size_t n_outputs;
	const char *keys[FLAME_MAX_KEYS];
	size_t n_keys;
	char title[MAX_TITLE_BYTES]; /* what was asked for */
};

static enum exit_code add_output(struct flame_options *o, const char *path)
{
	struct output *output = &o->outputs[o->n_outputs];

	if (o->n_outputs == MAX_OUTPUTS)
		return (enum exit_code)options_error(&cmd_flame, "more than %d output files", MAX_OUTPUTS);
	if (output_init(path, output) != 0 || !output_is_drawing(output))
		return (enum exit_code)options_error(&cmd_flame, "cannot draw '%s': end it in .html or .svg", path);
	o->n_outputs++;
	return EXIT_OK;
}

static enum exit_code add_keys(struct flame_options *o, char *list)
{
	for (char *rest = list, *key = strsep(&rest, ","); key; key = strsep(&rest, ",")) {
		if (!*key)
			return (enum exit_code)options_error(&cmd_flame, "--by takes labels, as in service,host");
		if (o->n_keys == FLAME_MAX_KEYS)
			return (enum exit_code)options_error(&cmd_flame, "--by: more than %d labels", FLAME_MAX_KEYS);
		o->keys[o->n_keys++] = strcmp(key, "service") == 0 ? "service_name" : key;
	}
	return EXIT_OK;
}

static enum exit_code take_option(struct flame_options *o, int option, char *value)
{
	switch (option) {
	case 'o':
		return add_output(o, value);
	case OPTION_BY:
		return add_keys(o, value);
	default:
		return report_options_take(&o->report, &cmd_flame, option, value);
	}
}

/* Those that the title leaves out: where the drawing goes, and --by, which the drawing says itself. */
static bool is_left_out(const char *argument)
{
	return strcmp(argument, "-o") == 0 || strcmp(argument, "--output") == 0 || strcmp(argument, "--by") == 0;
}

static void make_title(struct flame_options *o, int argc, char **argv)
{
	size_t size = 0;

	for (int i = 1; i < argc && size < sizeof(o->title) - 1; i++) {
		if (is_left_out(argv[i]))
			i++; /* with its value */
		else
			size += (size_t)snprintf(o->title + size, sizeof(o->title) - size, "%s%s", size ? " " : "",
						 argv[i]);
	}
	if (size == 0)
		snprintf(o->title, sizeof(o->title), "%s", o->report.selection.store);
}

/* *ret_done: the help was asked for, or a mistake was told. */
static enum exit_code parse(struct flame_options *o, struct options *parser, bool *ret_done)
{
	enum exit_code code;
	int option;

	*ret_done = true;
	make_title(o, parser->argc, parser->argv);
	while ((option = options_next(parser)) > 0)
		parser->exit_code = take_option(o, option, parser->value);
	if (option == OPTIONS_STOP)
		return parser->exit_code;
	code = report_options_add_all(&o->report, parser);
	if (code == EXIT_OK && o->n_outputs == 0)
		return (enum exit_code)options_error(&cmd_flame, "where to? name a file: -o FILE.html or -o FILE.svg");
	o->report.labels = o->keys;
	o->report.n_labels = o->n_keys;
	report_options_last_hour(&o->report);
	*ret_done = code != EXIT_OK;
	return code;
}

static enum exit_code open_outputs(struct flame_options *o)
{
	struct invoker who;

	invoker_get(&who);
	for (size_t i = 0; i < o->n_outputs; i++) {
		int r = output_open(&o->outputs[i], &who);

		if (r < 0)
			return (enum exit_code)text_fail("write", o->outputs[i].path, strerror(-r));
	}
	return EXIT_OK;
}

static enum exit_code add_item(struct flame_options *o, struct flame *f, const struct source_item *item)
{
	struct stack_filter *filter = &o->report.filter;
	int r = flame_add(f, 0, item->profile, stack_filter_takes_all(filter) ? NULL : filter);

	if (r == FLAME_OTHER_UNIT)
		return (enum exit_code)text_fail("add", item->name, "it measures something else than those before it");
	return r < 0 ? (enum exit_code)text_fail("add", item->name, strerror(-r)) : EXIT_OK;
}

static enum exit_code finish(struct flame_options *o, struct flame *f, const struct report_input *input)
{
	size_t n;
	int r = flame_finish(f);

	if (r < 0)
		return (enum exit_code)text_fail("draw", o->title, strerror(-r));
	flame_cover(f, 0, source_coverage(input->source));
	f->n_given_up =
		stack_filter_n_given_up(&o->report.filter) + selection_n_given_up(&o->report.selection.selection);
	call_tree_nodes(f->tree, &n);
	if (n == 1)
		log_warning("no sample is selected: the graph is empty");
	return EXIT_OK;
}

static enum exit_code add_all(struct flame_options *o, struct flame *f)
{
	_cleanup_(report_input_done) struct report_input input = {};
	enum exit_code code = report_options_open(&o->report, &input);
	struct source_item item;

	while (code == EXIT_OK) {
		int r = report_input_next(&o->report, &input, &item, &code);

		if (r != 0)
			break;
		code = add_item(o, f, &item);
	}
	return code == EXIT_OK ? finish(o, f, &input) : code;
}

static enum exit_code draw_all(struct flame_options *o, const struct flame *f)
{
	static const struct profile_value_type size = { .type = "size", .unit = "bytes" };

	for (size_t i = 0; i < o->n_outputs; i++) {
		struct output *output = &o->outputs[i];
		char n_bytes[VALUE_TEXT_SIZE];
		int r = output_draw(output, f);

		if (r < 0)
			return (enum exit_code)text_fail("write", output->path, strerror(-r));
		value_format(&size, (int64_t)output->n_bytes, n_bytes);
		printf("wrote %s (%s)\n", output->path, n_bytes);
	}
	return EXIT_OK;
}

static enum exit_code flame(struct flame_options *o)
{
	_cleanup_(flame_done) struct flame f = {};
	enum exit_code code;
	int r;

	code = open_outputs(o);
	if (code != EXIT_OK)
		return code;
	r = flame_init(&f);
	if (r < 0)
		return (enum exit_code)text_fail("draw", o->title, strerror(-r));
	f.title = o->title;
	memcpy(f.keys, o->keys, sizeof(f.keys));
	f.n_keys = o->n_keys;
	code = add_all(o, &f);
	return code == EXIT_OK ? draw_all(o, &f) : code;
}

static int run(int argc, char **argv)
{
	struct options parser = {
		.command = &cmd_flame, .argc = argc, .argv = argv, .short_options = "o:", .long_options = long_options
	};
	struct flame_options o = { .report = REPORT_OPTIONS_NONE };
	bool done;
	int code = parse(&o, &parser, &done);

	if (!done)
		code = flame(&o);
	for (size_t i = 0; i < o.n_outputs; i++)
		output_done(&o.outputs[i]);
	report_options_done(&o.report);
	return code;
}

const struct command cmd_flame = {
	.name = "flame",
	.summary = "draw a flame graph of what was recorded",
	.usage = usage,
	.run = run,
};
