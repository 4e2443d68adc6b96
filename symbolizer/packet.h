/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet: one message between an agent and its sandboxed child, over a SOCK_SEQPACKET socketpair; descriptors ride
 * along. Either side may have been taken over: what does not look right is -EBADMSG, and no more descriptors are
 * taken than asked for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/clean.h"

#define PACKET_MAX_FDS 2

enum packet_answer {
	PACKET_CLOSED = 1, /* the other side is gone */
	PACKET_AGAIN,      /* nothing there, or no room; only on a socket that does not block */
};

struct packet_part {
	const void *data;
	size_t size;
};

/* The parts make one message. The descriptors stay the caller's. */
_must_check_ int packet_send(int socket, const struct packet_part *parts, size_t n_parts, const int *fds, size_t n_fds);

/* A message of at most `capacity` bytes, without descriptors: they are not welcome and never reach this process. */
_must_check_ int packet_receive(int socket, void *message, size_t capacity, size_t *ret_size);

/* The same with descriptors, which become the caller's: *ret_n_fds of them. */
_must_check_ int packet_receive_with_fds(int socket, void *message, size_t capacity, size_t *ret_size,
					 int ret_fds[static PACKET_MAX_FDS], size_t *ret_n_fds);

/* The field of a message holds printable ASCII and ends with a NUL. */
bool packet_is_text(const char *s, size_t size);

/* Makes such a field of any text: what is not printable becomes '?', what does not fit is cut. */
void packet_set_text(char *ret, size_t size, const char *text);
