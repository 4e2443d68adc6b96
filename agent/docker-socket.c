// SPDX-License-Identifier: Apache-2.0
#include "agent/docker-socket.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/clock.h"
#include "common/fsutil.h"

#define PATIENCE_NS (2 * NS_PER_S)
#define PIECE_BYTES 16384

void docker_socket_done(struct docker_socket *d)
{
	d->fd = close_fd(d->fd);
	d->answer_fd = close_fd(d->answer_fd);
}

/* HTTP/1.0: the answer ends with the connection and comes in one piece. A full backlog is -EAGAIN. */
static int send_question(int fd, const char *path, const char *id)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char question[256];
	int n = snprintf(question, sizeof(question), "GET /containers/%s/json HTTP/1.0\r\nHost: docker\r\n\r\n", id);

	if (strlen(path) >= sizeof(address.sun_path) || (size_t)n >= sizeof(question))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return send(fd, question, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -EIO;
}

int docker_socket_ask(struct docker_socket *d, const char *path, const char *id, uint64_t now_ns)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = send_question(fd, path, id);
	if (r < 0)
		return r;
	d->answer_fd = memfd_create("cpuhound-docker", MFD_CLOEXEC);
	if (d->answer_fd < 0)
		return -errno;
	d->fd = take_fd(fd);
	d->n_bytes = 0;
	d->deadline_ns = now_ns + PATIENCE_NS;
	return 0;
}

/* 0: the answer is whole; DOCKER_WAITING; -errno. */
static int receive(struct docker_socket *d)
{
	char piece[PIECE_BYTES];

	while (d->n_bytes < DOCKER_ANSWER_BYTES) {
		ssize_t n = recv(d->fd, piece, sizeof(piece), 0);
		int r;

		if (n == 0)
			return 0;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? DOCKER_WAITING : -errno;
		r = fs_write_all(d->answer_fd, piece, (size_t)n);
		if (r < 0)
			return r;
		d->n_bytes += (size_t)n;
	}
	return -EFBIG;
}

int docker_socket_take(struct docker_socket *d, uint64_t now_ns, int *ret_fd)
{
	int r = receive(d);

	if (r == DOCKER_WAITING && now_ns < d->deadline_ns)
		return r;
	if (r == 0)
		*ret_fd = take_fd(d->answer_fd);
	docker_socket_done(d);
	return r == DOCKER_WAITING ? -ETIMEDOUT : r;
}
