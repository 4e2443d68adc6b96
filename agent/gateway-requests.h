/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway requests: what the gateway has asked the agent, under numbers of our own: those of a gateway that was lost
 * may come again. One that nobody waits for any more stays until the agent has been told so. Belongs to the keeper.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "web/request.h"

#define GATEWAY_MAX_REQUESTS (2 * 128) /* the gateway's connections, and as many that the agent is yet to let go */
#define GATEWAY_MAX_PROFILES 2         /* at a time */

enum gateway_request_state {
	GATEWAY_FREE = 0,
	GATEWAY_WAITING, /* the agent is to be told */
	GATEWAY_TAKEN,   /* the agent is at it */
	GATEWAY_LEFT,    /* the agent is to be told that nobody waits any more */
};

struct gateway_request {
	enum gateway_request_state state;
	uint64_t id, gateway_id;
	uint64_t ready_ns; /* when a profile has its seconds */
	struct web_request request;
	int body_fd; /* of a pushed window, until the agent is told; else -1 */
};

struct gateway_requests {
	uint64_t last_id;
	size_t n_untold; /* WAITING and LEFT: most turns of the agent need not look for them */
	struct gateway_request all[GATEWAY_MAX_REQUESTS];
};

enum gateway_requests_answer {
	GATEWAY_REQUESTS_FULL = 1,
	GATEWAY_REQUESTS_BUSY, /* two profiles are under way; *ret_retry_s: until one of them should be there */
};

/* body_fd becomes the table's, whatever is answered; -1: none. -EBADMSG: the gateway has this id in use. */
_must_check_ int gateway_requests_add(struct gateway_requests *t, uint64_t gateway_id,
				      const struct web_request *request, int body_fd, uint64_t now_ns,
				      unsigned int *ret_retry_s);
void gateway_requests_cancel(struct gateway_requests *t, uint64_t gateway_id); /* an unknown one is nothing */
void gateway_requests_cancel_all(struct gateway_requests *t);                  /* the gateway was lost */

/* The next that the agent is to be told of, after which it is TAKEN, or was LEFT and is free. NULL: none. */
struct gateway_request *gateway_requests_next(struct gateway_requests *t);
struct gateway_request *gateway_requests_find(struct gateway_requests *t, uint64_t id); /* TAKEN ones only */
