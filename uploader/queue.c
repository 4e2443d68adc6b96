// SPDX-License-Identifier: Apache-2.0
#include "uploader/queue.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

bool queue_is_name(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n >= QUEUE_NAME_BYTES)
		return false;
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && *name != '-' && *name != '_')
			return false;
	}
	return true;
}

void queue_init(struct queue *q, const char *name)
{
	*q = (struct queue){ .is_enabled = true };
	snprintf(q->name, sizeof(q->name), "%s", name);
}

bool queue_has_passed(const struct queue *q, uint64_t sequence)
{
	for (size_t i = 0; i < q->n_passed; i++) {
		if (sequence >= q->passed[i].first && sequence <= q->passed[i].last)
			return true;
	}
	return false;
}

uint64_t queue_last_passed(const struct queue *q)
{
	return q->n_passed ? q->passed[q->n_passed - 1].last : 0;
}

static bool touches(const struct queue_range *a, const struct queue_range *b)
{
	return (a->last == UINT64_MAX || b->first <= a->last + 1) && (b->last == UINT64_MAX || a->first <= b->last + 1);
}

int queue_pass(struct queue *q, struct queue_range range)
{
	size_t at = 0, end;

	while (at < q->n_passed && q->passed[at].last < range.first && !touches(&q->passed[at], &range))
		at++;
	for (end = at; end < q->n_passed && touches(&q->passed[end], &range); end++) {
		if (q->passed[end].first < range.first)
			range.first = q->passed[end].first;
		if (q->passed[end].last > range.last)
			range.last = q->passed[end].last;
	}
	if (end == at && q->n_passed == QUEUE_MAX_RANGES)
		return -ENOSPC;
	memmove(&q->passed[at + 1], &q->passed[end], (q->n_passed - end) * sizeof(*q->passed));
	q->passed[at] = range;
	q->n_passed = q->n_passed - (end - at) + 1;
	return 0;
}

static void begin_part(struct queue_batch *b)
{
	b->n_tries = b->n_strikes = b->n_new_strikes = 0;
	b->is_sending = b->is_repeat = false;
}

void queue_batch_next(struct queue_batch *b)
{
	begin_part(b);
	b->part++;
}

int queue_batch_halve(struct queue_batch *b)
{
	if (b->n_halved == QUEUE_MAX_HALVED)
		return -ENOSPC;
	begin_part(b);
	b->halved[b->n_halved++] = b->part;
	b->n_parts++;
	return 0;
}

size_t queue_sending(const struct queue *q)
{
	size_t i = 0;

	while (i < q->n_open && !q->open[i].is_sending)
		i++;
	return i;
}

struct queue_batch *queue_find_open(struct queue *q, uint64_t sequence)
{
	for (size_t i = 0; i < q->n_open; i++) {
		if (sequence >= q->open[i].sequences.first && sequence <= q->open[i].sequences.last)
			return &q->open[i];
	}
	return NULL;
}

void queue_remove_open(struct queue *q, struct queue_batch *b)
{
	size_t i = (size_t)(b - q->open);

	memmove(b, b + 1, (q->n_open - i - 1) * sizeof(*b));
	q->n_open--;
}

void queue_move_last(struct queue *q, struct queue_batch *b)
{
	struct queue_batch moved = *b;

	queue_remove_open(q, b);
	q->open[q->n_open++] = moved;
}
