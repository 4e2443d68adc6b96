// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/finisher-wire.h"

#include <stdbool.h>
#include <string.h>

int finisher_wire_send_module(int socket, uint64_t tag, uint32_t module, int fd)
{
	const struct finisher_request request = { .tag = tag, .kind = FINISHER_MODULE, .number = module };
	const struct packet_part part = { .data = &request, .size = sizeof(request) };

	return packet_send(socket, &part, 1, &fd, fd >= 0 ? 1 : 0);
}

int finisher_wire_send_copy(int socket, uint64_t tag, uint32_t copy, const struct finisher_mapping *mappings,
			    size_t n_mappings)
{
	const struct finisher_request request = {
		.tag = tag,
		.kind = FINISHER_COPY,
		.number = copy,
		.n_mappings = (uint32_t)n_mappings,
	};
	const struct packet_part parts[] = {
		{ .data = &request, .size = sizeof(request) },
		{ .data = mappings, .size = n_mappings * sizeof(*mappings) },
	};

	return packet_send(socket, parts, n_mappings > 0 ? 2 : 1, NULL, 0);
}

struct request_packet {
	struct finisher_request request;
	struct finisher_mapping mappings[FINISHER_MAX_MAPPINGS];
};

static bool is_request(const struct request_packet *p, size_t size, size_t n_fds)
{
	if (size < sizeof(p->request) || p->request.n_mappings > FINISHER_MAX_MAPPINGS)
		return false;
	if (size != sizeof(p->request) + p->request.n_mappings * sizeof(p->mappings[0]))
		return false;
	if (p->request.kind == FINISHER_MODULE)
		return n_fds <= 1 && p->request.n_mappings == 0;
	return p->request.kind == FINISHER_COPY && n_fds == 0 && p->request.number < CPUHOUND_COPIES;
}

int finisher_wire_receive_request(int socket, struct finisher_request *ret,
				  struct finisher_mapping ret_mappings[static FINISHER_MAX_MAPPINGS], int *ret_fd)
{
	static struct request_packet packet; /* too large for a stack; the child has one thread */
	int fds[PACKET_MAX_FDS] = { -1, -1 };
	size_t size, n_fds;
	int r;

	r = packet_receive_with_fds(socket, &packet, sizeof(packet), &size, fds, &n_fds);
	if (r != 0)
		return r;
	if (!is_request(&packet, size, n_fds)) {
		close_fd(fds[0]);
		close_fd(fds[1]);
		return -EBADMSG;
	}
	*ret = packet.request;
	memcpy(ret_mappings, packet.mappings, packet.request.n_mappings * sizeof(packet.mappings[0]));
	*ret_fd = fds[0];
	return 0;
}

int finisher_wire_send_reply(int socket, const struct finisher_reply *reply)
{
	const struct packet_part part = {
		.data = reply,
		.size = offsetof(struct finisher_reply, pcs) + reply->n_pcs * sizeof(reply->pcs[0]),
	};

	return packet_send(socket, &part, 1, NULL, 0);
}

static bool is_reply(const struct finisher_reply *r, size_t size)
{
	if (size < offsetof(struct finisher_reply, pcs) || r->n_pcs > CPUHOUND_MAX_USER_FRAMES)
		return false;
	if (size != offsetof(struct finisher_reply, pcs) + r->n_pcs * sizeof(r->pcs[0]))
		return false;
	return r->status <= 0 && (r->stop < FINISHER_LOST || r->stop == FINISHER_NEEDS_MODULE) &&
	       packet_is_text(r->reason, sizeof(r->reason));
}

int finisher_wire_receive_reply(int socket, struct finisher_reply *ret)
{
	struct finisher_reply reply;
	size_t size;
	int r;

	r = packet_receive(socket, &reply, sizeof(reply), &size);
	if (r != 0)
		return r;
	if (!is_reply(&reply, size))
		return -EBADMSG;
	memcpy(ret, &reply, size);
	return 0;
}
