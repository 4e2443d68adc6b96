/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub packet: what a hub and its children say to each other in packets (symbolizer/packet.h), of fixed layout: the one
 * that takes windows (agent/hub-intake.h), those that read them (agent/hub-reader.h), and those that answer questions
 * of the page (agent/hub-page.h).
 *
 * A child speaks first: HUB_HELLO, once its sandbox stands and its store is open, or has failed to. It is told the
 * rules, now and after each reload, and then one request after the other, each answered before the next.
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/packet.h"
#include "web/request.h"

/* What became of a request; of each there is a counter and a status. */
enum hub_outcome {
	HUB_TAKEN,          /* a window is in the store, durably */
	HUB_REPEATED,       /* it was there before */
	HUB_READ,           /* what was asked for is the answer's body */
	HUB_REFUSED_HOST,   /* not one of the token's */
	HUB_REFUSED_OLD,    /* nobody knows any more whether it was taken before */
	HUB_REFUSED_FUTURE, /* by this clock it has not begun */
	HUB_REFUSED_RAW,    /* too large uncompressed */
	HUB_REFUSED_LABELS, /* a sample has too many */
	HUB_REFUSED_SERIES, /* the token has brought too many sets of labels in this hour */
	HUB_REFUSED_RATE,   /* and too many windows in this minute */
	HUB_REFUSED_WINDOW, /* no profile, or not one of ours */
	HUB_REFUSED_DEADLY, /* the child that decoded it ended, twice */
	HUB_REFUSED_QUERY,  /* a wrong matcher, or question */
	HUB_REFUSED_BUSY,   /* too many questions wait, or too many of that client's */
	HUB_GONE,           /* no such window, or not any more */
	HUB_REFUSED_LARGE,  /* more is selected than fits into one profile */
	HUB_NO_ROOM,        /* the disk is full, or nearly */
	HUB_FAILED,
	HUB_LOST,          /* the child that was at it ended */
	HUB_OVERDUE,       /* it took too long */
	HUB_SOURCE_FAILED, /* whoever a view asks did not give it */
	HUB_N_OUTCOMES,
};

const char *hub_outcome_name(enum hub_outcome o);    /* as in a label of a metric: "refused_host" */
unsigned int hub_outcome_status(enum hub_outcome o); /* of HTTP */

enum hub_order_kind {
	HUB_RULES = 1, /* with a memory file, a struct hub_rules */
	HUB_REQUEST,   /* a pushed window with its body */
};

struct hub_order {
	uint32_t kind; /* enum hub_order_kind */
	uint32_t zero; /* no hole */
	uint64_t id;
	struct web_request request;
};

enum hub_word_kind {
	HUB_HELLO = 1, /* status: 0 or -errno; text */
	HUB_ANSWER,
};

struct hub_word {
	uint32_t kind; /* enum hub_word_kind */
	int32_t status;
	uint64_t id;
	uint32_t outcome; /* enum hub_outcome */
	uint32_t retry_after_s;
	uint64_t n_samples; /* that were taken */
	char text[WEB_TEXT_BYTES];
};
_Static_assert(sizeof(struct hub_order) == 16 + sizeof(struct web_request), "no holes");
_Static_assert(sizeof(struct hub_word) == 32 + WEB_TEXT_BYTES, "no holes");

/* All: 0, -errno, or enum packet_answer. fd: -1: none. It stays the caller's; what came becomes the caller's. */

_must_check_ int hub_send_order(int socket, const struct hub_order *order, int fd);
_must_check_ int hub_receive_order(int socket, struct hub_order *ret, int *ret_fd);

_must_check_ int hub_send_word(int socket, const struct hub_word *word, int fd);
_must_check_ int hub_receive_word(int socket, struct hub_word *ret, int *ret_fd);
