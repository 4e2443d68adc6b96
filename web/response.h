/* SPDX-License-Identifier: Apache-2.0 */
/*
 * response: what a client is sent: a line, a page, a file of the page, or what the agent gave; with what every answer
 * has, and counted.
 */
#pragma once

#include <microhttpd.h>

#include "web/connections.h"

#define RESPONSE_TEXT "text/plain; charset=utf-8"
#define RESPONSE_MAX_IGNORED_BYTES ((uint64_t)4 << 20) /* of a body: the addresses of 200,000 unnamed frames */

struct page_file;
struct web_route;

/* What an answer has beside its body. */
struct response {
	unsigned int status;
	const char *type;
	struct {
		const char *name, *value;
	} extra[4];   /* more headers; NULL: no more */
	bool is_page; /* a document of ours that scripts run in, and that a browser may keep */
};

/* All: as libmicrohttpd's access handler. */

/* The handle is taken over; NULL: there was no memory for it. */
enum MHD_Result response_send(struct web_connection *c, const struct response *o, struct MHD_Response *response);

/* The text as a line; when the body has been read, where one is on its way. Of the extra headers the first, static. */
enum MHD_Result response_send_line(struct web_connection *c, const struct response *o, const char *text);
enum MHD_Result response_refuse(struct web_connection *c, unsigned int status, const char *text);
enum MHD_Result response_refuse_at_last(struct web_connection *c); /* the body has been read */

/* By what the client has already, and how it takes it. */
enum MHD_Result response_send_page(struct web_connection *c, const struct page_file *file);

/* What the agent gave: c->answer. */
enum MHD_Result response_pass_on(struct web_connection *c, const struct web_route *route);

/* A header of the request; NULL: it has none. */
const char *response_header(struct web_connection *c, const char *name);
