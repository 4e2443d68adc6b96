// SPDX-License-Identifier: Apache-2.0
#include "web/handler.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/fsutil.h"
#include "common/parse.h"
#include "web/address.h"
#include "web/host.h"
#include "web/listener.h"
#include "web/routes.h"
#include "web/token.h"

#define TEXT "text/plain; charset=utf-8"
#define MAX_BODY_BYTES ((uint64_t)4 << 20) /* that is read and ignored: the addresses of 200,000 unnamed frames */

/* What an answer has beside its body. */
struct outline {
	unsigned int status;
	const char *type;
	const char *extra_name, *extra_value; /* one more header; NULL: none */
};

static const struct {
	const char *name, *value;
} common_headers[] = {
	{ "Cache-Control", "no-store" },
	{ "Content-Security-Policy",
	  "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Referrer-Policy", "no-referrer" },
	{ "X-Content-Type-Options", "nosniff" },
};

/* Takes the response over; NULL: there was no memory for it. */
static enum MHD_Result respond(struct web_connection *c, const struct outline *o, struct MHD_Response *response)
{
	enum MHD_Result r = MHD_YES;

	c->listener->connections->counts.n[response ? web_count_of_status(o->status) : WEB_N_FAILED]++;
	if (!response)
		return MHD_NO;
	web_connection_enter(c, WEB_SENDING, clock_now_ns(CLOCK_MONOTONIC));
	for (size_t i = 0; r == MHD_YES && i < ARRAY_SIZE(common_headers); i++)
		r = MHD_add_response_header(response, common_headers[i].name, common_headers[i].value);
	if (r == MHD_YES)
		r = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, o->type);
	if (r == MHD_YES && o->extra_name)
		r = MHD_add_response_header(response, o->extra_name, o->extra_value);
	if (r == MHD_YES)
		r = MHD_queue_response(c->handle, o->status, response);
	MHD_destroy_response(response);
	return r;
}

static const char *header(struct web_connection *c, const char *name)
{
	return MHD_lookup_connection_value(c->handle, MHD_HEADER_KIND, name);
}

/* A body that is on its way already; with Expect: 100-continue it waits. */
static bool is_sending(struct web_connection *c)
{
	const char *length = header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t n, max = c->listener->site == WEB_SITE_HUB ? WEB_MAX_BODY_BYTES : MAX_BODY_BYTES;

	return !c->is_refused && c->state == WEB_READING && length && parse_u64(length, 10, &n) == 0 && n > 0 &&
	       n <= max && !header(c, MHD_HTTP_HEADER_EXPECT);
}

static enum MHD_Result respond_later(struct web_connection *c, const struct outline *o, const char *text)
{
	c->is_refused = true;
	c->refusal_header = o->extra_name;
	c->refusal_value = o->extra_value;
	c->answer.status = o->status;
	snprintf(c->answer.text, sizeof(c->answer.text), "%s", text);
	web_connection_enter(c, WEB_TAKING, clock_now_ns(CLOCK_MONOTONIC));
	return MHD_YES;
}

static enum MHD_Result respond_with_line(struct web_connection *c, const struct outline *o, const char *text)
{
	char line[WEB_TEXT_BYTES + 1];
	int n;

	if (is_sending(c))
		return respond_later(c, o, text);
	n = snprintf(line, sizeof(line), "%s\n", text);
	return respond(c, o, MHD_create_response_from_buffer((size_t)n, line, MHD_RESPMEM_MUST_COPY));
}

static enum MHD_Result refuse(struct web_connection *c, unsigned int status, const char *text)
{
	return respond_with_line(c, &(struct outline){ .status = status, .type = TEXT }, text);
}

static bool is_for_us(struct web_connection *c)
{
	const char *host = header(c, MHD_HTTP_HEADER_HOST);
	struct sockaddr_storage local = {};
	struct in6_addr address;
	socklen_t size = sizeof(local);

	if (!host || getsockname(c->fd, (struct sockaddr *)&local, &size) < 0)
		return false;
	address = web_address_of((const struct sockaddr *)&local);
	return web_host_is_ours(host, &address, &c->listener->settings);
}

/* The token that was shown. False: one is needed. */
static bool is_welcome(struct web_connection *c, const struct web_token **ret)
{
	const struct web_settings *settings = &c->listener->settings;

	*ret = NULL;
	if (!settings->tokens[0].secret[0])
		return true;
	*ret = web_token_find(header(c, MHD_HTTP_HEADER_AUTHORIZATION), settings);
	return *ret;
}

static bool is_pushed(const struct web_route *route, const char *method)
{
	return route->post_kind != 0 && strcmp(method, MHD_HTTP_METHOD_POST) == 0;
}

static bool has_small_body(struct web_connection *c, bool is_allowed)
{
	const char *length = header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t n = 0;

	if (header(c, MHD_HTTP_HEADER_TRANSFER_ENCODING) || (length && parse_u64(length, 10, &n) < 0))
		return false;
	return n == 0 || (is_allowed && n <= MAX_BODY_BYTES);
}

static enum MHD_Result refuse_body(struct web_connection *c, uint64_t n_bytes)
{
	char text[WEB_TEXT_BYTES];

	snprintf(text, sizeof(text), "the body has %" PRIu64 " bytes: hub.max_body_mb allows %" PRIu32, n_bytes,
		 c->listener->settings.max_body_bytes);
	return refuse(c, MHD_HTTP_CONTENT_TOO_LARGE, text);
}

static enum MHD_Result refuse_room(struct web_connection *c)
{
	return respond_with_line(c,
				 &(struct outline){ .status = MHD_HTTP_TOO_MANY_REQUESTS,
						    .type = TEXT,
						    .extra_name = MHD_HTTP_HEADER_RETRY_AFTER,
						    .extra_value = "1" },
				 "the bodies of others are under way: try again");
}

/* What a pushed window's headers say; its body comes next. */
static enum MHD_Result check_push(struct web_connection *c, const struct web_token *token)
{
	const struct web_push_headers headers = {
		.batch = header(c, "Cpuhound-Batch"),
		.part = header(c, "Cpuhound-Part"),
		.host = header(c, "Cpuhound-Host"),
		.start = header(c, "Cpuhound-Start"),
		.end = header(c, "Cpuhound-End"),
	};
	const char *type = header(c, MHD_HTTP_HEADER_CONTENT_TYPE), *fault;
	const char *length = header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t n_bytes;

	if (!type || strcmp(type, WEB_PUSH_TYPE) != 0)
		return refuse(c, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "a window is " WEB_PUSH_TYPE);
	c->request = (struct web_request){ .kind = WEB_PUSH };
	if (web_hub_request_set_push(&c->request.hub, &headers, &fault) < 0)
		return refuse(c, MHD_HTTP_BAD_REQUEST, fault);
	if (!length || parse_u64(length, 10, &n_bytes) < 0 || header(c, MHD_HTTP_HEADER_TRANSFER_ENCODING))
		return refuse(c, MHD_HTTP_BAD_REQUEST, "a window's request has a Content-Length");
	if (n_bytes > c->listener->settings.max_body_bytes)
		return refuse_body(c, n_bytes);
	if (token)
		strcpy(c->request.hub.token, token->name);
	if (!web_connection_begin_body(c, n_bytes))
		return refuse_room(c);
	web_connection_enter(c, WEB_TAKING, clock_now_ns(CLOCK_MONOTONIC));
	return MHD_YES;
}

static enum MHD_Result refuse_right(struct web_connection *c, const struct web_token *token, bool is_push)
{
	char text[WEB_TEXT_BYTES];

	snprintf(text, sizeof(text), "the token '%.100s' may not %s", token->name,
		 is_push ? "push: give it hosts" : "read: give it read = yes");
	return refuse(c, MHD_HTTP_FORBIDDEN, text);
}

/* Before any body is read. MHD_YES without an answer: go on. */
static enum MHD_Result check(struct web_connection *c, const char *path, const char *method)
{
	const struct web_token *token;
	const struct web_route *route;
	bool is_push;

	if (!is_for_us(c))
		return refuse(c, MHD_HTTP_MISDIRECTED_REQUEST, "this host is not known by the name in the Host header");
	if (!is_welcome(c, &token))
		return respond_with_line(c,
					 &(struct outline){ .status = MHD_HTTP_UNAUTHORIZED,
							    .type = TEXT,
							    .extra_name = MHD_HTTP_HEADER_WWW_AUTHENTICATE,
							    .extra_value = "Bearer" },
					 "a token is needed: Authorization: Bearer TOKEN");
	route = web_route_find(path, c->listener->site);
	if (!route)
		return refuse(c, MHD_HTTP_NOT_FOUND, web_route_lack(path, c->listener->site));
	if (!web_route_takes(route, method))
		return respond_with_line(c,
					 &(struct outline){ .status = MHD_HTTP_METHOD_NOT_ALLOWED,
							    .type = TEXT,
							    .extra_name = MHD_HTTP_HEADER_ALLOW,
							    .extra_value = web_route_methods(route) },
					 "this page does not take that method");
	is_push = is_pushed(route, method);
	if (token && (is_push ? !token->may_push : !token->may_read))
		return refuse_right(c, token, is_push);
	if (is_push)
		return check_push(c, token);
	if (!has_small_body(c, route->takes_post && route->post_kind == 0))
		return refuse(c, MHD_HTTP_CONTENT_TOO_LARGE, "a request has no body here");
	return MHD_YES;
}

struct query {
	struct web_request request;
	const char *fault;
};

static enum MHD_Result on_argument(void *closure, enum MHD_ValueKind kind, const char *key, size_t key_size,
				   const char *value, size_t value_size)
{
	struct query *q = closure;
	const char *reason, *text = value ? value : "";
	int r;

	if (q->request.kind == WEB_PROFILE)
		r = web_request_set(&q->request, key, text, value_size, &reason);
	else
		r = web_hub_request_set(&q->request.hub, key, text, value_size, &reason);
	if (r == 0)
		return MHD_YES;
	q->fault = reason;
	return MHD_NO;
}

/* NULL, or why there is no such answer. */
static const char *read_query(struct web_connection *c)
{
	struct query q = { .request = c->request };

	if (q.request.kind != WEB_PROFILE)
		q.request.hub.until_ns = INT64_MAX;
	MHD_get_connection_values_n(c->handle, MHD_GET_ARGUMENT_KIND, on_argument, &q);
	if (q.request.kind == WEB_PROFILE && q.request.seconds == 0)
		q.request.seconds = WEB_DEFAULT_SECONDS;
	c->request = q.request;
	return q.fault ? q.fault : web_request_is_valid(&q.request) ? NULL : "since_ns is behind until_ns";
}

/* NULL, or why there is no such answer. */
static const char *read_request(struct web_connection *c, const struct web_route *route, const char *path)
{
	const char *fault;

	switch (route->kind) {
	case WEB_PROFILE:
	case WEB_WINDOWS:
	case WEB_MERGED:
		return read_query(c);
	case WEB_WINDOW:
		return web_hub_request_set_window(&c->request.hub, path + strlen(route->path), &fault) < 0 ? fault
													   : NULL;
	default:
		return NULL;
	}
}

static enum MHD_Result ask(struct web_connection *c)
{
	c->id = 0;
	c->answer = (struct web_answer){ .body_fd = -1 };
	web_connection_enter(c, WEB_NEW, clock_now_ns(CLOCK_MONOTONIC));
	MHD_suspend_connection(c->handle);
	return MHD_YES;
}

static enum MHD_Result refuse_at_last(struct web_connection *c)
{
	const struct outline o = {
		.status = c->answer.status,
		.type = TEXT,
		.extra_name = c->refusal_header,
		.extra_value = c->refusal_value,
	};

	return respond_with_line(c, &o, c->answer.text);
}

static enum MHD_Result serve(struct web_connection *c, const struct web_route *route, const char *path)
{
	const char *fault;

	if (c->state == WEB_TAKING)
		return ask(c);
	if (route->kind == 0)
		return respond(c, &(struct outline){ .status = MHD_HTTP_OK, .type = route->content_type },
			       MHD_create_response_from_buffer(strlen(route->text), (void *)(uintptr_t)route->text,
							       MHD_RESPMEM_PERSISTENT));
	c->request = (struct web_request){ .kind = route->kind };
	fault = read_request(c, route, path);
	return fault ? refuse(c, MHD_HTTP_BAD_REQUEST, fault) : ask(c);
}

/* The library has seen to it that it is no longer than was announced. */
static enum MHD_Result take_body(struct web_connection *c, const char *body, size_t *size)
{
	int r = c->body_fd >= 0 ? fs_write_all(c->body_fd, body, *size) : 0; /* else nobody wants it */

	*size = 0;
	return r < 0 ? MHD_NO : MHD_YES;
}

static enum MHD_Result respond_with_file(struct web_connection *c, const struct outline *o)
{
	struct MHD_Response *response = NULL;
	struct stat st;

	if (fstat(c->answer.body_fd, &st) == 0)
		response = MHD_create_response_from_fd64((uint64_t)st.st_size, c->answer.body_fd);
	if (response)
		c->answer.body_fd = -1; /* closed with the response */
	return respond(c, o, response);
}

static enum MHD_Result pass_on(struct web_connection *c, const struct web_route *route)
{
	struct outline o = { .status = c->answer.status, .type = TEXT };
	char text[64];

	if (c->answer.status == 0)
		return MHD_NO;
	if (c->answer.retry_after_s != 0) {
		snprintf(text, sizeof(text), "%u", c->answer.retry_after_s);
		o.extra_name = MHD_HTTP_HEADER_RETRY_AFTER;
		o.extra_value = text;
	}
	if (c->answer.body_fd < 0)
		return respond_with_line(c, &o, c->answer.text);
	o.type = route->content_type;
	if (route->attachment) {
		snprintf(text, sizeof(text), "attachment; filename=\"%s\"", route->attachment);
		o.extra_name = MHD_HTTP_HEADER_CONTENT_DISPOSITION;
		o.extra_value = text;
	}
	return respond_with_file(c, &o);
}

enum MHD_Result web_handler_on_request(void *listener, struct MHD_Connection *handle, const char *path,
				       const char *method, const char *version, const char *body, size_t *body_size,
				       void **request)
{
	struct web_connection *c = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	const struct web_route *route;

	if (!c) /* there was no room for it */
		return MHD_NO;
	if (!*request) {
		*request = c;
		c->has_asked = true;
		return check(c, path, method);
	}
	if (*body_size != 0)
		return take_body(c, body, body_size);
	if (c->is_refused)
		return refuse_at_last(c);
	route = web_route_find(path, c->listener->site);
	if (!route)
		return MHD_NO;
	return c->state == WEB_ANSWERED ? pass_on(c, route) : serve(c, route, path);
}

void web_handler_resume(struct web_connection *c)
{
	c->state = WEB_ANSWERED;
	c->deadline_ns = UINT64_MAX; /* the library sees to it at once */
	MHD_resume_connection(c->handle);
}
