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

int config_options_load(const struct config_sources *sources, struct config **ret)
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
