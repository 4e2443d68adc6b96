// SPDX-License-Identifier: Apache-2.0
/* Which batch is next, and its windows: opened, loaded and closed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pprof/profile.h"
#include "uploader/lane-inside.h"
#include "uploader/plan.h"

static uint64_t interval_of(const struct upload_settings *s)
{
	return s->interval_ns ? s->interval_ns : s->kind->interval_ns;
}

static struct plan_options plan_options(const struct lane *l, const struct upload_clock *now)
{
	const struct upload_settings *s = l->settings;

	return (struct plan_options){
		.interval_ns = interval_of(s),
		.phase_ns = policy_phase_ns(l->world->host, s->config.name, interval_of(s)),
		.max_age_ns = s->max_age_ns ? s->max_age_ns : s->kind->max_age_ns,
		.now_ns = now->realtime_ns,
	};
}

/* Windows that can never be sent now are behind. -ENOSPC cannot be: the plan keeps room for what is open. */
static int pass(struct lane *l, struct queue_range range)
{
	l->is_dirty = true;
	return queue_pass(&l->queue, range);
}

int lane_pass_too_old(struct lane *l, const struct upload_clock *now)
{
	const struct source *s = l->world->source;
	const struct plan_options options = plan_options(l, now);
	size_t too_old, n = plan_too_old(s, &l->queue, &options, &too_old);

	if (n == 0)
		return 0;
	l->queue.counters.too_old_windows += too_old;
	return pass(l, (struct queue_range){ 0, s->windows[n - 1].sequence });
}

static void open_run(struct lane *l, const struct plan_run *run)
{
	const struct source_window *first = &l->world->source->windows[run->first];
	struct queue_batch *b = &l->queue.open[l->queue.n_open++];

	*b = (struct queue_batch){
		.start_ns = run->start_ns,
		.end_ns = run->end_ns,
		.sequences = plan_range(l->world->source, run),
		.n_windows = (unsigned int)run->n,
	};
	delivery_id(l->world->host, l->settings->config.name, run->start_ns, first->sequence, b->id);
	l->is_dirty = true;
}

/* True: there is one more open batch. */
static bool open_next(struct lane *l, const struct upload_clock *now)
{
	const struct plan_options options = plan_options(l, now);
	struct plan_run run;

	l->has_backlog = false;
	if (l->queue.n_open == QUEUE_MAX_OPEN || plan_next(l->world->source, &l->queue, &options, &run) != 0)
		return false;
	if (!run.is_fresh) {
		l->has_backlog = now->monotonic_ns < l->backfill_ns;
		if (l->has_backlog)
			return false;
		l->backfill_ns = now->monotonic_ns + options.interval_ns / PLAN_BACKFILL;
	}
	open_run(l, &run);
	return true;
}

static struct queue_batch *find_unfailed(struct queue *q)
{
	for (size_t i = 0; i < q->n_open; i++) {
		if (q->open[i].n_new_strikes == 0)
			return &q->open[i];
	}
	return NULL;
}

/*
 * One whose part is not complete; else one that was not tried since something was taken; else a new one; else one that
 * has failed. NULL: there is none.
 */
struct queue_batch *lane_choose(struct lane *l, const struct upload_clock *now)
{
	size_t sending = queue_sending(&l->queue); /* some of its part's requests were taken */
	struct queue_batch *b;

	if (sending < l->queue.n_open)
		return &l->queue.open[sending];
	if (l->world->is_ending)
		return NULL;
	b = find_unfailed(&l->queue);
	if (b)
		return b;
	if (open_next(l, now))
		return &l->queue.open[l->queue.n_open - 1];
	return l->queue.n_open > 0 ? &l->queue.open[0] : NULL; /* whose failure is longest ago */
}

int lane_close(struct lane *l, struct queue_batch *b)
{
	struct queue_counters *c = &l->queue.counters;
	int r = pass(l, b->sequences);

	if (r < 0)
		return r;
	if (b->n_parts == 0)
		c->empty_windows += b->n_windows;
	else if (b->n_refused == 0)
		c->sent_windows += b->n_windows;
	else if (b->n_refused < b->n_parts)
		c->partly_sent_windows += b->n_windows;
	else
		c->refused_windows += b->n_windows;
	c->sent_batches += b->n_parts > b->n_refused;
	queue_remove_open(&l->queue, b);
	delivery_done(&l->delivery);
	return 0;
}

/* Windows went away since the batch was opened. What is left makes other parts than those that were sent. */
static void note_missing(struct lane *l, struct queue_batch *b, const struct loaded *loaded)
{
	unsigned int lost = b->n_windows > loaded->n_windows ? b->n_windows - loaded->n_windows : 0;

	l->queue.counters.unreadable_windows += loaded->n_unreadable;
	l->queue.counters.evicted_windows += lost > loaded->n_unreadable ? lost - loaded->n_unreadable : 0;
	b->n_windows = loaded->n_windows;
	l->is_dirty = true;
	if (lost == 0 || b->part == 0)
		return;
	b->n_refused += b->n_parts - b->part;
	b->part = b->n_parts;
}

/* The parts as they were, with those that were halved; else all of it from the beginning. */
static int restore_parts(struct lane *l, struct queue_batch *b)
{
	int r = 0;

	for (unsigned int i = 0; r == 0 && i < b->n_halved; i++)
		r = b->halved[i] < l->delivery.split.n_parts ? delivery_halve(&l->delivery, b->halved[i])
							     : DELIVERY_SINGLE;
	if (r < 0)
		return r;
	if (r == 0 && (b->n_parts == 0 || b->n_parts == l->delivery.split.n_parts)) {
		l->is_dirty |= b->n_parts == 0;
		b->n_parts = (unsigned int)l->delivery.split.n_parts;
		return 0;
	}
	/* Another version cuts otherwise. */
	if (!l->settings->kind->is_idempotent)
		l->queue.counters.possible_duplicates += b->part;
	b->n_parts = b->part = b->n_halved = b->n_refused = 0;
	l->is_dirty = true;
	delivery_done(&l->delivery);
	return 0;
}

static int start_delivery(struct lane *l, struct queue_batch *b, struct loaded *loaded)
{
	struct batch batch = { .host = loaded->host, .start_ns = b->start_ns, .end_ns = b->end_ns };
	int r;

	snprintf(batch.id, sizeof(batch.id), "%s", b->id);
	r = delivery_init(&l->delivery, l->settings, &batch, loaded->profile);
	return r < 0 ? r : restore_parts(l, b);
}

/* -ENOMEM goes up; any other fault is of these windows, and they are not tried again. */
int lane_load(struct lane *l, struct queue_batch *b)
{
	struct loaded loaded = {};
	int r;

	delivery_done(&l->delivery);
	r = source_load(l->world->source, b->sequences.first, b->sequences.last, b->id, &loaded);
	if (r == 0) {
		note_missing(l, b, &loaded);
		if (!loaded.profile || (b->n_parts > 0 && b->part == b->n_parts)) {
			profile_free(loaded.profile);
			return lane_close(l, b);
		}
		r = start_delivery(l, b, &loaded);
	}
	if (r == 0 || r == -ENOMEM)
		return r;
	lane_fail(l, "windows %" PRIu64 " to %" PRIu64 " cannot be read: %s; skipping them", b->sequences.first,
		  b->sequences.last, strerror(-r));
	l->queue.counters.unreadable_windows += b->n_windows;
	b->n_windows = 0;
	return lane_close(l, b);
}

struct queue_batch *lane_batch(struct lane *l)
{
	for (size_t i = 0; i < l->queue.n_open; i++) {
		if (delivery_is_loaded(&l->delivery, l->queue.open[i].id))
			return &l->queue.open[i];
	}
	return NULL;
}
