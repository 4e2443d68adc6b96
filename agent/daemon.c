// SPDX-License-Identifier: Apache-2.0
#include "agent/daemon.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "agent/budget.h"
#include "agent/capabilities.h"
#include "agent/daemon-setup.h"
#include "agent/gateway-keeper.h"
#include "agent/live-profiles.h"
#include "agent/notify.h"
#include "agent/recent-errors.h"
#include "agent/recorder.h"
#include "agent/sealed-file.h"
#include "agent/start-guard.h"
#include "agent/status-socket.h"
#include "agent/window-writer.h"
#include "agent/windows.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/priority.h"

#define STACKS_LIMIT_BYTES ((size_t)64 << 20) /* of the folded stacks of a window */
#define LOOK_NS (NS_PER_S / 2)                /* how often the kill switch and the start guard are looked at */

struct daemon {
	const struct config_sources *sources;
	const struct config *started; /* what it started with: others borrow from it */
	struct config *reloaded;      /* NULL: never; owned */
	struct utsname host;

	struct notify notify;
	struct daemon_setup setup;
	int signal_fd;

	struct recorder *recorder; /* NULL: nothing has been sampled yet */
	struct window_writer *writer;
	struct windows windows;
	struct last_window last;
	bool has_last;
	struct gateway_keeper *gateway; /* NULL: nothing is listened on */
	struct live_profiles live;

	enum status_idle idle;
	int64_t idle_realtime_ns; /* since when */
	enum start_verdict verdict;
	uint64_t start_ns, looked_ns, told_ns; /* CLOCK_MONOTONIC */
	int64_t start_realtime_ns;

	struct budget budget;
	uint64_t judged_ns, judged_cpu_ns;

	bool reload_failed;
	int64_t reload_realtime_ns;
	uint64_t n_writer_lost; /* windows that were, when looked at last */
	struct recent_errors errors;
};

static const struct config *config_of(const struct daemon *d)
{
	return d->reloaded ?: d->started;
}

static const char *host_of(const struct daemon *d)
{
	return d->started->labels.host[0] ? d->started->labels.host : d->host.nodename;
}

static struct budget_limits limits_of(const struct config *c)
{
	return (struct budget_limits){
		.cpu_permyriad = c->limits.cpu_percent * 100,
		.rss_bytes = c->limits.rss_mb << 20,
		.map_bytes = c->limits.map_mb ? c->limits.map_mb << 20 : UINT64_MAX,
	};
}

static uint64_t window_ns(const struct daemon *d)
{
	return config_of(d)->agent.window_ns * (d->budget.step >= BUDGET_LONG_WINDOWS ? BUDGET_WINDOW_FACTOR : 1);
}

static uint64_t period_ns(const struct daemon *d)
{
	uint64_t hz = config_of(d)->agent.frequency_hz;

	return NS_PER_S / (d->budget.step >= BUDGET_FEW_TICKS && hz > BUDGET_FEW_HZ ? BUDGET_FEW_HZ : hz);
}

/* What the configuration and the budget's step ask for. */
static void apply(struct daemon *d)
{
	if (!d->recorder)
		return;
	windows_set_length(&d->windows, window_ns(d), d->budget.step != BUDGET_FULL);
	recorder_set_period(d->recorder, period_ns(d));
	recorder_set_debug_info(d->recorder, config_of(d)->symbols.debug_info && d->budget.step < BUDGET_NO_DEBUG_INFO);
}

/* The first time loads the program; later ones go on where it was paused. */
static int sample(struct daemon *d)
{
	const struct config *c = d->started;
	const struct recorder_config config = {
		.period_ns = period_ns(d),
		.filter = FILTER_EXCEPT,
		.cache_dir = c->agent.cache_dir,
		.debug_dirs = c->symbols.debug_dirs.items,
		.n_debug_dirs = c->symbols.debug_dirs.n,
		.unwind_table_mb = (unsigned int)c->limits.unwind_table_mb,
		.stacks_limit_bytes = STACKS_LIMIT_BYTES,
	};
	int e;

	if (d->recorder) {
		e = recorder_resume(d->recorder);
		return e == 0 ? windows_resume(&d->windows) : e;
	}
	e = recorder_new(&config, &d->recorder);
	if (e == 0)
		e = recorder_configure(d->recorder, config_of(d));
	if (e == 0)
		e = recorder_start(d->recorder);
	if (e == 0)
		e = windows_begin(&d->windows, d->recorder, d->writer, window_ns(d), d->has_last ? &d->last : NULL);
	d->judged_ns = clock_now_ns(CLOCK_MONOTONIC);
	apply(d);
	return e;
}

static int stop_sampling(struct daemon *d, const char *why)
{
	int e;

	live_profiles_end(&d->live, d->recorder, d->gateway, why);
	e = windows_close(&d->windows);
	return e == 0 ? recorder_pause(d->recorder) : e;
}

static enum status_idle wanted_idle(const struct daemon *d, uint64_t now_ns)
{
	if (access(config_of(d)->agent.kill_switch, F_OK) == 0)
		return STATUS_KILL_SWITCH;
	if (d->verdict == START_BOOT_LOOP)
		return STATUS_BOOT_LOOP;
	if (d->verdict == START_CRASH_LOOP && now_ns < d->start_ns + START_GUARD_CRASHES_NS)
		return STATUS_CRASH_LOOP;
	return STATUS_SAMPLING;
}

static void say_idle(const struct daemon *d)
{
	const struct status s = {
		.idle = d->idle,
		.kill_switch = config_of(d)->agent.kill_switch,
		.state_dir = d->started->agent.state_dir,
	};
	char why[STATUS_ERROR_SIZE];

	if (status_is_ready(&s, why) == STATUS_NOT_READY)
		log_warning("%s", why);
}

static int look(struct daemon *d, uint64_t now_ns)
{
	enum status_idle wanted = wanted_idle(d, now_ns);
	bool was_sampling = d->idle == STATUS_SAMPLING;
	int e = 0;

	d->looked_ns = now_ns;
	if (wanted == d->idle)
		return 0;
	d->idle = wanted;
	d->idle_realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
	if (wanted == STATUS_SAMPLING)
		e = sample(d);
	else if (was_sampling)
		e = stop_sampling(d, "sampling was switched off meanwhile");
	say_idle(d);
	notify_send(&d->notify, wanted == STATUS_SAMPLING ? "STATUS=sampling" : "STATUS=idle: nothing is sampled");
	return e;
}

/* What became of windows; those that are lost are told of once. */
static void look_at_writer(struct daemon *d, struct window_writer_stats *ret)
{
	window_writer_stats(d->writer, ret);
	if (ret->n_failed + ret->n_refused > d->n_writer_lost)
		recent_errors_add(&d->errors, "a window is lost: cannot write it below %s/windows: %s",
				  d->started->agent.state_dir,
				  ret->last_error ? strerrordesc_np(-ret->last_error) : "the disk is too slow");
	d->n_writer_lost = ret->n_failed + ret->n_refused;
}

static int gather(struct daemon *d, struct status *ret)
{
	const struct config *c = config_of(d);
	int e;

	*ret = (struct status){
		.version = CPUHOUND_VERSION,
		.host = host_of(d),
		.state_dir = d->started->agent.state_dir,
		.listen = d->started->http.listen.given ? d->started->http.listen.text : "",
		.metrics_listen = d->started->http.metrics_listen.given ? d->started->http.metrics_listen.text : "",
		.pid = getpid(),
		.start_realtime_ns = d->start_realtime_ns,
		.now_realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME),
		.idle = d->idle,
		.idle_realtime_ns = d->idle_realtime_ns,
		.kill_switch = c->agent.kill_switch,
		.window_ns = window_ns(d),
		.period_ns = period_ns(d),
		.budget = d->budget,
		.limits = limits_of(c),
		.disk_limit_bytes = d->started->limits.disk_mb << 20,
		.reload_failed = d->reload_failed,
		.reload_realtime_ns = d->reload_realtime_ns,
		.last_window = d->windows.last,
		.last_window_realtime_ns = d->windows.last_end_realtime_ns,
	};
	look_at_writer(d, &ret->writer);
	ret->n_errors = d->errors.n;
	memcpy(ret->errors, d->errors.errors, sizeof(ret->errors));
	if (d->gateway) {
		ret->has_gateway = true;
		ret->gateway_serves = gateway_keeper_state(d->gateway) == GATEWAY_SERVING;
		ret->gateway_fault = gateway_keeper_fault(d->gateway);
		ret->gateway_pid = gateway_keeper_pid(d->gateway);
		ret->gateway = gateway_keeper_stats(d->gateway);
		ret->web = gateway_keeper_counts(d->gateway);
	}
	e = d->recorder ? recorder_stats(d->recorder, &ret->recorder) : 0;
	ret->recorder.ledger.down_ns = d->windows.told_down_ns;
	ret->recorder.ledger.reduced_windows = d->windows.told_reduced;
	return e;
}

static int judge(struct daemon *d, uint64_t now_ns)
{
	struct budget_usage usage;
	struct status status;
	uint64_t cpu_ns;
	int e;

	e = gather(d, &status);
	if (e < 0)
		return e;
	cpu_ns = status_cpu_ns(&status);
	usage = (struct budget_usage){
		.wall_ns = now_ns - d->judged_ns,
		.cpu_ns = cpu_ns - d->judged_cpu_ns,
		.rss_bytes = status_rss_bytes(&status),
		.map_bytes = status.recorder.map_bytes,
	};
	d->judged_ns = now_ns;
	d->judged_cpu_ns = cpu_ns;
	if (!budget_judge(&d->budget, &status.limits, &usage))
		return 0;
	log_warning("budget: now at step '%s' (%s; %.2f %% of a core, %" PRIu64 " MiB, %" PRIu64 " MiB of maps)",
		    budget_step_to_string(d->budget.step), budget_reason_to_string(d->budget.reason),
		    (double)d->budget.cpu_permyriad / 100, usage.rss_bytes >> 20, usage.map_bytes >> 20);
	apply(d);
	return 0;
}

static void answer_metrics(struct daemon *d, uint64_t id)
{
	_cleanup_(buf_done) struct buf text = {};
	struct status status;
	int fd = -1, e;

	e = gather(d, &status);
	if (e == 0)
		e = metrics_add(&status, &text);
	if (e == 0)
		e = sealed_file_new("metrics", text.data, text.size, &fd);
	gateway_keeper_answer(d->gateway, id, e < 0 ? 500 : 200, fd, e < 0 ? strerrordesc_np(-e) : "");
}

static void answer_ready(struct daemon *d, uint64_t id)
{
	char why[STATUS_ERROR_SIZE] = "ready";
	struct status status;
	int r = gather(d, &status);

	if (r == 0)
		r = status_is_ready(&status, why);
	gateway_keeper_answer(d->gateway, id, r == 0 ? 200 : 503, -1, r < 0 ? strerrordesc_np(-r) : why);
}

static void answer_request(struct daemon *d, const struct gateway_event *event, uint64_t now_ns)
{
	switch (event->request.kind) {
	case WEB_METRICS:
		answer_metrics(d, event->id);
		break;
	case WEB_HEALTH:
		gateway_keeper_answer(d->gateway, event->id, 200, -1, "ok");
		break;
	case WEB_READY:
		answer_ready(d, event->id);
		break;
	case WEB_PROFILE:
		if (d->idle == STATUS_SAMPLING)
			live_profiles_begin(&d->live, d->recorder, d->gateway, event->id, &event->request, now_ns);
		else
			gateway_keeper_answer(d->gateway, event->id, 503, -1,
					      "nothing is sampled now: /readyz says why");
		break;
	default:
		gateway_keeper_answer(d->gateway, event->id, 500, -1, "the agent does not know this request");
	}
}

static void dispatch_gateway(struct daemon *d, uint64_t now_ns)
{
	struct gateway_event event;

	gateway_keeper_dispatch(d->gateway);
	while (gateway_keeper_take(d->gateway, &event)) {
		if (event.kind == GATEWAY_GONE)
			live_profiles_cancel(&d->live, d->recorder, event.id);
		else
			answer_request(d, &event, now_ns);
	}
	live_profiles_dispatch(&d->live, d->recorder, d->gateway, now_ns);
}

/* Who asks in vain gets an end without an answer; the agent goes on. */
static void dispatch_status(struct daemon *d)
{
	_cleanup_(buf_done) struct buf text = {};
	struct status status;
	int e;

	if (status_socket_dispatch(d->setup.status) == 0)
		return;
	e = gather(d, &status);
	if (e == 0)
		e = status_add_json(&status, &text);
	if (e < 0)
		recent_errors_add(&d->errors, "cannot tell the status: %s", strerrordesc_np(-e));
	status_socket_answer(d->setup.status, text.data, e < 0 ? 0 : text.size);
}

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
	r = config_diff(d->started, now, &live, &restart);
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
	apply(d);
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
		char text[96];

		if (info.ssi_signo != SIGHUP)
			return true;
		snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
			 clock_now_ns(CLOCK_MONOTONIC) / 1000);
		notify_send(&d->notify, text);
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
	uint64_t due_ns = earliest(d->looked_ns + LOOK_NS, live_profiles_due_ns(&d->live));
	int ms, gateway_ms = d->gateway ? gateway_keeper_timeout_ms(d->gateway) : -1;

	if (d->recorder)
		due_ns = earliest(due_ns, windows_due_ns(&d->windows));
	ms = due_ns <= now_ns ? 0 : (int)((due_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS);
	if (gateway_ms >= 0 && gateway_ms < ms)
		ms = gateway_ms;
	if (d->idle == STATUS_SAMPLING && recorder_timeout_ms(d->recorder) < ms)
		ms = recorder_timeout_ms(d->recorder);
	return ms;
}

static void feed_watchdog(struct daemon *d, uint64_t now_ns)
{
	if (d->notify.watchdog_ns == 0 || now_ns < d->told_ns + d->notify.watchdog_ns / 3)
		return;
	d->told_ns = now_ns;
	notify_send(&d->notify, "WATCHDOG=1");
}

static int dispatch_windows(struct daemon *d, uint64_t now_ns)
{
	int r = windows_dispatch(&d->windows, now_ns);

	return r > 0 ? judge(d, now_ns) : r;
}

/* One turn; *ret_end: somebody has asked to stop. */
static int turn(struct daemon *d, bool *ret_end)
{
	struct pollfd fds[] = {
		{ .fd = d->recorder ? recorder_fd(d->recorder) : -1, .events = POLLIN },
		{ .fd = d->gateway ? gateway_keeper_fd(d->gateway) : -1, .events = POLLIN },
		{ .fd = status_socket_fd(d->setup.status), .events = POLLIN },
		{ .fd = window_writer_fd(d->writer), .events = POLLIN },
		{ .fd = d->signal_fd, .events = POLLIN },
	};
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
	struct window_writer_stats written;
	int e = 0;

	if (poll(fds, ARRAY_SIZE(fds), wait_ms(d, now_ns)) < 0 && errno != EINTR)
		return -errno;
	now_ns = clock_now_ns(CLOCK_MONOTONIC);
	*ret_end = fds[4].revents && dispatch_signals(d);
	if (d->recorder)
		e = recorder_dispatch(d->recorder);
	if (e == 0 && d->recorder)
		e = dispatch_windows(d, now_ns);
	if (e == 0 && now_ns >= d->looked_ns + LOOK_NS)
		e = look(d, now_ns);
	if (fds[2].revents)
		dispatch_status(d);
	if (d->gateway)
		dispatch_gateway(d, now_ns);
	if (fds[3].revents)
		look_at_writer(d, &written);
	feed_watchdog(d, now_ns);
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
	if (d->recorder) {
		live_profiles_end(&d->live, d->recorder, d->gateway, "the agent stops");
		if (was_sampling)
			e = recorder_stop(d->recorder);
		if (e == 0 && was_sampling)
			e = windows_close(&d->windows);
		if (e == 0)
			e = windows_write_all(&d->windows);
	}
	window_writer_finish(d->writer);
	look_at_writer(d, &written);
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
		.windows_fd = d->setup.state.windows_fd,
		.windows_limit_bytes = d->started->limits.disk_mb << 20,
		.host = host_of(d),
	};

	return window_writer_new(&config, &d->writer);
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
	return look(d, d->start_ns);
}

static int start_gateway(struct daemon *d)
{
	return daemon_setup_gateway(&d->setup, d->started, d->host.nodename, &d->gateway);
}

static int start(struct daemon *d)
{
	static const struct step steps[] = {
		{ "drop privileges", drop_privileges }, { "read when the last window ended", read_last_window },
		{ "note this start", judge_start },     { "read what windows there are", start_writer },
		{ "start sampling", start_sampling },   { "start the gateway", start_gateway },
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
	gateway_keeper_free(d.gateway);
	window_writer_free(d.writer);
	recorder_free(d.recorder);
	daemon_setup_done(&d.setup);
	close_fd(d.signal_fd);
	notify_done(&d.notify);
	config_free(d.reloaded);
	return r;
}
