// SPDX-License-Identifier: Apache-2.0
#include "agent/status-socket.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/log.h"

#define DIR_MODE 0750
#define SOCKET_MODE 0660
#define BACKLOG 16

struct status_socket {
	struct sockaddr_un address;
	int epoll_fd, listen_fd;
	int clients[STATUS_SOCKET_MAX_CLIENTS]; /* that wait for an answer */
	size_t n_clients;
};

static int make_address(const char *dir, struct sockaddr_un *ret)
{
	int n;

	ret->sun_family = AF_UNIX;
	n = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/" STATUS_SOCKET_NAME, dir);
	return n < 0 || (size_t)n >= sizeof(ret->sun_path) ? -ENAMETOOLONG : 0;
}

/* A socket file is its owner's for as long as somebody accepts there; what a killed agent left is removed. */
static int remove_stale(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return -EADDRINUSE;
	if (errno == ECONNREFUSED)
		return unlink(address->sun_path) < 0 ? -errno : 0;
	return errno == ENOENT ? 0 : -errno;
}

static int listen_at(const struct sockaddr_un *address, int *ret)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	if (chmod(address->sun_path, SOCKET_MODE) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	*ret = take_fd(fd);
	return 0;
}

int status_socket_new(const char *dir, struct status_socket **ret)
{
	_cleanup_(status_socket_freep) struct status_socket *s = calloc(1, sizeof(*s));
	struct epoll_event event = { .events = EPOLLIN };
	int e;

	if (!s)
		return -ENOMEM;
	s->epoll_fd = s->listen_fd = -1;
	e = make_address(dir, &s->address);
	if (e < 0)
		return e;
	if (mkdir(dir, DIR_MODE) < 0 && errno != EEXIST)
		return -errno;
	e = remove_stale(&s->address);
	if (e == 0)
		e = listen_at(&s->address, &s->listen_fd);
	if (e < 0)
		return e;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0 || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->listen_fd, &event) < 0)
		return -errno;
	*ret = take_ptr(s);
	return 0;
}

struct status_socket *status_socket_free(struct status_socket *s)
{
	if (!s)
		return NULL;
	status_socket_answer(s, NULL, 0);
	if (s->listen_fd >= 0)
		unlink(s->address.sun_path);
	close_fd(s->listen_fd);
	close_fd(s->epoll_fd);
	free(s);
	return NULL;
}

int status_socket_fd(const struct status_socket *s)
{
	return s->epoll_fd;
}

size_t status_socket_dispatch(struct status_socket *s)
{
	while (s->n_clients < STATUS_SOCKET_MAX_CLIENTS) {
		int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			break;
		s->clients[s->n_clients++] = fd;
	}
	return s->n_clients;
}

/* The room that a socket's buffer must have for an answer: without a client that reads, too. */
static int make_room(int fd, size_t size)
{
	int bytes = size > INT32_MAX ? INT32_MAX : (int)size;

	return setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) < 0 ? -errno : 0;
}

void status_socket_answer(struct status_socket *s, const void *data, size_t size)
{
	for (size_t i = 0; i < s->n_clients; i++) {
		if (size && (make_room(s->clients[i], size) < 0 ||
			     send(s->clients[i], data, size, MSG_NOSIGNAL) != (ssize_t)size))
			log_debug("a client of the status socket got no whole answer: %m");
		close(s->clients[i]);
	}
	s->n_clients = 0;
}
