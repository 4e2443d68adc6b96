/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway protocol: what the agent and its gateway say to each other in packets (symbolizer/packet.h), of fixed layout.
 *
 * The gateway speaks first: GATEWAY_HELLO, once its sandbox stands or has failed to. It gets its sockets once, then
 * settings, now and after each reload, and tells whether it takes them. It asks for what its clients want, a window
 * that was pushed with a memory file, its body; and cancels what nobody waits for any more; an answer and a cancel may
 * cross. It is pinged, so that one that hangs is found, and each word of its has its counts up to date.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/packet.h"
#include "web/counts.h"
#include "web/request.h"
#include "web/settings.h"

enum gateway_order_kind {
	GATEWAY_SOCKETS = 1, /* one or two listening sockets */
	GATEWAY_SETTINGS,    /* a memory file with a struct web_settings */
	GATEWAY_ANSWER,      /* with or without a memory file, the body */
	GATEWAY_PING,
};

enum gateway_socket_flag {
	GATEWAY_HAS_FULL = 1 << 0,   /* the first descriptor serves all */
	GATEWAY_HAS_STATUS = 1 << 1, /* the last one /metrics, /healthz, /readyz */
};

/* From the agent. */
struct gateway_order {
	uint32_t kind;          /* enum gateway_order_kind */
	uint32_t flags;         /* of sockets: enum gateway_socket_flag */
	uint64_t id;            /* of settings or an answer */
	uint32_t status;        /* of an answer */
	uint32_t retry_after_s; /* of an answer; 0: not said */
	char text[WEB_TEXT_BYTES];
};

enum gateway_word_kind {
	GATEWAY_HELLO = 1, /* status: 0 or -errno with the reason */
	GATEWAY_SET,       /* what became of settings: the same */
	GATEWAY_ASK,
	GATEWAY_CANCEL,
	GATEWAY_PONG,
};

/* From the gateway. */
struct gateway_word {
	uint32_t kind; /* enum gateway_word_kind */
	int32_t status;
	uint64_t id; /* of settings, or a request */
	struct web_counts counts;
	struct web_request request;
	char reason[WEB_TEXT_BYTES];
};

_Static_assert(sizeof(struct gateway_order) == 24 + WEB_TEXT_BYTES, "no holes");
_Static_assert(sizeof(struct gateway_word) ==
		       16 + sizeof(struct web_counts) + sizeof(struct web_request) + WEB_TEXT_BYTES,
	       "no holes");

/* All: 0, -errno, or enum packet_answer. */

/* The descriptors stay the caller's. */
_must_check_ int gateway_send_order(int socket, const struct gateway_order *order, const int *fds, size_t n_fds);
/* What came becomes the caller's; -1: none. */
_must_check_ int gateway_receive_order(int socket, struct gateway_order *ret, int ret_fds[static PACKET_MAX_FDS]);

/* body_fd: of a pushed window; -1: none. It stays the caller's; what came becomes the caller's. */
_must_check_ int gateway_send_word(int socket, const struct gateway_word *word, int body_fd);
_must_check_ int gateway_receive_word(int socket, struct gateway_word *ret, int *ret_body_fd);
