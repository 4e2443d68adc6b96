// SPDX-License-Identifier: Apache-2.0
#include "cli/top-options.h"

#include <string.h>

#include "cli/cache-dir.h"
#include "cli/options.h"
#include "cli/record-options.h"
#include "common/clock.h"
#include "common/parse.h"
#include "report/group-keys.h"

#define MAX_INTERVAL_NS (3600 * NS_PER_S)

enum {
	OPTION_ONCE = 256,
	OPTION_JSON,
	OPTION_BY,
	OPTION_INTERVAL,
	OPTION_DEPTH,
	OPTION_RUN_DIR,
	OPTION_CACHE_DIR,
};

static const struct option long_options[] = {
	{ "once", no_argument, NULL, OPTION_ONCE },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "by", required_argument, NULL, OPTION_BY },
	{ "interval", required_argument, NULL, OPTION_INTERVAL },
	{ "depth", required_argument, NULL, OPTION_DEPTH },
	{ "top", required_argument, NULL, 'n' },
	{ "frequency", required_argument, NULL, 'F' },
	{ "run-dir", required_argument, NULL, OPTION_RUN_DIR },
	{ "cache-dir", required_argument, NULL, OPTION_CACHE_DIR },
	{},
};

void top_options_done(struct top_options *o)
{
	selection_options_done(&o->selection);
}

static enum exit_code take_count(const char *name, const char *value, uint64_t max, uint64_t *ret)
{
	if (parse_u64(value, 10, ret) < 0 || *ret == 0 || *ret > max)
		return (enum exit_code)options_error(&cmd_top, "%s takes a number from 1 to %llu, not '%s'", name,
						     (unsigned long long)max, value);
	return EXIT_OK;
}

static enum exit_code take_size(const char *name, const char *value, uint64_t max, size_t *ret)
{
	uint64_t n;
	enum exit_code code = take_count(name, value, max, &n);

	if (code == EXIT_OK)
		*ret = n;
	return code;
}

static enum exit_code take_interval(struct top_options *o, const char *value)
{
	if (parse_duration_ns(value, &o->interval_ns) < 0 || o->interval_ns == 0 || o->interval_ns % NS_PER_S ||
	    o->interval_ns > MAX_INTERVAL_NS)
		return (enum exit_code)options_error(&cmd_top, "--interval takes whole seconds up to 1h, not '%s'",
						     value);
	return EXIT_OK;
}

static enum exit_code take(struct top_options *o, int option, const char *value)
{
	switch (option) {
	case OPTION_ONCE:
		o->once = true;
		return EXIT_OK;
	case OPTION_JSON:
		o->json = true;
		return EXIT_OK;
	case OPTION_BY:
		o->by = value;
		return EXIT_OK;
	case OPTION_INTERVAL:
		return take_interval(o, value);
	case OPTION_DEPTH:
		return take_size("--depth", value, GROUP_KEYS_MAX, &o->depth);
	case 'n':
		return take_size("--top", value, UINT32_MAX, &o->max_rows);
	case 'F':
		return take_count("-F", value, RECORD_MAX_HZ, &o->hz);
	case OPTION_RUN_DIR:
		o->run_dir = value;
		return EXIT_OK;
	case OPTION_CACHE_DIR:
		o->cache_dir = value;
		return EXIT_OK;
	}
	return EXIT_OK;
}

static enum exit_code check(const struct top_options *o)
{
	struct group_keys keys;

	if (group_keys_parse(o->by, &keys) != 0 || keys.has_category)
		return (enum exit_code)options_error(&cmd_top,
						     "--by takes up to %d different labels, or function, library, "
						     "file: not '%s'",
						     GROUP_KEYS_MAX, o->by);
	if (o->json && !o->once)
		return (enum exit_code)options_error(&cmd_top, "--json needs --once");
	if (o->max_rows && (!o->once || o->json))
		return (enum exit_code)options_error(&cmd_top, "--top is of the table of --once");
	return EXIT_OK;
}

enum exit_code top_options_parse(struct top_options *o, int argc, char **argv, bool *ret_is_done)
{
	struct options parser = {
		.command = &cmd_top, .argc = argc, .argv = argv, .short_options = "n:F:", .long_options = long_options
	};
	enum exit_code code = EXIT_OK;
	int option;

	*o = (struct top_options){
		.by = TOP_DEFAULT_BY,
		.interval_ns = NS_PER_S,
		.cache_dir = CACHE_DIR_SYSTEM,
		.selection = SELECTION_OPTIONS_NONE,
	};
	*ret_is_done = true;
	while (code == EXIT_OK && (option = options_next(&parser)) > 0)
		code = take(o, option, parser.value);
	if (code != EXIT_OK)
		return code;
	if (option == OPTIONS_STOP)
		return parser.exit_code;
	for (int i = parser.first_argument; code == EXIT_OK && i < argc; i++)
		code = selection_options_add(&o->selection, &cmd_top, argv[i]);
	if (code == EXIT_OK)
		code = check(o);
	*ret_is_done = code != EXIT_OK;
	return code;
}
