// SPDX-License-Identifier: Apache-2.0
/* What became of a request, and what is done about it. */
#include "uploader/lane-inside.h"
#include "uploader/quarantine.h"
#include "uploader/target-start.h"

/* The part lies where people find it; where the disk does not take it, it is counted all the same. */
static int put_aside(struct lane *l, const struct queue_batch *b, const struct upload_response *response,
		     const struct send_answer *answer)
{
	const struct profile_part_options whole = {};
	_cleanup_(buf_done) struct buf pprof = {};
	const struct quarantine_part part = {
		.target = l->queue.name,
		.id = b->id,
		.part = b->part,
		.pprof = &pprof,
		.response = response,
		.answer = answer,
	};
	unsigned int n_evicted = 0;
	int r = target_add_pprof(&l->delivery.split.parts[b->part], &whole, &pprof);

	if (r == 0)
		r = quarantine_add(l->world->bad_fd, &part, &n_evicted);
	l->queue.counters.quarantine_evicted += n_evicted;
	return r == -ENOMEM ? r : 0;
}

static int refuse(struct lane *l, struct queue_batch *b, const struct upload_response *response,
		  const struct send_answer *answer)
{
	int r = put_aside(l, b, response, answer);

	l->queue.counters.rejected_parts++;
	l->queue.counters.rejected_samples += l->delivery.split.parts[b->part].n_samples;
	b->n_refused++;
	lane_next_part(l, b);
	return r;
}

static int halve(struct lane *l, struct queue_batch *b, const struct upload_response *response,
		 const struct send_answer *answer)
{
	int r;

	if (b->n_halved == QUEUE_MAX_HALVED)
		return refuse(l, b, response, answer);
	r = delivery_halve(&l->delivery, b->part);
	if (r == DELIVERY_SINGLE)
		return refuse(l, b, response, answer);
	if (r == 0)
		r = queue_batch_halve(b);
	l->queue.counters.splits++;
	l->n_limited = 0;
	l->is_dirty = true;
	return r;
}

/* Another part was taken: those that failed before it are to blame themselves. */
static void blame_others(struct queue *q, const struct queue_batch *taken)
{
	for (size_t i = 0; i < q->n_open; i++) {
		struct queue_batch *b = &q->open[i];

		if (b == taken)
			continue;
		b->n_strikes += b->n_new_strikes;
		b->n_new_strikes = 0;
	}
}

static void go_on(struct lane *l, struct queue_batch *b, const struct upload_clock *now)
{
	blame_others(&l->queue, b);
	l->queue.counters.sent_bytes += l->request.body.size;
	l->queue.counters.cut_labels += l->request.n_cut_labels;
	l->delivery.step++;
	l->last_success_ns = now->realtime_ns;
	l->fault[0] = 0;
	b->n_new_strikes = 0;
	b->is_repeat = false;
	l->is_dirty = true;
}

/* It was not taken, or we count it as such: nothing is on its way. */
static void again(struct lane *l, struct queue_batch *b, const struct upload_response *response,
		  const struct send_answer *answer)
{
	unsigned int n_strikes = policy_strikes(response, answer);

	b->is_sending = false;
	b->is_repeat = true;
	l->is_dirty = true;
	if (n_strikes > b->n_new_strikes)
		b->n_new_strikes = n_strikes;
	if (n_strikes > 0)
		queue_move_last(&l->queue, b); /* so that each has its turn */
}

static int act(struct lane *l, struct queue_batch *b, enum policy_action action, const struct upload_response *response,
	       const struct send_answer *answer, const struct upload_clock *now)
{
	switch (action) {
	case POLICY_GO_ON:
		go_on(l, b, now);
		return 0;
	case POLICY_HALVE:
		return halve(l, b, response, answer);
	case POLICY_REFUSED:
		return refuse(l, b, response, answer);
	case POLICY_TOO_OLD:
		l->queue.counters.too_old_parts++;
		b->n_refused++;
		lane_next_part(l, b);
		return 0;
	case POLICY_LOSE_AMBIGUOUS:
		l->queue.counters.possible_losses++;
		lane_next_part(l, b);
		return 0;
	case POLICY_AGAIN_AMBIGUOUS:
		l->queue.counters.possible_duplicates++;
		again(l, b, response, answer);
		return 0;
	default:
		again(l, b, response, answer);
		return 0;
	}
}

int lane_take_answer(struct lane *l, const struct upload_clock *now)
{
	_cleanup_(upload_response_done) struct upload_response response = {};
	struct queue_batch *b = lane_batch(l);
	struct send_answer answer = {};
	struct policy_case c;
	enum policy_action action;
	int r;

	http_transfer_take(l->transfer, &response);
	l->transfer = http_transfer_free(l->transfer);
	l->settings->kind->classify(&response, &answer);
	l->clock_offset_ns = policy_clock_offset_ns(&response, now->realtime_ns, l->clock_offset_ns);
	l->n_limited = response.outcome == UPLOAD_ANSWERED && response.status == 429 ? l->n_limited + 1 : 0;
	l->queue.counters.ambiguous += response.outcome == UPLOAD_NO_ANSWER;
	b->n_tries += policy_strikes(&response, &answer) > 0;
	c = (struct policy_case){
		.response = &response,
		.answer = &answer,
		.is_idempotent = l->settings->kind->is_idempotent,
		.drops_ambiguous = l->settings->drops_ambiguous,
		.is_divisible = l->delivery.split.parts[b->part].n_samples > 1,
		.n_tries = b->n_tries,
		.n_strikes = b->n_strikes,
		.n_limited = l->n_limited,
	};
	action = policy_judge(&l->policy, &c, now->monotonic_ns);
	if (action != POLICY_GO_ON)
		lane_fail(l, "%s", answer.reason);
	r = act(l, b, action, &response, &answer, now);
	/* Unless the next request writes it: what is not on its way must not look so after a kill. */
	if (r == 0 && action != POLICY_GO_ON)
		r = lane_save(l, now);
	return r;
}
