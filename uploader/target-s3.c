// SPDX-License-Identifier: Apache-2.0
/*
 * target s3: objects in an S3-compatible store (AWS S3 API reference: PutObject, error responses; signatures:
 * uploader/sigv4.h). A batch is two objects, the pprof for people and the flat rows for query engines, which read no
 * pprof:
 *
 *   PREFIX/v1/dt=2026-11-22/hour=10/cluster=C/host=H/START_NS-DURATION_S-ID.pb.gz
 *                                                                  .../same.ndjson.zst
 *
 * A key is the same at every try, and `If-None-Match: *` lets only the first one write: 412 is a success, and a
 * repeated push changes nothing. Where a server does not know the header, it writes the same again.
 */
#include "uploader/target-s3.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/compress.h"
#include "common/json.h"
#include "pprof/copier.h"
#include "uploader/answer.h"
#include "uploader/rows.h"
#include "uploader/sigv4.h"
#include "uploader/target-start.h"

#define DEFAULT_REGION "us-east-1"
#define ID_CHARS 16 /* of the batch's id */

enum step {
	STEP_PPROF,
	STEP_ROWS,
	N_STEPS,
};

static const struct {
	const char *suffix, *content_type;
} objects[N_STEPS] = {
	[STEP_PPROF] = { ".pb.gz", "application/octet-stream" },
	[STEP_ROWS] = { ".ndjson.zst", "application/zstd" },
};

static int missing(const char *key, char *ret_reason)
{
	snprintf(ret_reason, TARGET_REASON_BYTES, "%s is missing", key);
	return TARGET_BAD_CONFIG;
}

static int check_prefix(const char *prefix, char *ret_reason)
{
	if (prefix[0] != '/' && !strstr(prefix, "//") && !strstr(prefix, ".."))
		return 0;
	snprintf(ret_reason, TARGET_REASON_BYTES, "prefix: '%.100s' begins with '/', or has '//' or '..' in it",
		 prefix);
	return TARGET_BAD_CONFIG;
}

static int check(const struct target_config *c, char ret_reason[static TARGET_REASON_BYTES])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	int r = target_check_start(c, ret_reason);
	const char *path;

	if (r != 0)
		return r;
	path = strchr(strstr(c->url, "//") + 2, '/');
	if (path && path[1]) {
		snprintf(ret_reason, TARGET_REASON_BYTES, "url: '%.100s' has a path: an S3 endpoint has none", c->url);
		return TARGET_BAD_CONFIG;
	}
	if (!*c->bucket)
		return missing("bucket", ret_reason);
	if (c->bucket[strspn(c->bucket, letters)]) {
		snprintf(ret_reason, TARGET_REASON_BYTES, "bucket: '%.100s' is no name of a bucket", c->bucket);
		return TARGET_BAD_CONFIG;
	}
	if (!*c->access_key)
		return missing("access_key", ret_reason);
	if (!*c->secret_key)
		return missing("secret_key_file", ret_reason);
	return check_prefix(c->prefix, ret_reason);
}

/* -- the key -- */

/* One part of the key: what query engines read as a value. */
static int add_segment(const char *name, const char *value, struct buf *ret)
{
	int r = buf_printf(ret, "%s=", name);

	for (; r == 0 && *value; value++)
		r = buf_add_char(ret, isalnum((unsigned char)*value) || strchr("._-", *value) ? *value : '_');
	return r < 0 ? r : buf_add_char(ret, '/');
}

static int add_prefix(const struct target_config *c, struct buf *ret)
{
	int r = buf_add_str(ret, c->prefix);

	if (r == 0 && *c->prefix && c->prefix[strlen(c->prefix) - 1] != '/')
		r = buf_add_char(ret, '/');
	return r;
}

/* The batch's second and later parts, which only a profile beyond all limits has, say so behind the id. */
static int add_name(const struct batch *b, const struct profile_part *part, unsigned int step, struct buf *ret)
{
	int r = buf_printf(ret, "%" PRId64 "-%" PRId64 "-%.*s", b->start_ns,
			   (b->end_ns - b->start_ns) / (int64_t)NS_PER_S, ID_CHARS, b->id);

	if (r == 0 && part->number > 0)
		r = buf_printf(ret, "-%u", part->number);
	return r < 0 ? r : buf_add_str(ret, objects[step].suffix);
}

static int add_key(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		   unsigned int step, struct buf *ret)
{
	time_t seconds = (time_t)(b->start_ns / (int64_t)NS_PER_S);
	char folder[32];
	struct tm tm;
	int r;

	if (b->start_ns < 0 || !gmtime_r(&seconds, &tm))
		return -EINVAL;
	strftime(folder, sizeof(folder), "v1/dt=%Y-%m-%d/hour=%H/", &tm);
	r = add_prefix(c, ret);
	if (r == 0)
		r = buf_add_str(ret, folder);
	if (r == 0)
		r = add_segment("cluster", *c->cluster ? c->cluster : "default", ret);
	if (r == 0)
		r = add_segment("host", b->host, ret);
	return r < 0 ? r : add_name(b, part, step, ret);
}

/* -- the body -- */

static int add_row_head(const struct batch *b, const struct profile *p, struct buf *ret)
{
	int r = buf_add_str(ret, "{\"ts\":");

	if (r == 0)
		r = rows_add_time(p->time_ns, ret);
	if (r == 0)
		r = buf_printf(ret, ",\"duration_ns\":%" PRId64 ",\"host\":", p->duration_ns);
	return r < 0 ? r : json_add_quoted(b->host, ret);
}

static int add_row(const struct target_config *c, const struct batch *b, const struct profile *p,
		   const struct profile_sample *s, struct buf *ret)
{
	/* Columns of their own: they are there in every row, so that no file lacks one. */
	static const struct {
		const char *column, *label;
	} columns[] = {
		{ "service", "service_name" },
		{ "container", "container" },
		{ "comm", "comm" },
	};
	static const char *const without[] = { "host", "service_name", "container", "comm", NULL };
	int r = add_row_head(b, p, ret);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(columns); i++) {
		r = buf_printf(ret, ",\"%s\":", columns[i].column);
		if (r == 0)
			r = rows_add_label(c, s, columns[i].label, ret);
	}
	if (r == 0)
		r = buf_add_str(ret, ",\"labels\":");
	if (r == 0)
		r = rows_add_labels(c, s, without, ret);
	if (r == 0)
		r = buf_add_str(ret, ",\"stack\":");
	if (r == 0)
		r = rows_add_stack(s, ret);
	return r < 0 ? r
		     : buf_printf(ret, ",\"samples\":%" PRId64 ",\"cpu_ns\":%" PRId64 "}\n", s->values[COPIER_COUNT],
				  s->values[COPIER_CPU_NS]);
}

/* Ten minutes of a large host are some 100 MB of rows: only what they are compressed to is in memory. */
static int add_rows(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		    struct buf *ret)
{
	_cleanup_(zstd_stream_freep) struct zstd_stream *zstd = NULL;
	_cleanup_(buf_done) struct buf row = {};
	int r = zstd_stream_new(&zstd);

	for (size_t i = 0; r == 0 && i < part->n_samples; i++) {
		buf_clear(&row);
		r = add_row(c, b, part->profile, part->samples[i], &row);
		if (r == 0)
			r = zstd_stream_add(zstd, row.data, row.size, ret);
	}
	return r < 0 ? r : zstd_stream_end(zstd, ret);
}

/* -- the request -- */

/* Host as it will be sent: libcurl leaves the scheme's own port out. */
static int add_host(const struct target_config *c, struct buf *ret)
{
	bool is_tls = strncmp(c->url, "https:", 6) == 0;
	const char *host = strstr(c->url, "//") + 2, *port = is_tls ? ":443" : ":80";
	size_t n = strcspn(host, "/"), n_port = strlen(port);
	int r = 0;

	if (n > n_port && strncmp(host + n - n_port, port, n_port) == 0)
		n -= n_port;
	if (c->virtual_host_style)
		r = buf_printf(ret, "%s.", c->bucket);
	return r < 0 ? r : buf_add(ret, host, n);
}

static int add_path(const struct target_config *c, const struct buf *key, struct buf *ret)
{
	int r = buf_add_char(ret, '/');

	if (r == 0 && !c->virtual_host_style)
		r = buf_printf(ret, "%s/", c->bucket);
	return r < 0 ? r : sigv4_add_path(key->data, ret);
}

static int add_url(const struct target_config *c, const char *host, const char *path, struct upload_request *ret)
{
	int r;

	buf_clear(&ret->url);
	r = buf_add(&ret->url, c->url, (size_t)(strstr(c->url, "//") + 2 - c->url));
	return r < 0 ? r : buf_printf(&ret->url, "%s%s", host, path);
}

/* A GET has no body, and so none of these headers. */
static int sign(const struct target_config *c, unsigned int step, const char *host, const char *path, int64_t now_ns,
		struct upload_request *ret)
{
	const struct sigv4_key key = { c->access_key, c->secret_key, c->session_token,
				       *c->region ? c->region : DEFAULT_REGION };
	const struct sigv4_header headers[] = {
		{ "content-type", objects[step].content_type },
		{ "if-none-match", "*" },
	};
	const struct sigv4_request request = {
		.method = ret->method,
		.host = host,
		.path = path,
		.headers = headers,
		.n_headers = ret->body.size > 0 ? ARRAY_SIZE(headers) : 0,
		.body = ret->body.data,
		.body_size = ret->body.size,
	};

	return sigv4_add_headers(&key, &request, now_ns, &ret->headers);
}

static int address_and_sign(const struct target_config *c, const struct batch *b, const struct profile_part *part,
			    unsigned int step, int64_t now_ns, struct upload_request *ret)
{
	_cleanup_(buf_done) struct buf key = {}, host = {}, path = {};
	int r = add_key(c, b, part, step, &key);

	if (r == 0)
		r = add_host(c, &host);
	if (r == 0)
		r = add_path(c, &key, &path);
	if (r == 0)
		r = add_url(c, host.data, path.data, ret);
	return r < 0 ? r : sign(c, step, host.data, path.data, now_ns, ret);
}

static int request(const struct target_config *c, const struct batch *b, const struct profile_part *part,
		   unsigned int step, int64_t now_ns, struct upload_request *ret)
{
	const struct profile_part_options whole = {};
	int r;

	if (step >= N_STEPS)
		return TARGET_NO_MORE;
	r = target_start_request(c, "PUT", "", ret);
	if (r == 0)
		r = step == STEP_PPROF ? target_add_pprof(part, &whole, &ret->body) : add_rows(c, b, part, &ret->body);
	return r < 0 ? r : address_and_sign(c, b, part, step, now_ns, ret);
}

int target_s3_ask(const struct target_config *c, const struct batch *b, const struct profile_part *part, int64_t now_ns,
		  struct upload_request *ret)
{
	int r = target_start_request(c, "GET", "", ret);

	return r < 0 ? r : address_and_sign(c, b, part, STEP_PPROF, now_ns, ret);
}

/* The body is XML: <Error><Code>NoSuchBucket</Code><Message>... */
static const char *error_of(const struct upload_response *r)
{
	const char *code = strstr(answer_body(r), "<Code>");

	return code ? code : answer_body(r);
}

static void classify(const struct upload_response *r, struct send_answer *ret)
{
	/*
	 * 413 comes from something in between that must learn to take such bodies:
	 * halves of what is stored already would be stored again.
	 */
	static const struct answer_rule rules[] = {
		{ 200, 299, NULL, SEND_DONE },
		{ 412, 412, NULL, SEND_DONE },  /* it is there already */
		{ 408, 409, NULL, SEND_RETRY }, /* ConditionalRequestConflict: another try of the same is running */
		{ 429, 429, NULL, SEND_RETRY },
		{ 400, 400, "<Code>RequestTimeout</Code>", SEND_RETRY },
		{ 400, 400, "<Code>AuthorizationHeaderMalformed</Code>", SEND_CONFIG }, /* another region */
		{ 400, 400, "<Code>ExpiredToken</Code>", SEND_CONFIG },
		{ 400, 400, "<Code>InvalidToken</Code>", SEND_CONFIG },
		{ 400, 400, "<Code>InvalidBucketName</Code>", SEND_CONFIG },
		{ 400, 400, NULL, SEND_REJECTED },
		{ 403, 403, "<Code>RequestTimeTooSkewed</Code>", SEND_RETRY }, /* its Date tells the right time */
		{ 501, 501, NULL, SEND_CONFIG },
		{ 500, 599, NULL, SEND_RETRY }, /* it does not look into the body, so that is no reason */
	};

	if (answer_outcome(r, ret))
		return;
	answer_by_rules(rules, ARRAY_SIZE(rules), SEND_CONFIG, "HTTP", r->status, error_of(r), ret);
}

const struct target_ops target_s3 = {
	.name = "s3",
	.interval_ns = 600 * NS_PER_S,
	.is_idempotent = true,
	.check = check,
	.request = request,
	.classify = classify,
};
