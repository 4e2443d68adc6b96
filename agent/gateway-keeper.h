/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway keeper: the agent's side of the gateway: starts it, watches it, and starts another when it is lost, after
 * pauses that grow. The listening sockets stay open here. Nothing that the gateway says is believed unchecked, it has
 * no more requests under way than it may, and no call here waits for it.
 * One thread: call gateway_keeper_dispatch() when the descriptor is readable or the timeout has passed; then take its
 * events until there are none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/clean.h"
#include "symbolizer/child-keeper.h"
#include "web/counts.h"
#include "web/request.h"
#include "web/settings.h"

struct gateway_keeper;

struct gateway_keeper_config {
	const char *path; /* the program to start; it and argv are borrowed for the keeper's life */
	char *const *argv;
	int listen_fd;                       /* from gateway_socket_open(); borrowed; -1: none */
	int metrics_listen_fd;               /* serves /metrics, /healthz and /readyz only; borrowed; -1: none */
	const struct web_settings *settings; /* copied */
};

_must_check_ int gateway_keeper_new(const struct gateway_keeper_config *config, struct gateway_keeper **ret);
struct gateway_keeper *gateway_keeper_free(struct gateway_keeper *g); /* ends the child; NULL is fine; returns NULL */
DEFINE_CLEANUP(struct gateway_keeper *, gateway_keeper_free);

/*
 * New settings, after a reload: connections that are open end under the old ones. Copied. Where the gateway refuses
 * them (gateway_keeper_fault()), it goes on with the old ones, also after a restart.
 */
_must_check_ int gateway_keeper_set(struct gateway_keeper *g, const struct web_settings *settings);

enum gateway_event_kind {
	GATEWAY_REQUEST = 1, /* answer it with gateway_keeper_answer() */
	GATEWAY_GONE,        /* nobody waits for the answer to this id any more: it need not be answered */
};

struct gateway_event {
	enum gateway_event_kind kind;
	uint64_t id; /* never used again */
	struct web_request request;
	int body_fd; /* of WEB_PUSH, from anywhere to its end: the caller's now; else -1 */
};

/* False: no more events. Two profiles are under way at most: a third one is answered here, with 429. */
bool gateway_keeper_take(struct gateway_keeper *g, struct gateway_event *ret);

/*
 * body_fd: a memory file sealed against all changes, from its start to its end; -1: the text is the body. It becomes
 * the keeper's. text: one line without a newline, printable; cut where it is too long. An id that is not under way any
 * more is nothing.
 */
void gateway_keeper_answer(struct gateway_keeper *g, uint64_t id, unsigned int status, int body_fd, const char *text);

/* The same without a body, and when to try again; 0: not said. */
void gateway_keeper_refuse(struct gateway_keeper *g, uint64_t id, unsigned int status, unsigned int retry_after_s,
			   const char *text);

enum gateway_state {
	GATEWAY_STARTING, /* also between a loss and the next start */
	GATEWAY_SERVING,
	GATEWAY_REFUSED, /* it does not take the settings, and never had others */
};
enum gateway_state gateway_keeper_state(const struct gateway_keeper *g);

/* Why the last start failed, or why the last settings were refused; NULL: they were not. Printable. */
const char *gateway_keeper_fault(const struct gateway_keeper *g);

int gateway_keeper_fd(const struct gateway_keeper *g);
int gateway_keeper_timeout_ms(const struct gateway_keeper *g); /* -1: never */
void gateway_keeper_dispatch(struct gateway_keeper *g);

pid_t gateway_keeper_pid(const struct gateway_keeper *g); /* 0: not running */
struct child_keeper_stats gateway_keeper_stats(const struct gateway_keeper *g);

/* Of all gateways that there were; at most some seconds old, and up to date in a request for WEB_METRICS. */
struct web_counts gateway_keeper_counts(const struct gateway_keeper *g);
