// SPDX-License-Identifier: Apache-2.0
#include "web/response.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/compress.h"
#include "common/parse.h"
#include "web/encoding.h"
#include "web/listener.h"
#include "web/page-files.h"
#include "web/routes.h"

#define DATA_POLICY "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
#define PAGE_POLICY                                                                                                    \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "          \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

struct named_value {
	const char *name, *value;
};

static const struct named_value common_headers[] = {
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Referrer-Policy", "no-referrer" },
	{ "X-Content-Type-Options", "nosniff" },
};
static const struct named_value data_headers[] = {
	{ MHD_HTTP_HEADER_CACHE_CONTROL, "no-store" },
	{ "Content-Security-Policy", DATA_POLICY },
};
/* A kept file is asked for again, with its ETag: so a new version is there at once. */
static const struct named_value page_headers[] = {
	{ MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache" },
	{ "Content-Security-Policy", PAGE_POLICY },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
};

const char *response_header(struct web_connection *c, const char *name)
{
	return MHD_lookup_connection_value(c->handle, MHD_HEADER_KIND, name);
}

static enum MHD_Result add_headers(struct MHD_Response *response, const struct named_value *headers, size_t n)
{
	enum MHD_Result r = MHD_YES;

	for (size_t i = 0; r == MHD_YES && i < n; i++)
		r = MHD_add_response_header(response, headers[i].name, headers[i].value);
	return r;
}

static enum MHD_Result add_own_headers(struct MHD_Response *response, const struct response *o)
{
	enum MHD_Result r = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, o->type);

	for (size_t i = 0; r == MHD_YES && i < ARRAY_SIZE(o->extra) && o->extra[i].name; i++)
		r = MHD_add_response_header(response, o->extra[i].name, o->extra[i].value);
	return r;
}

enum MHD_Result response_send(struct web_connection *c, const struct response *o, struct MHD_Response *response)
{
	enum MHD_Result r;

	c->listener->connections->counts.n[response ? web_count_of_status(o->status) : WEB_N_FAILED]++;
	if (!response)
		return MHD_NO;
	web_connection_enter(c, WEB_SENDING, clock_now_ns(CLOCK_MONOTONIC));
	r = add_headers(response, common_headers, ARRAY_SIZE(common_headers));
	if (r == MHD_YES)
		r = o->is_page ? add_headers(response, page_headers, ARRAY_SIZE(page_headers))
			       : add_headers(response, data_headers, ARRAY_SIZE(data_headers));
	if (r == MHD_YES)
		r = add_own_headers(response, o);
	if (r == MHD_YES)
		r = MHD_queue_response(c->handle, o->status, response);
	MHD_destroy_response(response);
	return r;
}

/* A body that is on its way already; with Expect: 100-continue it waits. */
static bool is_sending(struct web_connection *c)
{
	const char *length = response_header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t n, max = c->listener->site == WEB_SITE_HUB ? WEB_MAX_BODY_BYTES : RESPONSE_MAX_IGNORED_BYTES;

	return !c->is_refused && c->state == WEB_READING && length && parse_u64(length, 10, &n) == 0 && n > 0 &&
	       n <= max && !response_header(c, MHD_HTTP_HEADER_EXPECT);
}

static enum MHD_Result send_line_later(struct web_connection *c, const struct response *o, const char *text)
{
	c->is_refused = true;
	c->refusal_header = o->extra[0].name;
	c->refusal_value = o->extra[0].value;
	c->answer.status = o->status;
	snprintf(c->answer.text, sizeof(c->answer.text), "%s", text);
	web_connection_enter(c, WEB_TAKING, clock_now_ns(CLOCK_MONOTONIC));
	return MHD_YES;
}

enum MHD_Result response_send_line(struct web_connection *c, const struct response *o, const char *text)
{
	char line[WEB_TEXT_BYTES + 1];
	int n;

	if (is_sending(c))
		return send_line_later(c, o, text);
	n = snprintf(line, sizeof(line), "%s\n", text);
	return response_send(c, o, MHD_create_response_from_buffer((size_t)n, line, MHD_RESPMEM_MUST_COPY));
}

enum MHD_Result response_refuse(struct web_connection *c, unsigned int status, const char *text)
{
	return response_send_line(c, &(struct response){ .status = status, .type = RESPONSE_TEXT }, text);
}

enum MHD_Result response_refuse_at_last(struct web_connection *c)
{
	const struct response o = {
		.status = c->answer.status,
		.type = RESPONSE_TEXT,
		.extra = { { c->refusal_header, c->refusal_value } },
	};

	return response_send_line(c, &o, c->answer.text);
}

/* NULL: no memory. */
static struct MHD_Response *unpack(const struct page_file *file)
{
	_cleanup_(buf_done) struct buf plain = {};

	if (decompress_add(file->gzip, file->n_gzip_bytes, file->n_bytes, &plain) < 0)
		return NULL;
	return MHD_create_response_from_buffer(plain.size, plain.data, MHD_RESPMEM_MUST_COPY);
}

enum MHD_Result response_send_page(struct web_connection *c, const struct page_file *file)
{
	struct response o = {
		.status = MHD_HTTP_OK,
		.type = file->content_type,
		.extra = { { MHD_HTTP_HEADER_ETAG, file->etag },
			   { MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING } },
		.is_page = true,
	};

	if (web_has_etag(response_header(c, MHD_HTTP_HEADER_IF_NONE_MATCH), file->etag)) {
		o.status = MHD_HTTP_NOT_MODIFIED;
		return response_send(c, &o, MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
	}
	if (!web_accepts_gzip(response_header(c, MHD_HTTP_HEADER_ACCEPT_ENCODING)))
		return response_send(c, &o, unpack(file));
	o.extra[2].name = MHD_HTTP_HEADER_CONTENT_ENCODING;
	o.extra[2].value = "gzip";
	return response_send(c, &o,
			     MHD_create_response_from_buffer(file->n_gzip_bytes, (void *)(uintptr_t)file->gzip,
							     MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result send_file(struct web_connection *c, const struct response *o)
{
	struct MHD_Response *response = NULL;
	struct stat st;

	if (fstat(c->answer.body_fd, &st) == 0)
		response = MHD_create_response_from_fd64((uint64_t)st.st_size, c->answer.body_fd);
	if (response)
		c->answer.body_fd = -1; /* closed with the response */
	return response_send(c, o, response);
}

static void add_extra(struct response *o, const char *name, const char *value)
{
	size_t i = 0;

	while (o->extra[i].name)
		i++;
	o->extra[i].name = name;
	o->extra[i].value = value;
}

enum MHD_Result response_pass_on(struct web_connection *c, const struct web_route *route)
{
	bool is_question = c->request.kind == WEB_QUESTION;
	const char *name = is_question ? question_file_name(&c->request.question) : route->attachment;
	struct response o = { .status = c->answer.status, .type = RESPONSE_TEXT };
	char text[96];

	if (c->answer.status == 0)
		return MHD_NO;
	if (c->answer.retry_after_s != 0) {
		snprintf(text, sizeof(text), "%u", c->answer.retry_after_s);
		add_extra(&o, MHD_HTTP_HEADER_RETRY_AFTER, text);
	}
	if (c->answer.body_fd < 0)
		return response_send_line(c, &o, c->answer.text);
	o.type = is_question ? question_content_type(&c->request.question) : route->content_type;
	if (name) {
		snprintf(text, sizeof(text), "attachment; filename=\"%s\"", name);
		add_extra(&o, MHD_HTTP_HEADER_CONTENT_DISPOSITION, text);
	}
	if (is_question)
		add_extra(&o, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
	if (is_question && web_request_is_packed(&c->request))
		add_extra(&o, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return send_file(c, &o);
}
