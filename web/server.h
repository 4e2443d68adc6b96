/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server: HTTP on one or two listening sockets. What only the agent knows it asks for: take its events, and answer them
 * when there is an answer; nothing here waits. Everything is bounded: connections, what a request may hold, and the
 * time that each step may take.
 * One thread: call web_server_dispatch() when the descriptor is readable or the timeout has passed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clean.h"
#include "web/connections.h"
#include "web/listener.h"
#include "web/settings.h"

struct web_server;

_must_check_ int web_server_new(struct web_server **ret);
struct web_server *web_server_free(struct web_server *s); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct web_server *, web_server_free);

/*
 * Serves these sockets from now on; -1: none. They stay the caller's, and so do the settings. status_fd has /metrics,
 * /healthz and /readyz only. Requests that are under way end under the settings that they began with. On failure the
 * reason is there, and all is as it was.
 */
_must_check_ int web_server_set(struct web_server *s, int fd, int status_fd, const struct web_settings *settings,
				char ret_reason[static WEB_REASON_BYTES]);

struct web_event {
	bool is_cancel; /* nobody waits for the answer to this id any more */
	uint64_t id;    /* never used again */
	struct web_request request;
	int body_fd; /* of WEB_PUSH, from its start to its end: the caller's; else -1 */
};

bool web_server_take(struct web_server *s, struct web_event *ret); /* false: no more */

/* Takes over the answer's descriptor. An id that nobody waits for is nothing. */
void web_server_answer(struct web_server *s, uint64_t id, const struct web_answer *answer);

int web_server_fd(const struct web_server *s);
int web_server_timeout_ms(const struct web_server *s); /* -1: never */
void web_server_dispatch(struct web_server *s);

const struct web_counts *web_server_counts(const struct web_server *s);
