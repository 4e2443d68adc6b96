// SPDX-License-Identifier: Apache-2.0
#include "cli/push-options.h"

#include <stdio.h>
#include <string.h>

#include "cli/named-twice.h"
#include "cli/options.h"

enum {
	OPTION_TO = 256,
	OPTION_LABEL,
	OPTION_SET,
	OPTION_CHECK,
};

static const struct option long_options[] = {
	{ "target", required_argument, NULL, 't' },
	{ "to", required_argument, NULL, OPTION_TO },
	{ "label", required_argument, NULL, OPTION_LABEL },
	{ "set", required_argument, NULL, OPTION_SET },
	{ "config", required_argument, NULL, 'c' },
	{ "check", no_argument, NULL, OPTION_CHECK },
	SELECTION_LONG_OPTIONS,
	{},
};

void push_options_done(struct push_options *o)
{
	for (size_t i = 0; i < o->n_keys; i++)
		free(o->keys[i]);
	free(o->labels);
	free(o->files);
	selection_options_done(&o->selection);
}

static int no_memory(void)
{
	fprintf(stderr, "cpuhound: out of memory\n");
	return EXIT_ERROR;
}

/* target.NAME.KEY = value, once the name is known. */
static int set_key(struct push_options *o, const char *flag, const char *key, const char *value)
{
	char *name;

	if (o->n_keys == CONFIG_OPTIONS_MAX_OVERRIDES)
		return options_error(&cmd_push, "more than %d settings", CONFIG_OPTIONS_MAX_OVERRIDES);
	if (asprintf(&name, "target.%s.%s", o->target, key) < 0)
		return no_memory();
	o->keys[o->n_keys++] = name;
	return config_options_add(&o->config, &cmd_push, flag, name, value);
}

static int add_label(struct push_options *o, const char *label)
{
	const char *equals = strchr(label, '=');
	char *more;

	if (!equals || equals == label || strchr(label, ','))
		return options_error(&cmd_push, "--label '%s' is no KEY=VALUE without a comma", label);
	if (asprintf(&more, "%s%s%s", o->labels ? o->labels : "", o->labels ? "," : "", label) < 0)
		return no_memory();
	free(o->labels);
	o->labels = more;
	return EXIT_OK;
}

/* Settings wait until the target's name is known. */
struct waiting {
	char *set[CONFIG_OPTIONS_MAX_OVERRIDES];
	size_t n_set;
};

static int take_option(struct push_options *o, struct waiting *w, int option, char *value)
{
	switch (option) {
	case 't':
		o->target = value;
		return EXIT_OK;
	case OPTION_TO:
		o->to = value;
		return EXIT_OK;
	case OPTION_LABEL:
		return add_label(o, value);
	case OPTION_SET:
		if (w->n_set == ARRAY_SIZE(w->set) || !strchr(value, '='))
			return options_error(&cmd_push, "--set '%s' is no KEY=VALUE", value);
		w->set[w->n_set++] = value;
		return EXIT_OK;
	case OPTION_CHECK:
		o->check = true;
		return EXIT_OK;
	case 'c':
		o->config.file = value;
		return EXIT_OK;
	default:
		return selection_options_take(&o->selection, &cmd_push, option, value);
	}
}

/* KIND+URL is a target of its own. */
static int take_to(struct push_options *o, char *to)
{
	char *plus = strchr(to, '+');
	int code;

	if (!plus)
		return options_error(&cmd_push, "--to '%s' is no KIND+URL, such as pyroscope+http://127.0.0.1:4040",
				     to);
	*plus = 0;
	o->target = PUSH_TO_NAME;
	code = set_key(o, "--to", "kind", to);
	if (code == EXIT_OK)
		code = set_key(o, "--to", "url", plus + 1);
	return code == EXIT_OK && o->labels ? set_key(o, "--label", "labels", o->labels) : code;
}

static int settle(struct push_options *o, struct waiting *w)
{
	int code = EXIT_OK;

	if (!o->target == !o->to)
		return options_error(&cmd_push, "needs one of --target NAME and --to KIND+URL");
	if (o->labels && !o->to)
		return options_error(&cmd_push, "--label goes with --to: a target has its labels in the configuration");
	if (o->to)
		code = take_to(o, (char *)(uintptr_t)o->to); /* it is argv's */
	for (size_t i = 0; code == EXIT_OK && i < w->n_set; i++) {
		char *equals = strchr(w->set[i], '=');

		*equals = 0;
		code = set_key(o, "--set", w->set[i], equals + 1);
	}
	return code;
}

/* What has an operator is a matcher, anything else a file. */
static int take_argument(struct push_options *o, char *text)
{
	if (strchr(text, '=') || strstr(text, "!~"))
		return selection_options_add(&o->selection, &cmd_push, text);
	o->files[o->n_files++] = text;
	return EXIT_OK;
}

static int take_arguments(struct push_options *o, int argc, char **argv, int first)
{
	int code = EXIT_OK;

	o->files = calloc((size_t)(argc - first) + 1, sizeof(*o->files));
	if (!o->files)
		return no_memory();
	for (int i = first; code == EXIT_OK && i < argc; i++)
		code = take_argument(o, argv[i]);
	return code;
}

int push_options_parse(struct push_options *ret, int argc, char **argv, bool *ret_done)
{
	struct options o = {
		.command = &cmd_push, .argc = argc, .argv = argv, .short_options = "t:c:", .long_options = long_options
	};
	struct waiting w = {};
	int option, code;

	*ret_done = true;
	ret->selection.selection.files = SELECT_FINEST;
	while ((option = options_next(&o)) > 0)
		o.exit_code = (enum exit_code)take_option(ret, &w, option, o.value);
	if (option == OPTIONS_STOP)
		return o.exit_code;
	code = settle(ret, &w);
	if (code == EXIT_OK)
		code = take_arguments(ret, argc, argv, o.first_argument);
	if (code == EXIT_OK)
		code = named_twice_check(ret->files, ret->n_files);
	if (code == EXIT_OK && ret->check && (ret->n_files > 0 || ret->selection.is_limited))
		code = options_error(&cmd_push, "--check sends a profile of its own, and nothing else");
	*ret_done = code != EXIT_OK;
	return code;
}
