// SPDX-License-Identifier: Apache-2.0
#include "store/retention.h"

#include <string.h>
#include <sys/statvfs.h>

#include "common/buf.h"
#include "store/passed.h"
#include "store/store-inside.h"
#include "store/store.h"

#define BATCH 64
#define RESERVE_PARTS 64 /* of the limit: kept free for what is written until the next run */

/* What it costs when a window goes. */
enum cost {
	COST_NOTHING,
	COST_UNSENT,
	COST_LOST,
};

struct retention {
	struct store *store;
	const struct retention_limits *limits;
	int64_t now_ns;
	struct passed passed;
	struct retention_stats *stats;
	enum cost max_cost; /* of a pass by bytes */
	int64_t too_many;   /* bytes that must go yet, in such a pass */
	struct losses more; /* of the windows that go next */
	struct window_info going[LOSSES_MAX_GOING];
	struct buf touched; /* folders from which files went that may come back, each with its NUL */
	char last_touched[FOLDER_BYTES];
};

static struct retention *retention_free(struct retention *r)
{
	buf_done(&r->touched);
	free(r);
	return NULL;
}
DEFINE_CLEANUP(struct retention *, retention_free);

static int cost_of(struct store *s, const struct passed *passed, const struct window_info *info, enum cost *ret)
{
	bool has_coarser = false;
	int e = 0;

	for (enum window_tier tier = info->tier + 1; e == 0 && !has_coarser && tier < WINDOW_N_TIERS; tier++)
		e = catalogue_has_cover(s->catalogue, tier, info, &has_coarser);
	if (e < 0)
		return e;
	*ret = !has_coarser                                                     ? COST_LOST
	       : info->tier != WINDOW_RAW || passed_by_all(passed, info->first) ? COST_NOTHING
										: COST_UNSENT;
	return 0;
}

static void count_loss(const struct passed *passed, const struct window_info *info, enum cost cost,
		       enum loss_reason reason, struct losses *more)
{
	const struct loss_count count = { .n_windows = info->ledger.windows, .n_samples = info->ledger.in_profile };

	if (cost == COST_LOST)
		loss_count_add(&more->lost[reason], &count);
	for (size_t i = 0; info->tier == WINDOW_RAW && i < passed->n_targets; i++)
		if (!passed_by(&passed->targets[i], info->first))
			losses_add_unsent(more, passed->targets[i].name, &count);
}

int retention_count(struct store *s, const struct window_info *info, enum loss_reason reason, struct losses *more)
{
	_cleanup_free_ struct passed *passed = calloc(1, sizeof(*passed));
	enum cost cost = COST_LOST;
	int e;

	if (!passed)
		return -ENOMEM;
	e = passed_read(s->dir_fd, passed);
	if (e == 0)
		e = cost_of(s, passed, info, &cost);
	if (e == 0)
		count_loss(passed, info, cost, reason, more);
	return e;
}

static int path_of(const struct window_info *info, struct window_path *ret)
{
	struct window_name name;

	name_of_window(info, &name);
	return name_format(&name, ret);
}

/* What has gone must not come back when that has gone, too, which stood for it. */
static int settle(struct retention *r)
{
	const char *folder = r->touched.data, *end = folder + r->touched.size;
	int e = 0;

	for (; e == 0 && folder < end; folder += strlen(folder) + 1)
		e = files_sync_folder(r->store->dir_fd, folder);
	buf_clear(&r->touched);
	r->last_touched[0] = 0;
	return e;
}

static int touch(struct retention *r, const struct window_info *info)
{
	struct window_path path;
	int e = path_of(info, &path);

	if (e < 0 || strcmp(path.folder, r->last_touched) == 0)
		return e;
	strcpy(r->last_touched, path.folder);
	return buf_add(&r->touched, path.folder, strlen(path.folder) + 1);
}

static int remove_window(struct retention *r, const struct window_info *info)
{
	int e = touch(r, info);

	if (e == 0)
		e = store_remove(r->store, info);
	if (e != 0)
		return e == STORE_GONE ? 0 : e;
	r->stats->n_removed++;
	r->stats->n_removed_bytes += info->n_disk_bytes;
	return 0;
}

/* Announces what costs something, then removes all of it. */
static int flush(struct retention *r)
{
	int e;

	if (r->more.n_going == 0)
		return 0;
	for (size_t i = 0; i < r->more.n_going; i++) {
		e = store_keep_sequence(r->store, r->going[i].last);
		if (e < 0)
			return e;
	}
	e = settle(r);
	if (e == 0)
		e = losses_announce(r->store->dir_fd, &r->more);
	if (e != 0)
		return e < 0 ? e : -EBUSY; /* a newer program came meanwhile: retention_run() looked before */
	for (size_t i = 0; e == 0 && i < r->more.n_going; i++)
		e = remove_window(r, &r->going[i]);
	losses_add(&r->stats->lost, &r->more);
	r->more = (struct losses){};
	return e;
}

static int let_go(struct retention *r, const struct window_info *info, enum cost cost, enum loss_reason reason)
{
	int e;

	if (cost == COST_NOTHING)
		return remove_window(r, info);
	e = path_of(info, &r->more.going[r->more.n_going]);
	if (e < 0)
		return e;
	r->going[r->more.n_going++] = *info;
	count_loss(&r->passed, info, cost, reason, &r->more);
	return r->more.n_going == LOSSES_MAX_GOING ? flush(r) : 0;
}

/* How a pass goes on. */
enum {
	PASS_ON = 0,
	PASS_ENOUGH = 1,
};
typedef int (*visit_fn)(struct retention *r, const struct window_info *info);

/* The windows of a tier, the oldest first. */
static int visit_tier(struct retention *r, enum window_tier tier, visit_fn visit)
{
	uint64_t first = 0;
	int e = 0;

	for (;;) {
		_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
		struct window_info info;

		e = store_list(r->store, tier, first, UINT64_MAX, false, BATCH, &c);
		if (e < 0 || window_cursor_n(c) == 0)
			return e;
		while (e == 0 && (e = window_cursor_next(c, &info)) != STORE_END && e >= 0) {
			bool is_there = e == 0; /* else STORE_GONE */

			first = is_there ? info.last + 1 : first;
			e = is_there ? visit(r, &info) : 0;
		}
		if (e != STORE_END)
			return e;
	}
}

static int visit_by_age(struct retention *r, const struct window_info *info)
{
	const int64_t age_ns = r->now_ns - info->start_ns;
	const enum window_tier kept_as[] = {
		[COST_NOTHING] = info->tier,
		[COST_UNSENT] = WINDOW_MINUTE,
		[COST_LOST] = WINDOW_HOUR,
	};
	enum cost cost;
	int e;

	if (age_ns <= r->limits->age_ns[info->tier])
		return PASS_ENOUGH;
	e = cost_of(r->store, &r->passed, info, &cost);
	if (e < 0)
		return e;
	return age_ns > r->limits->age_ns[kept_as[cost]] ? let_go(r, info, cost, LOSS_AGE) : PASS_ON;
}

static int visit_by_bytes(struct retention *r, const struct window_info *info)
{
	enum cost cost;
	int e;

	if (r->too_many <= 0)
		return PASS_ENOUGH;
	e = cost_of(r->store, &r->passed, info, &cost);
	if (e < 0 || cost > r->max_cost)
		return e;
	r->too_many -= (int64_t)info->n_disk_bytes;
	return let_go(r, info, cost, LOSS_LIMIT);
}

static int pass_by_age(struct retention *r)
{
	int e = 0;

	for (enum window_tier tier = WINDOW_RAW; e >= 0 && tier < WINDOW_N_TIERS; tier++)
		e = visit_tier(r, tier, visit_by_age);
	return e < 0 ? e : flush(r);
}

/* Of what nothing stands for the coarsest is the oldest. */
static int pass_by_cost(struct retention *r, enum cost max_cost)
{
	int e = 0;

	r->max_cost = max_cost;
	for (enum window_tier i = 0; e >= 0 && r->too_many > 0 && i < WINDOW_N_TIERS; i++)
		e = visit_tier(r, max_cost == COST_LOST ? WINDOW_N_TIERS - 1 - i : i, visit_by_bytes);
	return e < 0 ? e : flush(r);
}

/* Positive: so many bytes too many. */
static int bytes_beyond_limit(const struct retention *r, int64_t *ret)
{
	uint64_t limit = r->limits->limit_bytes, used;
	struct store_stats stats;
	int e = store_stats(r->store, &stats);

	if (e < 0)
		return e;
	used = stats.n_bad_bytes;
	for (size_t i = 0; i < WINDOW_N_TIERS; i++)
		used += stats.tiers[i].n_disk_bytes;
	*ret = (int64_t)(used + limit / RESERVE_PARTS) - (int64_t)limit;
	return 0;
}

int retention_bytes_below_free(const struct store *s, unsigned int min_free_percent, int64_t *ret)
{
	struct statvfs fs;

	*ret = 0;
	if (min_free_percent == 0)
		return 0;
	if (fstatvfs(s->dir_fd, &fs) < 0)
		return -errno;
	*ret = (int64_t)(fs.f_blocks * fs.f_frsize / 100 * min_free_percent) - (int64_t)(fs.f_bavail * fs.f_frsize);
	return 0;
}

static int pass_by_bytes(struct retention *r)
{
	int64_t below_free = 0, beyond_limit = 0;
	int e;

	e = retention_bytes_below_free(r->store, r->limits->min_free_percent, &below_free);
	if (e == 0)
		e = bytes_beyond_limit(r, &beyond_limit);
	if (e < 0)
		return e;
	r->too_many = below_free > beyond_limit ? below_free : beyond_limit;
	e = pass_by_cost(r, COST_NOTHING);
	for (enum cost cost = COST_UNSENT; e == 0 && cost <= COST_LOST; cost++) {
		e = bytes_beyond_limit(r, &r->too_many);
		if (e == 0)
			e = pass_by_cost(r, cost);
	}
	return e;
}

int retention_run(struct store *s, const struct retention_limits *limits, int64_t now_ns, struct retention_stats *ret)
{
	_cleanup_(retention_freep) struct retention *r = calloc(1, sizeof(*r));
	int e;

	*ret = (struct retention_stats){};
	if (!r)
		return -ENOMEM;
	*r = (struct retention){ .store = s, .limits = limits, .now_ns = now_ns, .stats = ret };
	e = losses_recover(s->dir_fd);
	if (e == LOSSES_NEWER)
		return RETENTION_HELD;
	if (e == 0)
		e = store_reconcile(s);
	if (e == 0)
		e = passed_read(s->dir_fd, &r->passed);
	if (e == 0)
		e = pass_by_age(r);
	if (e == 0)
		e = pass_by_bytes(r);
	return e == 0 ? settle(r) : e;
}
