// SPDX-License-Identifier: Apache-2.0
/* symbolize: the functions, inlined calls and lines at addresses of a file or a process. */
#include <stdio.h>
#include <string.h>

#include "agent/indexing.h"
#include "agent/symbolize.h"
#include "cli/cache-dir.h"
#include "cli/indexing-options.h"
#include "cli/line-input.h"
#include "cli/options.h"
#include "cli/symbolize-view.h"
#include "cli/text.h"
#include "common/buf.h"
#include "common/log.h"
#include "common/parse.h"
#include "symbolizer/binary.h"

static const char usage[] =
	"usage: cpuhound symbolize (-e FILE | -p PID) [-a] [--no-demangle] [--json] [--debug-dir DIR]...\n"
	"                          [--cache-dir DIR] [ADDR...]\n"
	"\n"
	"Prints the function and the line at each address, as addr2line -f -i does: two lines a function, and where "
	"calls\n"
	"were inlined several functions, the innermost first; ?? for what is not known. Without ADDR, addresses come "
	"from\n"
	"standard input, one a line, and each is answered at once. ADDR is hexadecimal, with or without 0x.\n"
	"\n"
	"  -e, --exe FILE       an ELF file; ADDR is an address of the file itself, as nm shows it\n"
	"  -p, --pid PID        a process; ADDR is an address in its memory, or one of the kernel\n"
	"  -a, --addresses      begin each answer with its address\n"
	"      --no-demangle    names as in the symbol table\n"
	"      --json           one object a line: addr, frames (function, linkage_name, file, line, start_line; "
	"without\n"
	"                       what is not known), innermost first; error where a line of the input is no address\n"
	"      --debug-dir DIR  where debug info lies, as in /usr/lib/debug; may be repeated\n"
	"      --cache-dir DIR  where names of binaries are kept (/var/cache/cpuhound, or a user's own cache "
	"directory)\n";

enum {
	OPTION_NO_DEMANGLE = 256,
	OPTION_JSON,
	OPTION_DEBUG_DIR,
	OPTION_CACHE_DIR,
};

static const struct option long_options[] = {
	{ "exe", required_argument, NULL, 'e' },
	{ "pid", required_argument, NULL, 'p' },
	{ "addresses", no_argument, NULL, 'a' },
	{ "no-demangle", no_argument, NULL, OPTION_NO_DEMANGLE },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "debug-dir", required_argument, NULL, OPTION_DEBUG_DIR },
	{ "cache-dir", required_argument, NULL, OPTION_CACHE_DIR },
	{},
};

struct symbolize_options {
	const char *file;
	uint64_t pid; /* 0: none */
	struct indexing_options indexing;
	struct symbolize_view view;
	char **addresses;
	size_t n_addresses;
};

/* What a run needs at hand for each address. */
struct session {
	const struct symbolize_options *options;
	struct indexing *indexing;
	struct symbolize *symbolize;
	struct buf text;
	size_t n_bad; /* words that are no address */
};

static void session_done(struct session *s)
{
	symbolize_free(s->symbolize);
	indexing_free(s->indexing);
	buf_done(&s->text);
}

/* "0x1139", "1139"; blanks around it do not matter. */
static int parse_address(const char *word, uint64_t *ret)
{
	const char *p = word + strspn(word, " \t\r"), *end;
	int r;

	end = p + strcspn(p, " \t\r");
	if (end[strspn(end, " \t\r")])
		return -EINVAL;
	if (end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		p += 2;
	r = parse_u64_at(&p, end, 16, ret);
	return r == 0 && p < end ? -EINVAL : r;
}

static int answer(struct session *s, const char *word)
{
	struct index_frame frames[SYMBOLIZE_MAX_FRAMES];
	struct symbolize_reply reply = { .frames = frames };
	int r = 0;

	if (parse_address(word, &reply.addr) < 0) {
		s->n_bad++;
		reply.word = word;
	} else {
		r = symbolize_find(s->symbolize, reply.addr, frames, ARRAY_SIZE(frames), &reply.n_frames);
	}
	if (r < 0)
		return r;
	buf_clear(&s->text);
	r = symbolize_view_add(&s->options->view, &reply, &s->text);
	if (r < 0)
		return r;
	fwrite(s->text.data, 1, s->text.size, stdout);
	return 0;
}

static int answer_arguments(struct session *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->options->n_addresses; i++)
		r = answer(s, s->options->addresses[i]);
	return r;
}

/* main() tells of an output that cannot be written; nothing more is read for it. */
static int answer_input(struct session *s)
{
	_cleanup_free_ struct line_input *in = malloc(sizeof(*in));
	const char *line;
	int r;

	if (!in)
		return -ENOMEM;
	line_input_init(in, STDIN_FILENO);
	for (;;) {
		if (line_input_must_wait(in) && fflush(stdout) == EOF)
			return 0;
		r = line_input_next(in, &line);
		if (r != 0)
			return r == LINE_INPUT_END ? 0 : r;
		r = answer(s, line);
		if (r < 0)
			return r;
	}
}

static int answer_all(struct session *s)
{
	int r = s->options->n_addresses ? answer_arguments(s) : answer_input(s);

	if (r < 0) {
		log_error("cannot go on: %s", strerror(-r));
		return EXIT_ERROR;
	}
	if (s->n_bad > 0)
		log_error("%zu of the lines are no hexadecimal address", s->n_bad);
	return s->n_bad > 0 ? EXIT_ERROR : EXIT_OK;
}

static int open_file(struct session *s)
{
	const char *path = s->options->file;
	const struct binary *binary;
	int r;

	r = symbolize_new_file(s->indexing, path, &s->symbolize);
	if (r == SYMBOLIZE_NOT_REGULAR)
		return text_fail("read", path, "no regular file");
	if (r < 0)
		return text_fail("read", path, strerror(-r));
	binary = symbolize_binary(s->symbolize);
	if (binary->state == BINARY_UNREADABLE)
		return text_fail("read", path, binary->reason);
	if (binary->debug_state == BINARY_DEBUG_MISSING)
		log_debug("no lines: %s", binary->debug_reason);
	return EXIT_OK;
}

static int open_process(struct session *s)
{
	char name[24];
	int r;

	snprintf(name, sizeof(name), "%d", (int)s->options->pid);
	r = symbolize_new_process(s->indexing, (pid_t)s->options->pid, &s->symbolize);
	if (r == SYMBOLIZE_NO_PROCESS)
		return text_fail("look into process", name, "there is none");
	return r < 0 ? text_fail("look into process", name, strerror(-r)) : EXIT_OK;
}

static int symbolize(const struct symbolize_options *o)
{
	_cleanup_(session_done) struct session s = { .options = o };
	_cleanup_(buf_done) struct buf cache_dir = {};
	int code;

	if (cache_dir_find(o->indexing.cache_dir, &cache_dir) < 0)
		return text_fail("find", "the cache directory", strerror(ENOMEM));
	code = indexing_options_open(&o->indexing, cache_dir.data, &s.indexing);
	if (code == EXIT_OK)
		code = o->file ? open_file(&s) : open_process(&s);
	return code == EXIT_OK ? answer_all(&s) : code;
}

static int take_option(struct symbolize_options *o, int option, const char *value)
{
	switch (option) {
	case 'e':
		o->file = value;
		break;
	case 'p':
		if (parse_u64(value, 10, &o->pid) < 0 || o->pid == 0 || o->pid > INT32_MAX)
			return options_error(&cmd_symbolize, "'%s' is no process id", value);
		break;
	case 'a':
		o->view.with_addresses = true;
		break;
	case OPTION_NO_DEMANGLE:
		o->view.mangled = true;
		break;
	case OPTION_JSON:
		o->view.json = true;
		break;
	case OPTION_DEBUG_DIR:
		return indexing_options_add_debug_dir(&o->indexing, &cmd_symbolize, value);
	case OPTION_CACHE_DIR:
		o->indexing.cache_dir = value;
		break;
	}
	return EXIT_OK;
}

static int check_options(const struct symbolize_options *o)
{
	uint64_t addr;

	if (!o->file == !o->pid)
		return options_error(&cmd_symbolize, "%s",
				     o->file ? "-e and -p exclude each other" : "of which file (-e) or process (-p)?");
	for (size_t i = 0; i < o->n_addresses; i++)
		if (parse_address(o->addresses[i], &addr) < 0)
			return options_error(&cmd_symbolize, "'%s' is no hexadecimal address", o->addresses[i]);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct options parser = {
		.command = &cmd_symbolize,
		.argc = argc,
		.argv = argv,
		.short_options = "e:p:a",
		.long_options = long_options,
	};
	struct symbolize_options o = {};
	int option;

	while ((option = options_next(&parser)) > 0)
		parser.exit_code = (enum exit_code)take_option(&o, option, parser.value);
	if (option == OPTIONS_STOP)
		return parser.exit_code;
	o.addresses = argv + parser.first_argument;
	o.n_addresses = (size_t)(argc - parser.first_argument);
	return check_options(&o) == EXIT_OK ? symbolize(&o) : EXIT_USAGE;
}

const struct command cmd_symbolize = {
	.name = "symbolize",
	.summary = "functions, inlined calls and lines at addresses of a file or a process",
	.usage = usage,
	.run = run,
};
