// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-packet.h"

#include <stdbool.h>
#include <stddef.h>

static const struct {
	const char *name;
	unsigned int status;
} outcomes[HUB_N_OUTCOMES] = {
	[HUB_TAKEN] = { "taken", 200 },
	[HUB_REPEATED] = { "repeated", 200 },
	[HUB_READ] = { "read", 200 },
	[HUB_REFUSED_HOST] = { "refused_host", 403 },
	[HUB_REFUSED_OLD] = { "refused_old", 410 },
	[HUB_REFUSED_FUTURE] = { "refused_future", 422 },
	[HUB_REFUSED_RAW] = { "refused_raw", 413 },
	[HUB_REFUSED_LABELS] = { "refused_labels", 422 },
	[HUB_REFUSED_SERIES] = { "refused_series", 429 },
	[HUB_REFUSED_RATE] = { "refused_rate", 429 },
	[HUB_REFUSED_WINDOW] = { "refused_window", 422 },
	[HUB_REFUSED_DEADLY] = { "refused_deadly", 422 },
	[HUB_REFUSED_QUERY] = { "refused_query", 400 },
	[HUB_REFUSED_BUSY] = { "refused_busy", 429 },
	[HUB_GONE] = { "gone", 404 },
	[HUB_REFUSED_LARGE] = { "refused_large", 413 },
	[HUB_NO_ROOM] = { "no_room", 503 },
	[HUB_FAILED] = { "failed", 503 },
	[HUB_LOST] = { "lost", 503 },
	[HUB_OVERDUE] = { "overdue", 504 },
	[HUB_SOURCE_FAILED] = { "source_failed", 502 },
};

const char *hub_outcome_name(enum hub_outcome o)
{
	return outcomes[o].name;
}

unsigned int hub_outcome_status(enum hub_outcome o)
{
	return outcomes[o].status;
}

static int send_packet(int socket, const void *message, size_t size, int fd)
{
	const struct packet_part part = { .data = message, .size = size };

	return packet_send(socket, &part, 1, &fd, fd >= 0);
}

/* With at most one descriptor. */
static int receive_packet(int socket, void *message, size_t size, int *ret_fd)
{
	int fds[PACKET_MAX_FDS] = { -1, -1 };
	size_t n_bytes, n_fds;
	int r = packet_receive_with_fds(socket, message, size, &n_bytes, fds, &n_fds);

	if (r != 0)
		return r;
	if (n_bytes != size || n_fds > 1) {
		close_fd(fds[0]);
		close_fd(fds[1]);
		return -EBADMSG;
	}
	*ret_fd = fds[0];
	return 0;
}

int hub_send_order(int socket, const struct hub_order *order, int fd)
{
	return send_packet(socket, order, sizeof(*order), fd);
}

static bool is_order(const struct hub_order *o, bool has_fd)
{
	if (o->kind == HUB_RULES)
		return has_fd;
	return o->kind == HUB_REQUEST && web_request_is_valid(&o->request) && has_fd == (o->request.kind == WEB_PUSH);
}

int hub_receive_order(int socket, struct hub_order *ret, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	struct hub_order order;
	int r = receive_packet(socket, &order, sizeof(order), &fd);

	if (r != 0)
		return r;
	if (!is_order(&order, fd >= 0))
		return -EBADMSG;
	*ret = order;
	*ret_fd = take_fd(fd);
	return 0;
}

int hub_send_word(int socket, const struct hub_word *word, int fd)
{
	return send_packet(socket, word, sizeof(*word), fd);
}

static bool is_word(const struct hub_word *w, bool has_fd)
{
	if (!packet_is_text(w->text, sizeof(w->text)))
		return false;
	if (w->kind == HUB_HELLO)
		return w->status <= 0 && !has_fd;
	return w->kind == HUB_ANSWER && w->outcome < HUB_N_OUTCOMES && has_fd == (w->outcome == HUB_READ);
}

int hub_receive_word(int socket, struct hub_word *ret, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	struct hub_word word;
	int r = receive_packet(socket, &word, sizeof(word), &fd);

	if (r != 0)
		return r;
	if (!is_word(&word, fd >= 0))
		return -EBADMSG;
	*ret = word;
	*ret_fd = take_fd(fd);
	return 0;
}
