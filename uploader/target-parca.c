// SPDX-License-Identifier: Apache-2.0
/*
 * target parca: Parca's ProfileStoreService/WriteRaw, by gRPC (parca-dev/parca
 * proto/parca/profilestore/v1alpha1/profilestore.proto; framing: grpc/grpc doc/PROTOCOL-HTTP2.md). Also Polar Signals
 * Cloud. WriteRaw drops labels of samples: each set of labels is a series, and threads are not told apart.
 *
 * Limits: messages of 64 MiB, and what its pprof checks ask for (pkg/normalizer/validate.go: ids 1..n in order), which
 * is how our profiles are. Names of labels are Prometheus'. There is no limit on age.
 */
#include <endian.h>
#include <string.h>

#include "common/clock.h"
#include "pprof/message.h"
#include "uploader/answer.h"
#include "uploader/parca.pb-c.h"
#include "uploader/series-labels.h"
#include "uploader/target-start.h"

#define MAX_RAW_BYTES ((size_t)8 << 20)
#define PART_SHIFT_NS ((int64_t)NS_PER_MS)

static const char *const series_keys[] = { "*", "comm", "stack", NULL };

static const struct series_label_rules label_rules = {
	.plain_names = true,
	.max_labels = SERIES_LABELS_MAX,
	.max_name_bytes = 1024,
	.max_value_bytes = 4096,
};

/* The message behind its head: not compressed, and its length. */
static int add_framed(const Parca__WriteRawRequest *request, struct buf *ret)
{
	size_t size = parca__write_raw_request__get_packed_size(request);
	uint32_t length = htobe32((uint32_t)size);
	int r;

	if (size > UINT32_MAX)
		return -EFBIG;
	r = buf_add_char(ret, 0);
	if (r == 0)
		r = buf_add(ret, &length, sizeof(length));
	return r < 0 ? r : message_add(ret, &request->base);
}

static int pack(const struct series_labels *labels, struct buf *pprof, struct buf *ret)
{
	Parca__Label items[SERIES_LABELS_MAX], *item_ptrs[SERIES_LABELS_MAX];
	Parca__LabelSet set = PARCA__LABEL_SET__INIT;
	Parca__RawSample sample = PARCA__RAW_SAMPLE__INIT, *sample_ptr = &sample;
	Parca__RawProfileSeries series = PARCA__RAW_PROFILE_SERIES__INIT, *series_ptr = &series;
	Parca__WriteRawRequest request = PARCA__WRITE_RAW_REQUEST__INIT;

	for (size_t i = 0; i < labels->n; i++) {
		parca__label__init(&items[i]);
		items[i].name = labels->items[i].name;
		items[i].value = labels->items[i].value;
		item_ptrs[i] = &items[i];
	}
	set.labels = item_ptrs;
	set.n_labels = labels->n;
	sample.raw_profile.data = (uint8_t *)pprof->data;
	sample.raw_profile.len = pprof->size;
	series.labels = &set;
	series.samples = &sample_ptr;
	series.n_samples = 1;
	request.series = &series_ptr;
	request.n_series = 1;
	request.normalized = true;
	return add_framed(&request, ret);
}

/* Its page of agents goes by "node". */
static int add_labels(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		      struct series_labels *ret)
{
	int r = series_labels_put(ret, &label_rules, "__name__", "process_cpu");

	if (r == 0)
		r = series_labels_add(ret, &label_rules, c, part);
	return r < 0 ? r : series_labels_put(ret, &label_rules, "node", b->host);
}

static int add_body(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		    struct upload_request *ret)
{
	const struct profile_part_options options = {
		.drops_series_labels = true,
		.shift_ns = part->index * PART_SHIFT_NS,
	};
	_cleanup_(series_labels_done) struct series_labels labels = {};
	_cleanup_(buf_done) struct buf pprof = {};
	int r;

	r = add_labels(c, b, part, &labels);
	if (r == 0)
		r = target_add_pprof(part, &options, &pprof);
	if (r < 0)
		return r;
	ret->n_cut_labels = labels.n_cut;
	return pack(&labels, &pprof, &ret->body);
}

static int request(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		   unsigned int step, int64_t now_ns, struct upload_request *ret)
{
	int r;

	if (step > 0)
		return TARGET_NO_MORE;
	r = target_start_request(c, "POST", "/parca.profilestore.v1alpha1.ProfileStoreService/WriteRaw", ret);
	if (r == 0)
		r = target_add_header(ret, "Content-Type", "application/grpc");
	if (r == 0)
		r = target_add_header(ret, "TE", "trailers");
	ret->is_grpc = true;
	return r < 0 ? r : add_body(c, b, part, ret);
}

enum grpc_status {
	GRPC_OK = 0,
	GRPC_UNKNOWN = 2,
	GRPC_PERMISSION_DENIED = 7,
	GRPC_UNIMPLEMENTED = 12,
	GRPC_INTERNAL = 13,
	GRPC_UNAVAILABLE = 14,
	GRPC_UNAUTHENTICATED = 16,
};

/* What stands for a status where none came (grpc/grpc doc/http-grpc-status-mapping.md). */
static uint32_t status_of_http(unsigned int status)
{
	switch (status) {
	case 400:
		return GRPC_INTERNAL;
	case 401:
		return GRPC_UNAUTHENTICATED;
	case 403:
		return GRPC_PERMISSION_DENIED;
	case 404:
		return GRPC_UNIMPLEMENTED;
	case 429:
	case 502:
	case 503:
	case 504:
		return GRPC_UNAVAILABLE;
	}
	return GRPC_UNKNOWN;
}

static void classify(const struct upload_response *r, struct send_answer *ret)
{
	static const struct answer_rule rules[] = {
		{ GRPC_OK, GRPC_OK, NULL, SEND_DONE },
		{ 1, 1, NULL, SEND_RETRY },                         /* CANCELLED */
		{ GRPC_UNKNOWN, GRPC_UNKNOWN, NULL, SEND_BOUNDED }, /* errors of its storage; a broken gzip, too */
		{ 3, 3, NULL, SEND_REJECTED },                      /* INVALID_ARGUMENT */
		{ 4, 4, NULL, SEND_RETRY },                         /* DEADLINE_EXCEEDED */
		{ 8, 8, "larger than max", SEND_TOO_LARGE },        /* RESOURCE_EXHAUSTED, for ever */
		{ 8, 8, NULL, SEND_RETRY },
		{ 10, 11, NULL, SEND_RETRY }, /* ABORTED, OUT_OF_RANGE */
		{ GRPC_INTERNAL, GRPC_INTERNAL, NULL, SEND_BOUNDED },
		{ 14, 15, NULL, SEND_RETRY }, /* UNAVAILABLE, DATA_LOSS */
		{ 5, 6, NULL, SEND_BOUNDED }, /* NOT_FOUND, ALREADY_EXISTS: it has no reason to say so */
		{ 9, 9, NULL, SEND_BOUNDED }, /* FAILED_PRECONDITION */
	};
	const char *text = r->grpc_message.data ? r->grpc_message.data : "";

	/* A stream that is reset behind its status has been answered. */
	if (answer_outcome(r, ret) && r->grpc_status < 0)
		return;
	if (r->grpc_status >= 0)
		answer_by_rules(rules, ARRAY_SIZE(rules), SEND_CONFIG, "gRPC", (uint32_t)r->grpc_status, text, ret);
	else if (r->status == 413)
		answer_by_rules(NULL, 0, SEND_TOO_LARGE, "HTTP", r->status, "", ret);
	else if (r->status == 200)
		answer_by_rules(NULL, 0, SEND_RETRY, "HTTP", r->status, "no grpc-status", ret);
	else
		answer_by_rules(rules, ARRAY_SIZE(rules), SEND_CONFIG, "gRPC", status_of_http(r->status),
				answer_body(r), ret);
}

const struct target_ops target_parca = {
	.name = "parca",
	.interval_ns = 10 * NS_PER_S,
	.limits = {
		.max_bytes = MAX_RAW_BYTES,
		.series_keys = series_keys,
		.part_shift_ns = PART_SHIFT_NS,
	},
	.check = target_check_start,
	.request = request,
	.classify = classify,
};
