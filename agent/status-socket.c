// SPDX-License-Identifier: Apache-2.0
#include "agent/status-socket.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "agent/run-socket.h"
#include "common/log.h"

#define DIR_MODE 0750
#define LOCK_NAME "agent.lock"
#define LOCK_MODE 0600 /* nobody else may take it */

struct status_socket {
	struct run_socket socket;
	int epoll_fd, lock_fd;
	int clients[STATUS_SOCKET_MAX_CLIENTS]; /* that wait for an answer */
	size_t n_clients;
};

static int take_lock(int dir_fd, int *ret)
{
	_cleanup_close_ int fd = openat(dir_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? STATUS_SOCKET_IN_USE : -errno;
	*ret = take_fd(fd);
	return 0;
}

/* Makes the directory and takes the lock in it. */
static int claim(const char *dir, int *ret)
{
	_cleanup_close_ int fd = -1;

	if (mkdir(dir, DIR_MODE) < 0 && errno != EEXIST)
		return -errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : take_lock(fd, ret);
}

int status_socket_new(const char *dir, struct status_socket **ret)
{
	_cleanup_(status_socket_freep) struct status_socket *s = calloc(1, sizeof(*s));
	struct epoll_event event = { .events = EPOLLIN };
	int r;

	if (!s)
		return -ENOMEM;
	s->epoll_fd = s->lock_fd = -1;
	r = run_socket_init(&s->socket, dir, STATUS_SOCKET_NAME);
	if (r == 0)
		r = claim(dir, &s->lock_fd);
	if (r == 0)
		r = run_socket_listen(&s->socket, SOCK_STREAM);
	if (r != 0)
		return r;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0 || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->socket.fd, &event) < 0)
		return -errno;
	*ret = take_ptr(s);
	return 0;
}

struct status_socket *status_socket_free(struct status_socket *s)
{
	if (!s)
		return NULL;
	status_socket_answer(s, NULL, 0);
	run_socket_done(&s->socket);
	close_fd(s->epoll_fd);
	close_fd(s->lock_fd); /* and so gives the lock back */
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
		int fd = run_socket_accept(&s->socket);

		if (fd < 0)
			break;
		s->clients[s->n_clients++] = fd;
	}
	return s->n_clients;
}

/* An answer is some KiB, and a socket holds 200 (wmem_default): who reads nothing costs no wait. */
void status_socket_answer(struct status_socket *s, const void *data, size_t size)
{
	for (size_t i = 0; i < s->n_clients; i++) {
		if (size && send(s->clients[i], data, size, MSG_NOSIGNAL) != (ssize_t)size)
			log_debug("a client of the status socket got no whole answer: %m");
		close(s->clients[i]);
	}
	s->n_clients = 0;
}
