// SPDX-License-Identifier: Apache-2.0
/*
 * store stat: what there is, tier by tier.
 *
 *	TIER      FILES        SIZE  WINDOWS  BACK TO
 *	raw         360    7.20 MiB      360  2026-11-29 00:42:40Z (1.0 h)
 *	...
 *	lost (limit): 17 windows, 3301 samples
 *	not sent to NAME: 4 windows, 760 samples
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "cli/json.h"
#include "cli/store-verbs.h"
#include "cli/value.h"
#include "common/clock.h"
#include "common/log.h"
#include "pprof/profile.h"
#include "store/losses.h"

#define TIME_BYTES 64

/* When it was, and how long ago. */
static void format_time(int64_t ns, int64_t now_ns, char ret[static TIME_BYTES])
{
	double hours = (double)(now_ns - ns) / (double)NS_PER_S / 3600;
	time_t seconds = (time_t)(ns / (int64_t)NS_PER_S);
	struct tm tm = {};
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(ret, TIME_BYTES, "%Y-%m-%d %H:%M:%SZ", &tm);
	if (hours < 48)
		snprintf(ret + n, TIME_BYTES - n, " (%.1f h)", hours);
	else
		snprintf(ret + n, TIME_BYTES - n, " (%.1f d)", hours / 24);
}

static void print_tier(enum window_tier tier, const struct window_totals *t, int64_t now_ns)
{
	static const struct profile_value_type bytes = { "size", "bytes" };
	char size[VALUE_TEXT_SIZE], oldest[TIME_BYTES] = "-";

	value_format(&bytes, (int64_t)t->n_disk_bytes, size);
	if (t->n_files)
		format_time(t->oldest_ns, now_ns, oldest);
	printf("%-6s %8" PRIu64 " %11s %8" PRIu64 "  %s\n", window_tier_name(tier), t->n_files, size, t->n_windows,
	       oldest);
}

static void print(const struct store_stats *stats, const struct store *s)
{
	static const struct profile_value_type bytes = { "size", "bytes" };
	int64_t now_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
	char size[VALUE_TEXT_SIZE];

	printf("%-6s %8s %11s %8s  %s\n", "TIER", "FILES", "SIZE", "WINDOWS", "BACK TO");
	for (enum window_tier tier = 0; tier < WINDOW_N_TIERS; tier++)
		print_tier(tier, &stats->tiers[tier], now_ns);
	value_format(&bytes, (int64_t)stats->n_bad_bytes, size);
	printf("%-6s %8" PRIu64 " %11s\n\nnext sequence %" PRIu64 "\n", "bad", stats->n_bad_files, size,
	       store_next_sequence(s));
}

void store_print_losses(const struct losses *l)
{
	for (size_t i = 0; i < LOSS_N_REASONS; i++)
		if (l->lost[i].n_windows)
			printf("lost (%s): %" PRIu64 " windows, %" PRIu64 " samples\n", loss_reason_name(i),
			       l->lost[i].n_windows, l->lost[i].n_samples);
	for (size_t i = 0; i < l->n_targets; i++)
		printf("not sent to %s: %" PRIu64 " windows, %" PRIu64 " samples\n", l->targets[i].name,
		       l->targets[i].unsent.n_windows, l->targets[i].unsent.n_samples);
}

static int add_loss(struct json_object *parent, const char *name, const struct loss_count *c)
{
	const struct json_count counts[] = { { "n_windows", c->n_windows }, { "n_samples", c->n_samples } };
	struct json_object *object = NULL;
	int r = json_add_object(parent, name, &object);

	return r == 0 ? json_add_counts(object, counts, ARRAY_SIZE(counts)) : r;
}

static int add_losses(struct json_object *top, const struct losses *l)
{
	struct json_object *lost = NULL, *unsent = NULL;
	int r = json_add_object(top, "lost", &lost);

	for (size_t i = 0; r == 0 && i < LOSS_N_REASONS; i++)
		r = add_loss(lost, loss_reason_name(i), &l->lost[i]);
	if (r == 0)
		r = json_add_object(top, "unsent", &unsent);
	for (size_t i = 0; r == 0 && i < l->n_targets; i++)
		r = add_loss(unsent, l->targets[i].name, &l->targets[i].unsent);
	return r;
}

static int add_tier(struct json_object *tiers, enum window_tier tier, const struct window_totals *t)
{
	const struct json_count counts[] = {
		{ "n_files", t->n_files },
		{ "n_disk_bytes", t->n_disk_bytes },
		{ "n_windows", t->n_windows },
	};
	struct json_object *object = NULL;
	int r = json_add_object(tiers, window_tier_name(tier), &object);

	if (r == 0)
		r = json_add_counts(object, counts, ARRAY_SIZE(counts));
	if (r == 0)
		r = t->n_files ? json_add_number(object, "oldest_ns", t->oldest_ns)
			       : json_add_null(object, "oldest_ns");
	if (r == 0)
		r = t->n_files ? json_add_number(object, "newest_ns", t->newest_ns)
			       : json_add_null(object, "newest_ns");
	return r;
}

static int add_bad(struct json_object *top, const struct store_stats *stats)
{
	const struct json_count counts[] = {
		{ "n_files", stats->n_bad_files },
		{ "n_disk_bytes", stats->n_bad_bytes },
	};
	struct json_object *object = NULL;
	int r = json_add_object(top, "bad", &object);

	return r == 0 ? json_add_counts(object, counts, ARRAY_SIZE(counts)) : r;
}

static int print_json_of(const struct store_options *o, const struct store_stats *stats, const struct losses *losses,
			 const struct store *s)
{
	_cleanup_(json_putp) struct json_object *top = NULL;
	struct json_object *tiers = NULL;
	struct store_counts counts;
	int r = json_new_top(&top);

	store_counts(s, &counts);
	if (r == 0)
		r = json_add_string(top, "store", o->selection.store);
	if (r == 0)
		r = json_add_number(top, "next_sequence", (int64_t)store_next_sequence(s));
	if (r == 0)
		r = counts.catalogue_fault ? json_add_string(top, "catalogue_fault", counts.catalogue_fault)
					   : json_add_null(top, "catalogue_fault");
	if (r == 0)
		r = json_add_object(top, "tiers", &tiers);
	for (enum window_tier tier = 0; r == 0 && tier < WINDOW_N_TIERS; tier++)
		r = add_tier(tiers, tier, &stats->tiers[tier]);
	if (r == 0)
		r = add_bad(top, stats);
	if (r == 0)
		r = add_losses(top, losses);
	return r == 0 ? json_print(top) : r;
}

int store_stat(const struct store_options *o, struct store *s)
{
	struct store_stats stats;
	struct losses losses = {};
	int r = store_stats(s, &stats);

	if (r == 0)
		r = store_losses(s, &losses);
	if (r == STORE_BAD) {
		log_warning("'%s/losses.json' is damaged, or of a newer cpuhound: what was lost cannot be told",
			    o->selection.store);
		r = 0;
	}
	if (r == 0 && o->json) {
		r = print_json_of(o, &stats, &losses, s);
	} else if (r == 0) {
		print(&stats, s);
		store_print_losses(&losses);
	}
	return r < 0 ? store_fail(o, "read the store", r) : EXIT_OK;
}
