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

static const struct config_flag flags[] = {
	{ "--state-dir", "agent.state_dir" },          { "--listen", "http.listen" },
	{ "--metrics-listen", "http.metrics_listen" }, { "--window", "agent.window" },
	{ "--frequency", "agent.frequency_hz", "-F" },
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, CONFIG_OPTION_FILE },
	{ "set", required_argument, NULL, CONFIG_OPTION_SET },
	{ "state-dir", required_argument, NULL, CONFIG_OPTION_FLAG },
	{ "listen", required_argument, NULL, CONFIG_OPTION_FLAG + 1 },
	{ "metrics-listen", required_argument, NULL, CONFIG_OPTION_FLAG + 2 },
	{ "window", required_argument, NULL, CONFIG_OPTION_FLAG + 3 },
	{ "frequency", required_argument, NULL, CONFIG_OPTION_FLAG + 4 },
	{},
};

static int run_agent(int argc, char **argv)
{
	static const struct config_flags all = { &cmd_agent, long_options, "F:", flags, ARRAY_SIZE(flags) };
	_cleanup_(config_freep) struct config *config = NULL;
	struct config_options options = {};
	struct config_sources sources;
	int code = config_options_load(&options, &all, argc, argv, &sources, &config), r;

	if (!config)
		return code;
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
