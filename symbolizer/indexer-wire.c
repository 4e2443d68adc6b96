// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/indexer-wire.h"

#include <string.h>

#include "symbolizer/packet.h"

int indexer_wire_send_request(int socket, const struct indexer_request *request, int elf_fd, int out_fd)
{
	const struct packet_part part = { .data = request, .size = sizeof(*request) };
	const int fds[] = { elf_fd, out_fd };

	return packet_send(socket, &part, 1, fds, out_fd >= 0 ? 2 : 1);
}

static size_t n_fds_of(uint32_t job)
{
	return job == INDEXER_IDENTIFY ? 1 : 2;
}

static bool ends(const char *s, size_t size)
{
	return memchr(s, 0, size) != NULL;
}

int indexer_wire_receive_request(int socket, struct indexer_request *ret, int *ret_elf_fd, int *ret_out_fd)
{
	int fds[PACKET_MAX_FDS] = { -1, -1 };
	struct indexer_request request;
	size_t n_fds, size;
	int r;

	r = packet_receive_with_fds(socket, &request, sizeof(request), &size, fds, &n_fds);
	if (r == 0 &&
	    (size != sizeof(request) || n_fds != n_fds_of(request.job) || !ends(request.path, sizeof(request.path))))
		r = -EBADMSG;
	if (r != 0) {
		close_fd(fds[0]);
		close_fd(fds[1]);
		return r;
	}
	*ret = request;
	*ret_elf_fd = fds[0];
	*ret_out_fd = fds[1];
	return 0;
}

int indexer_wire_send_reply(int socket, const struct indexer_reply *reply)
{
	const struct packet_part part = { .data = reply, .size = sizeof(*reply) };

	return packet_send(socket, &part, 1, NULL, 0);
}

static bool is_sound_reply(const struct indexer_reply *reply)
{
	return reply->status <= 0 && reply->build_id_bytes <= BUILD_ID_MAX_BYTES &&
	       packet_is_text(reply->reason, sizeof(reply->reason)) && ends(reply->debuglink, sizeof(reply->debuglink));
}

static bool is_sound_need(const struct indexer_need *need)
{
	return need->kind >= DEBUG_NEED_FILE && need->kind <= DEBUG_NEED_DWO &&
	       need->build_id_bytes <= BUILD_ID_MAX_BYTES && ends(need->name, sizeof(need->name)) &&
	       ends(need->dir, sizeof(need->dir));
}

int indexer_wire_receive_word(int socket, struct indexer_word *ret)
{
	union {
		struct indexer_reply reply;
		struct indexer_need need;
	} word;
	size_t size;
	int r;

	r = packet_receive(socket, &word, sizeof(word), &size);
	if (r != 0)
		return r;
	if (size == sizeof(word.need) && is_sound_need(&word.need))
		*ret = (struct indexer_word){ .is_need = true, .need = word.need };
	else if (size == sizeof(word.reply) && is_sound_reply(&word.reply))
		*ret = (struct indexer_word){ .reply = word.reply };
	else
		return -EBADMSG;
	return 0;
}

int indexer_wire_send_need(int socket, uint64_t tag, const struct debug_need *need)
{
	struct indexer_need message = {
		.tag = tag,
		.kind = need->kind,
		.candidate = need->candidate,
		.build_id_bytes = need->build_id.n_bytes,
	};
	const struct packet_part part = { .data = &message, .size = sizeof(message) };

	memcpy(message.build_id, need->build_id.bytes, sizeof(message.build_id));
	memcpy(message.name, need->name, strnlen(need->name, sizeof(message.name) - 1));
	memcpy(message.dir, need->dir, strnlen(need->dir, sizeof(message.dir) - 1));
	return packet_send(socket, &part, 1, NULL, 0);
}

void indexer_need_get(const struct indexer_need *need, struct debug_need *ret)
{
	*ret = (struct debug_need){
		.kind = need->kind,
		.candidate = need->candidate,
		.build_id.n_bytes = need->build_id_bytes,
	};
	memcpy(ret->build_id.bytes, need->build_id, sizeof(ret->build_id.bytes));
	memcpy(ret->name, need->name, sizeof(ret->name));
	memcpy(ret->dir, need->dir, sizeof(ret->dir));
}

int indexer_wire_send_given(int socket, const struct indexer_given *given, int fd)
{
	const struct packet_part part = { .data = given, .size = sizeof(*given) };

	return packet_send(socket, &part, 1, &fd, fd >= 0 ? 1 : 0);
}

int indexer_wire_receive_given(int socket, struct indexer_given *ret, int *ret_fd)
{
	int fds[PACKET_MAX_FDS] = { -1, -1 };
	struct indexer_given given;
	size_t n_fds, size;
	int r;

	r = packet_receive_with_fds(socket, &given, sizeof(given), &size, fds, &n_fds);
	if (r == 0 && (size != sizeof(given) || n_fds != (given.status == 0) || !ends(given.path, sizeof(given.path))))
		r = -EBADMSG;
	if (r != 0) {
		close_fd(fds[0]);
		close_fd(fds[1]);
		return r;
	}
	*ret = given;
	*ret_fd = fds[0];
	return 0;
}
