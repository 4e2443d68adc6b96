// SPDX-License-Identifier: Apache-2.0
/*
 * target http: POST of a gzipped pprof to any URL; see uploader/template.h for what may stand in URL and headers.
 *
 * target hub: another cpuhound, which takes the windows of a fleet. The contract, version 1:
 *
 *	POST {url}/api/v1/windows
 *	Content-Type: application/vnd.google.protobuf+gzip     a pprof, gzipped, with the ledger in its comments
 *	Cpuhound-Batch: 32 hex digits                          the same for the same windows, whenever they are sent
 *	Cpuhound-Part: 0                                       0, 1, ... of a batch that was too large for one request
 *	Cpuhound-Host: NAME                                    percent-encoded
 *	Cpuhound-Start, Cpuhound-End: N                        ns since 1970: the interval
 *
 *	2xx       taken, durably; also what was taken before (batch and part tell)
 *	400, 422  never: no such profile
 *	401, 403, 404, 415   never, until something is configured otherwise
 *	410       too old for this hub
 *	413       too large: in halves
 *	429, 503  later; with Retry-After, not before
 *
 * Codes of any HTTP server: RFC 9110, section 15.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "uploader/answer.h"
#include "uploader/target-start.h"
#include "uploader/template.h"

#define HUB_MAX_BYTES ((size_t)32 << 20)
#define CONTENT_TYPE "application/vnd.google.protobuf+gzip"

static int check_http(const struct target_config *c, char ret_reason[static TARGET_REASON_BYTES])
{
	struct target_config bare = *c;
	char url[TARGET_REASON_BYTES];
	int r = template_check(c->url, ret_reason);

	for (size_t i = 0; r == 0 && i < c->n_headers; i++)
		r = template_check(c->headers[i], ret_reason);
	if (r == TEMPLATE_BAD)
		return TARGET_BAD_CONFIG;
	/* Other kinds put a path behind the URL, and so it must have no query. Here it may. */
	snprintf(url, sizeof(url), "%.*s", (int)strcspn(c->url, "?"), c->url);
	bare.url = url;
	return target_check_start(&bare, ret_reason);
}

static int request_http(const struct target_config *c, const struct batch *b, const struct profile_part *part,
			unsigned int step, int64_t now_ns, struct upload_request *ret)
{
	const struct profile_part_options whole = {};
	int r;

	if (step > 0)
		return TARGET_NO_MORE;
	upload_request_clear(ret);
	ret->method = "POST";
	r = template_add(c->url, c, b, part, &ret->url);
	if (r == 0)
		r = target_add_header(ret, "Content-Type", CONTENT_TYPE);
	for (size_t i = 0; r == 0 && i < c->n_headers; i++) {
		r = template_add(c->headers[i], c, b, part, &ret->headers);
		if (r == 0)
			r = buf_add_char(&ret->headers, '\n');
	}
	return r < 0 ? r : target_add_pprof(part, &whole, &ret->body);
}

static int request_hub(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		       unsigned int step, int64_t now_ns, struct upload_request *ret)
{
	const struct profile_part_options whole = {};
	int r;

	if (step > 0)
		return TARGET_NO_MORE;
	r = target_start_request(c, "POST", "/api/v1/windows", ret);
	if (r == 0)
		r = target_add_header(ret, "Content-Type", CONTENT_TYPE);
	if (r == 0)
		r = template_add("Cpuhound-Batch: {id}\nCpuhound-Part: {part}\nCpuhound-Host: {host}\n", c, b, part,
				 &ret->headers);
	if (r == 0)
		r = buf_printf(&ret->headers, "Cpuhound-Start: %" PRId64 "\nCpuhound-End: %" PRId64 "\n", b->start_ns,
			       b->end_ns);
	return r < 0 ? r : target_add_pprof(part, &whole, &ret->body);
}

/* Samples have their labels; there is no place for one beside them. */
static int check_hub(const struct target_config *c, char ret_reason[static TARGET_REASON_BYTES])
{
	if (c->n_labels > 0) {
		snprintf(ret_reason, TARGET_REASON_BYTES, "labels: a hub takes those of [labels] only");
		return TARGET_BAD_CONFIG;
	}
	return target_check_start(c, ret_reason);
}

static void classify(const struct upload_response *r, struct send_answer *ret)
{
	static const struct answer_rule rules[] = {
		{ 200, 299, NULL, SEND_DONE },    { 408, 408, NULL, SEND_RETRY },     { 425, 425, NULL, SEND_RETRY },
		{ 429, 429, NULL, SEND_RETRY },   { 400, 400, NULL, SEND_REJECTED },  { 422, 422, NULL, SEND_REJECTED },
		{ 410, 410, NULL, SEND_TOO_OLD }, { 413, 413, NULL, SEND_TOO_LARGE }, { 409, 409, NULL, SEND_BOUNDED },
		{ 502, 504, NULL, SEND_RETRY },   { 501, 501, NULL, SEND_CONFIG },    { 505, 505, NULL, SEND_CONFIG },
		{ 500, 599, NULL, SEND_BOUNDED },
	};

	if (!answer_outcome(r, ret))
		answer_by_rules(rules, ARRAY_SIZE(rules), SEND_CONFIG, "HTTP", r->status, answer_body(r), ret);
}

const struct target_ops target_http = {
	.name = "http",
	.interval_ns = 10 * NS_PER_S,
	.check = check_http,
	.request = request_http,
	.classify = classify,
};

const struct target_ops target_hub = {
	.name = "hub",
	.interval_ns = 10 * NS_PER_S,
	.is_idempotent = true,
	.limits = { .max_bytes = HUB_MAX_BYTES, .keeps_empty = true }, /* an idle host has its time, too */
	.check = check_hub,
	.request = request_hub,
	.classify = classify,
};
