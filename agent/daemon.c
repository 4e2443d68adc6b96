// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "agent/capabilities.h"
#include "agent/daemon-inside.h"
#include "agent/gateway-keeper.h"
#include "agent/live-feed.h"
#include "agent/recorder.h"
#include "agent/status-socket.h"
#include "agent/window-writer.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/priority.h"

#define MAINTAINER_FIRST_NS (15 * NS_PER_S) /* after the start, which has enough to do */
#define LOOK_NS (NS_PER_S / 2)              /* how often the kill switch and the start guard are looked at */

/* All or nothing: with one mistake in it the old configuration stays in force. */
static void reload(struct daemon *d)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(buf_done) struct buf live = {}, restart = {};
	struct config *now;
	int r;

	d->reload_realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
	r = config_load(d->sources, &report, &now);
	d->reload_failed = r != 0;
	if (r != 0) {
		recent_errors_add(&d->errors, "the configuration is not taken over, the old one stays in force: %s",
				  r < 0 ? strerrordesc_np(-r) : report.errors.data);
		return;
	}
	r = config_diff(d->started, now, CONFIG_AGENT, &live, &restart);
	if (r == 0 && restart.size)
		log_warning("changes of %s need a restart", restart.data);
	if (r == 0 && d->recorder)
		r = recorder_configure(d->recorder, now); /* first: it borrows from the old one */
	if (r < 0) {
		config_free(now);
		d->reload_failed = true;
		recent_errors_add(&d->errors, "the configuration is not taken over: %s", strerrordesc_np(-r));
		return;
	}
	config_free(d->reloaded);
	d->reloaded = now;
	d->maintainer.limits = daemon_retention(d);
	daemon_apply(d);
	r = upload_keeper_set(d->uploads, now);
	if (r < 0) {
		d->reload_failed = true;
		recent_errors_add(&d->errors, "the targets are not taken over: %s", strerrordesc_np(-r));
	}
	r = d->gateway ? daemon_setup_reload(&d->setup, now, d->host.nodename, d->gateway) : 0;
	if (r != 0) {
		d->reload_failed = true;
		recent_errors_add(&d->errors, "%s", d->setup.why);
	}
}

/* Returns whether it is the end. */
static bool dispatch_signals(struct daemon *d)
{
	struct signalfd_siginfo info;

	while (read(d->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP)
			return true;
		notify_reloading(&d->notify);
		reload(d);
		notify_send(&d->notify, "READY=1");
	}
	return false;
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int wait_ms(const struct daemon *d, uint64_t now_ns)
{
	uint64_t due_ns = earliest(d->looked_ns + LOOK_NS,
				   earliest(live_profiles_due_ns(&d->live), live_feed_due_ns(d->setup.live)));
	int ms;

	if (d->recorder)
		due_ns = earliest(due_ns, windows_due_ns(&d->windows));
	ms = clock_sooner_ms(clock_ms_until(due_ns, now_ns), upload_keeper_timeout_ms(d->uploads));
	if (d->gateway)
		ms = clock_sooner_ms(ms, gateway_keeper_timeout_ms(d->gateway));
	return d->idle == STATUS_SAMPLING ? clock_sooner_ms(ms, recorder_timeout_ms(d->recorder)) : ms;
}

static int dispatch_windows(struct daemon *d, uint64_t now_ns)
{
	int r = windows_dispatch(&d->windows, now_ns);

	return r > 0 ? daemon_judge(d, now_ns) : r;
}

enum other {
	SIGNALS,
	GATEWAY,
	STATUS,
	WRITER,
	UPLOADS,
	LIVE,
	N_OTHERS
};

/* The maintainer is not among them: that it has ended is seen in the next turn, which no one waits for. */
static int watch_others(struct daemon *d)
{
	const int fds[N_OTHERS] = {
		[SIGNALS] = d->signal_fd,
		[GATEWAY] = d->gateway ? gateway_keeper_fd(d->gateway) : -1,
		[STATUS] = status_socket_fd(d->setup.status),
		[WRITER] = window_writer_fd(d->writer),
		[UPLOADS] = upload_keeper_fd(d->uploads),
		[LIVE] = live_feed_fd(d->setup.live),
	};

	d->others_fd = epoll_create1(EPOLL_CLOEXEC);
	if (d->others_fd < 0)
		return -errno;
	for (uint32_t i = 0; i < N_OTHERS; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };

		if (fds[i] >= 0 && epoll_ctl(d->others_fd, EPOLL_CTL_ADD, fds[i], &event) < 0)
			return -errno;
	}
	return 0;
}

static int find_ready(const struct daemon *d, bool ret[static N_OTHERS])
{
	struct epoll_event ready[N_OTHERS];
	int n = epoll_wait(d->others_fd, ready, N_OTHERS, 0);

	for (int i = 0; i < n; i++)
		ret[ready[i].data.u32] = true;
	return n < 0 ? -errno : 0;
}

/* One turn; *ret_end: somebody has asked to stop. */
static int turn(struct daemon *d, bool *ret_end)
{
	struct pollfd fds[] = {
		{ .fd = d->recorder ? recorder_fd(d->recorder) : -1, .events = POLLIN },
		{ .fd = d->others_fd, .events = POLLIN },
	};
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
	struct window_writer_stats written;
	bool is_ready[N_OTHERS] = {};
	int e = 0;

	if (poll(fds, ARRAY_SIZE(fds), wait_ms(d, now_ns)) < 0 && errno != EINTR)
		return -errno;
	now_ns = clock_now_ns(CLOCK_MONOTONIC);
	if (fds[1].revents)
		e = find_ready(d, is_ready);
	*ret_end = is_ready[SIGNALS] && dispatch_signals(d);
	if (e == 0 && d->recorder)
		e = recorder_dispatch(d->recorder);
	if (e == 0 && d->recorder)
		e = dispatch_windows(d, now_ns);
	if (e == 0 && now_ns >= d->looked_ns + LOOK_NS)
		e = daemon_look(d, now_ns);
	if (is_ready[STATUS])
		daemon_dispatch_status(d);
	if (d->gateway)
		daemon_dispatch_gateway(d, is_ready[GATEWAY], now_ns);
	if (is_ready[WRITER])
		daemon_look_at_writer(d, &written);
	daemon_dispatch_maintainer(d, now_ns);
	daemon_dispatch_uploads(d, is_ready[UPLOADS]);
	daemon_dispatch_live(d, is_ready[LIVE], now_ns);
	notify_feed_watchdog(&d->notify, now_ns);
	return e;
}

/* The open window is written, and the start was a good one. */
static int stop(struct daemon *d)
{
	struct window_writer_stats written;
	bool was_sampling = d->idle == STATUS_SAMPLING;
	int e = 0;

	notify_send(&d->notify, "STOPPING=1");
	d->idle = STATUS_STOPPING;
	upload_keeper_end(d->uploads);
	if (d->recorder) {
		live_profiles_end(&d->live, d->recorder, d->gateway, "the agent stops");
		live_feed_end(d->setup.live, d->recorder);
		if (was_sampling)
			e = recorder_stop(d->recorder);
		if (e == 0 && was_sampling)
			e = windows_close(&d->windows);
		if (e == 0)
			e = windows_write_all(&d->windows);
	}
	window_writer_finish(d->writer);
	daemon_look_at_writer(d, &written);
	return e == 0 ? start_guard_end(d->setup.state.fd) : e;
}

static int open_signals(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return d->signal_fd < 0 ? -errno : 0;
}

static int read_last_window(struct daemon *d)
{
	int r = last_window_read(d->setup.state.fd, &d->last);

	d->has_last = r == 0;
	return r < 0 ? r : 0;
}

static int judge_start(struct daemon *d)
{
	struct start_note now = { .realtime_ns = d->start_realtime_ns };
	int e = boot_id_read(now.boot_id);

	return e == 0 ? start_guard_begin(d->setup.state.fd, &now, &d->verdict) : e;
}

static int start_writer(struct daemon *d)
{
	const struct window_writer_config config = {
		.state_fd = d->setup.state.fd,
		.limit_bytes = d->started->store.max_mb << 20,
		.min_free_percent = (unsigned int)d->started->store.min_free_percent,
	};

	return window_writer_new(&config, &d->writer);
}

static int start_uploads(struct daemon *d)
{
	const struct upload_keeper_config config = {
		.path = "/proc/self/exe",
		.host = daemon_host(d),
		.store_fd = d->setup.state.fd,
	};
	int e = upload_keeper_new(&config, &d->uploads);

	return e == 0 ? upload_keeper_set(d->uploads, d->started) : e;
}

struct step {
	const char *what; /* "cannot ..." */
	int (*run)(struct daemon *d);
};

static int drop_privileges(struct daemon *d)
{
	int e = priority_be_prompt(RECORDER_NICE); /* while it may; it is inherited by nobody */

	if (e < 0)
		log_debug("cannot raise the priority: %s, going on", strerrordesc_np(-e));
	return capabilities_reduce();
}

static int start_sampling(struct daemon *d)
{
	return daemon_look(d, d->start_ns);
}

static int start_gateway(struct daemon *d)
{
	return daemon_setup_gateway(&d->setup, d->started, d->host.nodename, &d->gateway);
}

static int start_maintainer(struct daemon *d)
{
	const struct retention_limits limits = daemon_retention(d);

	maintainer_init(&d->maintainer, "/proc/self/exe", d->setup.state.fd, &limits,
			d->start_ns + MAINTAINER_FIRST_NS);
	return 0;
}

static int start(struct daemon *d)
{
	static const struct step steps[] = {
		{ "drop privileges", drop_privileges },
		{ "read when the last window ended", read_last_window },
		{ "note this start", judge_start },
		{ "read what windows there are", start_writer },
		{ "start sampling", start_sampling },
		{ "start the gateway", start_gateway },
		{ "keep the store in order", start_maintainer },
		{ "start the uploader", start_uploads },
		{ "wait for several things at once", watch_others },
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int e = steps[i].run(d);

		if (e == 0)
			continue;
		log_error("cannot %s: %s", steps[i].what, e < 0 ? strerrordesc_np(-e) : d->setup.why);
		return DAEMON_FAILED;
	}
	return 0;
}

static int run(struct daemon *d)
{
	bool is_end = false;
	int r;

	r = open_signals(d); /* first: a SIGHUP of a start that is under way would end it */
	if (r < 0) {
		log_error("cannot wait for signals: %s", strerrordesc_np(-r));
		return DAEMON_FAILED;
	}
	r = daemon_setup(&d->setup, d->started);
	if (r != 0) {
		log_error("%s", d->setup.why);
		return r;
	}
	r = start(d);
	if (r != 0)
		return r;
	notify_send(&d->notify, "READY=1\nSTATUS=started");
	while (r == 0 && !is_end)
		r = turn(d, &is_end);
	if (r < 0) {
		log_error("cannot go on: %s", strerrordesc_np(-r));
		return DAEMON_FAILED;
	}
	r = stop(d);
	if (r < 0) {
		log_error("cannot end cleanly: %s", strerrordesc_np(-r));
		return DAEMON_FAILED;
	}
	return 0;
}

int daemon_run(struct config *config, const struct config_sources *sources)
{
	struct daemon d = {
		.sources = sources,
		.started = config,
		.notify = NOTIFY_NONE,
		.setup = DAEMON_SETUP_NONE,
		.signal_fd = -1,
		.others_fd = -1,
		.maintainer.process = CHILD_PROCESS_NONE,
		.idle = STATUS_STARTING,
		.start_ns = clock_now_ns(CLOCK_MONOTONIC),
		.start_realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME),
	};
	int r;

	r = notify_open(&d.notify);
	if (r < 0)
		log_warning("cannot reach the service manager at $NOTIFY_SOCKET: %s, going on without it",
			    strerrordesc_np(-r));
	r = uname(&d.host) < 0 ? -errno : run(&d);
	maintainer_done(&d.maintainer);
	upload_keeper_free(d.uploads);
	gateway_keeper_free(d.gateway);
	window_writer_free(d.writer);
	recorder_free(d.recorder);
	daemon_setup_done(&d.setup);
	close_fd(d.others_fd);
	close_fd(d.signal_fd);
	notify_done(&d.notify);
	config_free(d.reloaded);
	return r;
}
