// SPDX-License-Identifier: Apache-2.0
#include "agent/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/parse.h"

#define NS_PER_US 1000ULL

static int connect_to(const char *path, int *ret)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = strlen(path);
	_cleanup_close_ int fd = -1;

	if (size < 2 || size >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
		return -EINVAL;
	memcpy(address.sun_path, path, size);
	if (path[0] == '@') /* of the abstract namespace, which has no file */
		address.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)) < 0)
		return -errno;
	*ret = take_fd(fd);
	return 0;
}

/* 0 where no watchdog is meant for this process. */
static uint64_t watchdog_ns(void)
{
	const char *us_text = getenv("WATCHDOG_USEC"), *pid_text = getenv("WATCHDOG_PID");
	uint64_t us, pid;

	if (!us_text || parse_u64(us_text, 10, &us) < 0 || us > UINT64_MAX / NS_PER_US)
		return 0;
	if (pid_text && (parse_u64(pid_text, 10, &pid) < 0 || pid != (uint64_t)getpid()))
		return 0;
	return us * NS_PER_US;
}

int notify_open(struct notify *ret)
{
	const char *path = getenv("NOTIFY_SOCKET");
	int e = 0;

	*ret = (struct notify)NOTIFY_NONE;
	if (path && path[0])
		e = connect_to(path, &ret->socket);
	if (e == 0 && ret->socket >= 0)
		ret->watchdog_ns = watchdog_ns();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return e;
}

void notify_done(struct notify *n)
{
	n->socket = close_fd(n->socket);
}

void notify_send(const struct notify *n, const char *lines)
{
	if (n->socket < 0)
		return;
	if (send(n->socket, lines, strlen(lines), MSG_NOSIGNAL) < 0)
		log_debug("cannot tell the service manager '%s': %m", lines);
}

void notify_reloading(const struct notify *n)
{
	uint64_t now_us = clock_now_ns(CLOCK_MONOTONIC) / NS_PER_US;
	char text[96];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_us);
	notify_send(n, text);
}

void notify_feed_watchdog(struct notify *n, uint64_t now_ns)
{
	if (n->watchdog_ns == 0 || now_ns < n->fed_ns + n->watchdog_ns / 3)
		return;
	n->fed_ns = now_ns;
	notify_send(n, "WATCHDOG=1");
}
