/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener: one listening socket with one set of settings, served by libmicrohttpd. After a reload another listener has
 * the socket, and this one ends with its last request.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"
#include "web/connections.h"
#include "web/routes.h"
#include "web/settings.h"

struct MHD_Daemon;

#define WEB_REASON_BYTES 200

struct web_listener {
	struct MHD_Daemon *daemon;
	struct web_connections *connections; /* borrowed; of all listeners */
	struct web_settings settings;
	enum web_site site;
	bool is_retired;
	char *reason; /* where to put why the start failed; NULL: it is over */
};

/* fd stays the caller's. On failure the reason is there. */
_must_check_ int web_listener_new(int fd, bool status_only, const struct web_settings *settings,
				  struct web_connections *connections, char ret_reason[static WEB_REASON_BYTES],
				  struct web_listener **ret);
struct web_listener *web_listener_free(struct web_listener *l); /* with all its connections; NULL is fine */
DEFINE_CLEANUP(struct web_listener *, web_listener_free);

/* Takes no more connections, and closes those without a request under way. */
void web_listener_retire(struct web_listener *l);
bool web_listener_is_done(const struct web_listener *l);

int web_listener_fd(const struct web_listener *l);         /* readable: run it */
int web_listener_timeout_ms(const struct web_listener *l); /* -1: never */
void web_listener_run(struct web_listener *l);
