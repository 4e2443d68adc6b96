// SPDX-License-Identifier: Apache-2.0
#include "uploader/push.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "pprof/profile.h"
#include "store/store.h"
#include "uploader/canary.h"
#include "uploader/delivery.h"
#include "uploader/loader.h"
#include "uploader/policy.h"

static int _printf_(2, 3) fail(struct push *p, const char *fmt, ...)
{
	va_list ap;

	if (p->fault[0])
		return PUSH_FAILED;
	va_start(ap, fmt);
	vsnprintf(p->fault, sizeof(p->fault), fmt, ap);
	va_end(ap);
	return PUSH_FAILED;
}

int push_init(struct push *p, const struct upload_settings *settings, const char *host)
{
	char reason[CREDENTIAL_REASON_BYTES];
	int r;

	*p = (struct push){ .settings = settings, .host = host };
	r = credentials_read(&p->credentials, settings, reason);
	if (r == CREDENTIALS_UNREADABLE)
		return fail(p, "%s", reason);
	if (r < 0)
		return r;
	credentials_apply(&p->credentials, settings, &p->peer, &p->config);
	return http_new(&p->http);
}

void push_done(struct push *p)
{
	p->http = http_free(p->http);
	credentials_done(&p->credentials);
}

/* One request, until it has ended. */
static int exchange(struct push *p, const struct upload_request *request, struct upload_response *ret)
{
	struct http_transfer *t;
	int r = http_send(p->http, &p->peer, request, &t);

	if (r < 0)
		return r;
	while (!http_transfer_is_done(t)) {
		struct pollfd fd = { .fd = http_fd(p->http), .events = POLLIN };

		if (poll(&fd, 1, http_timeout_ms(p->http)) < 0 && errno != EINTR) {
			http_transfer_free(t);
			return -errno;
		}
		http_dispatch(p->http);
	}
	http_transfer_take(t, ret);
	http_transfer_free(t);
	return 0;
}

static void sleep_until(uint64_t then_ns)
{
	const struct timespec ts = { .tv_sec = (time_t)(then_ns / NS_PER_S), .tv_nsec = (long)(then_ns % NS_PER_S) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

/* What follows from one answer, as the caller has to do it. */
enum next {
	NEXT_STEP,
	NEXT_TRY,
	NEXT_HALVE,
	NEXT_PART, /* this one was refused */
	NEXT_STOP, /* so would be all others */
};

struct pushing {
	struct push *push;
	struct delivery *delivery;
	struct policy policy;
	unsigned int part, n_tries, n_limited;
};

static enum next give_up(struct pushing *w, const struct send_answer *answer, enum next next)
{
	fail(w->push, "%s", answer->reason);
	w->push->n_refused++;
	return next;
}

static enum next wait_or_stop(struct pushing *w, const struct send_answer *answer)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

	if (answer->result == SEND_CONFIG || ++w->n_tries >= PUSH_MAX_TRIES ||
	    w->policy.not_before_ns > now_ns + PUSH_MAX_WAIT_NS)
		return give_up(w, answer, answer->result == SEND_BOUNDED ? NEXT_PART : NEXT_STOP);
	sleep_until(w->policy.not_before_ns);
	return NEXT_TRY;
}

static enum next judge(struct pushing *w, const struct upload_response *response)
{
	struct push *p = w->push;
	struct send_answer answer = {};
	struct policy_case c = {
		.response = response,
		.answer = &answer,
		.is_idempotent = p->settings->kind->is_idempotent,
		.drops_ambiguous = p->settings->drops_ambiguous,
		.is_divisible = w->delivery->split.parts[w->part].n_samples > 1,
	};

	p->settings->kind->classify(response, &answer);
	p->clock_offset_ns =
		policy_clock_offset_ns(response, (int64_t)clock_now_ns(CLOCK_REALTIME), p->clock_offset_ns);
	w->n_limited = response->outcome == UPLOAD_ANSWERED && response->status == 429 ? w->n_limited + 1 : 0;
	c.n_limited = w->n_limited;
	switch (policy_judge(&w->policy, &c, clock_now_ns(CLOCK_MONOTONIC))) {
	case POLICY_GO_ON:
		return NEXT_STEP;
	case POLICY_HALVE:
		return NEXT_HALVE;
	case POLICY_REFUSED:
	case POLICY_TOO_OLD:
	case POLICY_LOSE_AMBIGUOUS:
		return give_up(w, &answer, NEXT_PART);
	case POLICY_AGAIN_AMBIGUOUS:
		p->n_possible_duplicates += w->n_tries + 1 < PUSH_MAX_TRIES;
		return wait_or_stop(w, &answer);
	default:
		return wait_or_stop(w, &answer);
	}
}

static void count_step(struct pushing *w, const struct upload_request *request)
{
	w->push->n_bytes += request->body.size;
	w->push->n_cut_labels += request->n_cut_labels;
	w->delivery->step++;
	w->n_tries = 0;
}

/* All requests of a part. NEXT_STEP: it was taken. */
static int send_part(struct pushing *w, struct upload_request *request, enum next *ret)
{
	const struct push *p = w->push;
	enum next next = NEXT_STEP;
	int r = 0;

	w->delivery->step = w->n_tries = w->n_limited = 0;
	while (r == 0 && (next == NEXT_STEP || next == NEXT_TRY || next == NEXT_HALVE)) {
		_cleanup_(upload_response_done) struct upload_response response = {};

		r = p->settings->kind->request(&p->config, &w->delivery->batch, &w->delivery->split.parts[w->part],
					       w->delivery->step,
					       (int64_t)clock_now_ns(CLOCK_REALTIME) + p->clock_offset_ns, request);
		if (r == 0)
			r = exchange(w->push, request, &response);
		if (r != 0)
			break;
		next = judge(w, &response);
		if (next == NEXT_STEP)
			count_step(w, request);
		if (next == NEXT_HALVE)
			r = delivery_halve(w->delivery, w->part); /* divisible: judge() has looked */
	}
	*ret = next;
	return r == TARGET_NO_MORE ? 0 : r;
}

/* PUSH_FAILED: nothing else would be taken either. */
static int send_parts(struct push *p, struct delivery *d)
{
	_cleanup_(upload_request_done) struct upload_request request = {};
	struct pushing w = { .push = p, .delivery = d };
	enum next next = NEXT_STEP;
	int r = 0;

	policy_init(&w.policy, clock_now_ns(CLOCK_MONOTONIC));
	for (; r == 0 && next != NEXT_STOP && w.part < d->split.n_parts; w.part++) {
		r = send_part(&w, &request, &next);
		if (r != 0 || next != NEXT_STEP)
			continue;
		p->n_parts++;
		p->n_samples += d->split.parts[w.part].n_samples;
	}
	return r != 0 ? r : next == NEXT_STOP ? PUSH_FAILED : 0;
}

static int send_batch(struct push *p, const struct batch *batch, struct profile *profile)
{
	_cleanup_(delivery_done) struct delivery d = {};
	int r = delivery_init(&d, p->settings, batch, profile);

	if (r == 0)
		r = send_parts(p, &d);
	p->n_batches += r == 0;
	return r;
}

static uint64_t hash_values(const struct profile *p)
{
	uint64_t hash = 0xcbf29ce484222325ULL; /* FNV-1a, by words */

	for (size_t i = 0; i < p->n_samples; i++) {
		hash = (hash ^ p->samples[i].n_locations) * 0x100000001b3ULL;
		for (size_t v = 0; v < p->n_sample_types; v++)
			hash = (hash ^ (uint64_t)p->samples[i].values[v]) * 0x100000001b3ULL;
	}
	return hash;
}

static struct batch batch_of(const struct push *p, const struct profile *profile)
{
	struct batch batch = {
		.host = p->host,
		.start_ns = profile->time_ns,
		.end_ns = profile->time_ns + profile->duration_ns,
	};

	delivery_id(p->host, p->settings->config.name, profile->time_ns, hash_values(profile), batch.id);
	return batch;
}

int push_profile(struct push *p, struct profile *profile)
{
	const struct batch batch = batch_of(p, profile);
	int r = send_batch(p, &batch, profile);

	if (r == -EINVAL)
		return fail(p, "it has not both samples/count and cpu/nanoseconds, as profiles of cpuhound have");
	return r != 0 ? r : p->fault[0] ? PUSH_FAILED : 0;
}

/* The windows of one batch, while they are read. */
struct gathering {
	struct push *push;
	struct store *store;
	const struct selection *selection;
	struct loader loader;
	struct batch batch;
	char host[WINDOW_HOST_BYTES]; /* "": there is none yet */
};

static int64_t interval_start(const struct push *p, const struct window_info *info)
{
	uint64_t ns = p->settings->interval_ns ? p->settings->interval_ns : p->settings->kind->interval_ns;

	return info->start_ns - info->start_ns % (int64_t)ns;
}

static bool belongs(const struct gathering *g, const struct window_info *info)
{
	return strcmp(g->host, info->host) == 0 && interval_start(g->push, info) == g->batch.start_ns;
}

static int begin(struct gathering *g, const struct window_info *info)
{
	const struct upload_settings *s = g->push->settings;

	snprintf(g->host, sizeof(g->host), "%s", info->host);
	g->batch = (struct batch){ .host = g->host, .start_ns = interval_start(g->push, info) };
	g->batch.end_ns = g->batch.start_ns + (int64_t)(s->interval_ns ? s->interval_ns : s->kind->interval_ns);
	delivery_id(g->push->host, s->config.name, g->batch.start_ns, info->first, g->batch.id);
	return loader_init(&g->loader, g->store, g->selection);
}

static int send_gathered(struct gathering *g)
{
	struct loaded loaded = {};
	int r = g->loader.merge ? loader_end(&g->loader, g->batch.id, &loaded) : 0;

	loader_done(&g->loader);
	if (r < 0)
		return r;
	g->push->n_windows += loaded.n_windows;
	g->push->n_missing += loaded.n_gone + loaded.n_unreadable;
	if (loaded.n_gone + loaded.n_unreadable > 0)
		fail(g->push, "%u windows could not be read", loaded.n_gone + loaded.n_unreadable);
	return loaded.profile ? send_batch(g->push, &g->batch, loaded.profile) : 0;
}

static int gather(struct gathering *g, const struct window_info *info)
{
	int r = 0;

	if (!g->loader.merge || !belongs(g, info)) {
		r = send_gathered(g);
		if (r == 0)
			r = begin(g, info);
	}
	return r != 0 ? r : loader_add(&g->loader, info);
}

int push_windows(struct push *p, struct store *store, const struct selection *selection)
{
	_cleanup_(window_cursor_freep) struct window_cursor *cursor = NULL;
	struct gathering g = { .push = p, .store = store, .selection = selection };
	struct window_info info;
	int r = store_select(store, selection, &cursor), end = 0;

	while (r == 0 && (end = window_cursor_next(cursor, &info)) == 0)
		r = gather(&g, &info);
	if (r == 0 && end == STORE_END)
		r = send_gathered(&g);
	loader_done(&g.loader);
	if (r == 0 && end < 0)
		return end;
	return r != 0 ? r : p->fault[0] ? PUSH_FAILED : 0;
}

/* Asks once. 0, or enum canary_answer. */
static int ask(struct push *p, const struct canary *canary)
{
	_cleanup_(upload_response_done) struct upload_response response = {};
	_cleanup_(upload_request_done) struct upload_request request = {};
	int r = canary_ask(p->settings->kind, &p->config, canary,
			   (int64_t)clock_now_ns(CLOCK_REALTIME) + p->clock_offset_ns, &request);

	if (r == 0)
		r = exchange(p, &request, &response);
	return r == 0 ? canary_look(p->settings->kind, &p->config, canary, &response) : r;
}

static int wait_until_shown(struct push *p, const struct canary *canary)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC), end_ns = now_ns + PUSH_CANARY_S * NS_PER_S;
	int r = ask(p, canary);

	for (; r == CANARY_UNSEEN && now_ns < end_ns; now_ns = clock_now_ns(CLOCK_MONOTONIC)) {
		sleep_until(now_ns + NS_PER_S);
		r = ask(p, canary);
	}
	switch (r) {
	case CANARY_NO_API:
		return PUSH_UNSEEN;
	case CANARY_FORBIDDEN:
		return PUSH_FORBIDDEN;
	case CANARY_UNSEEN:
		return fail(p, "it was taken, but the store does not show it within %d s", PUSH_CANARY_S);
	case CANARY_CHANGED:
		return fail(p, "it was taken, but what the store gives back is something else");
	default:
		return r;
	}
}

int push_canary(struct push *p)
{
	int64_t now_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
	_cleanup_(delivery_done) struct delivery d = {};
	struct profile *profile;
	struct canary canary;
	struct batch batch;
	int r;

	canary_name(now_ns, canary.name);
	r = canary_make(canary.name, now_ns, &profile);
	if (r < 0)
		return r;
	batch = batch_of(p, profile);
	r = delivery_init(&d, p->settings, &batch, profile);
	if (r == 0)
		r = send_parts(p, &d);
	if (r != 0 || p->fault[0])
		return r != 0 ? r : PUSH_FAILED;
	canary.batch = &d.batch;
	canary.part = &d.split.parts[0];
	return wait_until_shown(p, &canary);
}
