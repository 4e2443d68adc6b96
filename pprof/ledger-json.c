// SPDX-License-Identifier: Apache-2.0
#include "pprof/ledger-json.h"

#include "common/json.h"
#include "pprof/ledger.h"

static int add_reasons(struct json_object *parent, const char *name, const struct ledger_reason *reasons, size_t n)
{
	struct json_object *object = NULL;
	int r;

	r = json_add_object(parent, name, &object);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = json_add(object, reasons[i].name, json_object_new_uint64(reasons[i].n));
	return r;
}

static int fill_ledger(struct json_object *object, const struct ledger *l)
{
	const struct json_count counts[] = {
		{ "due", l->due },           { "taken", l->taken },           { "idle", l->idle },
		{ "filtered", l->filtered }, { "in_profile", l->in_profile },
	};
	const struct json_count not_delivered[] = {
		{ "idle_cpu", l->not_delivered.idle_cpu },
		{ "throttled", l->not_delivered.throttled },
		{ "other", l->not_delivered.other },
	};
	const struct json_count frames[] = {
		{ "named", l->frames.named },
		{ "module_only", l->frames.module_only },
		{ "unreadable", l->frames.unreadable },
	};
	const struct json_count windows[] = {
		{ "windows", l->windows },
		{ "reduced_windows", l->reduced_windows },
		{ "down_ns", l->down_ns },
	};
	struct json_object *inner = NULL;
	int r;

	r = json_add_counts(object, counts, ARRAY_SIZE(counts));
	if (r == 0)
		r = json_add_object(object, "not_delivered", &inner);
	if (r == 0)
		r = json_add_counts(inner, not_delivered, ARRAY_SIZE(not_delivered));
	if (r == 0)
		r = add_reasons(object, "lost", l->lost, l->n_lost);
	if (r == 0)
		r = add_reasons(object, "truncated", l->truncated, l->n_truncated);
	if (r == 0)
		r = json_add_object(object, "frames", &inner);
	if (r == 0)
		r = json_add_counts(inner, frames, ARRAY_SIZE(frames));
	return r < 0 ? r : json_add_counts(object, windows, ARRAY_SIZE(windows));
}

int ledger_json_add(struct json_object *parent, const char *name, const struct ledger *l)
{
	struct json_object *object = NULL;
	int r;

	r = json_add_object(parent, name, &object);
	return r < 0 ? r : fill_ledger(object, l);
}

static int read_reasons(struct json_object *reasons, struct ledger *l,
			int (*add)(struct ledger *l, const char *name, uint64_t n))
{
	int r = 0;

	if (!json_object_is_type(reasons, json_type_object))
		return 0;
	json_object_object_foreach(reasons, name, value)
	{
		if (r == 0)
			r = add(l, name, json_object_get_uint64(value));
	}
	return r;
}

int ledger_json_read(struct json_object *object, struct ledger *ret)
{
	struct ledger l = {
		.due = json_find_number(object, "due"),
		.taken = json_find_number(object, "taken"),
		.idle = json_find_number(object, "idle"),
		.filtered = json_find_number(object, "filtered"),
		.in_profile = json_find_number(object, "in_profile"),
		.not_delivered.idle_cpu = json_find_number(object, "not_delivered.idle_cpu"),
		.not_delivered.throttled = json_find_number(object, "not_delivered.throttled"),
		.not_delivered.other = json_find_number(object, "not_delivered.other"),
		.frames.named = json_find_number(object, "frames.named"),
		.frames.module_only = json_find_number(object, "frames.module_only"),
		.frames.unreadable = json_find_number(object, "frames.unreadable"),
		.windows = json_find_number(object, "windows"),
		.reduced_windows = json_find_number(object, "reduced_windows"),
		.down_ns = json_find_number(object, "down_ns"),
	};
	int r;

	r = read_reasons(json_find(object, "lost"), &l, ledger_add_lost);
	if (r == 0)
		r = read_reasons(json_find(object, "truncated"), &l, ledger_add_truncated);
	if (r == 0)
		*ret = l;
	return r;
}
