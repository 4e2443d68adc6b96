// SPDX-License-Identifier: Apache-2.0
#include "uploader/plan.h"

static bool is_pending(const struct queue *q, uint64_t sequence)
{
	if (queue_has_passed(q, sequence))
		return false;
	for (size_t i = 0; i < q->n_open; i++) {
		if (sequence >= q->open[i].sequences.first && sequence <= q->open[i].sequences.last)
			return false;
	}
	return true;
}

static int64_t interval_of(const struct source_window *w, uint64_t interval_ns)
{
	return w->start_ns - w->start_ns % (int64_t)interval_ns;
}

struct planning {
	const struct source *source;
	const struct queue *queue;
	const struct plan_options *options;
};

static bool belongs(const struct planning *p, const struct source_window *a, const struct source_window *b)
{
	uint64_t interval_ns = p->options->interval_ns;

	return a->host == b->host && interval_of(a, interval_ns) == interval_of(b, interval_ns) &&
	       is_pending(p->queue, b->sequence);
}

/* The whole run that window i, which is pending, belongs to. */
static struct plan_run run_around(const struct planning *p, size_t i)
{
	const struct source_window *w = p->source->windows;
	size_t first = i, last = i;

	while (first > 0 && belongs(p, &w[i], &w[first - 1]))
		first--;
	while (last + 1 < p->source->n && belongs(p, &w[i], &w[last + 1]))
		last++;
	return (struct plan_run){
		.first = first,
		.n = last - first + 1,
		.start_ns = interval_of(&w[i], p->options->interval_ns),
		.end_ns = interval_of(&w[i], p->options->interval_ns) + (int64_t)p->options->interval_ns,
	};
}

static bool is_closed(const struct planning *p, const struct plan_run *run)
{
	const struct source_window *last = &p->source->windows[run->first + run->n - 1];

	if (run->first + run->n < p->source->n)
		return true;
	return p->options->now_ns >= run->end_ns + (int64_t)(last->duration_ns + PLAN_GRACE_NS);
}

/* This host's turn has come. A time far ahead is a clock that was set back: it is not waited for. */
static bool is_due(const struct planning *p, const struct plan_run *run)
{
	int64_t left_ns = run->end_ns + (int64_t)p->options->phase_ns - p->options->now_ns;

	return left_ns <= 0 || left_ns > 2 * (int64_t)p->options->interval_ns;
}

static bool is_fresh(const struct planning *p, const struct plan_run *run)
{
	const struct source_window *last = &p->source->windows[run->first + run->n - 1];
	uint64_t usual_ns = 3 * p->options->interval_ns + 2 * last->duration_ns + PLAN_GRACE_NS;

	return run->end_ns + (int64_t)usual_ns >= p->options->now_ns;
}

/* The newest that can be sent now. */
static bool find_newest(const struct planning *p, struct plan_run *ret)
{
	for (size_t i = p->source->n; i > 0;) {
		if (!is_pending(p->queue, p->source->windows[i - 1].sequence)) {
			i--;
			continue;
		}
		*ret = run_around(p, i - 1);
		if (is_closed(p, ret) && is_due(p, ret))
			return true;
		i = ret->first;
	}
	return false;
}

static bool find_oldest(const struct planning *p, struct plan_run *ret)
{
	for (size_t i = 0; i < p->source->n; i++) {
		if (!is_pending(p->queue, p->source->windows[i].sequence))
			continue;
		*ret = run_around(p, i);
		return is_closed(p, ret) && is_due(p, ret);
	}
	return false;
}

int plan_next(const struct source *s, const struct queue *q, const struct plan_options *o, struct plan_run *ret)
{
	const struct planning p = { .source = s, .queue = q, .options = o };
	bool may_part = q->n_passed + QUEUE_MAX_OPEN < QUEUE_MAX_RANGES;
	struct plan_run run;

	/* Each outage leaves a hole. Where the queue can tell of no more of them, the first one is closed. */
	if (!(may_part ? find_newest(&p, &run) : find_oldest(&p, &run)))
		return PLAN_NOTHING;
	run.is_fresh = is_fresh(&p, &run);
	*ret = run;
	return 0;
}

size_t plan_too_old(const struct source *s, const struct queue *q, const struct plan_options *o, size_t *ret_too_old)
{
	size_t n = 0, too_old = 0;

	while (o->max_age_ns > 0 && n < s->n && s->windows[n].start_ns + (int64_t)o->max_age_ns < o->now_ns) {
		too_old += is_pending(q, s->windows[n].sequence);
		n++;
	}
	*ret_too_old = too_old;
	return too_old ? n : 0;
}

struct queue_range plan_range(const struct source *s, const struct plan_run *run)
{
	return (struct queue_range){
		.first = run->first ? s->windows[run->first - 1].sequence + 1 : 0,
		.last = s->windows[run->first + run->n - 1].sequence,
	};
}
