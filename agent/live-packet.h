/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live packet: what a client of the live feed (agent/live-feed.h) and who feeds it say to each other, in packets of
 * fixed layout (symbolizer/packet.h). The client asks once for each span that it wants, and gets it when it has passed:
 * a profile in a sealed memory file, uncompressed pprof, with the label pid; or why there is none.
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"
#include "symbolizer/packet.h"

#define LIVE_VERSION 1
#define LIVE_SOCKET_NAME "live.sock" /* in the agent's run dir; SOCK_SEQPACKET */
#define LIVE_TEXT_BYTES 200
#define LIVE_MAX_BYTES ((size_t)64 << 20) /* of a profile: what a tap holds is less (TAP_STACKS_BYTES) */

struct live_question {
	uint32_t version; /* LIVE_VERSION */
	uint32_t zero;
};

struct live_answer {
	uint32_t version;
	uint32_t n_cpus;           /* that are sampled */
	uint64_t sequence;         /* of spans, from 0: a client that asks too late misses some */
	uint64_t n_lost;           /* samples of the span that are not in its profile */
	char why[LIVE_TEXT_BYTES]; /* there is no profile; "": it is there */
};
_Static_assert(sizeof(struct live_answer) == 24 + LIVE_TEXT_BYTES, "no holes");

/* All: 0, -errno, or enum packet_answer. -EBADMSG: it is none of these, or of another version. */
_must_check_ int live_send_question(int socket);
_must_check_ int live_receive_question(int socket);

/* profile_fd stays the caller's; -1: none. What came becomes the caller's. */
_must_check_ int live_send_answer(int socket, const struct live_answer *answer, int profile_fd);
_must_check_ int live_receive_answer(int socket, struct live_answer *ret, int *ret_profile_fd);
