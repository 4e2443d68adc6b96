// SPDX-License-Identifier: Apache-2.0
/* status: how the agent of this host is. */
#include <stdio.h>
#include <string.h>

#include "agent/config.h"
#include "agent/status-socket.h"
#include "cli/agent-socket.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/status-read.h"
#include "cli/status-view.h"
#include "cli/text.h"
#include "common/log.h"

static const char usage[] =
	"usage: cpuhound status [--json | --check] [--run-dir DIR | --socket PATH]\n"
	"\n"
	"How the agent that runs here is: whether it samples, its ledger, budgets, children, tables, last errors.\n"
	"For root and members of the agent's group.\n"
	"\n"
	"      --check        one line; exit code 0 when it samples and has written a window within the time of three, "
	"else 1\n"
	"      --json         one JSON object, as the agent made it: schema_version, state, last_window, totals, "
	"budget, "
	"...\n"
	"      --run-dir DIR  instead of agent.run_dir as " CONFIG_DEFAULT_FILE " and the environment have it\n"
	"      --socket PATH  the socket itself\n"
	"\n"
	"Exit code 3: no agent runs here, or this user may not ask it.\n";

enum {
	OPTION_CHECK = 256,
	OPTION_JSON,
	OPTION_RUN_DIR,
	OPTION_SOCKET,
};

static const struct option long_options[] = {
	{ "check", no_argument, NULL, OPTION_CHECK },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "run-dir", required_argument, NULL, OPTION_RUN_DIR },
	{ "socket", required_argument, NULL, OPTION_SOCKET },
	{},
};

struct status_options {
	const char *run_dir, *socket; /* NULL: not given */
	bool check, json;
};

static int parse_options(struct status_options *ret, int argc, char **argv, bool *ret_done)
{
	struct options o = {
		.command = &cmd_status, .argc = argc, .argv = argv, .short_options = "", .long_options = long_options
	};
	int option;

	*ret_done = true;
	while ((option = options_next(&o)) > 0) {
		switch (option) {
		case OPTION_CHECK:
			ret->check = true;
			break;
		case OPTION_JSON:
			ret->json = true;
			break;
		case OPTION_RUN_DIR:
			ret->run_dir = o.value;
			break;
		case OPTION_SOCKET:
			ret->socket = o.value;
			break;
		}
	}
	if (option == OPTIONS_STOP)
		return o.exit_code;
	if (o.first_argument < argc)
		return options_error(&cmd_status, "takes no argument: '%s'", argv[o.first_argument]);
	if (ret->run_dir && ret->socket)
		return options_error(&cmd_status, "either --run-dir or --socket");
	if (ret->check && ret->json)
		return options_error(&cmd_status, "either --check or --json");
	*ret_done = false;
	return EXIT_OK;
}

static int check(struct json_object *status)
{
	_cleanup_(buf_done) struct buf line = {};
	int r;

	r = status_view_check(status, &line);
	if (r >= 0)
		puts(line.data);
	return r;
}

static int show(const struct status_options *o, const char *path, const struct agent_status *status)
{
	int r;

	if (o->json)
		return fwrite(status->text.data, 1, status->text.size, stdout) == status->text.size ? EXIT_OK
												    : EXIT_ERROR;
	if (json_find_number(status->object, "schema_version") > JSON_SCHEMA_VERSION)
		return text_fail("understand the agent at", path,
				 "it is of a newer version: use its own cpuhound, or --json");
	r = o->check ? check(status->object) : status_view_print(status->object, stdout);
	if (r < 0)
		log_error("cannot go on: %s", strerror(-r));
	return r == 0 ? EXIT_OK : EXIT_ERROR;
}

static int run(int argc, char **argv)
{
	_cleanup_(agent_status_done) struct agent_status status = {};
	_cleanup_(buf_done) struct buf path = {};
	struct status_options o = {};
	bool done;
	int code, r;

	code = parse_options(&o, argc, argv, &done);
	if (done)
		return code;
	r = o.socket ? buf_add_str(&path, o.socket) : agent_socket_find(o.run_dir, STATUS_SOCKET_NAME, &path);
	if (r < 0) {
		log_error("cannot find the agent's socket: %s", strerror(-r));
		return EXIT_ERROR;
	}
	r = status_read(path.data, &status);
	return r == 0 ? show(&o, path.data, &status) : agent_socket_refuse(path.data, r);
}

const struct command cmd_status = {
	.name = "status",
	.summary = "how the agent of this host is",
	.usage = usage,
	.run = run,
};
