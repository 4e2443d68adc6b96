// SPDX-License-Identifier: Apache-2.0
#include "agent/upload-packet.h"

int upload_send_order(int socket, const struct upload_order *order, int settings_fd)
{
	const struct packet_part part = { .data = order, .size = sizeof(*order) };

	return packet_send(socket, &part, 1, &settings_fd, 1);
}

int upload_receive_order(int socket, struct upload_order *ret, int *ret_settings_fd)
{
	int fds[PACKET_MAX_FDS] = { -1, -1 };
	size_t size, n_fds;
	int r = packet_receive_with_fds(socket, ret, sizeof(*ret), &size, fds, &n_fds);

	if (r != 0)
		return r;
	if (size != sizeof(*ret) || n_fds != 1 || !packet_is_text(ret->host, sizeof(ret->host))) {
		close_fd(fds[0]);
		close_fd(fds[1]);
		return -EBADMSG;
	}
	*ret_settings_fd = fds[0];
	return 0;
}

int upload_send_word(int socket, const struct upload_word *word)
{
	const struct packet_part part = { .data = word, .size = sizeof(*word) };

	return packet_send(socket, &part, 1, NULL, 0);
}

static bool is_target(const struct upload_target_report *t)
{
	return packet_is_text(t->name, sizeof(t->name)) && queue_is_name(t->name) &&
	       packet_is_text(t->kind, sizeof(t->kind)) && packet_is_text(t->fault, sizeof(t->fault)) &&
	       t->state <= LANE_OFF;
}

static bool is_word(const struct upload_word *w)
{
	if (w->status > 0 || !packet_is_text(w->fault, sizeof(w->fault)))
		return false;
	if (w->kind == UPLOAD_TARGET)
		return w->index < UPLOADER_MAX_TARGETS && is_target(&w->target);
	return w->kind == UPLOAD_HELLO || (w->kind == UPLOAD_BEAT && w->index <= UPLOADER_MAX_TARGETS);
}

int upload_receive_word(int socket, struct upload_word *ret)
{
	size_t size;
	int r = packet_receive(socket, ret, sizeof(*ret), &size);

	return r == 0 && (size != sizeof(*ret) || !is_word(ret)) ? -EBADMSG : r;
}
