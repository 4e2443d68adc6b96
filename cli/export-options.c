// SPDX-License-Identifier: Apache-2.0
#include "cli/export-options.h"

#include <string.h>

#include "cli/options.h"
#include "common/suffix.h"

const char export_usage[] =
	"usage: cpuhound export [SELECTION]... -o FILE [--format FORMAT] [--by LABEL,...] [--value TYPE]\n"
	"                       [--normalize none|total|time|hosts]\n"
	"\n"
	"Writes profiles as data for other programs, all that is selected as one.\n"
	"\n"
	"  -o, --output FILE      .pb.gz, .folded, .speedscope.json or .pgo; '-' is standard output\n"
	"      --format pprof|folded|speedscope|go-pgo\n"
	"                         what FILE's name does not say: pprof (gzip), with all labels and the sum of the "
	"ledgers;\n"
	"                         folded text for flame graphs; speedscope's JSON; or what 'go build -pgo=FILE' takes\n"
	"      --by LABEL,...     folded: values of these labels as the outermost frames; speedscope: a profile for "
	"each\n"
	"      --value TYPE       folded, speedscope: which values: samples (of folded the default), cpu, ...\n"
	"      --normalize none|total|time|hosts\n"
	"                         values as they are, or with a sum of 10^9, a second, or a second and host (none)\n"
	"\n" REPORT_USAGE "Of a store it is the last hour when neither --since nor --until says otherwise.\n"
	"\n"
	"Profiles add up that have samples/count and cpu/nanoseconds, as those of cpuhound and of Go have; one with\n"
	"other values is exported by itself, to folded or speedscope.\n";

enum {
	OPTION_FORMAT = 256,
	OPTION_BY,
	OPTION_VALUE,
	OPTION_NORMALIZE,
};

static const struct {
	const char *name, *suffix;
} formats[] = {
	[EXPORT_PPROF] = { "pprof", ".pb.gz" },
	[EXPORT_FOLDED] = { "folded", ".folded" },
	[EXPORT_SPEEDSCOPE] = { "speedscope", ".speedscope.json" },
	[EXPORT_GO_PGO] = { "go-pgo", ".pgo" },
};

void export_options_done(struct export_options *o)
{
	report_options_done(&o->report);
	label_list_done(&o->by);
	if (o->output.path)
		output_done(&o->output);
}

static int take_output(struct export_options *o, const char *path)
{
	if (o->output.path)
		return options_error(&cmd_export, "one output file at a time");
	o->output = (struct output){ .path = path, .to_stdout = strcmp(path, "-") == 0, .temp = FS_TEMP_NONE };
	return EXIT_OK;
}

static int take_format(struct export_options *o, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (strcmp(name, formats[i].name) != 0)
			continue;
		o->format = (enum export_format)i;
		o->has_format = true;
		return EXIT_OK;
	}
	return options_error(&cmd_export, "--format takes pprof, folded, speedscope or go-pgo, not '%s'", name);
}

static int take_option(struct export_options *o, int option, char *value)
{
	switch (option) {
	case 'o':
		return take_output(o, value);
	case OPTION_FORMAT:
		return take_format(o, value);
	case OPTION_BY:
		return label_list_parse(&o->by, &cmd_export, value);
	case OPTION_VALUE:
		o->value = value;
		return EXIT_OK;
	case OPTION_NORMALIZE:
		if (normalize_parse(value, &o->normalize) != 0)
			return options_error(&cmd_export, "--normalize takes " NORMALIZE_WORDS ", not '%s'", value);
		return EXIT_OK;
	default:
		return report_options_take(&o->report, &cmd_export, option, value);
	}
}

static int set_format(struct export_options *o)
{
	for (size_t i = 0; !o->has_format && i < ARRAY_SIZE(formats); i++) {
		if (!has_suffix(o->output.path, formats[i].suffix))
			continue;
		o->format = (enum export_format)i;
		o->has_format = true;
	}
	if (!o->has_format)
		return options_error(&cmd_export,
				     "cannot tell the format of '%s': end it in .pb.gz, .folded, .speedscope.json or "
				     ".pgo, or say --format",
				     o->output.path);
	return EXIT_OK;
}

static int check_options(struct export_options *o)
{
	int code;

	if (!o->output.path)
		return options_error(&cmd_export, "-o FILE: where to?");
	code = set_format(o);
	if (code != EXIT_OK)
		return code;
	if (o->by.n > 0 && o->format != EXPORT_FOLDED && o->format != EXPORT_SPEEDSCOPE)
		return options_error(&cmd_export, "--by belongs to folded and speedscope: pprof keeps all labels");
	if (o->value && o->format != EXPORT_FOLDED && o->format != EXPORT_SPEEDSCOPE)
		return options_error(&cmd_export, "--value belongs to folded and speedscope: pprof has all values");
	if (o->normalize != NORMALIZE_NONE && o->format == EXPORT_GO_PGO)
		return options_error(&cmd_export, "--normalize changes nothing for go-pgo");
	if (o->format != EXPORT_PPROF) {
		o->report.labels = o->by.labels;
		o->report.n_labels = o->by.n;
	}
	return EXIT_OK;
}

int export_options_parse(struct export_options *o, int argc, char **argv, bool *ret_done)
{
	static const struct option long_options[] = {
		REPORT_LONG_OPTIONS,
		{ "output", required_argument, NULL, 'o' },
		{ "format", required_argument, NULL, OPTION_FORMAT },
		{ "by", required_argument, NULL, OPTION_BY },
		{ "value", required_argument, NULL, OPTION_VALUE },
		{ "normalize", required_argument, NULL, OPTION_NORMALIZE },
		{},
	};
	struct options parser = {
		.command = &cmd_export, .argc = argc, .argv = argv, .short_options = "o:", .long_options = long_options
	};
	int option, code;

	*ret_done = true;
	while ((option = options_next(&parser)) > 0)
		parser.exit_code = (enum exit_code)take_option(o, option, parser.value);
	if (option == OPTIONS_STOP)
		return parser.exit_code;
	code = report_options_add_all(&o->report, &parser);
	report_options_last_hour(&o->report);
	if (code == EXIT_OK)
		code = check_options(o);
	*ret_done = code != EXIT_OK;
	return code;
}
