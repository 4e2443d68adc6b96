/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live source: where `top` has from what is sampled, span after span: a running agent, or a sampler of its own where
 * none runs (agent/live-sampler.h). One question, one answer; who answers may be of another version, or no agent at
 * all. Nothing here waits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/live-packet.h"
#include "common/clean.h"
#include "symbolizer/child-process.h"

struct profile;

struct live_source {
	int socket; /* -1: there is none now */
	bool is_own;
	struct child_process child; /* of an own one */
	int said_fd;                /* what that says; -1: none */
	uint64_t sequence;          /* of the next answer */
	bool has_asked;
};
#define LIVE_SOURCE_NONE ((struct live_source){ .socket = -1, .child = CHILD_PROCESS_NONE, .said_fd = -1 })
void live_source_done(struct live_source *s);

/* path: of LIVE_SOCKET_NAME. 0, or enum agent_answer (cli/agent-socket.h). */
_must_check_ int live_source_connect(struct live_source *s, const char *path);

void live_source_hang_up(struct live_source *s); /* on an agent */

/* cache_dir: "": none. */
_must_check_ int live_source_spawn(struct live_source *s, uint64_t hz, const char *cache_dir);

/* What was sampled in a span. */
struct live_span {
	struct profile *profile;   /* NULL: nothing was, and: */
	char why[LIVE_TEXT_BYTES]; /* printable ASCII */
	uint32_t n_cpus;
	uint64_t n_lost;
	uint64_t n_missed; /* spans before it that this client was too late for */
};
void live_span_done(struct live_span *s);

enum live_source_answer {
	LIVE_SOURCE_NOTHING = 1, /* yet: poll() for the socket */
	LIVE_SOURCE_GONE,        /* it hung up, or has ended */
	LIVE_SOURCE_BAD,         /* what it says is no answer */
};
_must_check_ int live_source_ask(struct live_source *s);
_must_check_ int live_source_take(struct live_source *s, struct live_span *ret);

/* What an own sampler has said, as far as it is kept, goes to stderr. */
void live_source_repeat(const struct live_source *s);
