// SPDX-License-Identifier: Apache-2.0
#include "agent/live-packet.h"

#include <stdbool.h>

int live_send_question(int socket)
{
	const struct live_question question = { .version = LIVE_VERSION };
	const struct packet_part part = { .data = &question, .size = sizeof(question) };

	return packet_send(socket, &part, 1, NULL, 0);
}

int live_receive_question(int socket)
{
	struct live_question question;
	size_t size;
	int r = packet_receive(socket, &question, sizeof(question), &size);

	if (r != 0)
		return r;
	return size == sizeof(question) && question.version == LIVE_VERSION ? 0 : -EBADMSG;
}

int live_send_answer(int socket, const struct live_answer *answer, int profile_fd)
{
	const struct packet_part part = { .data = answer, .size = sizeof(*answer) };

	return packet_send(socket, &part, 1, &profile_fd, profile_fd >= 0);
}

static bool is_answer(const struct live_answer *a, size_t size, size_t n_fds)
{
	return size == sizeof(*a) && a->version == LIVE_VERSION && packet_is_text(a->why, sizeof(a->why)) &&
	       n_fds == (a->why[0] == 0);
}

int live_receive_answer(int socket, struct live_answer *ret, int *ret_profile_fd)
{
	int fds[PACKET_MAX_FDS] = { -1, -1 };
	struct live_answer answer;
	size_t size, n_fds;
	int r = packet_receive_with_fds(socket, &answer, sizeof(answer), &size, fds, &n_fds);

	if (r != 0)
		return r;
	if (!is_answer(&answer, size, n_fds)) {
		close_fd(fds[0]);
		close_fd(fds[1]);
		return -EBADMSG;
	}
	*ret = answer;
	*ret_profile_fd = fds[0];
	return 0;
}
