// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "agent/hub-inside.h"
#include "agent/sealed-file.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "report/fetch.h"

#define LOST_RETRY_S 1
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static void refuse(struct hub *h, uint64_t id, enum hub_outcome outcome, unsigned int retry_after_s, const char *text)
{
	h->counts[outcome]++;
	gateway_keeper_refuse(h->gateway, id, hub_outcome_status(outcome), retry_after_s, text);
}

static void answer_text(struct hub *h, uint64_t id, int (*add)(struct hub *h, struct buf *ret))
{
	_cleanup_(buf_done) struct buf text = {};
	int fd = -1, e = add(h, &text);

	if (e == 0)
		e = sealed_file_new("text", text.data, text.size, &fd);
	gateway_keeper_answer(h->gateway, id, e < 0 ? 500 : 200, fd, e < 0 ? strerrordesc_np(-e) : "");
}

static const char *store_kind(const struct hub *h)
{
	static const char clickhouse[] = "clickhouse+";
	const char *view = h->started->hub.view;

	if (!view[0] || h->view_fd >= 0)
		return "local";
	return fetch_is_url(view)                                   ? "hub"
	       : strncmp(view, clickhouse, strlen(clickhouse)) == 0 ? "clickhouse"
								    : "pyroscope";
}

static int add_about(struct hub *h, struct buf *ret)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r = json_new_top(&top);

	if (r == 0)
		r = json_add_string(top, "version", CPUHOUND_VERSION);
	if (r == 0)
		r = json_add_string(top, "host", h->host.nodename);
	if (r == 0)
		r = json_add(top, "takes_windows", json_object_new_boolean(!hub_is_view(h)));
	if (r == 0)
		r = json_add_string(top, "store", store_kind(h));
	return r == 0 ? json_add_text(top, ret) : r;
}

static void answer_ready(struct hub *h, uint64_t id)
{
	const struct hub_worker *w = hub_first_worker(h);
	const char *fault = hub_worker_fault(w);

	if (hub_worker_is_up(w))
		gateway_keeper_answer(h->gateway, id, 200, -1, "ready");
	else
		gateway_keeper_answer(h->gateway, id, 503, -1, fault ? fault : "the store is being opened");
}

/* The body becomes the job's. */
static void add_job(struct hub *h, struct gateway_event *event)
{
	int r = hub_jobs_add(&h->jobs, event->id, &event->request, event->body_fd);

	if (r == 0)
		event->body_fd = -1;
	else if (r == HUB_JOBS_BUSY)
		refuse(h, event->id, HUB_REFUSED_BUSY, LOST_RETRY_S, "too many questions wait: try again");
	else if (r == HUB_JOBS_FULL)
		refuse(h, event->id, HUB_REFUSED_RATE, LOST_RETRY_S, "too many requests wait: try again");
	else
		refuse(h, event->id, HUB_FAILED, LOST_RETRY_S, strerrordesc_np(-r));
}

static void take_push(struct hub *h, struct gateway_event *event, uint64_t now_ns)
{
	const struct web_hub_request *request = &event->request.hub;
	struct hub_rate *rate = hub_rates_get(&h->rates, request->token);
	unsigned int retry_s;

	if (hub_rates_ask(rate, hub_config(h)->hub.max_windows, now_ns, &retry_s) == HUB_RATES_EXCEEDED)
		refuse(h, event->id, HUB_REFUSED_RATE, retry_s, "this token brings more windows than hub.max_windows");
	else if (hub_jobs_is_deadly(&h->jobs, request))
		refuse(h, event->id, HUB_REFUSED_DEADLY, 0, "whoever decodes it dies of it");
	else
		add_job(h, event);
}

static void take_request(struct hub *h, struct gateway_event *event, uint64_t now_ns)
{
	switch (event->request.kind) {
	case WEB_METRICS:
		answer_text(h, event->id, hub_add_metrics);
		break;
	case WEB_ABOUT:
		answer_text(h, event->id, add_about);
		break;
	case WEB_HEALTH:
		gateway_keeper_answer(h->gateway, event->id, 200, -1, "ok");
		break;
	case WEB_READY:
		answer_ready(h, event->id);
		break;
	case WEB_PUSH:
		take_push(h, event, now_ns);
		break;
	case WEB_WINDOWS:
	case WEB_WINDOW:
	case WEB_MERGED:
	case WEB_QUESTION:
		add_job(h, event);
		break;
	default:
		gateway_keeper_answer(h->gateway, event->id, 500, -1, "a hub does not know this request");
	}
}

static void drop_job(struct hub *h, struct hub_job *job)
{
	for (size_t i = 0; i < h->n_workers; i++)
		if (h->workers[i].id == job->id)
			hub_worker_drop(&h->workers[i]);
	hub_jobs_remove(&h->jobs, job);
}

/* What the intake has begun it ends; another is done with it at once, unless others wait for the same. */
static void leave(struct hub *h, uint64_t id)
{
	struct hub_job *job = hub_jobs_find(&h->jobs, id), *begun;

	if (!job || (job->is_given && job->request.kind == WEB_PUSH))
		return;
	job->is_left = job->is_given && hub_jobs_find_same(&h->jobs, job, false);
	if (job->is_left)
		return;
	begun = hub_jobs_find_same(&h->jobs, job, true);
	drop_job(h, job);
	if (begun && begun->is_left && !hub_jobs_find_same(&h->jobs, begun, false))
		drop_job(h, begun);
}

static void take_events(struct hub *h, uint64_t now_ns)
{
	struct gateway_event event;

	while (gateway_keeper_take(h->gateway, &event)) {
		if (event.kind == GATEWAY_GONE)
			leave(h, event.id);
		else
			take_request(h, &event, now_ns);
		close_fd(event.body_fd);
	}
}

/* The gateway sends what cannot change any more, or ends. */
static bool is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & SEALS) == SEALS;
}

/* fd becomes the gateway's. */
static void pass_on(struct hub *h, const struct hub_job *job, const struct hub_word *word, int fd)
{
	_cleanup_close_ int body = fd;
	enum hub_outcome outcome = word->outcome;

	if (outcome == HUB_READ && is_sealed(body)) {
		if (job->request.kind == WEB_QUESTION)
			hub_answers_keep(&h->answers, &job->request, &job->stamp, body, clock_now_ns(CLOCK_MONOTONIC));
		h->counts[HUB_READ]++;
		gateway_keeper_answer(h->gateway, job->id, 200, take_fd(body), "");
		return;
	}
	if (outcome == HUB_READ)
		outcome = HUB_FAILED;
	if (outcome == HUB_TAKEN) {
		h->n_samples += word->n_samples;
		h->last_taken_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
		hub_rates_get(&h->rates, job->request.hub.token)->n_taken++;
	}
	refuse(h, job->id, outcome, word->retry_after_s, word->text);
}

static void on_lost(struct hub *h, const struct hub_job *job)
{
	const struct web_hub_request *request = &job->request.hub;

	if (job->request.kind == WEB_PUSH) {
		hub_jobs_note_lost(&h->jobs, request);
		log_error("the child that decoded a window of the host '%s' ended (batch %s, part %u)", request->host,
			  request->batch, request->part);
	}
	refuse(h, job->id, HUB_LOST, LOST_RETRY_S, "the child that was at it ended: try again");
}

static void on_overdue(struct hub *h, const struct hub_job *job)
{
	if (job->request.kind == WEB_QUESTION)
		refuse(h, job->id, HUB_OVERDUE, 0, "it takes more than a minute: narrow the time, or match labels");
	else
		on_lost(h, job);
}

static void dispatch_worker(struct hub *h, struct hub_worker *w)
{
	const char *before = hub_worker_fault(w);
	struct hub_word word;
	int fd, r = hub_worker_dispatch(w, &word, &fd);
	struct hub_job *job = r ? hub_jobs_find(&h->jobs, word.id) : NULL;

	if (!before && hub_worker_fault(w))
		log_error("a child does not start: %s", hub_worker_fault(w));
	if (!job) {
		if (r)
			close_fd(fd);
		return;
	}
	if (r == HUB_WORKER_ANSWERED)
		pass_on(h, job, &word, fd);
	else if (r == HUB_WORKER_OVERDUE)
		on_overdue(h, job);
	else
		on_lost(h, job);
	hub_jobs_remove(&h->jobs, job);
}

/* Of the store at hand; of an URL nobody can tell. */
static void take_stamp(const struct hub *h, struct stamp *ret)
{
	stamp_take(hub_is_view(h) ? h->view_fd : h->store.fd, ret);
}

/* Questions that wait, and were answered to others a moment ago: no child is needed. */
static void give_again(struct hub *h)
{
	struct stamp now;

	if (!hub_jobs_next(&h->jobs, HUB_LANE_PAGE))
		return;
	take_stamp(h, &now);
	for (size_t i = 0; i < HUB_JOBS_MAX; i++) {
		struct hub_job *job = &h->jobs.all[i];
		int fd = job->id != 0 && !job->is_given ? hub_answers_give(&h->answers, &job->request, &now) : -1;

		if (fd < 0)
			continue;
		h->counts[HUB_READ]++;
		gateway_keeper_answer(h->gateway, job->id, 200, fd, "");
		hub_jobs_remove(&h->jobs, job);
	}
}

static void give_job(struct hub *h, struct hub_worker *w)
{
	struct hub_job *job = hub_worker_is_free(w) ? hub_jobs_next(&h->jobs, w->lane) : NULL;

	if (!job)
		return;
	if (w->lane == HUB_LANE_PAGE)
		take_stamp(h, &job->stamp);
	hub_jobs_begin(&h->jobs, job);
	hub_worker_give(w, job->id, &job->request, h->rules_fd, job->body_fd);
}

/* Such as a certificate that does not fit its key. */
static void tell_gateway_fault(struct hub *h)
{
	const char *fault = gateway_keeper_fault(h->gateway);

	if (fault && strcmp(fault, h->gateway_fault) != 0)
		log_error("the gateway: %s", fault);
	snprintf(h->gateway_fault, sizeof(h->gateway_fault), "%s", fault ? fault : "");
}

void hub_dispatch_requests(struct hub *h, uint64_t now_ns)
{
	gateway_keeper_dispatch(h->gateway);
	tell_gateway_fault(h);
	take_events(h, now_ns);
	for (size_t i = 0; i < h->n_workers; i++)
		dispatch_worker(h, &h->workers[i]);
	hub_answers_forget(&h->answers, now_ns);
	give_again(h);
	for (size_t i = 0; i < h->n_workers; i++)
		give_job(h, &h->workers[i]);
}
