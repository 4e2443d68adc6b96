// SPDX-License-Identifier: Apache-2.0
/* symbols: what is known of binaries (the cache of index files), and what profiles miss. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/indexing.h"
#include "cli/cache-dir.h"
#include "cli/indexing-options.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/profile-fail.h"
#include "cli/symbols-view.h"
#include "cli/text.h"
#include "common/buf.h"
#include "common/fsutil.h"
#include "common/log.h"
#include "common/parse.h"
#include "pprof/profile-file.h"
#include "report/missing.h"
#include "symbolizer/binary.h"
#include "symbolizer/index-catalog.h"

#define DEFAULT_TOP 20

static const char usage[] =
	"usage: cpuhound symbols ls [--json]\n"
	"       cpuhound symbols show ID [--json]\n"
	"       cpuhound symbols add FILE... [--debug-dir DIR]... [--json]\n"
	"       cpuhound symbols missing FILE.pb.gz... [--top N] [--json]\n"
	"\n"
	"What cpuhound knows of binaries, and what it lacks.\n"
	"\n"
	"  ls       what is indexed: size, functions, where lines come from or why there are none, last use\n"
	"  show     all facts of one binary, by the beginning of its build id (or of its key, where it has none)\n"
	"  add      index these files now, with their debug info, and say what came of it\n"
	"  missing  which binaries of these profiles lack names or lines, how many samples that costs, and why;\n"
	"           '-' is standard input\n"
	"\n"
	"  -n, --top N          so many binaries (20)\n"
	"      --debug-dir DIR  where debug info lies, as in /usr/lib/debug; may be repeated\n"
	"      --cache-dir DIR  where names of binaries are kept (/var/cache/cpuhound, or a user's own cache "
	"directory)\n"
	"      --json           one JSON object with a schema_version; null is what is not known\n";

enum {
	OPTION_DEBUG_DIR = 256,
	OPTION_CACHE_DIR,
	OPTION_JSON,
};

static const struct option long_options[] = {
	{ "top", required_argument, NULL, 'n' },
	{ "debug-dir", required_argument, NULL, OPTION_DEBUG_DIR },
	{ "cache-dir", required_argument, NULL, OPTION_CACHE_DIR },
	{ "json", no_argument, NULL, OPTION_JSON },
	{},
};

struct symbols_options {
	struct indexing_options indexing;
	bool json, has_top;
	uint64_t top;
	char **arguments; /* behind the verb */
	size_t n_arguments;
	const char *dir; /* the cache directory that is meant */
};

static int out_of_memory(void)
{
	log_error("cannot go on: %s", strerror(ENOMEM));
	return EXIT_ERROR;
}

/* Prints and drops the object; r: of what made it. */
static int print_json(int r, struct json_object *object)
{
	_cleanup_(json_putp) struct json_object *owned = object;

	if (r == 0)
		r = json_print(owned);
	return r < 0 ? out_of_memory() : EXIT_OK;
}

static const char *why_no_cache(int r)
{
	if (r == INDEX_CACHE_UNSAFE)
		return "belongs to another user, or others may write to it";
	return r == -ENOENT ? "nothing was indexed yet" : strerror(-r);
}

static int read_catalog(const struct symbols_options *o, struct index_catalog *ret)
{
	int r = index_catalog_read(o->dir, ret);

	return r == 0 ? EXIT_OK : text_fail("read the cache", o->dir, why_no_cache(r));
}

static int list(const struct symbols_options *o)
{
	_cleanup_(index_catalog_done) struct index_catalog catalog = {};
	struct json_object *object = NULL;
	int r;

	if (read_catalog(o, &catalog) != EXIT_OK)
		return EXIT_ERROR;
	if (!o->json)
		return symbols_ls_print(&catalog, o->dir, time(NULL), stdout) < 0 ? out_of_memory() : EXIT_OK;
	r = symbols_ls_to_json(&catalog, o->dir, &object);
	return print_json(r, object);
}

static int show(const struct symbols_options *o)
{
	_cleanup_(index_catalog_done) struct index_catalog catalog = {};
	const struct index_catalog_entry *entry = NULL;
	struct json_object *object = NULL;
	size_t n;
	int r;

	if (read_catalog(o, &catalog) != EXIT_OK)
		return EXIT_ERROR;
	n = index_catalog_find(&catalog, o->arguments[0], &entry);
	if (n != 1)
		return text_fail("show", o->arguments[0],
				 n ? "more than one binary begins like that: give more of its key (see --json)"
				   : "no binary in the cache begins like that: see 'cpuhound symbols ls'");
	if (!o->json)
		return symbols_show_print(entry, stdout) < 0 ? out_of_memory() : EXIT_OK;
	r = symbols_show_to_json(entry, &object);
	return print_json(r, object);
}

/* EXIT_OK and what came of the file, or EXIT_ERROR and a line that says why there is nothing. */
static int add_file(struct indexing *indexing, const char *path, struct binary **ret)
{
	int r;

	r = indexing_read(indexing, path, ret);
	if (r == FS_NOT_REGULAR)
		return text_fail("read", path, "no regular file");
	if (r < 0)
		return text_fail("read", path, strerror(-r));
	return (*ret)->state == BINARY_READY ? EXIT_OK : text_fail("read", path, (*ret)->reason);
}

static int tell_added(const struct symbols_options *o, const char *path, const struct binary *binary,
		      struct json_object *array)
{
	struct json_object *object = NULL;
	int r;

	if (!o->json)
		return symbols_added_print(path, binary, stdout);
	r = json_append_object(array, &object);
	return r < 0 ? r : symbols_added_to_json(path, binary, object);
}

static int add_files(const struct symbols_options *o, struct indexing *indexing, struct json_object *array)
{
	int code = EXIT_OK;

	for (size_t i = 0; i < o->n_arguments; i++) {
		struct binary *binary = NULL;

		if (add_file(indexing, o->arguments[i], &binary) != EXIT_OK)
			code = EXIT_ERROR;
		else if (tell_added(o, o->arguments[i], binary, array) < 0)
			return out_of_memory();
	}
	return code;
}

/* What is read here is for later. */
static int check_cache(const struct symbols_options *o, struct indexing *indexing)
{
	const char *fault = binaries_cache_fault(indexing_binaries(indexing));

	return fault && !o->indexing.cache_dir ? text_fail("write to the cache", o->dir, fault)
	       : fault                         ? EXIT_ERROR
					       : EXIT_OK;
}

static int add(const struct symbols_options *o)
{
	_cleanup_(indexing_freep) struct indexing *indexing = NULL;
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *array = NULL;
	int code, r;

	code = indexing_options_open(&o->indexing, o->dir, &indexing);
	if (code == EXIT_OK)
		code = check_cache(o, indexing);
	if (code != EXIT_OK)
		return code;
	r = json_new_top(&top);
	if (r == 0)
		r = json_add_array(top, "files", &array);
	if (r < 0)
		return out_of_memory();
	code = add_files(o, indexing, array);
	return o->json && json_print(top) < 0 ? out_of_memory() : code;
}

static int add_profile(const char *path, struct missing *m)
{
	_cleanup_(profile_file_done) struct profile_file file = {};
	int r;

	r = profile_file_read(path, &file);
	if (r == 0)
		r = missing_add(m, file.profile);
	if (r == MISSING_OTHER_UNIT)
		return text_fail("add", path, "it counts something else than the files before it");
	return r < 0 ? profile_fail(path, r) : EXIT_OK;
}

static int print_missing(const struct symbols_options *o, const struct symbols_missing *v)
{
	struct json_object *object = NULL;
	int r;

	if (!o->json)
		return symbols_missing_print(v, stdout) < 0 ? out_of_memory() : EXIT_OK;
	r = symbols_missing_to_json(v, &object);
	return print_json(r, object);
}

static int tell_missing(const struct symbols_options *o)
{
	_cleanup_(index_catalog_done) struct index_catalog catalog = {};
	_cleanup_(missing_done) struct missing missing = {};
	struct symbols_missing v = { .missing = &missing, .max_rows = o->has_top ? o->top : DEFAULT_TOP };
	int r;

	for (size_t i = 0; i < o->n_arguments; i++)
		if (add_profile(o->arguments[i], &missing) != EXIT_OK)
			return EXIT_ERROR;
	if (missing_finish(&missing) < 0)
		return out_of_memory();
	r = index_catalog_read(o->dir, &catalog);
	if (r == 0)
		v.catalog = &catalog;
	else
		log_warning("the reasons are not known: cannot read the cache '%s': %s", o->dir, why_no_cache(r));
	return print_missing(o, &v);
}

/* What can be asked for, and what must stand behind it. */
static const struct verb {
	const char *name;
	int (*run)(const struct symbols_options *o);
	size_t min_arguments, max_arguments;
	const char *lacks; /* what to say where there are fewer */
	bool takes_debug_dir, takes_top;
} verbs[] = {
	{ "ls", list, 0, 0, NULL, false, false },
	{ "show", show, 1, 1, "show: which binary? the beginning of its build id is missing", false, false },
	{ "add", add, 1, SIZE_MAX, "add: which FILE?", true, false },
	{ "missing", tell_missing, 1, SIZE_MAX, "missing: in which profile? FILE.pb.gz is missing", false, true },
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int check_options(const struct symbols_options *o, const struct verb *verb)
{
	if (o->n_arguments < verb->min_arguments)
		return options_error(&cmd_symbols, "%s", verb->lacks);
	if (o->n_arguments > verb->max_arguments)
		return options_error(&cmd_symbols, "%s: unexpected '%s'", verb->name,
				     o->arguments[verb->max_arguments]);
	if (o->indexing.n_debug_dirs && !verb->takes_debug_dir)
		return options_error(&cmd_symbols, "%s: --debug-dir belongs to add", verb->name);
	if (o->has_top && !verb->takes_top)
		return options_error(&cmd_symbols, "%s: --top belongs to missing", verb->name);
	return EXIT_OK;
}

static int take_option(struct symbols_options *o, int option, const char *value)
{
	switch (option) {
	case 'n':
		if (parse_u64(value, 10, &o->top) < 0)
			return options_error(&cmd_symbols, "--top takes a number, not '%s'", value);
		o->has_top = true;
		break;
	case OPTION_DEBUG_DIR:
		return indexing_options_add_debug_dir(&o->indexing, &cmd_symbols, value);
	case OPTION_CACHE_DIR:
		o->indexing.cache_dir = value;
		break;
	case OPTION_JSON:
		o->json = true;
		break;
	}
	return EXIT_OK;
}

static int run_verb(struct symbols_options *o, const struct verb *verb)
{
	_cleanup_(buf_done) struct buf dir = {};
	int code = check_options(o, verb);

	if (code != EXIT_OK)
		return code;
	if (cache_dir_find(o->indexing.cache_dir, &dir) < 0)
		return out_of_memory();
	if (!dir.data[0]) {
		log_error("no cache directory: there is no home directory: give --cache-dir DIR");
		return EXIT_ERROR;
	}
	o->dir = dir.data;
	return verb->run(o);
}

static int run(int argc, char **argv)
{
	struct options parser = {
		.command = &cmd_symbols, .argc = argc, .argv = argv, .short_options = "n:", .long_options = long_options
	};
	struct symbols_options o = {};
	const struct verb *verb;
	int option;

	while ((option = options_next(&parser)) > 0)
		parser.exit_code = (enum exit_code)take_option(&o, option, parser.value);
	if (option == OPTIONS_STOP)
		return parser.exit_code;
	if (parser.first_argument == argc)
		return options_error(&cmd_symbols, "ls, show, add or missing?");
	verb = find_verb(argv[parser.first_argument]);
	if (!verb)
		return options_error(&cmd_symbols, "'%s' is none of ls, show, add, missing",
				     argv[parser.first_argument]);
	o.arguments = argv + parser.first_argument + 1;
	o.n_arguments = (size_t)(argc - parser.first_argument - 1);
	return run_verb(&o, verb);
}

const struct command cmd_symbols = {
	.name = "symbols",
	.summary = "what is known of binaries, and what profiles miss: ls, show, add, missing",
	.usage = usage,
	.run = run,
};
