// SPDX-License-Identifier: Apache-2.0
/* store compact, store gc: by hand what the agent does every minute, with the same configuration. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/config.h"
#include "cli/json.h"
#include "cli/store-verbs.h"
#include "cli/text.h"
#include "cli/value.h"
#include "common/clock.h"
#include "common/log.h"
#include "pprof/profile.h"
#include "store/compact.h"
#include "store/retention.h"

static int print_compacted(const struct store_options *o, const struct compact_stats *c)
{
	const struct json_count counts[] = {
		{ "files_made", c->n_files },
		{ "files_merged", c->n_merged },
		{ "files_unreadable", c->n_unreadable },
		{ "files_failed", c->n_failed },
	};
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r;

	if (!o->json) {
		printf("made %" PRIu64 " files of %" PRIu64 "\n", c->n_files, c->n_merged);
		return 0;
	}
	r = json_new_top(&top);
	if (r == 0)
		r = json_add_counts(top, counts, ARRAY_SIZE(counts));
	return r == 0 ? json_print(top) : r;
}

int store_compact_all(const struct store_options *o, struct store *s)
{
	struct compact_stats stats = {};
	int r = compact_run(s, 0, (int64_t)clock_now_ns(CLOCK_REALTIME), &stats);

	if (r == 0)
		r = print_compacted(o, &stats);
	if (r == 0 && stats.n_unreadable)
		log_warning("%" PRIu64 " damaged files were left out, and set aside", stats.n_unreadable);
	if (r == 0 && stats.n_failed)
		r = stats.last_error;
	return r < 0 ? store_fail(o, "merge the windows of", r) : EXIT_OK;
}

/* EXIT_OK, or it was told why not. */
static int read_limits(struct retention_limits *ret)
{
	const struct config_sources sources = { .environment = environ };
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_(config_freep) struct config *c = NULL;
	int r = config_load(&sources, &report, &c);

	config_report_log(&report);
	if (r != 0)
		return EXIT_ERROR;
	*ret = (struct retention_limits){
		.age_ns = { (int64_t)c->store.raw_ns, (int64_t)c->store.minutes_ns, (int64_t)c->store.hours_ns },
		.limit_bytes = c->store.max_mb << 20,
		.min_free_percent = (unsigned int)c->store.min_free_percent,
	};
	return EXIT_OK;
}

static int add_lost(struct json_object *top, const struct losses *l)
{
	struct json_object *lost, *unsent;
	int r = json_add_object(top, "lost_windows", &lost);

	for (size_t i = 0; r == 0 && i < LOSS_N_REASONS; i++)
		r = json_add_number(lost, loss_reason_name(i), (int64_t)l->lost[i].n_windows);
	if (r == 0)
		r = json_add_object(top, "unsent_windows", &unsent);
	for (size_t i = 0; r == 0 && i < l->n_targets; i++)
		r = json_add_number(unsent, l->targets[i].name, (int64_t)l->targets[i].unsent.n_windows);
	return r;
}

static int print_removed_json(const struct retention_stats *stats)
{
	const struct json_count counts[] = {
		{ "files_removed", stats->n_removed },
		{ "bytes_removed", stats->n_removed_bytes },
	};
	_cleanup_(json_putp) struct json_object *top = NULL;
	int r = json_new_top(&top);

	if (r == 0)
		r = json_add_counts(top, counts, ARRAY_SIZE(counts));
	if (r == 0)
		r = add_lost(top, &stats->lost);
	return r == 0 ? json_print(top) : r;
}

static void print_removed(const struct retention_stats *stats)
{
	static const struct profile_value_type bytes = { "size", "bytes" };
	char size[VALUE_TEXT_SIZE];

	value_format(&bytes, (int64_t)stats->n_removed_bytes, size);
	printf("removed %" PRIu64 " files, %s\n", stats->n_removed, size);
	store_print_losses(&stats->lost);
}

int store_gc(const struct store_options *o, struct store *s)
{
	struct retention_limits limits;
	struct retention_stats stats;
	int r = read_limits(&limits);

	if (r != EXIT_OK)
		return r;
	r = retention_run(s, &limits, (int64_t)clock_now_ns(CLOCK_REALTIME), &stats);
	if (r == RETENTION_HELD)
		return text_fail("let go of windows of", o->selection.store,
				 "losses.json was written by a newer cpuhound");
	if (r == 0 && o->json)
		r = print_removed_json(&stats);
	else if (r == 0)
		print_removed(&stats);
	return r < 0 ? store_fail(o, "let go of windows of", r) : EXIT_OK;
}
