// SPDX-License-Identifier: Apache-2.0
#include "cli/config-options.h"

#include <string.h>
#include <unistd.h>

#include "cli/options.h"
#include "common/log.h"

int config_options_add(struct config_options *o, const struct command *command, const char *flag, const char *key,
		       const char *value)
{
	if (o->n_overrides == CONFIG_OPTIONS_MAX_OVERRIDES)
		return options_error(command, "more than %d settings", CONFIG_OPTIONS_MAX_OVERRIDES);
	o->overrides[o->n_overrides++] = (struct config_override){ .key = key, .value = value, .flag = flag };
	return EXIT_OK;
}

int config_options_set(struct config_options *o, const struct command *command, char *assignment)
{
	char *equals = strchr(assignment, '=');

	if (!equals)
		return options_error(command, "--set '%s' is no SECTION.KEY=VALUE", assignment);
	*equals = 0;
	return config_options_add(o, command, "--set", assignment, equals + 1);
}

struct config_sources config_options_sources(const struct config_options *o)
{
	return (struct config_sources){
		.file = o->file,
		.environment = environ,
		.overrides = o->overrides,
		.n_overrides = o->n_overrides,
	};
}

static int take_option(struct config_options *o, const struct config_flags *f, int option, char *value)
{
	if (option == CONFIG_OPTION_FILE) {
		o->file = value;
		return EXIT_OK;
	}
	if (option == CONFIG_OPTION_SET)
		return config_options_set(o, f->command, value);
	for (size_t i = 0; i < f->n_flags; i++) {
		const struct config_flag *flag = &f->flags[i];

		if (option == CONFIG_OPTION_FLAG + (int)i)
			return config_options_add(o, f->command, flag->flag, flag->key, value);
		if (flag->short_flag && option == flag->short_flag[1])
			return config_options_add(o, f->command, flag->short_flag, flag->key, value);
	}
	return EXIT_USAGE;
}

static int load(const struct config_sources *sources, struct config **ret)
{
	_cleanup_(config_report_done) struct config_report report = {};
	int r = config_load(sources, &report, ret);

	if (r < 0) {
		log_error("cannot read the configuration: %s", strerror(-r));
		return EXIT_ERROR;
	}
	config_report_log(&report);
	return r == CONFIG_BAD ? EXIT_USAGE : EXIT_OK;
}

int config_options_load(struct config_options *o, const struct config_flags *flags, int argc, char **argv,
			struct config_sources *ret_sources, struct config **ret)
{
	struct options parser = {
		.command = flags->command,
		.argc = argc,
		.argv = argv,
		.short_options = flags->short_options,
		.long_options = flags->long_options,
	};
	int option;

	*ret = NULL;
	while ((option = options_next(&parser)) > 0)
		parser.exit_code = (enum exit_code)take_option(o, flags, option, parser.value);
	if (option == OPTIONS_STOP)
		return parser.exit_code;
	if (parser.first_argument < argc)
		return options_error(flags->command, "takes no argument: '%s'", argv[parser.first_argument]);
	*ret_sources = config_options_sources(o);
	return load(ret_sources, ret);
}
