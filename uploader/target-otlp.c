// SPDX-License-Identifier: Apache-2.0
/*
 * target otlp: OpenTelemetry's profiles by OTLP/HTTP (opentelemetry-proto docs/specification.md; the messages:
 * uploader/otlp-v1development.h), as the Collector takes them behind a feature gate, Pyroscope, and others. The signal
 * is in development, and so is this target. One resource, which is one set of labels, and one profile a request.
 *
 * Limits: those of Pyroscope, which are the tightest (see target-pyroscope.c); the Collector takes bodies of 20 MiB.
 */
#include <string.h>

#include "common/clock.h"
#include "uploader/answer.h"
#include "uploader/otlp-v1development.h"
#include "uploader/target-start.h"

#define MAX_RAW_BYTES ((size_t)1900 * 1000)
#define PART_SHIFT_NS ((int64_t)NS_PER_MS)
#define MAX_FRAMES 1000

static const char *const series_keys[] = { "*", "comm", "stack", NULL };

/* Pyroscope makes labels of attributes, and adds some of its own to the 30 that may be. */
static const struct series_label_rules label_rules = {
	.max_labels = 24,
	.max_name_bytes = 1024,
	.max_value_bytes = 2048,
};

/* OpenTelemetry's names of what we know by our own. */
static const char *attribute_name(const char *label)
{
	static const struct {
		const char *label, *attribute;
	} names[] = {
		{ "service_name", "service.name" },
		{ "version", "service.version" },
		{ "container_id", "container.id" },
		{ "container", "container.name" },
		{ "namespace", "k8s.namespace.name" },
		{ "pod", "k8s.pod.name" },
		{ "host", "host.name" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i].label, label) == 0)
			return names[i].attribute;
	return label;
}

static int add_resource(const struct target_config *c, const struct profile_part *part, struct series_labels *ret)
{
	struct series_labels labels = {};
	int r = series_labels_add(&labels, &label_rules, c, part);

	ret->n_cut = labels.n_cut;
	for (size_t i = 0; r == 0 && i < labels.n; i++)
		r = series_labels_put(ret, &label_rules, attribute_name(labels.items[i].name), labels.items[i].value);
	if (r == 0)
		r = series_labels_put(ret, &label_rules, "os.type", "linux");
	series_labels_done(&labels);
	return r;
}

/* The batch's id with the part's number in its last bytes. */
static void make_id(const struct batch *b, const struct profile_part *part, uint8_t ret[static 16])
{
	for (size_t i = 0; i < 16; i++) {
		const char byte[] = { b->id[2 * i], b->id[2 * i + 1], 0 };

		ret[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	for (size_t i = 0; i < 4; i++)
		ret[15 - i] ^= (uint8_t)(part->number >> 8 * i);
}

/* What the part needs, and only that, with its strings made valid: as a profile of its own. */
static int decode_part(const struct profile_part *part, struct profile **ret)
{
	const struct profile_part_options options = {
		.drops_series_labels = true,
		.max_frames = MAX_FRAMES,
		.shift_ns = part->index * PART_SHIFT_NS,
	};
	_cleanup_(buf_done) struct buf raw = {};
	int r = profile_part_encode(part, &options, &raw);

	return r < 0 ? r : profile_decode(raw.data, raw.size, ret);
}

static int add_body(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		    struct upload_request *ret)
{
	_cleanup_(series_labels_done) struct series_labels resource = {};
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(buf_done) struct buf plain = {};
	uint8_t id[16];
	int r;

	r = add_resource(c, part, &resource);
	if (r == 0)
		r = decode_part(part, &p);
	if (r < 0)
		return r;
	ret->n_cut_labels = resource.n_cut;
	make_id(b, part, id);
	r = otlp_v1development_encode(p, &resource, id, &plain);
	return r < 0 ? r : target_add_gzip_body(ret, &plain);
}

static int request(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		   unsigned int step, int64_t now_ns, struct upload_request *ret)
{
	int r;

	if (step > 0)
		return TARGET_NO_MORE;
	r = target_start_request(c, "POST", OTLP_V1DEVELOPMENT_PATH, ret);
	if (r == 0)
		r = target_add_header(ret, "Content-Type", "application/x-protobuf");
	return r < 0 ? r : add_body(c, b, part, ret);
}

/* A request has one profile, so a partial success is none; it must not be tried again. */
static void classify_partial(const struct upload_response *r, struct send_answer *ret)
{
	_cleanup_(buf_done) struct buf message = {};
	int64_t n_rejected;

	if (otlp_v1development_rejected(&r->body, &n_rejected, &message) < 0 || n_rejected <= 0)
		return;
	answer_by_rules(NULL, 0, SEND_REJECTED, "HTTP", r->status, message.data ? message.data : "", ret);
}

static void classify(const struct upload_response *r, struct send_answer *ret)
{
	/* 401, 403, 404, 415 and redirects are what is not listed. */
	static const struct answer_rule rules[] = {
		{ 200, 299, NULL, SEND_DONE },
		{ 400, 400, "ingestion window", SEND_TOO_OLD }, /* Pyroscope */
		{ 400, 400, "exceeds the size limit", SEND_TOO_LARGE },
		{ 400, 400, "exceeds the samples", SEND_TOO_LARGE },
		{ 400, 400, "payload size exceeds", SEND_TOO_LARGE },
		{ 400, 400, "body too large", SEND_TOO_LARGE }, /* the Collector */
		{ 400, 400, NULL, SEND_REJECTED },
		{ 408, 408, NULL, SEND_RETRY },
		{ 413, 413, NULL, SEND_TOO_LARGE },
		{ 429, 429, NULL, SEND_RETRY },
		{ 501, 501, NULL, SEND_CONFIG },
		{ 502, 504, NULL, SEND_RETRY },
		{ 500, 599, NULL, SEND_BOUNDED }, /* not to be retried, says OTLP; Pyroscope says it of its backend */
	};

	_cleanup_(buf_done) struct buf message = {};
	const char *text = answer_body(r);

	if (answer_outcome(r, ret))
		return;
	if (r->status >= 300 && otlp_v1development_error(&r->body, &message) == 0 && message.size > 0)
		text = message.data;
	answer_by_rules(rules, ARRAY_SIZE(rules), SEND_CONFIG, "HTTP", r->status, text, ret);
	if (ret->result == SEND_DONE)
		classify_partial(r, ret);
}

const struct target_ops target_otlp = {
	.name = "otlp",
	.interval_ns = 10 * NS_PER_S,
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
