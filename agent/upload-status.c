// SPDX-License-Identifier: Apache-2.0
#include "agent/upload-status.h"

#include <stdio.h>

#include "agent/metrics-text.h"
#include "common/json.h"

#define NAME_BYTES 64

const char *lane_state_to_string(enum lane_state state)
{
	static const char *const names[] = {
		[LANE_IDLE] = "idle",       [LANE_SENDING] = "sending", [LANE_WAITING] = "waiting",
		[LANE_HOLDING] = "holding", [LANE_OFF] = "off",
	};

	return names[state];
}

#define COUNTER(name) { #name, offsetof(struct queue_counters, name) },
static const struct {
	const char *name;
	size_t offset;
} counters[] = { QUEUE_COUNTERS(COUNTER) };
#undef COUNTER

static uint64_t count_of(const struct upload_target_report *t, size_t i)
{
	return *(const uint64_t *)((const char *)&t->counters + counters[i].offset);
}

static int append_target(struct json_object *array, const struct upload_target_report *t)
{
	const struct json_count queued[] = {
		{ "queued_windows", t->n_queued_windows },
		{ "queued_bytes", t->n_queued_bytes },
		{ "oldest_realtime_ns", (uint64_t)t->oldest_ns },
		{ "last_success_realtime_ns", (uint64_t)t->last_success_ns },
	};
	struct json_count counts[ARRAY_SIZE(counters)];
	struct json_object *object = NULL, *sums = NULL;
	int r = json_append_object(array, &object);

	if (r == 0)
		r = json_add_string(object, "name", t->name);
	if (r == 0)
		r = json_add_string(object, "kind", t->kind);
	if (r == 0)
		r = json_add_string(object, "state", lane_state_to_string(t->state));
	if (r == 0)
		r = t->fault[0] ? json_add_string(object, "fault", t->fault) : json_add_null(object, "fault");
	if (r == 0)
		r = json_add_counts(object, queued, ARRAY_SIZE(queued));
	if (r == 0)
		r = json_add_object(object, "counts", &sums);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		counts[i] = (struct json_count){ counters[i].name, count_of(t, i) };
	return r == 0 ? json_add_counts(sums, counts, ARRAY_SIZE(counts)) : r;
}

int upload_status_add_json(const struct upload_target_report *targets, size_t n, struct json_object *top)
{
	struct json_object *array = NULL;
	int r = json_add_array(top, "targets", &array);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = append_target(array, &targets[i]);
	return r;
}

static int add_counter(const struct upload_target_report *targets, size_t n, size_t i, struct buf *ret)
{
	char name[NAME_BYTES];
	const struct family family = { name, COUNTER, ONE, "target", "What docs/targets.md says of it." };
	int r;

	snprintf(name, sizeof(name), "upload_%s_total", counters[i].name);
	r = metrics_text_add_head(ret, &family);
	for (size_t t = 0; r == 0 && t < n; t++)
		r = metrics_text_add_labelled(ret, &family, targets[t].name, count_of(&targets[t], i));
	return r;
}

int upload_status_add_metrics(const struct upload_target_report *targets, size_t n, struct buf *ret)
{
	static const struct family families[] = {
		{ "upload_queued_windows", GAUGE, ONE, "target", "Windows that are not behind this target yet." },
		{ "upload_queued_bytes", GAUGE, ONE, "target", "Their files." },
		{ "upload_oldest_timestamp_seconds", GAUGE, NANO, "target",
		  "When the oldest of them begins; 0: none." },
		{ "upload_last_success_timestamp_seconds", GAUGE, NANO, "target",
		  "When it took something last; 0: not since the start." },
		{ "upload_holds", GAUGE, ONE, "target", "1: until the configuration or a secret changes." },
	};
	int r = 0;

	for (size_t f = 0; n > 0 && r == 0 && f < ARRAY_SIZE(families); f++) {
		r = metrics_text_add_head(ret, &families[f]);
		for (size_t t = 0; r == 0 && t < n; t++) {
			const struct upload_target_report *x = &targets[t];
			const uint64_t numbers[ARRAY_SIZE(families)] = { x->n_queued_windows, x->n_queued_bytes,
									 (uint64_t)x->oldest_ns,
									 (uint64_t)x->last_success_ns,
									 x->state == LANE_HOLDING };

			r = metrics_text_add_labelled(ret, &families[f], x->name, numbers[f]);
		}
	}
	for (size_t i = 0; n > 0 && r == 0 && i < ARRAY_SIZE(counters); i++)
		r = add_counter(targets, n, i, ret);
	return r;
}
