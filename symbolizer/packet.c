// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/packet.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define MAX_PARTS 2

union fd_space {
	char bytes[CMSG_SPACE(PACKET_MAX_FDS * sizeof(int))];
	struct cmsghdr align;
};

static void attach_fds(struct msghdr *h, union fd_space *space, const int *fds, size_t n_fds)
{
	struct cmsghdr *c = &space->align;

	h->msg_control = space;
	h->msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
}

int packet_send(int socket, const struct packet_part *parts, size_t n_parts, const int *fds, size_t n_fds)
{
	struct iovec iov[MAX_PARTS];
	struct msghdr h = { .msg_iov = iov, .msg_iovlen = n_parts };
	union fd_space space = {};
	size_t size = 0;
	ssize_t n;

	if (n_parts > MAX_PARTS || n_fds > PACKET_MAX_FDS)
		return -EINVAL;
	for (size_t i = 0; i < n_parts; i++) {
		iov[i] = (struct iovec){ .iov_base = (void *)(uintptr_t)parts[i].data, .iov_len = parts[i].size };
		size += parts[i].size;
	}
	if (n_fds > 0)
		attach_fds(&h, &space, fds, n_fds);
	do
		n = sendmsg(socket, &h, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return PACKET_AGAIN;
	if (n < 0)
		return errno == EPIPE || errno == ECONNRESET ? PACKET_CLOSED : -errno;
	return n == (ssize_t)size ? 0 : -EBADMSG;
}

/* Takes over what came; a message has room for PACKET_MAX_FDS and the kernel closes the rest. */
static size_t take_fds(struct msghdr *h, int fds[static PACKET_MAX_FDS])
{
	size_t n_fds = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || n > PACKET_MAX_FDS - n_fds)
			continue;
		memcpy(fds + n_fds, CMSG_DATA(c), n * sizeof(int));
		n_fds += n;
	}
	return n_fds;
}

static int receive(int socket, struct msghdr *h, size_t *ret_size)
{
	ssize_t n;

	do
		n = recvmsg(socket, h, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return PACKET_AGAIN;
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return PACKET_CLOSED;
	if (n < 0)
		return -errno;
	*ret_size = (size_t)n;
	return 0;
}

int packet_receive(int socket, void *message, size_t capacity, size_t *ret_size)
{
	struct iovec iov = { .iov_base = message, .iov_len = capacity };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };
	int r = receive(socket, &h, ret_size);

	return r == 0 && (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ? -EBADMSG : r;
}

int packet_receive_with_fds(int socket, void *message, size_t capacity, size_t *ret_size,
			    int ret_fds[static PACKET_MAX_FDS], size_t *ret_n_fds)
{
	union fd_space space = {};
	struct iovec iov = { .iov_base = message, .iov_len = capacity };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &space, .msg_controllen = sizeof(space) };
	int r = receive(socket, &h, ret_size);
	int fds[PACKET_MAX_FDS];
	size_t n_fds;

	if (r != 0)
		return r;
	n_fds = take_fds(&h, fds);
	if (h.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		for (size_t i = 0; i < n_fds; i++)
			close_fd(fds[i]);
		return -EBADMSG;
	}
	memcpy(ret_fds, fds, n_fds * sizeof(int));
	*ret_n_fds = n_fds;
	return 0;
}

bool packet_is_text(const char *s, size_t size)
{
	size_t n = strnlen(s, size);

	for (size_t i = 0; i < n; i++) {
		if (s[i] < ' ' || s[i] > '~')
			return false;
	}
	return n < size;
}

void packet_set_text(char *ret, size_t size, const char *text)
{
	size_t n = strnlen(text, size - 1);

	memset(ret, 0, size);
	for (size_t i = 0; i < n; i++)
		ret[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
}
