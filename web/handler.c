// SPDX-License-Identifier: Apache-2.0
#include "web/handler.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/fsutil.h"
#include "common/parse.h"
#include "web/address.h"
#include "web/encoding.h"
#include "web/host.h"
#include "web/listener.h"
#include "web/page-files.h"
#include "web/response.h"
#include "web/routes.h"
#include "web/token.h"

static bool is_for_us(struct web_connection *c)
{
	const char *host = response_header(c, MHD_HTTP_HEADER_HOST);
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
	*ret = web_token_find(response_header(c, MHD_HTTP_HEADER_AUTHORIZATION), settings);
	return *ret;
}

static bool is_pushed(const struct web_route *route, const char *method)
{
	return route->post_kind != 0 && strcmp(method, MHD_HTTP_METHOD_POST) == 0;
}

static bool has_small_body(struct web_connection *c, bool is_allowed)
{
	const char *length = response_header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t n = 0;

	if (response_header(c, MHD_HTTP_HEADER_TRANSFER_ENCODING) || (length && parse_u64(length, 10, &n) < 0))
		return false;
	return n == 0 || (is_allowed && n <= RESPONSE_MAX_IGNORED_BYTES);
}

static enum MHD_Result refuse_body(struct web_connection *c, uint64_t n_bytes)
{
	char text[WEB_TEXT_BYTES];

	snprintf(text, sizeof(text), "the body has %" PRIu64 " bytes: hub.max_body_mb allows %" PRIu32, n_bytes,
		 c->listener->settings.max_body_bytes);
	return response_refuse(c, MHD_HTTP_CONTENT_TOO_LARGE, text);
}

static enum MHD_Result refuse_room(struct web_connection *c)
{
	return response_send_line(c,
				  &(struct response){ .status = MHD_HTTP_TOO_MANY_REQUESTS,
						      .type = RESPONSE_TEXT,
						      .extra = { { MHD_HTTP_HEADER_RETRY_AFTER, "1" } } },
				  "the bodies of others are under way: try again");
}

/* What a pushed window's headers say; its body comes next. */
static enum MHD_Result check_push(struct web_connection *c, const struct web_token *token)
{
	const struct web_push_headers headers = {
		.batch = response_header(c, "Cpuhound-Batch"),
		.part = response_header(c, "Cpuhound-Part"),
		.host = response_header(c, "Cpuhound-Host"),
		.start = response_header(c, "Cpuhound-Start"),
		.end = response_header(c, "Cpuhound-End"),
	};
	const char *type = response_header(c, MHD_HTTP_HEADER_CONTENT_TYPE), *fault;
	const char *length = response_header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t n_bytes;

	if (!type || strcmp(type, WEB_PUSH_TYPE) != 0)
		return response_refuse(c, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "a window is " WEB_PUSH_TYPE);
	c->request = (struct web_request){ .kind = WEB_PUSH };
	if (web_hub_request_set_push(&c->request.hub, &headers, &fault) < 0)
		return response_refuse(c, MHD_HTTP_BAD_REQUEST, fault);
	if (!length || parse_u64(length, 10, &n_bytes) < 0 || response_header(c, MHD_HTTP_HEADER_TRANSFER_ENCODING))
		return response_refuse(c, MHD_HTTP_BAD_REQUEST, "a window's request has a Content-Length");
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
	return response_refuse(c, MHD_HTTP_FORBIDDEN, text);
}

static enum MHD_Result refuse_stranger(struct web_connection *c)
{
	return response_send_line(c,
				  &(struct response){ .status = MHD_HTTP_UNAUTHORIZED,
						      .type = RESPONSE_TEXT,
						      .extra = { { MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer" } } },
				  "a token is needed: Authorization: Bearer TOKEN");
}

/* Before any body is read. MHD_YES without an answer: go on. */
static enum MHD_Result check(struct web_connection *c, const char *path, const char *method)
{
	const struct web_token *token;
	const struct web_route *route;
	bool is_push;

	if (!is_for_us(c))
		return response_refuse(c, MHD_HTTP_MISDIRECTED_REQUEST,
				       "this host is not known by the name in the Host header");
	route = web_route_find(path, c->listener->site);
	if (!is_welcome(c, &token) && !(route && route->is_file))
		return refuse_stranger(c);
	if (!route)
		return response_refuse(c, MHD_HTTP_NOT_FOUND, web_route_lack(path, c->listener->site));
	if (!web_route_takes(route, method))
		return response_send_line(c,
					  &(struct response){
						  .status = MHD_HTTP_METHOD_NOT_ALLOWED,
						  .type = RESPONSE_TEXT,
						  .extra = { { MHD_HTTP_HEADER_ALLOW, web_route_methods(route) } } },
					  "this page does not take that method");
	is_push = is_pushed(route, method);
	if (token && !route->is_file && (is_push ? !token->may_push : !token->may_read))
		return refuse_right(c, token, is_push);
	if (is_push)
		return check_push(c, token);
	if (!has_small_body(c, route->takes_post && route->post_kind == 0))
		return response_refuse(c, MHD_HTTP_CONTENT_TOO_LARGE, "a request has no body here");
	return MHD_YES;
}

struct query {
	struct web_request *request;
	const char *fault;
};

static enum MHD_Result on_argument(void *closure, enum MHD_ValueKind kind, const char *key, size_t key_size,
				   const char *value, size_t value_size)
{
	struct query *q = closure;
	const char *reason, *text = value ? value : "";
	int r;

	if (q->request->kind == WEB_PROFILE)
		r = web_request_set(q->request, key, text, value_size, &reason);
	else if (q->request->kind == WEB_QUESTION)
		r = question_set(&q->request->question, key, text, value_size, &reason);
	else
		r = web_hub_request_set(&q->request->hub, key, text, value_size, &reason);
	if (r == 0)
		return MHD_YES;
	q->fault = reason;
	return MHD_NO;
}

/* What is so where the query does not say otherwise. */
static void begin_query(struct web_connection *c, const struct web_route *route)
{
	struct web_request *r = &c->request;
	uint64_t now_ns = clock_now_ns(CLOCK_REALTIME);

	if (r->kind == WEB_WINDOWS || r->kind == WEB_MERGED)
		r->hub.until_ns = INT64_MAX;
	if (r->kind != WEB_QUESTION)
		return;
	question_init(&r->question, route->question, (int64_t)(now_ns - now_ns % QUESTION_SECONDS_NS));
	r->accepts_gzip = web_accepts_gzip(response_header(c, MHD_HTTP_HEADER_ACCEPT_ENCODING));
	r->client = c->address;
}

/* NULL, or why there is no such answer. */
static const char *end_query(struct web_request *r)
{
	const char *reason;

	if (r->kind == WEB_PROFILE && r->seconds == 0)
		r->seconds = WEB_DEFAULT_SECONDS;
	if (r->kind == WEB_QUESTION && question_finish(&r->question, &reason) < 0)
		return reason;
	return web_request_is_valid(r) ? NULL : "since_ns is behind until_ns";
}

/* NULL, or why there is no such answer. */
static const char *read_query(struct web_connection *c, const struct web_route *route)
{
	struct query q = { .request = &c->request };

	begin_query(c, route);
	MHD_get_connection_values_n(c->handle, MHD_GET_ARGUMENT_KIND, on_argument, &q);
	return q.fault ? q.fault : end_query(&c->request);
}

/* NULL, or why there is no such answer. */
static const char *read_request(struct web_connection *c, const struct web_route *route, const char *path)
{
	const char *fault;

	switch (route->kind) {
	case WEB_PROFILE:
	case WEB_WINDOWS:
	case WEB_MERGED:
	case WEB_QUESTION:
		return read_query(c, route);
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

static enum MHD_Result serve(struct web_connection *c, const struct web_route *route, const char *path)
{
	const char *fault;

	if (c->state == WEB_TAKING)
		return ask(c);
	if (route->is_file)
		return response_send_page(c, page_file_find(path));
	if (route->kind == 0)
		return response_send(c, &(struct response){ .status = MHD_HTTP_OK, .type = route->content_type },
				     MHD_create_response_from_buffer(strlen(route->text),
								     (void *)(uintptr_t)route->text,
								     MHD_RESPMEM_PERSISTENT));
	c->request = (struct web_request){ .kind = route->kind };
	fault = read_request(c, route, path);
	return fault ? response_refuse(c, MHD_HTTP_BAD_REQUEST, fault) : ask(c);
}

/* The library has seen to it that it is no longer than was announced. */
static enum MHD_Result take_body(struct web_connection *c, const char *body, size_t *size)
{
	int r = c->body_fd >= 0 ? fs_write_all(c->body_fd, body, *size) : 0; /* else nobody wants it */

	*size = 0;
	return r < 0 ? MHD_NO : MHD_YES;
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
		return response_refuse_at_last(c);
	route = web_route_find(path, c->listener->site);
	if (!route)
		return MHD_NO;
	return c->state == WEB_ANSWERED ? response_pass_on(c, route) : serve(c, route, path);
}

void web_handler_resume(struct web_connection *c)
{
	c->state = WEB_ANSWERED;
	c->deadline_ns = UINT64_MAX; /* the library sees to it at once */
	MHD_resume_connection(c->handle);
}
