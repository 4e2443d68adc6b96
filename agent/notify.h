/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify: what the service manager is told: READY=1, STOPPING=1, STATUS=..., WATCHDOG=1. The protocol is one datagram
 * (sd_notify(3), whose authors recommend to speak it oneself: libsystemd would bring five libraries for it).
 * Without $NOTIFY_SOCKET nobody listens, and every call does nothing.
 */
#pragma once

#include <stdint.h>

#include "common/clean.h"

struct notify {
	int socket;           /* -1: nobody listens */
	uint64_t watchdog_ns; /* a WATCHDOG=1 is due at least so often; 0: none is awaited */
	uint64_t fed_ns;      /* CLOCK_MONOTONIC of the last one */
};
#define NOTIFY_NONE                                                                                                    \
	{                                                                                                              \
		.socket = -1                                                                                           \
	}

/* Takes $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID, which are meant for this process only. */
_must_check_ int notify_open(struct notify *ret);
void notify_done(struct notify *n);

/* Lines as in sd_notify(3). A full socket or a manager that has gone is not our fault: it is not told again. */
void notify_send(const struct notify *n, const char *lines);

/* That the configuration is being read again, before that; READY=1 ends it. */
void notify_reloading(const struct notify *n);

/* A WATCHDOG=1, three times as often as one is due. Call it in each turn. */
void notify_feed_watchdog(struct notify *n, uint64_t now_ns);
