// SPDX-License-Identifier: Apache-2.0
#include "agent/run-socket.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define SOCKET_MODE 0660

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

int run_socket_init(struct run_socket *s, const char *dir, const char *name)
{
	int n;

	*s = RUN_SOCKET_NONE;
	s->address.sun_family = AF_UNIX;
	n = snprintf(s->address.sun_path, sizeof(s->address.sun_path), "%s/%s", dir, name);
	return n < 0 || (size_t)n >= sizeof(s->address.sun_path) ? -ENAMETOOLONG : 0;
}

int run_socket_listen(struct run_socket *s, int type)
{
	_cleanup_close_ int fd = -1;
	int r;

	r = remove_stale(s->address.sun_path);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&s->address, sizeof(s->address)) < 0)
		return -errno;
	if (chmod(s->address.sun_path, SOCKET_MODE) < 0 || listen(fd, RUN_SOCKET_BACKLOG) < 0)
		return -errno;
	s->fd = take_fd(fd);
	return 0;
}

void run_socket_done(struct run_socket *s)
{
	if (s->fd >= 0)
		unlink(s->address.sun_path);
	s->fd = close_fd(s->fd);
}

int run_socket_accept(const struct run_socket *s)
{
	return accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}
