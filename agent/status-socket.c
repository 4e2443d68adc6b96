// SPDX-License-Identifier: Apache-2.0
#include "agent/status-socket.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/log.h"

#define DIR_MODE 0750
#define SOCKET_MODE 0660
#define BACKLOG 16
#define LOCK_NAME "agent.lock"
#define LOCK_MODE 0600 /* nobody else may take it */

struct status_socket {
	struct sockaddr_un address;
	int epoll_fd, listen_fd, lock_fd;
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

/* With the lock held, whoever listened there has gone. Nothing but a socket is removed. */
static int remove_stale(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	return unlink(path) < 0 ? -errno : 0;
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
	int r;

	if (!s)
		return -ENOMEM;
	s->epoll_fd = s->listen_fd = s->lock_fd = -1;
	r = make_address(dir, &s->address);
	if (r == 0)
		r = claim(dir, &s->lock_fd);
	if (r == 0)
		r = remove_stale(s->address.sun_path);
	if (r == 0)
		r = listen_at(&s->address, &s->listen_fd);
	if (r != 0)
		return r;
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
		int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

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
