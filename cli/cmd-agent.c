// SPDX-License-Identifier: Apache-2.0
/* agent: samples this host for as long as it runs, and writes a profile every few seconds. */
#include <stdio.h>
#include <string.h>

#include "agent/config.h"
#include "agent/daemon.h"
#include "cli/command.h"
#include "cli/config-options.h"
#include "cli/environment-check.h"
#include "cli/options.h"
#include "common/log.h"

static const char usage[] =
	"usage: cpuhound agent [--config FILE] [--state-dir DIR] [--listen ADDR:PORT] [--metrics-listen ADDR:PORT]\n"
	"                      [--window DURATION] [-F HZ] [--set SECTION.KEY=VALUE]...\n"
	"\n"
	"Samples this host until SIGTERM or Ctrl-C. Every window (10 s) becomes a file below STATE_DIR/windows; the "
	"last one\n"
	"is written at the end. SIGHUP reads the configuration again.\n"
	"\n"
	"      --config FILE          this file and the conf.d beside it (/etc/cpuhound/cpuhound.conf)\n"
	"      --state-dir DIR        agent.state_dir (/var/lib/cpuhound)\n"
	"      --listen ADDR:PORT     http.listen (127.0.0.1:7171; empty: nothing is listened on)\n"
	"      --metrics-listen ...   http.metrics_listen: only /metrics, /healthz and /readyz\n"
	"      --window DURATION      agent.window, 1s to 300s (10s)\n"
	"  -F, --frequency HZ         agent.frequency_hz, samples a second on each CPU (19)\n"
	"      --set SECTION.KEY=VALUE  any other: see 'cpuhound check-config'\n"
	"\n"
	"A running agent: `cpuhound status`, http://127.0.0.1:7171/, or\n"
	"  go tool pprof http://127.0.0.1:7171/debug/pprof/profile?seconds=10\n"
	"`touch /etc/cpuhound/off` stops all sampling within a second, until the file is removed.\n"
	"\n"
	"Exit codes: 2 a bad configuration, 3 this host does not let it run or another agent runs here.\n";

enum {
	OPTION_CONFIG = 256,
	OPTION_SET,
	OPTION_FLAG, /* the first of `flags` */
};

/* Flags that stand for a key of the configuration. */
static const struct {
	const char *flag, *key;
} flags[] = {
	{ "--state-dir", "agent.state_dir" },          { "--listen", "http.listen" },
	{ "--metrics-listen", "http.metrics_listen" }, { "--window", "agent.window" },
	{ "--frequency", "agent.frequency_hz" },
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "set", required_argument, NULL, OPTION_SET },
	{ "state-dir", required_argument, NULL, OPTION_FLAG },
	{ "listen", required_argument, NULL, OPTION_FLAG + 1 },
	{ "metrics-listen", required_argument, NULL, OPTION_FLAG + 2 },
	{ "window", required_argument, NULL, OPTION_FLAG + 3 },
	{ "frequency", required_argument, NULL, OPTION_FLAG + 4 },
	{},
};

static int parse_option(struct config_options *c, int option, char *value)
{
	size_t i = option == 'F' ? ARRAY_SIZE(flags) - 1 : (size_t)(option - OPTION_FLAG);

	if (option == OPTION_CONFIG) {
		c->file = value;
		return EXIT_OK;
	}
	if (option == OPTION_SET)
		return config_options_set(c, &cmd_agent, value);
	return config_options_add(c, &cmd_agent, option == 'F' ? "-F" : flags[i].flag, flags[i].key, value);
}

static int parse_options(struct config_options *c, int argc, char **argv, bool *ret_done)
{
	struct options o = {
		.command = &cmd_agent,
		.argc = argc,
		.argv = argv,
		.short_options = "F:",
		.long_options = long_options,
	};
	int option, code = EXIT_OK;

	*ret_done = true;
	while (code == EXIT_OK && (option = options_next(&o)) > 0)
		code = parse_option(c, option, o.value);
	if (code != EXIT_OK)
		return code;
	if (option == OPTIONS_STOP)
		return o.exit_code;
	if (o.first_argument < argc)
		return options_error(&cmd_agent, "takes no argument: '%s'", argv[o.first_argument]);
	*ret_done = false;
	return EXIT_OK;
}

static int run_agent(int argc, char **argv)
{
	_cleanup_(config_freep) struct config *config = NULL;
	struct config_options options = {};
	struct config_sources sources;
	bool done;
	int code, r;

	code = parse_options(&options, argc, argv, &done);
	if (done)
		return code;
	sources = config_options_sources(&options);
	code = config_options_load(&sources, &config);
	if (code == EXIT_OK)
		code = environment_check_say();
	if (code != EXIT_OK)
		return code;
	r = daemon_run(config, &sources);
	if (r == 0)
		return EXIT_OK;
	return r == DAEMON_REFUSED ? EXIT_ENVIRONMENT : EXIT_ERROR;
}

const struct command cmd_agent = {
	.name = "agent",
	.summary = "sample this host for as long as it runs",
	.usage = usage,
	.run = run_agent,
};
