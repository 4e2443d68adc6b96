// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/capabilities.h"
#include "agent/config-address.h"
#include "agent/daemon.h"
#include "agent/gateway.h"
#include "agent/hub-inside.h"
#include "agent/hub-intake.h"
#include "agent/hub-page.h"
#include "agent/hub-reader.h"
#include "agent/hub-rules.h"
#include "agent/sealed-file.h"
#include "common/clock.h"
#include "report/engine.h"
#include "report/fetch.h"

#define UMASK 0027
#define MAINTAINER_FIRST_NS (15 * NS_PER_S)

int hub_fail(struct hub *h, int answer, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(h->why, sizeof(h->why), fmt, ap);
	va_end(ap);
	return answer;
}

/* -- what children go by -- */

int hub_make_rules(struct hub *h)
{
	struct hub_rules *rules = calloc(1, sizeof(*rules));
	int fd = -1, e = rules ? 0 : -ENOMEM;

	if (e == 0) {
		hub_rules_of_config(hub_config(h), rules);
		/* As who makes room for it has them. */
		rules->limit_bytes = h->started->store.max_mb << 20;
		rules->min_free_percent = (uint32_t)h->started->store.min_free_percent;
		e = sealed_file_new("hub-rules", rules, sizeof(*rules), &fd);
	}
	free(rules);
	if (e < 0)
		return hub_fail(h, DAEMON_FAILED, "cannot write down the rules: %s", strerrordesc_np(-e));
	close_fd(h->rules_fd);
	h->rules_fd = fd;
	for (size_t i = 0; i < h->n_workers; i++)
		hub_worker_forget_rules(&h->workers[i]);
	return 0;
}

static int read_settings(struct hub *h, struct web_settings *ret)
{
	const struct config *c = hub_config(h);
	const struct config_hub_token *configured = c->hub_tokens.items;
	struct gateway_token tokens[WEB_MAX_TOKENS];
	const char *names[WEB_MAX_HOST_NAMES + 1] = { h->host.nodename }; /* one too many is told */
	struct gateway_files files = {
		.tokens = tokens,
		.n_tokens = c->hub_tokens.n, /* checked: not more */
		.certificate_file = c->hub.tls_cert_file,
		.private_key_file = c->hub.tls_key_file,
		.client_ca_file = c->hub.tls_client_ca_file,
		.host_names = names,
		.n_host_names = 1,
		.is_loopback = h->started->hub.listen.loopback,
		.site = hub_is_view(h) ? WEB_SITE_VIEW : WEB_SITE_HUB,
		.max_body_bytes = (uint32_t)(c->hub.max_body_mb << 20),
	};

	for (size_t i = 0; i < c->hub_tokens.n; i++)
		tokens[i] = (struct gateway_token){ configured[i].name, configured[i].token_file,
						    configured[i].may_read, configured[i].hosts.n > 0 };
	for (size_t i = 0; i < c->hub.names.n && files.n_host_names < ARRAY_SIZE(names); i++)
		names[files.n_host_names++] = c->hub.names.items[i];
	return gateway_settings_read(&files, ret, h->why) < 0 ? DAEMON_FAILED : 0;
}

static int give_settings(struct hub *h, const struct web_settings *settings)
{
	static char name[] = "cpuhound", command[] = GATEWAY_COMMAND;
	static char *const argv[] = { name, command, NULL };
	const struct gateway_keeper_config config = {
		.path = "/proc/self/exe",
		.argv = argv,
		.listen_fd = h->listen_fd,
		.metrics_listen_fd = h->metrics_fd,
		.settings = settings,
	};
	int e = h->gateway ? gateway_keeper_set(h->gateway, settings) : gateway_keeper_new(&config, &h->gateway);

	return e < 0 ? hub_fail(h, DAEMON_FAILED, "cannot start the gateway: %s", strerrordesc_np(-e)) : 0;
}

/* The secrets leave this process's memory with the call. */
int hub_set_gateway(struct hub *h)
{
	struct web_settings *settings = calloc(1, sizeof(*settings));
	int r;

	if (!settings)
		return hub_fail(h, DAEMON_FAILED, "no memory for the gateway's settings");
	r = read_settings(h, settings);
	if (r == 0)
		r = give_settings(h, settings);
	explicit_bzero(settings, sizeof(*settings));
	free(settings);
	return r;
}

/* -- start -- */

static int open_store(struct hub *h)
{
	const char *path = h->started->hub.store;
	char who[32] = "";
	size_t n_removed;
	pid_t pid;
	int r;

	umask(UMASK);
	r = state_dir_open(path, &h->store, &pid, &n_removed);
	if (r == STATE_DIR_IN_USE && pid)
		snprintf(who, sizeof(who), " by pid %d", pid);
	if (r == STATE_DIR_IN_USE)
		return hub_fail(h, DAEMON_REFUSED,
				"the store %s is in use%s: only one hub or agent writes to it; for a page of it: "
				"cpuhound serve --view %s",
				path, who, path);
	if (r < 0)
		return hub_fail(h, DAEMON_FAILED, "cannot open the store '%s': %s", path, strerrordesc_np(-r));
	return 0;
}

static bool is_url(const char *view)
{
	return fetch_is_url(view) || engine_is_url(view);
}

static int open_view(struct hub *h)
{
	const char *view = h->started->hub.view;

	if (is_url(view))
		return 0;
	h->view_fd = open(view, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->view_fd >= 0 && faccessat(h->view_fd, ".", R_OK | X_OK, AT_EACCESS) < 0)
		h->view_fd = close_fd(h->view_fd);
	if (h->view_fd >= 0)
		return 0;
	if (errno == EACCES)
		return hub_fail(h, DAEMON_REFUSED,
				"cannot open the store '%s': no permission: run it as who owns that (sudo -u cpuhound)",
				view);
	return hub_fail(h, DAEMON_FAILED, "cannot open the store '%s': %s", view,
			errno == ENOENT ? "there is no such directory: start 'cpuhound agent', which makes it, or name "
					  "another"
					: strerrordesc_np(errno));
}

static int listen_on(struct hub *h, const char *key, const struct config_address *address, int *ret)
{
	int r = config_address_listen(address, key, ret, h->why, sizeof(h->why));

	return r == CONFIG_ADDRESS_IN_USE ? DAEMON_REFUSED : r < 0 ? DAEMON_FAILED : 0;
}

static int add_workers(struct hub *h, enum hub_lane lane, size_t n, char *const *argv, int store_fd)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < n; i++) {
		e = hub_worker_init(&h->workers[h->n_workers], lane, argv, store_fd);
		h->n_workers += e == 0;
	}
	return e < 0 ? hub_fail(h, DAEMON_FAILED, "cannot start a child: %s", strerrordesc_np(-e)) : 0;
}

/* Of an URL with what it needs; the config outlives it. */
static void set_page_argv(struct hub *h)
{
	static char name[] = "cpuhound", command[] = HUB_PAGE_COMMAND, none[] = "";
	const struct config *c = h->started;

	h->page_argv[0] = name;
	h->page_argv[1] = command;
	if (!hub_is_view(h) || h->view_fd >= 0)
		return;
	h->page_argv[2] = (char *)(uintptr_t)c->hub.view;
	h->page_argv[3] = (char *)(uintptr_t)(c->hub.view_token_file ?: none);
	h->page_argv[4] = (char *)(uintptr_t)(c->hub.view_ca_file ?: none);
}

static int start_workers(struct hub *h)
{
	static char name[] = "cpuhound", intake[] = HUB_INTAKE_COMMAND, reader[] = HUB_READER_COMMAND;
	static char *const intake_argv[] = { name, intake, NULL }, *const reader_argv[] = { name, reader, NULL };
	int r;

	set_page_argv(h);
	r = add_workers(h, HUB_LANE_PAGE, HUB_PAGES, h->page_argv, hub_is_view(h) ? h->view_fd : h->store.fd);
	if (r == 0 && !hub_is_view(h))
		r = add_workers(h, HUB_LANE_INTAKE, 1, intake_argv, h->store.fd);
	if (r == 0 && !hub_is_view(h))
		r = add_workers(h, HUB_LANE_READER, HUB_READERS, reader_argv, h->store.fd);
	return r;
}

static int open_signals(struct hub *h)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return hub_fail(h, DAEMON_FAILED, "cannot block signals: %m");
	h->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return h->signal_fd < 0 ? hub_fail(h, DAEMON_FAILED, "cannot wait for signals: %m") : 0;
}

int hub_start(struct hub *h)
{
	const struct config *c = h->started;
	struct retention_limits limits = hub_retention(h);
	int e, r = open_signals(h); /* first: a SIGHUP of a start that is under way would end it */

	if (r == 0 && !hub_is_view(h))
		r = open_store(h);
	if (r == 0)
		r = listen_on(h, "hub.listen", &c->hub.listen, &h->listen_fd);
	if (r == 0)
		r = listen_on(h, "hub.metrics_listen", &c->hub.metrics_listen, &h->metrics_fd);
	if (r != 0)
		return r;
	e = capabilities_drop();
	if (e < 0)
		return hub_fail(h, DAEMON_FAILED, "cannot drop privileges: %s", strerrordesc_np(-e));
	if (hub_is_view(h)) /* as its children will have to read it */
		r = open_view(h);
	if (r == 0)
		r = start_workers(h);
	if (r == 0)
		r = hub_make_rules(h);
	if (r == 0)
		r = hub_set_gateway(h);
	if (hub_is_view(h))
		return r;
	maintainer_init(&h->maintainer, "/proc/self/exe", h->store.fd, &limits,
			clock_now_ns(CLOCK_MONOTONIC) + MAINTAINER_FIRST_NS);
	return r;
}

struct retention_limits hub_retention(const struct hub *h)
{
	const struct config *c = hub_config(h);

	return (struct retention_limits){
		.age_ns = { (int64_t)c->store.raw_ns, (int64_t)c->store.minutes_ns, (int64_t)c->store.hours_ns },
		.limit_bytes = h->started->store.max_mb << 20,
		.min_free_percent = (unsigned int)h->started->store.min_free_percent,
	};
}
