// SPDX-License-Identifier: Apache-2.0
#include "uploader/lane.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "uploader/lane-inside.h"

#define CREDENTIALS_LOOK_NS (5 * NS_PER_S)
#define DISK_RETRY_NS (10 * NS_PER_S)

void lane_fail(struct lane *l, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->fault, sizeof(l->fault), fmt, ap);
	va_end(ap);
}

int lane_save(struct lane *l, const struct upload_clock *now)
{
	int r;

	if (!l->is_dirty)
		return 0;
	r = queue_write(l->world->targets_fd, &l->queue);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		lane_fail(l, "cannot write targets/%s.json: %s", l->queue.name, strerror(-r));
		l->policy.not_before_ns = now->monotonic_ns + DISK_RETRY_NS;
		return LANE_LATER;
	}
	l->is_dirty = false;
	for (size_t i = 0; i < l->queue.n_open; i++)
		l->queue.open[i].is_saved = true;
	return 0;
}

/* What was on its way when the last one was killed. */
static void settle_open(struct lane *l)
{
	for (size_t i = 0; i < l->queue.n_open; i++) {
		struct queue_batch *b = &l->queue.open[i];

		if (!b->is_sending)
			continue;
		l->is_dirty = true;
		b->is_sending = false;
		l->queue.counters.ambiguous++;
		if (l->settings->kind->is_idempotent)
			continue;
		if (l->settings->drops_ambiguous) {
			l->queue.counters.possible_losses++;
			queue_batch_next(b);
		} else {
			l->queue.counters.possible_duplicates++;
		}
	}
}

/* The store was begun anew without the queue: its numbers mean other windows now. */
static bool is_of_another_store(const struct lane *l)
{
	return queue_last_passed(&l->queue) >= store_next_sequence(l->world->source->store);
}

static int read_queue(struct lane *l)
{
	const char *name = l->settings->config.name;
	int r = queue_read(l->world->targets_fd, name, &l->queue);

	if (r == QUEUE_NEWER) {
		queue_init(&l->queue, name);
		l->is_off = true;
		lane_fail(l, "targets/%s.json was written by a later version: nothing is sent", name);
		return LANE_NOT_READ;
	}
	if (r == QUEUE_SET_ASIDE) {
		lane_fail(l, "targets/%s.json was damaged and lies beside as %s.json.bad: beginning anew", name, name);
		return LANE_NOT_READ;
	}
	if (r < 0)
		return r;
	if (l->queue.n_passed > 0 && is_of_another_store(l)) {
		struct queue_counters counters = l->queue.counters;

		queue_init(&l->queue, name);
		l->queue.counters = counters;
		lane_fail(l, "targets/%s.json tells of more windows than the store ever had: beginning anew", name);
		r = LANE_NOT_READ;
	}
	settle_open(l);
	return r;
}

static int read_credentials(struct lane *l, const struct upload_clock *now)
{
	char reason[CREDENTIAL_REASON_BYTES];
	int r = credentials_read(&l->credentials, l->settings, reason);

	l->credentials_ns = now->monotonic_ns + CREDENTIALS_LOOK_NS;
	if (r == CREDENTIALS_UNREADABLE)
		lane_fail(l, "%s", reason);
	if (r != 0)
		return r;
	l->has_credentials = true;
	credentials_apply(&l->credentials, l->settings, &l->peer, &l->config);
	return 0;
}

int lane_init(struct lane *l, const struct lane_world *world, const struct upload_settings *settings,
	      const struct upload_clock *now)
{
	int r, e;

	*l = (struct lane){ .world = world, .settings = settings };
	policy_init(&l->policy,
		    policy_phase_ns(world->host, settings->config.name, UINT64_MAX) ^ (uint64_t)now->realtime_ns);
	r = read_queue(l);
	l->queue.is_enabled = true;
	l->is_dirty |= !l->is_off;
	if (r < 0)
		return r;
	e = read_credentials(l, now);
	return e < 0 ? e : r;
}

void lane_done(struct lane *l)
{
	if (l->is_dirty && !l->is_off)
		(void)!queue_write(l->world->targets_fd, &l->queue); /* else a little is counted twice, or not */
	http_transfer_free(l->transfer);
	upload_request_done(&l->request);
	delivery_done(&l->delivery);
	credentials_done(&l->credentials);
	*l = (struct lane){};
}

void lane_next_part(struct lane *l, struct queue_batch *b)
{
	queue_batch_next(b);
	l->delivery.step = 0;
	l->n_limited = 0;
	l->is_dirty = true;
}

/*
 * The queue says that it goes out before it does. Where nothing is taken twice, a part may go again: then the batch's
 * id must be on disk, and no more.
 */
static int send(struct lane *l, struct queue_batch *b, const struct upload_clock *now)
{
	int r = 0;

	l->is_dirty |= !b->is_sending;
	b->is_sending = true;
	if (!b->is_saved || !l->settings->kind->is_idempotent)
		r = lane_save(l, now);
	if (r != 0)
		return r;
	l->queue.counters.requests++;
	l->queue.counters.retried += b->is_repeat;
	return http_send(l->world->http, &l->peer, &l->request, &l->transfer);
}

static int advance(struct lane *l, struct queue_batch *b, const struct upload_clock *now)
{
	int r;

	if (b->part == b->n_parts)
		return lane_close(l, b);
	r = l->settings->kind->request(&l->config, &l->delivery.batch, &l->delivery.split.parts[b->part],
				       l->delivery.step, now->realtime_ns + l->clock_offset_ns, &l->request);
	if (r == TARGET_NO_MORE) {
		l->queue.counters.sent_parts++;
		lane_next_part(l, b);
		return 0;
	}
	if (r == 0)
		return send(l, b, now);
	if (r == -ENOMEM)
		return r;
	lane_fail(l, "a part cannot be encoded: %s; skipping it", strerror(-r));
	l->queue.counters.rejected_parts++;
	b->n_refused++;
	lane_next_part(l, b);
	return 0;
}

/* LANE_LATER: nothing to do now. */
static int begin(struct lane *l, const struct upload_clock *now)
{
	struct queue_batch *b;
	int r = lane_pass_too_old(l, now);

	if (r < 0)
		return r;
	b = lane_choose(l, now);
	if (!b) {
		r = lane_save(l, now);
		return r < 0 ? r : LANE_LATER;
	}
	return delivery_is_loaded(&l->delivery, b->id) ? advance(l, b, now) : lane_load(l, b);
}

static int look_at_credentials(struct lane *l, const struct upload_clock *now)
{
	int r;

	if (l->transfer || now->monotonic_ns < l->credentials_ns)
		return 0;
	l->credentials_ns = now->monotonic_ns + CREDENTIALS_LOOK_NS;
	if (l->has_credentials && !credentials_have_changed(&l->credentials, l->settings))
		return 0;
	r = read_credentials(l, now);
	if (r == 0)
		policy_release(&l->policy);
	return r < 0 ? r : 0;
}

int lane_step(struct lane *l, const struct upload_clock *now)
{
	int r = 0;

	if (l->is_off)
		return 0;
	if (l->transfer) {
		if (!http_transfer_is_done(l->transfer))
			return 0;
		r = lane_take_answer(l, now);
	}
	if (r == 0)
		r = look_at_credentials(l, now);
	while (r == 0 && l->has_credentials && !l->transfer && now->monotonic_ns >= l->policy.not_before_ns)
		r = begin(l, now);
	return r < 0 ? r : 0;
}

bool lane_is_busy(const struct lane *l)
{
	return l->transfer || queue_sending(&l->queue) < l->queue.n_open;
}

uint64_t lane_wake_ns(const struct lane *l)
{
	if (l->is_off || l->transfer || (l->world->is_ending && !lane_is_busy(l)))
		return UINT64_MAX;
	if (l->queue.n_open > 0)
		return l->policy.not_before_ns;
	return l->has_backlog ? l->backfill_ns : UINT64_MAX;
}

int lane_note_gone(struct lane *l, uint64_t oldest, const struct upload_clock *now)
{
	const struct source *s = l->world->source;
	int r;

	for (size_t i = 0; i < s->n && s->windows[i].sequence < oldest; i++) {
		uint64_t sequence = s->windows[i].sequence;

		if (queue_has_passed(&l->queue, sequence) || queue_find_open(&l->queue, sequence))
			continue; /* of an open one it is counted where it is loaded */
		l->queue.counters.evicted_windows++;
		l->is_dirty = true;
	}
	if (l->is_off)
		return 0;
	r = lane_save(l, now);
	return r < 0 ? r : 0;
}

enum lane_state lane_state(const struct lane *l)
{
	if (l->is_off)
		return LANE_OFF;
	if (l->policy.is_holding || !l->has_credentials)
		return LANE_HOLDING;
	if (l->transfer)
		return LANE_SENDING;
	return l->queue.n_open > 0 ? LANE_WAITING : LANE_IDLE;
}
