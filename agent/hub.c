// SPDX-License-Identifier: Apache-2.0
#include "agent/hub.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "agent/capabilities.h"
#include "agent/config-address.h"
#include "agent/gateway.h"
#include "agent/hub-inside.h"
#include "agent/hub-intake.h"
#include "agent/hub-reader.h"
#include "agent/hub-rules.h"
#include "agent/sealed-file.h"
#include "common/clock.h"
#include "common/log.h"

#define UMASK 0027
#define MAINTAINER_FIRST_NS (15 * NS_PER_S)
#define LONGEST_MS 1000

static int fail(struct hub *h, int answer, const char *fmt, ...) _printf_(3, 4);
static int fail(struct hub *h, int answer, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(h->why, sizeof(h->why), fmt, ap);
	va_end(ap);
	return answer;
}

static struct retention_limits retention(const struct hub *h)
{
	const struct config *c = hub_config(h);

	return (struct retention_limits){
		.age_ns = { (int64_t)c->store.raw_ns, (int64_t)c->store.minutes_ns, (int64_t)c->store.hours_ns },
		.limit_bytes = h->started->store.max_mb << 20,
		.min_free_percent = (unsigned int)h->started->store.min_free_percent,
	};
}

/* -- what children go by -- */

static int make_rules(struct hub *h)
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
		return fail(h, DAEMON_FAILED, "cannot write down the rules: %s", strerrordesc_np(-e));
	close_fd(h->rules_fd);
	h->rules_fd = fd;
	for (size_t i = 0; i < HUB_WORKERS; i++)
		hub_worker_forget_rules(&h->workers[i]);
	return 0;
}

static int read_settings(struct hub *h, struct web_settings *ret)
{
	const struct config *c = hub_config(h);
	const struct config_hub_token *configured = c->hub_tokens.items;
	struct gateway_token tokens[WEB_MAX_TOKENS];
	const char *names[WEB_MAX_HOST_NAMES] = { h->host.nodename };
	struct gateway_files files = {
		.tokens = tokens,
		.n_tokens = c->hub_tokens.n, /* checked: not more */
		.certificate_file = c->hub.tls_cert_file,
		.private_key_file = c->hub.tls_key_file,
		.client_ca_file = c->hub.tls_client_ca_file,
		.host_names = names,
		.n_host_names = 1,
		.is_loopback = h->started->hub.listen.loopback,
		.is_hub = true,
		.max_body_bytes = (uint32_t)(c->hub.max_body_mb << 20),
	};

	for (size_t i = 0; i < c->hub_tokens.n; i++)
		tokens[i] = (struct gateway_token){ configured[i].name, configured[i].token_file,
						    configured[i].may_read, configured[i].hosts.n > 0 };
	for (size_t i = 0; i < c->hub.names.n && files.n_host_names < WEB_MAX_HOST_NAMES; i++)
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

	return e < 0 ? fail(h, DAEMON_FAILED, "cannot start the gateway: %s", strerrordesc_np(-e)) : 0;
}

/* The secrets leave this process's memory with the call. */
static int set_gateway(struct hub *h)
{
	struct web_settings *settings = calloc(1, sizeof(*settings));
	int r;

	if (!settings)
		return fail(h, DAEMON_FAILED, "no memory for the gateway's settings");
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
	size_t n_removed;
	pid_t pid;
	int r;

	umask(UMASK);
	r = state_dir_open(path, &h->store, &pid, &n_removed);
	if (r == STATE_DIR_IN_USE && pid)
		return fail(h, DAEMON_REFUSED, "the store %s is in use by pid %d: only one hub or agent writes to it",
			    path, pid);
	if (r == STATE_DIR_IN_USE)
		return fail(h, DAEMON_REFUSED, "the store %s is in use: only one hub or agent writes to it", path);
	if (r < 0)
		return fail(h, DAEMON_FAILED, "cannot open the store '%s': %s", path, strerrordesc_np(-r));
	return 0;
}

static int listen_on(struct hub *h, const char *key, const struct config_address *address, int *ret)
{
	int r = config_address_listen(address, key, ret, h->why, sizeof(h->why));

	return r == CONFIG_ADDRESS_IN_USE ? DAEMON_REFUSED : r < 0 ? DAEMON_FAILED : 0;
}

static int start_workers(struct hub *h)
{
	static char intake[] = HUB_INTAKE_COMMAND, reader[] = HUB_READER_COMMAND;
	int e = 0;

	for (size_t i = 0; e == 0 && i < HUB_WORKERS; i++)
		e = hub_worker_init(&h->workers[i], i == 0 ? intake : reader, h->store.fd);
	return e < 0 ? fail(h, DAEMON_FAILED, "cannot start a child: %s", strerrordesc_np(-e)) : 0;
}

static int open_signals(struct hub *h)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return fail(h, DAEMON_FAILED, "cannot block signals: %m");
	h->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return h->signal_fd < 0 ? fail(h, DAEMON_FAILED, "cannot wait for signals: %m") : 0;
}

static int start(struct hub *h)
{
	const struct config *c = h->started;
	struct retention_limits limits = retention(h);
	int e, r = open_signals(h); /* first: a SIGHUP of a start that is under way would end it */

	if (r == 0)
		r = open_store(h);
	if (r == 0)
		r = listen_on(h, "hub.listen", &c->hub.listen, &h->listen_fd);
	if (r == 0)
		r = listen_on(h, "hub.metrics_listen", &c->hub.metrics_listen, &h->metrics_fd);
	if (r != 0)
		return r;
	e = capabilities_drop();
	if (e < 0)
		return fail(h, DAEMON_FAILED, "cannot drop privileges: %s", strerrordesc_np(-e));
	r = start_workers(h);
	if (r == 0)
		r = make_rules(h);
	if (r == 0)
		r = set_gateway(h);
	maintainer_init(&h->maintainer, "/proc/self/exe", h->store.fd, &limits,
			clock_now_ns(CLOCK_MONOTONIC) + MAINTAINER_FIRST_NS);
	return r;
}

/* -- the loop -- */

/* With one mistake in it the old configuration stays in force. */
static int load(struct hub *h, struct config **ret)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(buf_done) struct buf live = {}, restart = {};
	int r = config_load(h->sources, &report, ret);

	if (r != 0)
		return fail(h, DAEMON_FAILED, "the configuration is not taken over, the old one stays in force: %s",
			    r < 0 ? strerrordesc_np(-r) : report.errors.data);
	r = config_diff(h->started, *ret, &live, &restart);
	if (r == 0 && restart.size)
		log_warning("changes of %s need a restart", restart.data);
	return 0;
}

static void reload(struct hub *h)
{
	struct config *now, *before = h->reloaded;
	int r = load(h, &now);

	h->reload_realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
	if (r == 0) {
		h->reloaded = now;
		r = set_gateway(h);
	}
	if (r != 0) {
		if (h->reloaded != before) /* a secret that cannot be read: nothing is taken over */
			config_free(h->reloaded);
		h->reloaded = before;
	} else {
		config_free(before);
		h->maintainer.limits = retention(h);
		r = make_rules(h);
	}
	h->reload_failed = r != 0;
	if (r != 0)
		log_error("%s", h->why);
}

/* Returns whether it is the end. */
static bool dispatch_signals(struct hub *h)
{
	struct signalfd_siginfo info;

	while (read(h->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP)
			return true;
		notify_reloading(&h->notify);
		reload(h);
		notify_send(&h->notify, "READY=1");
	}
	return false;
}

static void keep_in_order(struct hub *h, uint64_t now_ns)
{
	if (maintainer_dispatch(&h->maintainer, now_ns) && h->maintainer.stats.fault[0])
		log_error("the store %s is not kept in order: %s", h->started->hub.store, h->maintainer.stats.fault);
	notify_feed_watchdog(&h->notify, now_ns);
}

static int wait_ms(const struct hub *h)
{
	int ms = LONGEST_MS, gateway_ms = gateway_keeper_timeout_ms(h->gateway);

	if (gateway_ms >= 0 && gateway_ms < ms)
		ms = gateway_ms;
	for (size_t i = 0; i < HUB_WORKERS; i++) {
		int worker_ms = hub_worker_timeout_ms(&h->workers[i]);

		if (worker_ms >= 0 && worker_ms < ms)
			ms = worker_ms;
	}
	return ms;
}

/* One turn; *ret_end: somebody has asked to stop. */
static int turn(struct hub *h, bool *ret_end)
{
	struct pollfd fds[3 + HUB_WORKERS] = {
		{ .fd = h->signal_fd, .events = POLLIN },
		{ .fd = gateway_keeper_fd(h->gateway), .events = POLLIN },
		{ .fd = maintainer_fd(&h->maintainer), .events = POLLIN },
	};
	uint64_t now_ns;

	for (size_t i = 0; i < HUB_WORKERS; i++)
		fds[3 + i] = (struct pollfd){ .fd = hub_worker_fd(&h->workers[i]), .events = POLLIN };
	if (poll(fds, ARRAY_SIZE(fds), wait_ms(h)) < 0 && errno != EINTR)
		return -errno;
	now_ns = clock_now_ns(CLOCK_MONOTONIC);
	*ret_end = fds[0].revents && dispatch_signals(h);
	hub_dispatch_requests(h, now_ns);
	keep_in_order(h, now_ns);
	return 0;
}

/*
 * What was pushed and has no answer yet is pushed again: so nothing waits here. The intake is in the middle of a window
 * at worst, as after any kill.
 */
static int run(struct hub *h)
{
	bool is_end = false;
	int r = start(h);

	if (r != 0) {
		log_error("%s", h->why);
		return r;
	}
	notify_send(&h->notify, "READY=1\nSTATUS=started");
	while (r == 0 && !is_end)
		r = turn(h, &is_end);
	notify_send(&h->notify, "STOPPING=1");
	if (r < 0) {
		log_error("cannot go on: %s", strerrordesc_np(-r));
		return DAEMON_FAILED;
	}
	return 0;
}

static void hub_done(struct hub *h)
{
	gateway_keeper_free(h->gateway);
	for (size_t i = 0; i < HUB_WORKERS; i++)
		hub_worker_done(&h->workers[i]);
	maintainer_done(&h->maintainer);
	hub_jobs_done(&h->jobs);
	close_fd(h->rules_fd);
	close_fd(h->listen_fd);
	close_fd(h->metrics_fd);
	close_fd(h->signal_fd);
	state_dir_done(&h->store);
	notify_done(&h->notify);
	config_free(h->reloaded);
	free(h);
}

int hub_run(struct config *config, const struct config_sources *sources)
{
	struct hub *h = calloc(1, sizeof(*h));
	int r;

	if (!h) {
		log_error("cannot start: %s", strerrordesc_np(ENOMEM));
		return DAEMON_FAILED;
	}
	*h = (struct hub){
		.sources = sources,
		.started = config,
		.notify = NOTIFY_NONE,
		.store = STATE_DIR_NONE,
		.listen_fd = -1,
		.metrics_fd = -1,
		.signal_fd = -1,
		.rules_fd = -1,
		.maintainer.process = CHILD_PROCESS_NONE,
		.start_realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME),
	};
	r = notify_open(&h->notify);
	if (r < 0)
		log_warning("cannot reach the service manager at $NOTIFY_SOCKET: %s, going on without it",
			    strerrordesc_np(-r));
	r = uname(&h->host) < 0 ? DAEMON_FAILED : run(h);
	hub_done(h);
	return r;
}
