// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway-protocol.h"

#include <stdbool.h>
#include <string.h>

int gateway_send_order(int socket, const struct gateway_order *order, const int *fds, size_t n_fds)
{
	const struct packet_part part = { .data = order, .size = sizeof(*order) };

	return packet_send(socket, &part, 1, fds, n_fds);
}

static bool is_order(const struct gateway_order *o, size_t size, size_t n_fds)
{
	if (size != sizeof(*o) || !packet_is_text(o->text, sizeof(o->text)))
		return false;
	switch (o->kind) {
	case GATEWAY_SOCKETS:
		return n_fds == (size_t)__builtin_popcount(o->flags & (GATEWAY_HAS_FULL | GATEWAY_HAS_STATUS));
	case GATEWAY_SETTINGS:
		return n_fds == 1;
	case GATEWAY_ANSWER:
		return n_fds <= 1 && o->status >= 200 && o->status <= 599;
	case GATEWAY_PING:
		return n_fds == 0;
	default:
		return false;
	}
}

int gateway_receive_order(int socket, struct gateway_order *ret, int ret_fds[static PACKET_MAX_FDS])
{
	int fds[PACKET_MAX_FDS] = { -1, -1 };
	struct gateway_order order;
	size_t size, n_fds;
	int r;

	r = packet_receive_with_fds(socket, &order, sizeof(order), &size, fds, &n_fds);
	if (r != 0)
		return r;
	if (!is_order(&order, size, n_fds)) {
		close_fd(fds[0]);
		close_fd(fds[1]);
		return -EBADMSG;
	}
	*ret = order;
	memcpy(ret_fds, fds, sizeof(fds));
	return 0;
}

int gateway_send_word(int socket, const struct gateway_word *word, int body_fd)
{
	const struct packet_part part = { .data = word, .size = sizeof(*word) };

	return packet_send(socket, &part, 1, &body_fd, body_fd >= 0);
}

static bool is_word(const struct gateway_word *w, size_t size, size_t n_fds)
{
	if (size != sizeof(*w) || w->status > 0 || !packet_is_text(w->reason, sizeof(w->reason)))
		return false;
	if (w->kind == GATEWAY_ASK)
		return web_request_is_valid(&w->request) && n_fds == (w->request.kind == WEB_PUSH);
	return w->kind >= GATEWAY_HELLO && w->kind <= GATEWAY_PONG && n_fds == 0;
}

int gateway_receive_word(int socket, struct gateway_word *ret, int *ret_body_fd)
{
	int fds[PACKET_MAX_FDS] = { -1, -1 };
	struct gateway_word word;
	size_t size, n_fds;
	int r;

	r = packet_receive_with_fds(socket, &word, sizeof(word), &size, fds, &n_fds);
	if (r != 0)
		return r;
	if (!is_word(&word, size, n_fds)) {
		close_fd(fds[0]);
		close_fd(fds[1]);
		return -EBADMSG;
	}
	*ret = word;
	*ret_body_fd = fds[0];
	return 0;
}
