// SPDX-License-Identifier: Apache-2.0
/* store: the windows at rest: what there is, whether it is sound, and what keeps it so. */
#include <stdio.h>
#include <string.h>

#include "cli/options.h"
#include "cli/store-verbs.h"
#include "cli/text.h"

static const char usage[] =
	"usage: cpuhound store ls [SELECTION] [--json]\n"
	"       cpuhound store stat [--json]\n"
	"       cpuhound store verify [--json]\n"
	"       cpuhound store rebuild|compact|gc [--json]\n"
	"       cpuhound store backup|restore DIR [--json]\n"
	"\n"
	"The windows that the agent keeps, in their three tiers: raw ones, and those merged to minutes and hours.\n"
	"\n"
	"  ls       the windows, one a line; a merged one and those that it was made of are lines of their own\n"
	"  stat     files and bytes of each tier, how far back it reaches, and files that are set aside as damaged\n"
	"  verify   read everything: checksums, ledgers, and the catalogue; exit code 1 when something is wrong\n"
	"  rebuild  make the catalogue anew from the files, which are the truth\n"
	"  compact  merge windows to minutes and hours, as the agent does every minute\n"
	"  gc       let go of what is older than [store] of the configuration says, or too large, likewise\n"
	"  backup   copy all windows to an empty or new directory, which is a store then; the agent may run\n"
	"  restore  copy such a directory into a store that has no windows; the agent must not run\n"
	"\n" SELECTION_USAGE "      --json             one JSON object with a schema_version\n"
	"\n"
	"SELECTION is --since, --until, and matchers of labels: key=value, key!=value, key=~regex, key!~regex;\n"
	"'service' is another word for service_name. All must match a window.\n";

enum {
	OPTION_JSON = 256,
};

static const struct option long_options[] = {
	SELECTION_LONG_OPTIONS,
	{ "json", no_argument, NULL, OPTION_JSON },
	{},
};

static const struct verb {
	const char *name;
	int (*run)(const struct store_options *o, struct store *s);
	enum store_access access;
	bool takes_selection;
	size_t n_arguments; /* of one that takes none */
	const char *lacks;  /* what to say where there are fewer */
} verbs[] = {
	{ "ls", store_ls, STORE_READ, true, 0, NULL },
	{ "stat", store_stat, STORE_READ, false, 0, NULL },
	{ "verify", store_verify_all, STORE_READ, false, 0, NULL },
	{ "rebuild", store_rebuild_all, STORE_MAINTAIN, false, 0, NULL },
	{ "compact", store_compact_all, STORE_MAINTAIN, false, 0, NULL },
	{ "gc", store_gc, STORE_MAINTAIN, false, 0, NULL },
	{ "backup", store_backup, STORE_MAINTAIN, false, 1, "backup: to which directory?" },
	{ "restore", store_restore, STORE_WRITE, false, 1, "restore: from which directory?" },
};

int store_fail(const struct store_options *o, const char *what, int error)
{
	return text_fail(what, o->selection.store, strerror(-error));
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int take_arguments(struct store_options *o, const struct verb *verb)
{
	int code = EXIT_OK;

	if (verb->takes_selection) {
		for (size_t i = 0; code == EXIT_OK && i < o->n_arguments; i++)
			code = selection_options_add(&o->selection, &cmd_store, o->arguments[i]);
		return code;
	}
	if (o->selection.is_limited)
		return options_error(&cmd_store, "%s: --since and --until belong to ls", verb->name);
	if (o->n_arguments < verb->n_arguments)
		return options_error(&cmd_store, "%s", verb->lacks);
	if (o->n_arguments > verb->n_arguments)
		return options_error(&cmd_store, "%s: unexpected '%s'", verb->name, o->arguments[verb->n_arguments]);
	return EXIT_OK;
}

static int run_verb(struct store_options *o, const struct verb *verb)
{
	_cleanup_close_ int dir_fd = -1;
	_cleanup_(store_freep) struct store *s = NULL; /* ends before its directory */
	int code = take_arguments(o, verb);

	if (code == EXIT_OK)
		code = selection_options_open(&o->selection, verb->access, &dir_fd, &s);
	return code == EXIT_OK ? verb->run(o, s) : code;
}

static int parse(struct options *parser, struct store_options *o)
{
	const struct verb *verb;
	int option;

	while ((option = options_next(parser)) > 0) {
		if (option == OPTION_JSON)
			o->json = true;
		else
			parser->exit_code = selection_options_take(&o->selection, &cmd_store, option, parser->value);
	}
	if (option == OPTIONS_STOP)
		return parser->exit_code;
	if (parser->first_argument == parser->argc)
		return options_error(&cmd_store, "ls, stat, verify, rebuild, compact, gc, backup or restore?");
	verb = find_verb(parser->argv[parser->first_argument]);
	if (!verb)
		return options_error(&cmd_store,
				     "'%s' is none of ls, stat, verify, rebuild, compact, gc, backup, restore",
				     parser->argv[parser->first_argument]);
	o->arguments = parser->argv + parser->first_argument + 1;
	o->n_arguments = (size_t)(parser->argc - parser->first_argument - 1);
	return run_verb(o, verb);
}

static int run(int argc, char **argv)
{
	struct options parser = {
		.command = &cmd_store, .argc = argc, .argv = argv, .short_options = "", .long_options = long_options
	};
	struct store_options o = { .selection = SELECTION_OPTIONS_NONE };
	int code = parse(&parser, &o);

	selection_options_done(&o.selection);
	return code;
}

const struct command cmd_store = {
	.name = "store",
	.summary = "the windows that the agent keeps: list, check, merge, back up",
	.usage = usage,
	.run = run,
};
