// SPDX-License-Identifier: Apache-2.0
#include "store/compact.h"

#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"
#include "pprof/label-values.h"
#include "pprof/merge.h"
#include "pprof/profile.h"
#include "store/runs.h"
#include "store/store-inside.h"
#include "store/store.h"

#define HOUR_FOLD_PPM 500
#define MERGED_VERSION 1
/* A window waits some seconds for names and the disk; a minute's file, for this run. */
#define MINUTE_GRACE_NS (60 * (int64_t)NS_PER_S)
#define HOUR_GRACE_NS (300 * (int64_t)NS_PER_S)

/* A file that is being made of a run. */
struct making {
	struct store *store;
	struct merge *merge;
	struct window_info
		info;       /* what the file will be: host, tier, sequences, and the id of the first that is in it */
	uint64_t n_samples; /* that are in it */
	size_t n, n_unreadable;
};

static void making_done(struct making *m)
{
	merge_free(m->merge);
}

static uint64_t n_samples_of(const struct profile *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		n += (uint64_t)p->samples[i].values[0];
	return n;
}

static int add_profile(struct making *m, const struct window_info *info, const struct profile *p)
{
	int r = merge_add(m->merge, p);

	if (r != 0)
		return r;
	if (m->n++ == 0) {
		m->info.first = info->first;
		memcpy(m->info.id, info->id, sizeof(m->info.id));
		memcpy(m->info.host, info->host, sizeof(m->info.host));
	}
	m->info.last = info->last;
	m->n_samples += n_samples_of(p);
	return 0;
}

static int add_row(struct making *m, const struct catalogue_row *row)
{
	_cleanup_(profile_freep) struct profile *p = NULL;
	struct window_info info;
	int r;

	r = catalogue_get(m->store->catalogue, row->row, &info);
	if (r == 0)
		r = store_load(m->store, &info, &p); /* sets aside what is damaged */
	if (r == 0)
		r = add_profile(m, &info, p);
	if (r == MERGE_FOREIGN)
		r = store_quarantine(m->store, &info);
	else if (r == 0)
		return 0;
	m->n_unreadable++;
	return r < 0 ? r : 0;
}

/* Deterministic: whoever makes the file again makes the same. */
static void make_id(struct window_info *info)
{
	const uint64_t numbers[] = { info->first, info->last, info->tier };
	uint8_t digest[(WINDOW_ID_BYTES - 1) / 2];
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, sizeof(info->id), (const uint8_t *)info->id);
	sha256_update(&sha, sizeof(numbers), (const uint8_t *)numbers);
	sha256_digest(&sha, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(info->id + 2 * i, 3, "%02x", digest[i]);
}

/* The file's bytes, and what they say, read back: a file that lost a sample must never stand for others. */
static int encode(struct making *m, struct buf *ret, struct label_values *ret_labels)
{
	_cleanup_(profile_freep) struct profile *p = NULL;
	struct merge_options options = { .id = m->info.id };
	char stands_for[96];
	int r;

	make_id(&m->info);
	snprintf(stands_for, sizeof(stands_for), "%d %s %" PRIu64 "-%" PRIu64, MERGED_VERSION,
		 window_tier_name(m->info.tier), m->info.first, m->info.last);
	options.stands_for = stands_for;
	options.fold_below_ppm = m->info.tier == WINDOW_HOUR ? HOUR_FOLD_PPM : 0;
	r = merge_encode(m->merge, &options, ret);
	if (r == 0)
		r = profile_decode(ret->data, ret->size, &p);
	if (r == 0)
		r = window_info_read(p, &m->info);
	if (r == 0)
		r = label_values_of_profile(p, ret_labels);
	return r == 0 && n_samples_of(p) != m->n_samples ? -EBADMSG : r;
}

static int make_file(struct store *s, const struct run *run, enum window_tier tier, struct compact_stats *stats);

/* Together they pass a limit of one profile, or of the memory: halves do not, and are no less exact. */
static int make_halves(struct store *s, const struct run *run, enum window_tier tier, struct compact_stats *stats)
{
	const struct run first = { .rows = run->rows, .n = run->n / 2 };
	const struct run second = { .rows = run->rows + first.n, .n = run->n - first.n };
	int r = make_file(s, &first, tier, stats), r_second = make_file(s, &second, tier, stats);

	return r < 0 ? r : r_second;
}

static int make_file(struct store *s, const struct run *run, enum window_tier tier, struct compact_stats *stats)
{
	_cleanup_(making_done) struct making m = { .store = s, .info.tier = tier };
	_cleanup_(label_values_done) struct label_values labels = {};
	_cleanup_(buf_done) struct buf raw = {};
	int r;

	r = merge_new(&m.merge);
	for (size_t i = 0; r == 0 && i < run->n; i++)
		r = add_row(&m, &run->rows[i]);
	if (r == 0 && m.n)
		r = encode(&m, &raw, &labels);
	m.merge = merge_free(m.merge);
	if (r < 0 && run->n > 1)
		return make_halves(s, run, tier, stats);
	if (r == 0 && m.n)
		r = store_write(s, &m.info, &labels, &raw);
	if (r != 0)
		return r < 0 ? r : -ENOSPC; /* STORE_LOW: nothing is written while so little is free */
	stats->n_files += m.n > 0;
	stats->n_merged += m.n;
	stats->n_unreadable += m.n_unreadable;
	return 0;
}

static int compact_tier(struct store *s, enum window_tier tier, int64_t since_ns, int64_t now_ns, int64_t grace_ns,
			struct compact_stats *stats)
{
	_cleanup_(catalogue_rows_done) struct catalogue_rows rows = {};
	_cleanup_(runs_done) struct runs runs = {};
	int r;

	r = catalogue_find_by_time(s->catalogue, since_ns, INT64_MAX, &rows);
	if (r == 0)
		r = runs_find(&rows, tier, now_ns, grace_ns, &runs);
	for (size_t i = 0; r == 0 && i < runs.n; i++) {
		int failed = make_file(s, &runs.runs[i], tier + 1, stats);

		if (failed < 0) {
			stats->n_failed++;
			stats->last_error = failed;
		}
	}
	return r;
}

int compact_run(struct store *s, int64_t since_ns, int64_t now_ns, struct compact_stats *ret)
{
	int r;

	*ret = (struct compact_stats){};
	r = store_refresh(s, since_ns, INT64_MAX);
	if (r == 0)
		r = compact_tier(s, WINDOW_RAW, since_ns, now_ns, MINUTE_GRACE_NS, ret);
	return r == 0 ? compact_tier(s, WINDOW_MINUTE, since_ns, now_ns, HOUR_GRACE_NS, ret) : r;
}
