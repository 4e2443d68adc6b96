/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch packet: what the agent and its fetcher say to each other (symbolizer/packet.h), of fixed layout. The fetcher
 * speaks first, once its sandbox stands or has failed to; then each order, a build id, has one answer.
 */
#pragma once

#include <stdint.h>

#include "common/build-id.h"
#include "common/clean.h"
#include "symbolizer/packet.h"

#define FETCH_REASON_BYTES 100

enum fetch_status {
	FETCH_FOUND,     /* it is in the cache now */
	FETCH_MISSING,   /* no server has it */
	FETCH_TOO_LARGE, /* for the cache */
	FETCH_FAILED,    /* the reason says why; it may go well later */
	FETCH_N,
};

struct fetch_answer {
	uint32_t is_hello; /* then status is FETCH_FOUND or FETCH_FAILED */
	uint32_t status;   /* enum fetch_status */
	char reason[FETCH_REASON_BYTES];
};

/* All: 0, -errno, or enum packet_answer. What does not look right is -EBADMSG. */
_must_check_ int fetch_send_order(int socket, const struct build_id *id);
_must_check_ int fetch_receive_order(int socket, struct build_id *ret);
_must_check_ int fetch_send_answer(int socket, const struct fetch_answer *answer);
_must_check_ int fetch_receive_answer(int socket, struct fetch_answer *ret);
