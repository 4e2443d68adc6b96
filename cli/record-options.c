// SPDX-License-Identifier: Apache-2.0
#include "cli/record-options.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "cli/cache-dir.h"
#include "cli/options.h"
#include "common/clock.h"
#include "common/parse.h"

#define DEFAULT_HZ 99

enum {
	OPTION_FOLLOW = 256,
	OPTION_CACHE_DIR,
	OPTION_DEBUG_DIR
};

static int add_pids(struct record_options *o, const char *list)
{
	const char *p = list, *end = list + strlen(list);

	do {
		uint64_t pid;

		if (parse_u64_at(&p, end, 10, &pid) < 0 || pid == 0 || pid > INT32_MAX || (p < end && *p != ','))
			return options_error(&cmd_record, "'%s' is no process id", list);
		if (o->n_pids == RECORD_MAX_PIDS)
			return options_error(&cmd_record, "more than %d processes", RECORD_MAX_PIDS);
		o->pids[o->n_pids++] = (pid_t)pid;
	} while (p++ < end);
	return EXIT_OK;
}

static int add_output(struct record_options *o, const char *path)
{
	int r;

	if (o->n_outputs == RECORD_MAX_OUTPUTS)
		return options_error(&cmd_record, "more than %d output files", RECORD_MAX_OUTPUTS);
	r = output_init(path, &o->outputs[o->n_outputs]);
	if (r != 0)
		return options_error(&cmd_record,
				     "cannot tell the format of '%s': end it in .pb.gz, .pb.zst, .folded, .html or "
				     ".svg",
				     path);
	o->n_outputs++;
	return EXIT_OK;
}

/* Looked at now: a mistyped one would only show as missing lines. */
static int add_debug_dir(struct record_options *o, const char *path)
{
	struct stat st;

	if (o->n_debug_dirs == RECORD_MAX_DEBUG_DIRS)
		return options_error(&cmd_record, "more than %d directories with debug info", RECORD_MAX_DEBUG_DIRS);
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return options_error(&cmd_record, "'%s' is no directory", path);
	o->debug_dirs[o->n_debug_dirs++] = path;
	return EXIT_OK;
}

static int parse_option(struct record_options *o, int option, const char *value)
{
	switch (option) {
	case 'a':
		o->all = true;
		break;
	case 'p':
		return add_pids(o, value);
	case 'c':
		o->container = value;
		break;
	case 'g':
		o->cgroup = value;
		break;
	case 'F':
		if (parse_u64(value, 10, &o->hz) < 0 || o->hz < 1 || o->hz > RECORD_MAX_HZ)
			return options_error(&cmd_record, "'%s' is no frequency: 1 to %d", value, RECORD_MAX_HZ);
		break;
	case 'd':
		if (parse_duration_ns(value, &o->duration_ns) < 0 || o->duration_ns == 0)
			return options_error(&cmd_record, "'%s' is no duration: 10, 10s, 5m, 1h or 7d", value);
		break;
	case 'o':
		return add_output(o, value);
	case OPTION_FOLLOW:
		o->follow = true;
		break;
	case OPTION_CACHE_DIR:
		o->cache_dir = value;
		break;
	case OPTION_DEBUG_DIR:
		return add_debug_dir(o, value);
	}
	return EXIT_OK;
}

static void set_default_name(struct record_options *o)
{
	struct utsname host;
	struct tm now;
	char when[32];
	time_t t = time(NULL);

	uname(&host);
	localtime_r(&t, &now);
	strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &now);
	snprintf(o->default_name, sizeof(o->default_name), "cpuhound-%.64s-%s", host.nodename, when);
}

/* A profile, and its flame graph beside it. */
static void set_default_outputs(struct record_options *o)
{
	static const struct {
		const char *suffix;
		enum output_kind kind;
	} outputs[] = { { ".pb.gz", OUTPUT_PPROF_GZIP }, { ".html", OUTPUT_HTML } };

	for (size_t i = 0; i < ARRAY_SIZE(outputs); i++) {
		snprintf(o->default_paths[i], sizeof(o->default_paths[i]), "%s%s", o->default_name, outputs[i].suffix);
		o->outputs[i] =
			(struct output){ .path = o->default_paths[i], .kind = outputs[i].kind, .temp = FS_TEMP_NONE };
	}
	o->n_outputs = ARRAY_SIZE(outputs);
}

static int check_options(struct record_options *o)
{
	int n_scopes = o->all + (o->n_pids > 0) + (o->container != NULL) + (o->cgroup != NULL) + (o->command != NULL);

	if (n_scopes > 1)
		return options_error(&cmd_record, "-a, -p, -c, -g and COMMAND exclude each other");
	if (o->follow && o->n_pids == 0)
		return options_error(&cmd_record, "--follow belongs to -p");
	if (o->container && strlen(o->container) < 4)
		return options_error(&cmd_record, "'%s' is too short: at least 4 characters of the container's id",
				     o->container);
	if (!o->duration_ns && !o->command)
		o->duration_ns = 10 * NS_PER_S;
	set_default_name(o);
	if (o->n_outputs == 0)
		set_default_outputs(o);
	return EXIT_OK;
}

int record_options_parse(struct record_options *o, int argc, char **argv, bool *ret_done)
{
	static const struct option long_options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "pid", required_argument, NULL, 'p' },
		{ "container", required_argument, NULL, 'c' },
		{ "cgroup", required_argument, NULL, 'g' },
		{ "frequency", required_argument, NULL, 'F' },
		{ "duration", required_argument, NULL, 'd' },
		{ "output", required_argument, NULL, 'o' },
		{ "follow", no_argument, NULL, OPTION_FOLLOW },
		{ "cache-dir", required_argument, NULL, OPTION_CACHE_DIR },
		{ "debug-dir", required_argument, NULL, OPTION_DEBUG_DIR },
		{},
	};
	struct options parser = {
		.command = &cmd_record,
		.argc = argc,
		.argv = argv,
		.short_options = "ap:c:g:F:d:o:",
		.long_options = long_options,
	};
	int option;

	*o = (struct record_options){ .hz = DEFAULT_HZ, .cache_dir = CACHE_DIR_SYSTEM };
	while ((option = options_next(&parser)) > 0)
		parser.exit_code = (enum exit_code)parse_option(o, option, parser.value);
	if (option == OPTIONS_STOP) {
		*ret_done = true;
		return parser.exit_code;
	}
	if (parser.first_argument < argc) {
		if (strcmp(argv[parser.first_argument - 1], "--") != 0)
			return options_error(&cmd_record, "unexpected '%s': to profile a command, write -- before it",
					     argv[parser.first_argument]);
		o->command = &argv[parser.first_argument];
	}
	return check_options(o);
}
