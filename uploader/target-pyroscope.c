// SPDX-License-Identifier: Apache-2.0
/*
 * target pyroscope: Pyroscope's push.v1.PusherService/Push, by Connect over HTTP/1.1 (api/push/v1/push.proto), as
 * Grafana Cloud, Alloy and gigapipe take it, too. One series with one profile a request: of several, a failed request
 * may have stored some.
 *
 * Limits are the defaults of grafana/pyroscope pkg/validation/limits.go: 2 MB uncompressed is the burst of the rate
 * limit, and a larger profile is a 429 for ever; 16,000 samples; 1,000 locations a stack, of which the server would
 * drop the leaf; 30 labels, of names up to 1,024 and values up to 2,048 bytes; no more than an hour old. Of two
 * profiles of one series within a millisecond its older storage keeps one, and answers 200 to both.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "pprof/message.h"
#include "uploader/answer.h"
#include "uploader/push.pb-c.h"
#include "uploader/series-labels.h"
#include "uploader/target-start.h"

#define MAX_RAW_BYTES ((size_t)1900 * 1000)
#define PART_SHIFT_NS ((int64_t)NS_PER_MS)
#define MAX_FRAMES 1000

/* Threads have too many names for a series each. The server makes labels of them all the same: there are two of 30. */
static const char *const series_keys[] = { "*", "comm", "stack", NULL };
#define MAX_LABELS 28

/* 1.21 refuses a profile for any other character in a name. */
static const struct series_label_rules label_rules = {
	.plain_names = true,
	.max_labels = MAX_LABELS,
	.max_name_bytes = 1024,
	.max_value_bytes = 2048,
};

static int pack(const struct batch *b, const struct profile_part *part, const struct series_labels *labels,
		struct buf *pprof, struct buf *ret)
{
	Push__LabelPair pairs[SERIES_LABELS_MAX], *pair_ptrs[SERIES_LABELS_MAX];
	Push__RawSample sample = PUSH__RAW_SAMPLE__INIT, *sample_ptr = &sample;
	Push__RawProfileSeries series = PUSH__RAW_PROFILE_SERIES__INIT, *series_ptr = &series;
	Push__PushRequest request = PUSH__PUSH_REQUEST__INIT;
	char id[sizeof(b->id) + 16];

	for (size_t i = 0; i < labels->n; i++) {
		push__label_pair__init(&pairs[i]);
		pairs[i].name = labels->items[i].name;
		pairs[i].value = labels->items[i].value;
		pair_ptrs[i] = &pairs[i];
	}
	snprintf(id, sizeof(id), "%s-%u", b->id, part->number);
	sample.id = id;
	sample.raw_profile.data = (uint8_t *)pprof->data;
	sample.raw_profile.len = pprof->size;
	series.labels = pair_ptrs;
	series.n_labels = labels->n;
	series.samples = &sample_ptr;
	series.n_samples = 1;
	request.series = &series_ptr;
	request.n_series = 1;
	return message_add(ret, &request.base);
}

static int add_body(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		    struct upload_request *ret)
{
	const struct profile_part_options options = {
		.drops_series_labels = true,
		.names_frames = true,
		.max_frames = MAX_FRAMES,
		.shift_ns = part->index * PART_SHIFT_NS,
	};
	_cleanup_(series_labels_done) struct series_labels labels = {};
	_cleanup_(buf_done) struct buf pprof = {};
	int r;

	r = series_labels_put(&labels, &label_rules, "__name__", "process_cpu");
	if (r == 0)
		r = series_labels_add(&labels, &label_rules, c, part);
	if (r == 0)
		r = target_add_pprof(part, &options, &pprof);
	if (r < 0)
		return r;
	ret->n_cut_labels = labels.n_cut;
	return pack(b, part, &labels, &pprof, &ret->body);
}

static int request(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		   unsigned int step, int64_t now_ns, struct upload_request *ret)
{
	int r;

	if (step > 0)
		return TARGET_NO_MORE;
	r = target_start_request(c, "POST", "/push.v1.PusherService/Push", ret);
	if (r == 0)
		r = target_add_header(ret, "Content-Type", "application/proto");
	if (r == 0)
		r = target_add_header(ret, "Connect-Protocol-Version", "1");
	return r < 0 ? r : add_body(c, b, part, ret);
}

/* Connect tells an error as {"code":"...","message":"..."}; a proxy in front says what it likes. NULL: no message. */
static const char *message_of(const struct upload_response *r, struct json_object **ret_owner)
{
	if (r->status < 300 || json_parse(answer_body(r), r->body.size, ret_owner) != 0)
		return NULL;
	return json_find_string(*ret_owner, "message");
}

static void classify(const struct upload_response *r, struct send_answer *ret)
{
	/* Texts: pkg/validation/validate.go, pkg/distributor, connect-go; and what 1.21.1 was seen to say. */
	static const struct answer_rule rules[] = {
		{ 200, 299, NULL, SEND_DONE },
		{ 400, 400, "not_in_ingestion_window", SEND_TOO_OLD },
		{ 400, 400, "outside of ingestion window", SEND_TOO_OLD },
		{ 400, 400, "exceeds the size limit", SEND_TOO_LARGE },
		{ 400, 400, "exceeds the samples", SEND_TOO_LARGE },
		{ 400, 400, "payload size exceeds", SEND_TOO_LARGE },
		{ 400, 400, NULL, SEND_REJECTED },
		{ 408, 408, NULL, SEND_RETRY },
		{ 409, 409, NULL, SEND_BOUNDED },
		{ 413, 413, NULL, SEND_TOO_LARGE },
		{ 429, 429, "larger than configured max", SEND_TOO_LARGE }, /* of the wire: it would be for ever */
		{ 429, 429, NULL, SEND_RETRY },
		{ 499, 499, NULL, SEND_RETRY },
		/* It could not read the profile: no protobuf, no or half a gzip. */
		{ 500, 500, "proto: ", SEND_REJECTED },
		{ 500, 500, "gzip: ", SEND_REJECTED },
		{ 500, 500, "copy to buffer: ", SEND_REJECTED },
		{ 501, 501, NULL, SEND_CONFIG },
		{ 502, 504, NULL, SEND_RETRY },
		{ 500, 599, NULL, SEND_BOUNDED },
	};
	_cleanup_(json_putp) struct json_object *error = NULL;
	const char *message;

	if (answer_outcome(r, ret))
		return;
	message = message_of(r, &error);
	answer_by_rules(rules, ARRAY_SIZE(rules), SEND_CONFIG, "HTTP", r->status, message ? message : answer_body(r),
			ret);
}

const struct target_ops target_pyroscope = {
	.name = "pyroscope",
	.interval_ns = 15 * NS_PER_S,
	.max_age_ns = 55 * 60 * NS_PER_S, /* the hour, less what waits and clocks may take */
	.limits = {
		.max_bytes = MAX_RAW_BYTES,
		.max_samples = 16000,
		.max_frames = MAX_FRAMES,
		.series_keys = series_keys,
		.part_shift_ns = PART_SHIFT_NS,
	},
	.check = target_check_start,
	.request = request,
	.classify = classify,
};
