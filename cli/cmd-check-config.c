// SPDX-License-Identifier: Apache-2.0
/* check-config: what a daemon would go by, and where each value was said; or all that is wrong with it. */
#include <stdio.h>
#include <string.h>

#include "agent/config.h"
#include "cli/config-options.h"
#include "cli/json.h"
#include "cli/options.h"
#include "common/log.h"

static const char usage[] =
	"usage: cpuhound check-config [--config FILE] [--set SECTION.KEY=VALUE]... [--all | --json]\n"
	"       cpuhound check-config --template\n"
	"\n"
	"Prints what is configured for 'cpuhound agent' and 'cpuhound serve', with the origin of each value, or every\n"
	"mistake in it.\n"
	"Later ones win: default, FILE, conf.d/*.conf beside it, CPUHOUND_SECTION_KEY in the environment, flags.\n"
	"\n"
	"  -c, --config FILE            instead of " CONFIG_DEFAULT_FILE "\n"
	"      --set SECTION.KEY=VALUE  one setting; SECTION.NAME.KEY in a section with a name\n"
	"  -a, --all                    also what has its default\n"
	"      --template               print a file with every key, what it means and its default\n"
	"      --json                   one JSON object: schema_version, settings: [{key, value, origin, "
	"reloadable}],\n"
	"                               warnings, errors\n"
	"\n"
	"Exit code 2 when there is a mistake.\n";

enum {
	OPTION_SET = 256,
	OPTION_TEMPLATE,
	OPTION_JSON,
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' }, { "set", required_argument, NULL, OPTION_SET },
	{ "all", no_argument, NULL, 'a' },          { "template", no_argument, NULL, OPTION_TEMPLATE },
	{ "json", no_argument, NULL, OPTION_JSON }, {},
};

struct check_options {
	struct config_options config;
	bool all, template, json;
};

static int parse_options(struct check_options *ret, int argc, char **argv, bool *ret_done)
{
	struct options o = { .command = &cmd_check_config,
			     .argc = argc,
			     .argv = argv,
			     .short_options = "c:a",
			     .long_options = long_options };
	int option;

	*ret_done = true;
	while ((option = options_next(&o)) > 0) {
		switch (option) {
		case 'c':
			ret->config.file = o.value;
			break;
		case OPTION_SET:
			o.exit_code = (enum exit_code)config_options_set(&ret->config, &cmd_check_config, o.value);
			break;
		case 'a':
			ret->all = true;
			break;
		case OPTION_TEMPLATE:
			ret->template = true;
			break;
		case OPTION_JSON:
			ret->json = true;
			break;
		}
	}
	if (option == OPTIONS_STOP)
		return o.exit_code;
	if (o.first_argument < argc)
		return options_error(&cmd_check_config, "takes no argument: '%s'", argv[o.first_argument]);
	*ret_done = false;
	return EXIT_OK;
}

/* SECTION.KEY or SECTION.NAME.KEY, as --set takes it. */
static int add_key(struct buf *b, const struct config_setting_view *s)
{
	return buf_printf(b, "%s.%s%s%s", s->section, s->instance ? s->instance : "", s->instance ? "." : "", s->key);
}

static int print_setting(const struct config_setting_view *s)
{
	_cleanup_(buf_done) struct buf key = {};
	int r = add_key(&key, s);

	if (r == 0)
		printf("%-34s %-30s %s\n", key.data, s->value[0] ? s->value : "-", s->origin);
	return r;
}

static int print_text(const struct config *c, bool all)
{
	struct config_setting_view s;
	size_t n_left_out = 0;

	for (size_t i = 0; config_setting(c, i, &s); i++) {
		int r;

		if (!all && strcmp(s.origin, CONFIG_DEFAULT_ORIGIN) == 0) {
			n_left_out++;
			continue;
		}
		r = print_setting(&s);
		if (r < 0)
			return r;
	}
	if (n_left_out)
		printf("no mistake; %zu settings have their defaults: --all prints them\n", n_left_out);
	return 0;
}

static int add_setting(struct json_object *array, const struct config_setting_view *s)
{
	_cleanup_(buf_done) struct buf key = {};
	struct json_object *object;
	int r = json_append_object(array, &object);

	if (r == 0)
		r = add_key(&key, s);
	if (r == 0)
		r = json_add_string(object, "key", key.data);
	if (r == 0)
		r = json_add_string(object, "value", s->value);
	if (r == 0)
		r = json_add_string(object, "origin", s->origin);
	return r < 0 ? r : json_add(object, "reloadable", json_object_new_boolean(s->reloadable));
}

static int add_lines(struct json_object *top, const char *name, const struct buf *lines)
{
	struct json_object *array;
	int r = json_add_array(top, name, &array);

	for (const char *s = lines->data; r == 0 && s && *s;) {
		size_t size = strcspn(s, "\n");

		r = json_append(array, json_object_new_string_len(s, (int)size));
		s += size + 1;
	}
	return r;
}

/* c is NULL where there is none. */
static int print_json(const struct config *c, const struct config_report *report)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *settings;
	struct config_setting_view s;
	int r = json_new_top(&top);

	if (r == 0)
		r = json_add_array(top, "settings", &settings);
	for (size_t i = 0; r == 0 && c && config_setting(c, i, &s); i++)
		r = add_setting(settings, &s);
	if (r == 0)
		r = add_lines(top, "warnings", &report->warnings);
	if (r == 0)
		r = add_lines(top, "errors", &report->errors);
	return r < 0 ? r : json_print(top);
}

static int print(const struct config *c, const struct config_report *report, const struct check_options *o)
{
	if (o->json)
		return print_json(c, report);
	config_report_log(report);
	return c ? print_text(c, o->all) : 0;
}

static int check(const struct check_options *o)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(config_freep) struct config *c = NULL;
	const struct config_sources sources = config_options_sources(&o->config);
	int answer, r;

	answer = config_load(&sources, &report, &c);
	r = answer < 0 ? answer : print(c, &report, o);
	if (r < 0) {
		log_error("cannot tell the configuration: %s", strerror(-r));
		return EXIT_ERROR;
	}
	return answer == CONFIG_BAD ? EXIT_USAGE : EXIT_OK;
}

static int print_template(void)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = config_add_template(&text);

	if (r < 0) {
		log_error("cannot print the template: %s", strerror(-r));
		return EXIT_ERROR;
	}
	fputs(text.data, stdout);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct check_options o = {};
	bool done;
	int code = parse_options(&o, argc, argv, &done);

	if (done)
		return code;
	return o.template ? print_template() : check(&o);
}

const struct command cmd_check_config = {
	.name = "check-config",
	.summary = "what is configured for the daemons, with the origin of each value, or its mistakes",
	.usage = usage,
	.run = run,
};
