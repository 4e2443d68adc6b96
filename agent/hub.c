// SPDX-License-Identifier: Apache-2.0
#include "agent/hub.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/hub-inside.h"
#include "common/clock.h"
#include "common/log.h"

#define LONGEST_MS 1000

/* With one mistake in it the old configuration stays in force. */
static int load(struct hub *h, struct config **ret)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(buf_done) struct buf live = {}, restart = {};
	int r = config_load(h->sources, &report, ret);

	if (r != 0)
		return hub_fail(h, DAEMON_FAILED, "the configuration is not taken over, the old one stays in force: %s",
				r < 0 ? strerrordesc_np(-r) : report.errors.data);
	r = config_diff(h->started, *ret, CONFIG_HUB, &live, &restart);
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
		r = hub_set_gateway(h);
	}
	if (r != 0) {
		if (h->reloaded != before) /* a secret that cannot be read: nothing is taken over */
			config_free(h->reloaded);
		h->reloaded = before;
	} else {
		config_free(before);
		h->maintainer.limits = hub_retention(h);
		r = hub_make_rules(h);
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
	if (!hub_is_view(h) && maintainer_dispatch(&h->maintainer, now_ns) && h->maintainer.stats.fault[0])
		log_error("the store %s is not kept in order: %s", h->started->hub.store, h->maintainer.stats.fault);
	notify_feed_watchdog(&h->notify, now_ns);
}

static int wait_ms(const struct hub *h)
{
	int ms = clock_sooner_ms(LONGEST_MS, gateway_keeper_timeout_ms(h->gateway));

	for (size_t i = 0; i < h->n_workers; i++)
		ms = clock_sooner_ms(ms, hub_worker_timeout_ms(&h->workers[i]));
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

	for (size_t i = 0; i < h->n_workers; i++)
		fds[3 + i] = (struct pollfd){ .fd = hub_worker_fd(&h->workers[i]), .events = POLLIN };
	if (poll(fds, 3 + h->n_workers, wait_ms(h)) < 0 && errno != EINTR)
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
	int r = hub_start(h);

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
	for (size_t i = 0; i < h->n_workers; i++)
		hub_worker_done(&h->workers[i]);
	maintainer_done(&h->maintainer);
	hub_jobs_done(&h->jobs);
	hub_answers_done(&h->answers);
	close_fd(h->rules_fd);
	close_fd(h->view_fd);
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
		.view_fd = -1,
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
