// SPDX-License-Identifier: Apache-2.0
#include "agent/metrics-parts.h"

#include "agent/metrics-text.h"

int metrics_add_build(const char *version, struct buf *ret)
{
	static const struct family build = { "build_info", GAUGE, ONE, "version", "The version that runs; always 1." };
	const struct labelled item = { version, 1 };

	return metrics_text_add_family(ret, &build, &item, 1);
}

int metrics_add_gateway(bool serves, const struct web_counts *counts, struct buf *ret)
{
	static const struct family events = { "gateway_events_total", COUNTER, ONE, "event",
					      "What became of connections and requests." };
	const struct metric up = { "gateway_serves", GAUGE, ONE, serves, "Whether the gateway serves." };
	struct labelled items[WEB_N_COUNTS];
	int r;

	for (enum web_count c = 0; c < WEB_N_COUNTS; c++)
		items[c] = (struct labelled){ web_count_name(c), counts->n[c] };
	r = metrics_text_add(ret, &up, 1);
	return r < 0 ? r : metrics_text_add_family(ret, &events, items, ARRAY_SIZE(items));
}

static int add_store_files(struct buf *b, const struct maintain_report *r)
{
	static const struct family files = { "store_files", GAUGE, ONE, "tier", "Files of windows, by tier." };
	static const struct family bytes = { "store_bytes", GAUGE, ONE, "tier", "Their bytes on disk." };
	static const struct family oldest = { "store_oldest_timestamp_seconds", GAUGE, NANO, "tier",
					      "Start of the oldest window; 0: there is none." };
	struct labelled files_of[WINDOW_N_TIERS], bytes_of[WINDOW_N_TIERS], oldest_of[WINDOW_N_TIERS];
	int e;

	for (enum window_tier tier = 0; tier < WINDOW_N_TIERS; tier++) {
		files_of[tier] = (struct labelled){ window_tier_name(tier), r->tiers[tier].n_files };
		bytes_of[tier] = (struct labelled){ window_tier_name(tier), r->tiers[tier].n_disk_bytes };
		oldest_of[tier] = (struct labelled){ window_tier_name(tier), (uint64_t)r->tiers[tier].oldest_ns };
	}
	e = metrics_text_add_family(b, &files, files_of, WINDOW_N_TIERS);
	if (e == 0)
		e = metrics_text_add_family(b, &bytes, bytes_of, WINDOW_N_TIERS);
	return e < 0 ? e : metrics_text_add_family(b, &oldest, oldest_of, WINDOW_N_TIERS);
}

static int add_store_losses(struct buf *b, const struct maintain_report *r)
{
	static const struct family windows = { "store_windows_lost_total", COUNTER, ONE, "reason",
					       "Windows that made way, and that no merged file stands for." };
	static const struct family samples = { "store_samples_lost_total", COUNTER, ONE, "reason", "Their samples." };
	static const struct family unsent = { "store_windows_unsent_total", COUNTER, ONE, "target",
					      "Windows that made way before this target had passed them." };
	struct labelled windows_of[LOSS_N_REASONS], samples_of[LOSS_N_REASONS], unsent_of[LOSSES_MAX_TARGETS];
	int e;

	for (size_t i = 0; i < LOSS_N_REASONS; i++) {
		windows_of[i] = (struct labelled){ loss_reason_name(i), r->lost[i].n_windows };
		samples_of[i] = (struct labelled){ loss_reason_name(i), r->lost[i].n_samples };
	}
	for (size_t i = 0; i < r->n_targets; i++)
		unsent_of[i] = (struct labelled){ r->targets[i].name, r->targets[i].unsent.n_windows };
	e = metrics_text_add_family(b, &windows, windows_of, LOSS_N_REASONS);
	if (e == 0)
		e = metrics_text_add_family(b, &samples, samples_of, LOSS_N_REASONS);
	return e < 0 ? e : metrics_text_add_family(b, &unsent, unsent_of, r->n_targets);
}

int metrics_add_store(const struct maintainer_stats *m, struct buf *ret)
{
	const struct metric metrics[] = {
		{ "store_runs_total", COUNTER, ONE, m->n_runs, "Runs of the child that keeps the store in order." },
		{ "store_runs_failed_total", COUNTER, ONE, m->n_failed, "Those that failed, hung or crashed." },
		{ "store_last_run_timestamp_seconds", GAUGE, NANO, (uint64_t)m->last_realtime_ns,
		  "End of the last one that did its work; 0: none yet." },
		{ "store_files_merged_total", COUNTER, ONE, m->n_merged, "Files that were merged into others." },
		{ "store_files_made_total", COUNTER, ONE, m->n_made, "Files that were made of them." },
		{ "store_files_removed_total", COUNTER, ONE, m->n_removed, "Files that made way." },
		{ "store_bad_files", GAUGE, ONE, m->report.n_bad_files, "Damaged files that were set aside." },
	};
	int r = metrics_text_add(ret, metrics, ARRAY_SIZE(metrics));

	if (r == 0 && m->has_report)
		r = add_store_files(ret, &m->report);
	return r == 0 && m->has_report ? add_store_losses(ret, &m->report) : r;
}
