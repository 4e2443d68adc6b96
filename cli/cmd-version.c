// SPDX-License-Identifier: Apache-2.0
/* version: what this build is. */
#include <stdio.h>

#include "cli/json.h"
#include "cli/options.h"
#include "common/log.h"

static const char usage[] = "usage: cpuhound version [--json]\n"
			    "\n"
			    "Shows which cpuhound this is.\n"
			    "\n"
			    "  --json   one JSON object: schema_version, version\n";

static int print_json(void)
{
	_cleanup_(json_putp) struct json_object *object = NULL;
	int r;

	r = json_new_top(&object);
	if (r < 0)
		return r;
	r = json_add_string(object, "version", CPUHOUND_VERSION);
	if (r < 0)
		return r;
	return json_print(object);
}

static int run(int argc, char **argv)
{
	enum exit_code code;
	bool json, done;

	code = options_json_only(&cmd_version, argc, argv, &json, &done);
	if (done)
		return code;
	if (!json) {
		printf("cpuhound %s\n", CPUHOUND_VERSION);
		return EXIT_OK;
	}
	if (print_json() < 0) {
		log_error("out of memory");
		return EXIT_ERROR;
	}
	return EXIT_OK;
}

const struct command cmd_version = {
	.name = "version",
	.summary = "show which cpuhound this is",
	.usage = usage,
	.run = run,
};
