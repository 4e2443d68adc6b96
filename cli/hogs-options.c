// SPDX-License-Identifier: Apache-2.0
#include "cli/hogs-options.h"

#include <math.h>
#include <string.h>

#include "common/parse.h"

enum {
	OPTION_JSON = 256,
	OPTION_CSV,
	OPTION_BY,
	OPTION_VS,
	OPTION_CALLERS,
	OPTION_OUTLIERS,
	OPTION_MIN_CORES,
	OPTION_CATEGORIES,
	OPTION_FAIL_ABOVE,
};

static const struct option long_options[] = {
	REPORT_LONG_OPTIONS,
	{ "by", required_argument, NULL, OPTION_BY },
	{ "vs", required_argument, NULL, OPTION_VS },
	{ "callers", required_argument, NULL, OPTION_CALLERS },
	{ "outliers", no_argument, NULL, OPTION_OUTLIERS },
	{ "min-cores", required_argument, NULL, OPTION_MIN_CORES },
	{ "top", required_argument, NULL, 'n' },
	{ "categories", required_argument, NULL, OPTION_CATEGORIES },
	{ "fail-above", required_argument, NULL, OPTION_FAIL_ABOVE },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "csv", no_argument, NULL, OPTION_CSV },
	{},
};

void hogs_options_done(struct hogs_options *o)
{
	report_options_done(&o->report);
}

static enum exit_code take_count(const char *name, const char *value, size_t *ret)
{
	uint64_t n;

	if (parse_u64(value, 10, &n) < 0)
		return (enum exit_code)options_error(&cmd_hogs, "--%s takes a number, not '%s'", name, value);
	*ret = n;
	return EXIT_OK;
}

/* A number from 0 on, of digits and a point; *end: what follows it. */
static bool parse_number(const char *value, double *ret, const char **ret_end)
{
	size_t size = strspn(value, "0123456789.");
	char *end;

	*ret = strtod(value, &end);
	*ret_end = end;
	return size > 0 && end == value + size && isfinite(*ret);
}

static enum exit_code take_cores(const char *value, double *ret)
{
	const char *end;

	if (!parse_number(value, ret, &end) || *end)
		return (enum exit_code)options_error(&cmd_hogs, "--min-cores takes a number as 0.1, not '%s'", value);
	return EXIT_OK;
}

static enum exit_code take_threshold(struct hogs_options *o, const char *value)
{
	const char *end;

	if (!parse_number(value, &o->fail_above, &end) || (*end && strcmp(end, "%") != 0))
		return (enum exit_code)options_error(&cmd_hogs, "--fail-above takes 5%% or 0.5 (cores), not '%s'",
						     value);
	o->fails_by_percent = *end == '%';
	return EXIT_OK;
}

static enum exit_code take_vs(struct hogs_options *o, const char *value)
{
	if (parse_duration_ns(value, &o->vs_ns) < 0 || o->vs_ns == 0 || o->vs_ns > INT64_MAX)
		return (enum exit_code)options_error(&cmd_hogs, "--vs takes 10s, 5m, 1h, 7d, not '%s'", value);
	return EXIT_OK;
}

static enum exit_code take_format(struct hogs_options *o, enum hogs_format format)
{
	if (o->format != HOGS_TABLE && o->format != format)
		return (enum exit_code)options_error(&cmd_hogs, "--json and --csv exclude each other");
	o->format = format;
	return EXIT_OK;
}

static enum exit_code take(struct hogs_options *o, int option, char *value)
{
	switch (option) {
	case OPTION_BY:
		o->by = value;
		return EXIT_OK;
	case OPTION_VS:
		return take_vs(o, value);
	case OPTION_CALLERS:
		return take_count("callers", value, &o->question.max_callers);
	case OPTION_OUTLIERS:
		o->question.has_outliers = true;
		return EXIT_OK;
	case OPTION_MIN_CORES:
		return take_cores(value, &o->question.min_cores);
	case OPTION_CATEGORIES:
		o->categories = value;
		return EXIT_OK;
	case OPTION_FAIL_ABOVE:
		return take_threshold(o, value);
	case 'n':
		return take_count("top", value, &o->question.max_rows);
	case OPTION_JSON:
		return take_format(o, HOGS_JSON);
	case OPTION_CSV:
		return take_format(o, HOGS_CSV);
	default:
		return report_options_take(&o->report, &cmd_hogs, option, value);
	}
}

static enum exit_code check(const struct hogs_options *o)
{
	if (o->vs_ns && o->report.n_files)
		return (enum exit_code)options_error(&cmd_hogs,
						     "--vs compares times of a store: files have no earlier ones");
	return EXIT_OK;
}

enum exit_code hogs_options_parse(struct hogs_options *o, int argc, char **argv, bool *ret_done)
{
	struct options parser = {
		.command = &cmd_hogs, .argc = argc, .argv = argv, .short_options = "n:", .long_options = long_options
	};
	enum exit_code code;
	int option;

	*ret_done = true;
	while ((option = options_next(&parser)) > 0)
		parser.exit_code = take(o, option, parser.value);
	if (option == OPTIONS_STOP)
		return parser.exit_code;
	code = report_options_add_all(&o->report, &parser);
	if (code == EXIT_OK)
		code = check(o);
	*ret_done = code != EXIT_OK;
	return code;
}
