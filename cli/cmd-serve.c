// SPDX-License-Identifier: Apache-2.0
/* serve: a hub, and its page: takes the windows of other hosts for as long as it runs, and answers from them. */
#include "agent/config.h"
#include "agent/hub.h"
#include "cli/command.h"
#include "cli/config-options.h"
#include "cli/options.h"

static const char usage[] =
	"usage: cpuhound serve [--config FILE] [--store DIR | --view DIR|URL] [--listen ADDR:PORT]\n"
	"                      [--metrics-listen ADDR:PORT] [--set SECTION.KEY=VALUE]...\n"
	"\n"
	"A hub: keeps the windows that other hosts push (a [target] of kind hub), and merges and lets go of them as "
	"an\n"
	"agent does. It needs nothing but this program, and no privilege. Its page is at http://127.0.0.1:7172/. With\n"
	"--view it takes none, and shows those of an agent, another hub, ClickHouse or Pyroscope. Until SIGTERM or "
	"Ctrl-C;\n"
	"SIGHUP reads the configuration again.\n"
	"\n"
	"      --config FILE          this file and the conf.d beside it (/etc/cpuhound/cpuhound.conf)\n"
	"      --store DIR            hub.store (/var/lib/cpuhound-hub)\n"
	"      --view DIR|URL         hub.view: only shows what is there: /var/lib/cpuhound, http(s)://HUB,\n"
	"                             clickhouse+http://USER@HOST:8123/DATABASE, pyroscope+http://HOST:4040; the token "
	"or\n"
	"                             password: --set hub.view_token_file=FILE\n"
	"      --listen ADDR:PORT     hub.listen (127.0.0.1:7172); other than loopback needs TLS and a [hub_token]\n"
	"      --metrics-listen ...   hub.metrics_listen: only /metrics, /healthz and /readyz\n"
	"      --set SECTION.KEY=VALUE  any other: see 'cpuhound check-config'\n"
	"\n"
	"Who reads: `cpuhound export --store http://127.0.0.1:7172 ...`, and as that all commands with --store; or\n"
	"  go tool pprof 'http://127.0.0.1:7172/api/v1/profile?match=service=api'\n"
	"\n"
	"Exit codes: 2 a bad configuration, 3 another hub or agent has the store, or another program the address; or "
	"nobody\n"
	"lets it read what it is to view.\n";

static const struct config_flag flags[] = {
	{ "--store", "hub.store" },
	{ "--listen", "hub.listen" },
	{ "--metrics-listen", "hub.metrics_listen" },
	{ "--view", "hub.view" },
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, CONFIG_OPTION_FILE },
	{ "set", required_argument, NULL, CONFIG_OPTION_SET },
	{ "store", required_argument, NULL, CONFIG_OPTION_FLAG },
	{ "listen", required_argument, NULL, CONFIG_OPTION_FLAG + 1 },
	{ "metrics-listen", required_argument, NULL, CONFIG_OPTION_FLAG + 2 },
	{ "view", required_argument, NULL, CONFIG_OPTION_FLAG + 3 },
	{},
};

static int run_serve(int argc, char **argv)
{
	static const struct config_flags all = { &cmd_serve, long_options, "", flags, ARRAY_SIZE(flags) };
	_cleanup_(config_freep) struct config *config = NULL;
	struct config_options options = {};
	struct config_sources sources;
	int code = config_options_load(&options, &all, argc, argv, &sources, &config), r;

	if (!config)
		return code;
	r = hub_run(config, &sources);
	if (r == 0)
		return EXIT_OK;
	return r == DAEMON_REFUSED ? EXIT_ENVIRONMENT : EXIT_ERROR;
}

const struct command cmd_serve = {
	.name = "serve",
	.summary = "keep the windows of many hosts, as a hub, with a page of them",
	.usage = usage,
	.run = run_serve,
};
