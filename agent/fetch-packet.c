// SPDX-License-Identifier: Apache-2.0
#include "agent/fetch-packet.h"

static int send_whole(int socket, const void *data, size_t size)
{
	const struct packet_part part = { .data = data, .size = size };

	return packet_send(socket, &part, 1, NULL, 0);
}

static int receive_whole(int socket, void *data, size_t size)
{
	size_t n_bytes;
	int r = packet_receive(socket, data, size, &n_bytes);

	return r == 0 && n_bytes != size ? -EBADMSG : r;
}

int fetch_send_order(int socket, const struct build_id *id)
{
	return send_whole(socket, id, sizeof(*id));
}

int fetch_receive_order(int socket, struct build_id *ret)
{
	int r = receive_whole(socket, ret, sizeof(*ret));

	return r == 0 && (ret->n_bytes == 0 || ret->n_bytes > sizeof(ret->bytes)) ? -EBADMSG : r;
}

int fetch_send_answer(int socket, const struct fetch_answer *answer)
{
	return send_whole(socket, answer, sizeof(*answer));
}

int fetch_receive_answer(int socket, struct fetch_answer *ret)
{
	int r = receive_whole(socket, ret, sizeof(*ret));

	return r == 0 && (ret->status >= FETCH_N || !packet_is_text(ret->reason, sizeof(ret->reason))) ? -EBADMSG : r;
}
