/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handler: what becomes of one HTTP request: is it for us, from somebody who may, for something that we have? Then it
 * is answered at once, or waits for the agent.
 */
#pragma once

#include <microhttpd.h>

#include "web/connections.h"

/* libmicrohttpd's access handler; its closure is the struct web_listener. */
enum MHD_Result web_handler_on_request(void *listener, struct MHD_Connection *handle, const char *path,
				       const char *method, const char *version, const char *body, size_t *body_size,
				       void **request);

/* The answer is there (c->answer): it is sent when the listener runs next. */
void web_handler_resume(struct web_connection *c);
