// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "agent/daemon-inside.h"
#include "agent/gateway-keeper.h"
#include "agent/live-feed.h"
#include "agent/recorder.h"
#include "agent/sealed-file.h"
#include "agent/status-socket.h"
#include "common/clock.h"

static struct budget_limits limits_of(const struct config *c)
{
	return (struct budget_limits){
		.cpu_permyriad = c->limits.cpu_percent * 100,
		.rss_bytes = c->limits.rss_mb << 20,
		.map_bytes = c->limits.map_mb ? c->limits.map_mb << 20 : UINT64_MAX,
	};
}

void daemon_look_at_writer(struct daemon *d, struct window_writer_stats *ret)
{
	const char *fault;

	window_writer_stats(d->writer, ret);
	if (ret->n_failed + ret->n_refused + ret->n_low > d->n_writer_lost)
		recent_errors_add(&d->errors, "a window is lost: cannot write it below %s/windows: %s",
				  d->started->agent.state_dir,
				  ret->last_error ? strerrordesc_np(-ret->last_error) : "the disk is too slow");
	d->n_writer_lost = ret->n_failed + ret->n_refused + ret->n_low;
	fault = ret->store.catalogue_fault;
	if (!fault && ret->store.n_catalogue_failures > d->n_catalogue_failures)
		fault = "cannot be written";
	if (fault && fault != d->catalogue_fault)
		recent_errors_add(&d->errors, "the catalogue %s/catalog.db %s: going on without it",
				  d->started->agent.state_dir, fault);
	d->catalogue_fault = fault;
	d->n_catalogue_failures = ret->store.n_catalogue_failures;
}

/* The writer goes by the limits of the start, and so does who makes room for it. */
struct retention_limits daemon_retention(const struct daemon *d)
{
	const struct config *c = daemon_config(d);

	return (struct retention_limits){
		.age_ns = { (int64_t)c->store.raw_ns, (int64_t)c->store.minutes_ns, (int64_t)c->store.hours_ns },
		.limit_bytes = d->started->store.max_mb << 20,
		.min_free_percent = (unsigned int)d->started->store.min_free_percent,
	};
}

void daemon_dispatch_maintainer(struct daemon *d, uint64_t now_ns)
{
	if (maintainer_dispatch(&d->maintainer, now_ns) && d->maintainer.stats.fault[0])
		recent_errors_add(&d->errors, "the store %s is not kept in order: %s", d->started->agent.state_dir,
				  d->maintainer.stats.fault);
}

void daemon_dispatch_uploads(struct daemon *d, bool is_readable)
{
	if (!is_readable && upload_keeper_timeout_ms(d->uploads) != 0)
		return;
	upload_keeper_dispatch(d->uploads);
	if (upload_keeper_has_new_fault(d->uploads))
		recent_errors_add(&d->errors, "uploads: %s", upload_keeper_fault(d->uploads));
}

int daemon_gather(struct daemon *d, struct status *ret)
{
	const struct config *c = daemon_config(d);
	int e;

	*ret = (struct status){
		.version = CPUHOUND_VERSION,
		.host = daemon_host(d),
		.state_dir = d->started->agent.state_dir,
		.listen = d->started->http.listen.given ? d->started->http.listen.text : "",
		.metrics_listen = d->started->http.metrics_listen.given ? d->started->http.metrics_listen.text : "",
		.pid = getpid(),
		.start_realtime_ns = d->start_realtime_ns,
		.now_realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME),
		.idle = d->idle,
		.idle_realtime_ns = d->idle_realtime_ns,
		.kill_switch = c->agent.kill_switch,
		.window_ns = daemon_window_ns(d),
		.period_ns = daemon_period_ns(d),
		.budget = d->budget,
		.limits = limits_of(c),
		.disk_limit_bytes = d->started->store.max_mb << 20,
		.reload_failed = d->reload_failed,
		.reload_realtime_ns = d->reload_realtime_ns,
		.maintainer = d->maintainer.stats,
		.last_window = d->windows.last,
		.last_window_realtime_ns = d->windows.last_end_realtime_ns,
	};
	daemon_look_at_writer(d, &ret->writer);
	ret->n_errors = d->errors.n;
	memcpy(ret->errors, d->errors.errors, sizeof(ret->errors));
	ret->has_uploads = upload_keeper_is_used(d->uploads);
	ret->uploads = upload_keeper_targets(d->uploads, &ret->n_uploads);
	ret->uploads_fault = upload_keeper_fault(d->uploads);
	ret->uploader_pid = upload_keeper_pid(d->uploads);
	ret->uploader = upload_keeper_stats(d->uploads);
	if (d->gateway) {
		ret->has_gateway = true;
		ret->gateway_serves = gateway_keeper_state(d->gateway) == GATEWAY_SERVING;
		ret->gateway_fault = gateway_keeper_fault(d->gateway);
		ret->gateway_pid = gateway_keeper_pid(d->gateway);
		ret->gateway = gateway_keeper_stats(d->gateway);
		ret->web = gateway_keeper_counts(d->gateway);
	}
	ret->n_live_clients = live_feed_n_clients(d->setup.live);
	for (enum live_feed_reason i = 0; i < LIVE_FEED_N_REASONS; i++)
		ret->n_live_hung_up[i] = live_feed_n_hung_up(d->setup.live, i);
	e = d->recorder ? recorder_stats(d->recorder, &ret->recorder) : 0;
	ret->recorder.ledger.down_ns = d->windows.told_down_ns;
	ret->recorder.ledger.reduced_windows = d->windows.told_reduced;
	return e;
}

static void answer_metrics(struct daemon *d, uint64_t id)
{
	_cleanup_(buf_done) struct buf text = {};
	struct status status;
	int fd = -1, e;

	e = daemon_gather(d, &status);
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
	int r = daemon_gather(d, &status);

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

void daemon_dispatch_gateway(struct daemon *d, bool is_readable, uint64_t now_ns)
{
	struct gateway_event event;

	if (is_readable || gateway_keeper_timeout_ms(d->gateway) == 0)
		gateway_keeper_dispatch(d->gateway);
	while (gateway_keeper_take(d->gateway, &event)) {
		if (event.kind == GATEWAY_GONE)
			live_profiles_cancel(&d->live, d->recorder, event.id);
		else
			answer_request(d, &event, now_ns);
		close_fd(event.body_fd); /* an agent takes none */
	}
	live_profiles_dispatch(&d->live, d->recorder, d->gateway, now_ns);
}

void daemon_dispatch_live(struct daemon *d, bool is_readable, uint64_t now_ns)
{
	if (is_readable || live_feed_due_ns(d->setup.live) <= now_ns)
		live_feed_dispatch(d->setup.live, d->idle == STATUS_SAMPLING ? d->recorder : NULL,
				   "the agent does not sample: 'cpuhound status' says why", is_readable, now_ns);
}

void daemon_dispatch_status(struct daemon *d)
{
	_cleanup_(buf_done) struct buf text = {};
	struct status status;
	int e;

	if (status_socket_dispatch(d->setup.status) == 0)
		return;
	e = daemon_gather(d, &status);
	if (e == 0)
		e = status_add_json(&status, &text);
	if (e < 0)
		recent_errors_add(&d->errors, "cannot tell the status: %s", strerrordesc_np(-e));
	status_socket_answer(d->setup.status, text.data, e < 0 ? 0 : text.size);
}
