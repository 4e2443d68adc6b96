// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-inside.h"
#include "agent/metrics-parts.h"
#include "agent/metrics-text.h"
#include "common/clock.h"

#define GATEWAY (HUB_LANE_PAGE + 1) /* among the children */

static int add_windows(const struct hub *h, struct buf *ret)
{
	static const struct family requests = { "hub_requests_total", COUNTER, ONE, "outcome",
						"What became of windows that were pushed, and of what was read." };
	static const struct family tokens = {
		"hub_token_windows_total", COUNTER, ONE, "token",
		"Windows that were taken, by the token that brought them; none: no token is asked for."
	};
	struct labelled outcomes[HUB_N_OUTCOMES], by_token[ARRAY_SIZE(h->rates.tokens)];
	const struct metric metrics[] = {
		{ "hub_samples_total", COUNTER, ONE, h->n_samples, "Samples of the windows that were taken." },
		{ "hub_last_window_timestamp_seconds", GAUGE, NANO, (uint64_t)h->last_taken_ns,
		  "When the last one was taken; 0: none yet." },
		{ "hub_requests_waiting", GAUGE, ONE, hub_jobs_count(&h->jobs), "Requests that are under way." },
		{ "hub_body_bytes", GAUGE, ONE, h->jobs.n_body_bytes, "Bytes of windows that are under way." },
		{ "hub_answers_given_again_total", COUNTER, ONE, h->answers.n_given,
		  "Questions that were given the answer to an equal one of the same seconds." },
		{ "hub_answers_kept_bytes", GAUGE, ONE, h->answers.n_bytes,
		  "Bytes of answers that are kept for that." },
	};
	int r;

	for (size_t i = 0; i < HUB_N_OUTCOMES; i++)
		outcomes[i] = (struct labelled){ hub_outcome_name(i), h->counts[i] };
	for (size_t i = 0; i < h->rates.n; i++)
		by_token[i] = (struct labelled){ h->rates.tokens[i].name[0] ? h->rates.tokens[i].name : "none",
						 h->rates.tokens[i].n_taken };
	r = metrics_text_add(ret, metrics, ARRAY_SIZE(metrics));
	if (r == 0)
		r = metrics_text_add_family(ret, &requests, outcomes, ARRAY_SIZE(outcomes));
	return r == 0 ? metrics_text_add_family(ret, &tokens, by_token, h->rates.n) : r;
}

static int add_children(const struct hub *h, struct buf *ret)
{
	static const struct family restarts = { "hub_child_restarts_total", COUNTER, ONE, "child",
						"Children that were lost, and replaced." };
	static const struct family cpu = { "hub_child_cpu_seconds_total", COUNTER, NANO, "child", "Their CPU time." };
	static const struct family memory = { "hub_child_rss_bytes", GAUGE, ONE, "child", "Their anonymous memory." };
	static const char *const names[] = { [HUB_LANE_INTAKE] = "intake",
					     [HUB_LANE_READER] = "readers",
					     [HUB_LANE_PAGE] = "page",
					     [GATEWAY] = "gateway" };
	struct child_keeper_stats sums[ARRAY_SIZE(names)] = { [GATEWAY] = gateway_keeper_stats(h->gateway) };
	struct labelled n_restarts[ARRAY_SIZE(names)], cpu_ns[ARRAY_SIZE(names)], rss_bytes[ARRAY_SIZE(names)];
	int r;

	for (size_t i = 0; i < h->n_workers; i++) {
		struct child_keeper_stats one = child_keeper_stats(&h->workers[i].child);
		struct child_keeper_stats *sum = &sums[h->workers[i].lane];

		sum->n_restarts += one.n_restarts;
		sum->cpu_ns += one.cpu_ns;
		sum->rss_anon_bytes += one.rss_anon_bytes;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		n_restarts[i] = (struct labelled){ names[i], sums[i].n_restarts };
		cpu_ns[i] = (struct labelled){ names[i], sums[i].cpu_ns };
		rss_bytes[i] = (struct labelled){ names[i], sums[i].rss_anon_bytes };
	}
	r = metrics_text_add_family(ret, &restarts, n_restarts, ARRAY_SIZE(names));
	if (r == 0)
		r = metrics_text_add_family(ret, &cpu, cpu_ns, ARRAY_SIZE(names));
	return r == 0 ? metrics_text_add_family(ret, &memory, rss_bytes, ARRAY_SIZE(names)) : r;
}

int hub_add_metrics(struct hub *h, struct buf *ret)
{
	const struct web_counts web = gateway_keeper_counts(h->gateway);
	const struct metric metrics[] = {
		{ "start_time_seconds", GAUGE, NANO, (uint64_t)h->start_realtime_ns, "When the hub started." },
		{ "hub_intake_up", GAUGE, ONE, !hub_is_view(h) && hub_worker_is_up(hub_first_worker(h)),
		  "Whether windows are taken." },
		{ "config_reload_success", GAUGE, ONE, !h->reload_failed,
		  "0: the last reload failed, and the old configuration is in force." },
		{ "config_last_reload_timestamp_seconds", GAUGE, NANO,
		  (uint64_t)(h->reload_realtime_ns ?: h->start_realtime_ns),
		  "When the configuration was read last, with or without success." },
	};
	int r = metrics_add_build(CPUHOUND_VERSION, ret);

	if (r == 0)
		r = metrics_text_add(ret, metrics, ARRAY_SIZE(metrics));
	if (r == 0)
		r = add_windows(h, ret);
	if (r == 0)
		r = add_children(h, ret);
	if (r == 0 && !hub_is_view(h))
		r = metrics_add_store(&h->maintainer.stats, ret);
	return r == 0 ? metrics_add_gateway(gateway_keeper_state(h->gateway) == GATEWAY_SERVING, &web, ret) : r;
}
