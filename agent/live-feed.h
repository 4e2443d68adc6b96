/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live feed: what a running recorder has sampled, second after second, for those who watch (`cpuhound top`): one tap
 * for all of them, whose profile each gets that has asked. Nobody asks: no tap. Bounded: some clients, one second in
 * memory; a client that does not ask for a while is hung up on, and counted. Of clients only packets of a few bytes are
 * read. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"

#define LIVE_FEED_MAX_CLIENTS 16

/* Why a client was hung up on; one that went by itself was not. */
enum live_feed_reason {
	LIVE_FEED_NO_ROOM,        /* LIVE_FEED_MAX_CLIENTS watch already */
	LIVE_FEED_SLOW,           /* has not asked for a while, or does not read its answers */
	LIVE_FEED_NOT_UNDERSTOOD, /* is of another version, or no client at all */
	LIVE_FEED_FAILED,         /* the kernel had no memory or descriptors for it */
	LIVE_FEED_N_REASONS,
};
const char *live_feed_reason_to_string(enum live_feed_reason reason); /* "no_room" */

struct live_feed;
struct recorder;

/* dir: where LIVE_SOCKET_NAME is made (agent/run-socket.h); NULL: nowhere, who is fed is added. */
_must_check_ int live_feed_new(const char *dir, struct live_feed **ret);
struct live_feed *live_feed_free(struct live_feed *f); /* after live_feed_end(); NULL is fine; returns NULL */
DEFINE_CLEANUP(struct live_feed *, live_feed_free);

/* A client that may be silent for as long as it wants, as a stopped `top` whose own sampler this is. fd is the feed's.
 */
_must_check_ int live_feed_add(struct live_feed *f, int fd);
size_t live_feed_n_clients(const struct live_feed *f);
uint64_t live_feed_n_hung_up(const struct live_feed *f, enum live_feed_reason reason);

int live_feed_fd(const struct live_feed *f);          /* an epoll descriptor: readable means dispatch */
uint64_t live_feed_due_ns(const struct live_feed *f); /* CLOCK_MONOTONIC; UINT64_MAX: nobody waits */

/*
 * is_readable: as poll() told it. r: NULL: nothing is sampled now, and clients are told `why`; as they are of a fault.
 * A client that sends anything else than questions is hung up on.
 */
void live_feed_dispatch(struct live_feed *f, struct recorder *r, const char *why, bool is_readable, uint64_t now_ns);

/* Sampling pauses or ends: gives the tap back. Who waits is told at the end of the span. */
void live_feed_end(struct live_feed *f, struct recorder *r);
