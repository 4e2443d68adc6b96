// SPDX-License-Identifier: Apache-2.0
#include "agent/closed-window.h"

#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "agent/intake.h"
#include "agent/sampler.h"
#include "agent/stack-table.h"
#include "agent/window.h"
#include "common/log.h"

struct closed_window *closed_window_free(struct closed_window *w)
{
	if (!w)
		return NULL;
	stack_table_free(w->stacks);
	free(w);
	return NULL;
}

void window_id_make(const struct window_origin *origin, uint64_t sequence, char ret[static WINDOW_ID_SIZE])
{
	uint8_t digest[(WINDOW_ID_SIZE - 1) / 2];
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, sizeof(origin->boot_id), (const uint8_t *)origin->boot_id);
	sha256_update(&sha, sizeof(origin->start_ns), (const uint8_t *)&origin->start_ns);
	sha256_update(&sha, sizeof(origin->pid), (const uint8_t *)&origin->pid);
	sha256_update(&sha, sizeof(sequence), (const uint8_t *)&sequence);
	sha256_digest(&sha, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

static int fill_ledger(const struct sampler_account *account, const struct intake_window *taken, uint64_t n_in_profile,
		       struct ledger *ret)
{
	const struct intake_counts *counts = &taken->counts;
	struct ledger l = {
		.due = account->n_due,
		.taken = account->n_entries,
		.idle = account->n_idle,
		.filtered = account->n_filtered + counts->n_filtered,
		.in_profile = n_in_profile,
		.not_delivered = {
			.idle_cpu = account->n_idle_cpu,
			.throttled = account->n_throttled,
			.other = account->n_other,
		},
		.windows = 1,
	};
	int e;

	e = ledger_add_lost(&l, "log_full", account->n_lost[SAMPLE_LOST_LOG_FULL]);
	if (e == 0)
		e = ledger_add_lost(&l, "window_full", counts->n_window_full);
	for (enum truncation t = TRUNCATION_NONE + 1; e == 0 && t < TRUNCATION_N; t++)
		e = ledger_add_truncated(&l, window_truncation_name(t, taken->news.n_lost > 0), counts->n_truncated[t]);
	if (e == 0)
		*ret = l;
	return e;
}

static void log_counts(const struct sampler_account *account, const struct intake_window *taken, uint64_t n_in_profile)
{
	log_debug("lost news: %" PRIu64 " records of the sideband, and %" PRIu64 " paths of cgroups too long",
		  taken->news.n_lost, taken->news.n_cut_cgroup_paths);
	log_debug("counted: %" PRIu64 " ticks, %" PRIu64 " log records, %" PRIu64 " read, %" PRIu64 " in the profile",
		  account->n_entries, account->n_records, taken->counts.n_read, n_in_profile);
}

int closed_window_fill(struct closed_window *w, const struct sampler_account *account,
		       const struct intake_window *taken)
{
	uint64_t n_samples = stack_table_n_samples(taken->stacks);

	log_counts(account, taken, n_samples);
	w->stacks = taken->stacks;
	w->jit_window = taken->jit_window;
	w->start_boottime_ns = taken->start_ns;
	w->n_sideband_lost = taken->news.n_lost;
	w->n_roots_refused = taken->n_roots_refused;
	w->n_copied = taken->counts.n_copied;
	w->n_copy_lost = taken->counts.n_copy_lost;
	w->n_copy_unfinished = taken->counts.n_copy_unfinished;
	return fill_ledger(account, taken, n_samples, &w->ledger);
}
