// SPDX-License-Identifier: Apache-2.0
#include "cli/diff-options.h"

#include <math.h>
#include <string.h>

#include "cli/options.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/parse.h"

#define DEFAULT_ROWS 20

const char diff_usage[] =
	"usage: cpuhound diff BEFORE AFTER [SELECTION]... [--by function|library|LABEL,...]\n"
	"                     [--normalize none|total|time|hosts] [-n N] [--json | --csv] [--fail-above PERCENT%]\n"
	"                     [-o FILE]\n"
	"\n"
	"What changed between two sides, with error bars: what chance alone does is not shown as a change.\n"
	"\n"
	"BEFORE and AFTER are each one of these:\n"
	"  T..U              windows of the store from T until U (times as for --since); 1h.. is the last hour\n"
	"  FILE              a profile (pprof of any tool)\n"
	"  LABEL=VALUE       samples with this label: version=1.2 version=1.3; also behind the others, with commas:\n"
	"                    2h..1h,version=1.2\n"
	"\n"
	"      --by function|library|LABEL,...\n"
	"                         what the rows are (function); functions of each value of a label: service,function\n"
	"      --normalize none|total|time|hosts\n"
	"                         how the sides are made alike: values as they are; AFTER scaled to the sum of\n"
	"                         BEFORE; both as cores; both as cores of a host (time)\n"
	"  -n, --top N            so many rows (20; with --json and --csv all)\n"
	"  -o, --output FILE      .html or .svg: a flame graph of both as well, coloured by what changed\n"
	"      --json             one JSON object: schema_version, before, after, sum, rows; numbers in the unit it "
	"names\n"
	"      --csv              the rows, comma separated\n"
	"      --fail-above PERCENT%\n"
	"                         exit code 4 when the sum, or a row, has grown by more than this part of the sum "
	"before,\n"
	"                         and by more than chance does\n"
	"\n"
	"Beside these two, for both of them:\n" REPORT_USAGE
	"Of a store it is the last hour when nothing says otherwise.\n";

enum {
	OPTION_BY = 256,
	OPTION_NORMALIZE,
	OPTION_JSON,
	OPTION_CSV,
	OPTION_FAIL_ABOVE,
};

void diff_options_done(struct diff_options *o)
{
	for (size_t i = 0; i < DIFF_N_SIDES; i++) {
		report_options_done(&o->sides[i].report);
		free(o->sides[i].parts);
	}
	label_list_done(&o->labels);
	if (o->has_output)
		output_done(&o->output);
}

static bool is_of_frames(const char *key)
{
	return strcmp(key, "function") == 0 || strcmp(key, "library") == 0;
}

/* Labels, and one key of frames. */
static int take_by(struct diff_options *o, const char *value)
{
	struct label_list *list = &o->labels;
	int r = label_list_parse(list, &cmd_diff, value);
	size_t n = 0;

	if (r != EXIT_OK)
		return r;
	o->by = DIFF_BY_LABELS;
	for (size_t i = 0; i < list->n; i++) {
		const char *key = list->labels[i];

		if (!is_of_frames(key))
			list->labels[n++] = key;
		else if (o->by != DIFF_BY_LABELS)
			return options_error(&cmd_diff, "--by: function and library exclude each other");
		else
			o->by = key[0] == 'f' ? DIFF_BY_FUNCTION : DIFF_BY_LIBRARY;
	}
	list->n = n;
	return EXIT_OK;
}

static int take_top(struct diff_options *o, const char *value)
{
	uint64_t n;

	if (parse_u64(value, 10, &n) < 0)
		return options_error(&cmd_diff, "--top takes a number, not '%s'", value);
	o->max_rows = n;
	o->has_max_rows = true;
	return EXIT_OK;
}

static int take_output(struct diff_options *o, const char *path)
{
	if (o->has_output)
		return options_error(&cmd_diff, "one drawing at a time");
	if (output_init(path, &o->output) != 0 || !output_is_drawing(&o->output))
		return options_error(&cmd_diff, "cannot draw '%s': end it in .html or .svg", path);
	o->has_output = true;
	return EXIT_OK;
}

static int take_fail_above(struct diff_options *o, const char *value)
{
	char *end;
	double percent = strtod(value, &end);

	if (end == value || strcmp(end, "%") != 0 || !isfinite(percent) || percent < 0)
		return options_error(&cmd_diff, "--fail-above takes a share such as 5%%, not '%s'", value);
	o->fail_above_percent = percent;
	return EXIT_OK;
}

/* What holds for both sides. */
static int take_report(struct diff_options *o, int option, char *value)
{
	enum exit_code code = EXIT_OK;

	for (size_t i = 0; code == EXIT_OK && i < DIFF_N_SIDES; i++)
		code = report_options_take(&o->sides[i].report, &cmd_diff, option, value);
	return code;
}

static int take_option(struct diff_options *o, int option, char *value)
{
	switch (option) {
	case OPTION_BY:
		return take_by(o, value);
	case OPTION_NORMALIZE:
		if (normalize_parse(value, &o->normalize) != 0)
			return options_error(&cmd_diff, "--normalize takes " NORMALIZE_WORDS ", not '%s'", value);
		return EXIT_OK;
	case OPTION_JSON:
		o->json = true;
		return EXIT_OK;
	case OPTION_CSV:
		o->csv = true;
		return EXIT_OK;
	case OPTION_FAIL_ABOVE:
		return take_fail_above(o, value);
	case 'n':
		return take_top(o, value);
	case 'o':
		return take_output(o, value);
	default:
		return take_report(o, option, value);
	}
}

/* One end of a range: "" leaves it as it is. */
static bool is_time(const char *text)
{
	int64_t ns;

	return !text[0] || selection_parse_time(text, (int64_t)clock_now_ns(CLOCK_REALTIME), &ns) == 0;
}

/* "T..U" in its two halves; anything else is left whole. */
static bool split_range(char *text, char **ret_until)
{
	char *dots = strstr(text, "..");

	if (!dots || strlen(text) == 2)
		return false;
	*dots = 0;
	if (is_time(text) && is_time(dots + 2)) {
		*ret_until = dots + 2;
		return true;
	}
	*dots = '.';
	return false;
}

static enum exit_code add_range(struct report_options *o, char *since, char *until)
{
	enum exit_code code = EXIT_OK;

	if (since[0])
		code = report_options_take(o, &cmd_diff, OPTION_SINCE, since);
	if (code == EXIT_OK && until[0])
		code = report_options_take(o, &cmd_diff, OPTION_UNTIL, until);
	return code;
}

/* Cuts off what stands before the next ",LABEL="; NULL: there is none. A comma may be part of anything else. */
static char *cut_part(char *text)
{
	for (char *comma = strchr(text, ','); comma; comma = strchr(comma + 1, ',')) {
		if (!report_options_is_matcher(comma + 1))
			continue;
		*comma = 0;
		return comma + 1;
	}
	return NULL;
}

static enum exit_code parse_side(struct diff_side *side, char *text)
{
	enum exit_code code = EXIT_OK;
	char *part, *next, *until;

	side->text = text;
	side->parts = strdup(text);
	if (!side->parts) {
		log_error("cannot go on: %s", strerror(ENOMEM));
		return EXIT_ERROR;
	}
	for (part = side->parts; code == EXIT_OK && part; part = next) {
		next = cut_part(part);
		code = split_range(part, &until) ? add_range(&side->report, part, until)
						 : report_options_add(&side->report, &cmd_diff, part);
	}
	return code;
}

static enum exit_code add_to_both(struct diff_options *o, char *argument)
{
	enum exit_code code = EXIT_OK;

	if (!report_options_is_matcher(argument))
		return (enum exit_code)options_error(&cmd_diff, "unexpected '%s': two sides, then LABEL=VALUE for both",
						     argument);
	for (size_t i = 0; code == EXIT_OK && i < DIFF_N_SIDES; i++)
		code = report_options_add(&o->sides[i].report, &cmd_diff, argument);
	return code;
}

static int parse_arguments(struct diff_options *o, int argc, char **argv, int first)
{
	enum exit_code code = EXIT_OK;

	if (argc - first < DIFF_N_SIDES)
		return options_error(&cmd_diff, "which two? BEFORE AFTER");
	for (int i = 0; code == EXIT_OK && i < DIFF_N_SIDES; i++)
		code = parse_side(&o->sides[i], argv[first + i]);
	for (int i = first + DIFF_N_SIDES; code == EXIT_OK && i < argc; i++)
		code = add_to_both(o, argv[i]);
	for (size_t i = 0; i < DIFF_N_SIDES; i++)
		report_options_last_hour(&o->sides[i].report);
	return code;
}

static int check_options(struct diff_options *o)
{
	if (o->json && o->csv)
		return options_error(&cmd_diff, "--json and --csv exclude each other");
	if (!o->has_max_rows)
		o->max_rows = o->json || o->csv ? SIZE_MAX : DEFAULT_ROWS;
	for (int i = 0; i < DIFF_N_SIDES; i++) {
		o->sides[i].report.labels = o->labels.labels;
		o->sides[i].report.n_labels = o->labels.n;
	}
	return EXIT_OK;
}

int diff_options_parse(struct diff_options *o, int argc, char **argv, bool *ret_done)
{
	static const struct option long_options[] = {
		REPORT_LONG_OPTIONS,
		{ "by", required_argument, NULL, OPTION_BY },
		{ "normalize", required_argument, NULL, OPTION_NORMALIZE },
		{ "output", required_argument, NULL, 'o' },
		{ "top", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "csv", no_argument, NULL, OPTION_CSV },
		{ "fail-above", required_argument, NULL, OPTION_FAIL_ABOVE },
		{},
	};
	struct options parser = {
		.command = &cmd_diff, .argc = argc, .argv = argv, .short_options = "n:o:", .long_options = long_options
	};
	int option, code;

	*ret_done = true;
	while ((option = options_next(&parser)) > 0)
		parser.exit_code = (enum exit_code)take_option(o, option, parser.value);
	if (option == OPTIONS_STOP)
		return parser.exit_code;
	code = parse_arguments(o, argc, argv, parser.first_argument);
	if (code == EXIT_OK)
		code = check_options(o);
	*ret_done = code != EXIT_OK;
	return code;
}
