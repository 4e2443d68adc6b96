// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-intake.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "agent/hub-child.h"
#include "agent/hub-series.h"
#include "agent/hub-window.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "common/log.h"
#include "pprof/profile.h"
#include "store/arrivals.h"
#include "store/store.h"
#include "symbolizer/child-process.h"

#define DATA_BYTES ((size_t)1 << 30) /* of a window of 256 MiB uncompressed, decoded and made anew */
#define FORGET_NS (60 * (int64_t)NS_PER_S)
#define FULL_RETRY_S 60

static struct {
	struct store *store;
	struct arrivals *arrivals;
	struct hub_series series;
	int64_t forget_ns; /* when arrivals are forgotten next */
} intake;

static int open_store(void)
{
	bool is_anew;
	int r = store_open(CHILD_GIVEN_FD, STORE_WRITE, &intake.store);

	if (r == 0)
		r = arrivals_open(CHILD_GIVEN_FD, &intake.arrivals, &is_anew);
	if (r == 0 && is_anew)
		log_warning(ARRIVALS_NAME
			    " was damaged: begun anew, and set aside; what is repeated now may count twice");
	return r > 0 ? -EPROTONOSUPPORT : r; /* a newer version's */
}

static int check_token(const struct web_hub_request *request, const struct hub_rules *rules,
		       const struct hub_rules_token **ret, struct hub_answer *answer)
{
	*ret = rules->n_tokens ? hub_rules_find(rules, request->token) : NULL;
	if (rules->n_tokens && !*ret)
		return hub_answer_set(answer, HUB_REFUSED_HOST, "the token '%.60s' is not configured any more",
				      request->token);
	if (!hub_rules_allow(rules, *ret, request->host))
		return hub_answer_set(answer, HUB_REFUSED_HOST, "the token '%.60s' may not push for the host '%.60s'",
				      (*ret)->name, request->host);
	return 0;
}

/* It is later than the rules' age where there were too many. */
static int check_horizon(const struct profile *p, struct hub_answer *answer)
{
	if (p->time_ns >= arrivals_horizon_ns(intake.arrivals))
		return 0;
	return hub_answer_set(answer, HUB_REFUSED_OLD,
			      "so much came since that nobody knows whether it was taken before");
}

static int check_series(const struct profile *p, const struct web_hub_request *request, const struct hub_rules *rules,
			int64_t now_ns, struct hub_answer *answer)
{
	int r = hub_series_add(&intake.series, request->token, p, rules->max_series, now_ns, &answer->retry_after_s);

	if (r == HUB_SERIES_TOO_MANY)
		return hub_answer_set(answer, HUB_REFUSED_LABELS,
				      "it has more different sets of labels than the %u of hub.max_series",
				      rules->max_series);
	if (r == HUB_SERIES_MANY)
		return hub_answer_set(answer, HUB_REFUSED_SERIES,
				      "this token has brought the %u sets of labels of hub.max_series in this hour",
				      rules->max_series);
	return r;
}

static int decode(int body_fd, const struct web_hub_request *request, const struct hub_rules *rules,
		  const struct hub_rules_token *token, int64_t now_ns, struct profile **ret, struct hub_answer *answer)
{
	_cleanup_(buf_done) struct buf body = {};
	int r = fs_read_open(body_fd, WEB_MAX_BODY_BYTES, &body);

	if (r == 0)
		r = hub_window_decode(body.data, body.size, rules, ret, answer);
	if (r == 0)
		r = hub_window_check(*ret, rules, token, now_ns, answer);
	if (r == 0)
		r = check_horizon(*ret, answer);
	return r == 0 ? check_series(*ret, request, rules, now_ns, answer) : r;
}

/*
 * Announced, then written. Where the write fails in the middle nobody knows whether the file is there: the fault ends
 * the child, and the next one looks. A full disk takes back what it began.
 */
static int keep(struct hub_window *w, const struct arrival *arrival, struct hub_answer *answer)
{
	uint64_t sequence = store_next_sequence(intake.store);
	int r = arrivals_announce(intake.arrivals, arrival, sequence);

	w->info.first = w->info.last = sequence;
	snprintf(w->info.host, sizeof(w->info.host), "%.*s", (int)sizeof(w->info.host) - 1, arrival->host);
	if (r == 0)
		r = store_write(intake.store, &w->info, &w->labels, &w->raw);
	if (r == 0) {
		answer->n_samples = w->n_samples;
		return hub_answer_set(answer, HUB_TAKEN, "taken");
	}
	if (r < 0 && r != -ENOSPC && r != -EDQUOT && r != -EFBIG && r != -EBUSY)
		return r;
	answer->retry_after_s = FULL_RETRY_S;
	return hub_answer_set(answer, HUB_NO_ROOM, "this hub's disk or store is full: see its /metrics");
}

static int take(const struct web_hub_request *request, int body_fd, const struct hub_rules *rules,
		struct hub_answer *answer)
{
	struct arrival arrival = { .host = request->host, .batch = request->batch, .part = request->part };
	int64_t now_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(hub_window_done) struct hub_window w = {};
	const struct hub_rules_token *token;
	int before, r = check_token(request, rules, &token, answer);

	if (r != 0)
		return r;
	before = arrivals_find(intake.arrivals, &arrival, store_next_sequence(intake.store));
	if (before < 0)
		return before;
	if (before == ARRIVALS_TAKEN)
		return hub_answer_set(answer, HUB_REPEATED, "taken before");
	r = decode(body_fd, request, rules, token, now_ns, &p, answer);
	if (r == 0)
		r = hub_window_make(p, request, before != ARRIVALS_OTHER_PART, &w, answer);
	if (r != 0)
		return r;
	arrival.time_ns = p->time_ns;
	return keep(&w, &arrival, answer);
}

static int forget(const struct hub_rules *rules)
{
	int64_t now_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);

	if (now_ns < intake.forget_ns && now_ns > intake.forget_ns - 2 * FORGET_NS)
		return 0;
	intake.forget_ns = now_ns + FORGET_NS;
	return arrivals_forget(intake.arrivals, now_ns - rules->max_age_ns, ARRIVALS_MAX);
}

static int answer_request(const struct web_request *request, int body_fd, const struct hub_rules *rules,
			  struct hub_answer *ret)
{
	int r;

	store_limit(intake.store, rules->limit_bytes, rules->min_free_percent);
	r = take(&request->hub, body_fd, rules, ret);
	if (r == -ENOMEM)
		r = hub_answer_set(ret, HUB_REFUSED_RAW, "it needs more memory than one window may");
	if (r < 0) {
		snprintf(ret->text, sizeof(ret->text), "the hub cannot take it: %s", strerrordesc_np(-r));
		return r;
	}
	r = forget(rules);
	return r == -ENOSPC || r == -EBUSY ? 0 : r; /* later */
}

int hub_intake_main(void)
{
	static const struct hub_child_role role = {
		.name = "cpuhound-intake",
		.data_bytes = DATA_BYTES,
		.open = open_store,
		.answer = answer_request,
	};

	return hub_child_run(&role);
}
