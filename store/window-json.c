// SPDX-License-Identifier: Apache-2.0
#include "store/window-json.h"

#include <string.h>

#include "common/json.h"
#include "pprof/ledger-json.h"

int window_json_append(struct json_object *array, const struct window_info *info)
{
	const struct json_count counts[] = {
		{ "first", info->first },
		{ "last", info->last },
		{ "start_ns", (uint64_t)info->start_ns },
		{ "duration_ns", info->duration_ns },
		{ "end_ns", (uint64_t)window_end_ns(info) },
		{ "period_ns", info->period_ns },
		{ "n_bytes", info->n_bytes },
		{ "n_disk_bytes", info->n_disk_bytes },
		{ "n_raw_bytes", info->n_raw_bytes },
	};
	struct json_object *object = NULL;
	int r = json_append_object(array, &object);

	if (r == 0)
		r = json_add_string(object, "id", info->id);
	if (r == 0)
		r = json_add_string(object, "tier", window_tier_name(info->tier));
	if (r == 0)
		r = json_add_string(object, "host", info->host);
	if (r == 0)
		r = json_add_counts(object, counts, ARRAY_SIZE(counts));
	return r == 0 ? ledger_json_add(object, "ledger", &info->ledger) : r;
}

static int read_text(struct json_object *object, const char *name, char *ret, size_t size)
{
	const char *text = json_find_string(object, name);

	if (!text || strlen(text) >= size)
		return -EBADMSG;
	strcpy(ret, text);
	return 0;
}

static int read_tier(struct json_object *object, enum window_tier *ret)
{
	const char *text = json_find_string(object, "tier");

	for (enum window_tier tier = 0; text && tier < WINDOW_N_TIERS; tier++)
		if (strcmp(text, window_tier_name(tier)) == 0) {
			*ret = tier;
			return 0;
		}
	return -EBADMSG;
}

int window_json_read(struct json_object *object, struct window_info *ret)
{
	struct json_object *ledger = json_find(object, "ledger");
	struct window_info info = {
		.first = json_find_number(object, "first"),
		.last = json_find_number(object, "last"),
		.start_ns = (int64_t)json_find_number(object, "start_ns"),
		.duration_ns = json_find_number(object, "duration_ns"),
		.end_ns = (int64_t)json_find_number(object, "end_ns"), /* older hubs do not tell it */
		.period_ns = json_find_number(object, "period_ns"),
		.n_bytes = json_find_number(object, "n_bytes"),
		.n_disk_bytes = json_find_number(object, "n_disk_bytes"),
		.n_raw_bytes = json_find_number(object, "n_raw_bytes"),
	};
	int r = read_text(object, "id", info.id, sizeof(info.id));

	if (r == 0)
		r = read_text(object, "host", info.host, sizeof(info.host));
	if (r == 0)
		r = read_tier(object, &info.tier);
	if (r == 0 && (info.start_ns < 0 || info.first > info.last))
		r = -EBADMSG;
	if (r == 0)
		r = ledger ? ledger_json_read(ledger, &info.ledger) : -EBADMSG;
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	*ret = info;
	return 0;
}
