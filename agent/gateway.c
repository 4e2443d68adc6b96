// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway.h"

#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include "agent/gateway-protocol.h"
#include "common/fsutil.h"
#include "symbolizer/child-process.h"
#include "symbolizer/sandbox.h"
#include "web/server.h"

#define DATA_BYTES ((size_t)64 << 20) /* 128 TLS connections take 12 MiB */
#define OPEN_FILES 512                /* connections, the bodies of answers, a few of its own */
#define MAX_BODY_BYTES ((off_t)256 << 20)
#define BODY_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) /* what is sent is what was announced */

struct gateway {
	struct web_server *server;
	int listen_fd, status_fd;
	struct web_settings settings; /* only while they are being set */
	/* What the agent is to be told, in this order. */
	bool owes_set, owes_pong, has_event;
	struct gateway_word set;
	struct web_event event;
	bool is_blocked; /* the agent does not read at the moment */
};

static int take_settings(struct gateway *g, const struct gateway_order *order, int fd)
{
	char reason[WEB_REASON_BYTES] = "";
	ssize_t n;
	int r;

	n = fs_pread_all(fd, &g->settings, sizeof(g->settings), 0);
	if (n != (ssize_t)sizeof(g->settings))
		return -EBADMSG;
	r = web_server_set(g->server, g->listen_fd, g->status_fd, &g->settings, reason);
	explicit_bzero(&g->settings, sizeof(g->settings));
	g->set = (struct gateway_word){ .kind = GATEWAY_SET, .status = r, .id = order->id };
	packet_set_text(g->set.reason, sizeof(g->set.reason), reason);
	g->owes_set = true;
	return 0;
}

static int take_sockets(struct gateway *g, const struct gateway_order *order, int fds[static PACKET_MAX_FDS])
{
	int *status_fd = &fds[order->flags & GATEWAY_HAS_FULL ? 1 : 0];

	if (g->listen_fd >= 0 || g->status_fd >= 0)
		return -EBADMSG;
	if (order->flags & GATEWAY_HAS_FULL)
		g->listen_fd = take_fd(fds[0]);
	if (order->flags & GATEWAY_HAS_STATUS)
		g->status_fd = take_fd(*status_fd);
	return 0;
}

static bool is_body(int fd)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & BODY_SEALS) == BODY_SEALS && fstat(fd, &st) == 0 && st.st_size <= MAX_BODY_BYTES;
}

static int take_answer(struct gateway *g, const struct gateway_order *order, int fds[static PACKET_MAX_FDS])
{
	struct web_answer answer = { .status = order->status, .retry_after_s = order->retry_after_s };

	if (fds[0] >= 0 && !is_body(fds[0]))
		return -EBADMSG;
	memcpy(answer.text, order->text, sizeof(answer.text));
	answer.body_fd = take_fd(fds[0]);
	web_server_answer(g->server, order->id, &answer);
	return 0;
}

static int obey(struct gateway *g, const struct gateway_order *order, int fds[static PACKET_MAX_FDS])
{
	switch (order->kind) {
	case GATEWAY_SOCKETS:
		return take_sockets(g, order, fds);
	case GATEWAY_SETTINGS:
		return take_settings(g, order, fds[0]);
	case GATEWAY_ANSWER:
		return take_answer(g, order, fds);
	default:
		g->owes_pong = true;
		return 0;
	}
}

/* 0, -errno, or PACKET_CLOSED: the agent has gone. */
static int receive(struct gateway *g)
{
	int r;

	do {
		int fds[PACKET_MAX_FDS] = { -1, -1 };
		struct gateway_order order;

		r = gateway_receive_order(CHILD_SOCKET_FD, &order, fds);
		if (r == 0)
			r = obey(g, &order, fds);
		for (size_t i = 0; i < PACKET_MAX_FDS; i++)
			close_fd(fds[i]);
	} while (r == 0);
	return r == PACKET_AGAIN ? 0 : r;
}

static bool next_word(struct gateway *g, struct gateway_word *ret)
{
	*ret = (struct gateway_word){ .kind = GATEWAY_PONG };
	if (g->owes_set)
		*ret = g->set;
	else if (!g->owes_pong && !g->has_event)
		g->has_event = web_server_take(g->server, &g->event);
	if (!g->owes_set && !g->owes_pong) {
		ret->kind = g->event.is_cancel ? GATEWAY_CANCEL : GATEWAY_ASK;
		ret->id = g->event.id;
		ret->request = g->event.request;
	}
	ret->counts = *web_server_counts(g->server);
	return g->owes_set || g->owes_pong || g->has_event;
}

/* The word that next_word() gave was said. */
static void forget_word(struct gateway *g)
{
	if (g->owes_set) {
		g->owes_set = false;
	} else if (g->owes_pong) {
		g->owes_pong = false;
	} else {
		g->has_event = false;
		g->event.body_fd = close_fd(g->event.body_fd);
	}
}

static int speak(struct gateway *g)
{
	struct gateway_word word;
	int r = 0;

	g->is_blocked = false;
	while (r == 0 && next_word(g, &word)) {
		r = gateway_send_word(CHILD_SOCKET_FD, &word, word.kind == GATEWAY_ASK ? g->event.body_fd : -1);
		if (r == 0)
			forget_word(g);
	}
	g->is_blocked = r == PACKET_AGAIN;
	return g->is_blocked ? 0 : r;
}

static int run_once(struct gateway *g)
{
	struct pollfd fds[] = {
		{ .fd = CHILD_SOCKET_FD, .events = (short)(POLLIN | (g->is_blocked ? POLLOUT : 0)) },
		{ .fd = web_server_fd(g->server), .events = POLLIN },
	};
	int r;

	if (poll(fds, ARRAY_SIZE(fds), web_server_timeout_ms(g->server)) < 0 && errno != EINTR)
		return -errno;
	r = receive(g);
	if (r != 0)
		return r;
	web_server_dispatch(g->server);
	return speak(g);
}

static int say_hello(int status, const char *step)
{
	struct gateway_word hello = { .kind = GATEWAY_HELLO, .status = status };
	char reason[WEB_TEXT_BYTES] = "";

	if (status < 0)
		snprintf(reason, sizeof(reason), "%s: %s", step, strerrordesc_np(-status));
	packet_set_text(hello.reason, sizeof(hello.reason), reason);
	return gateway_send_word(CHILD_SOCKET_FD, &hello, -1);
}

static int prepare(struct gateway *g, const char **ret_step)
{
	/* For the sockets that it is given, and none of its own making: no socket(), bind() or connect(). */
	static const int calls[] = {
		SCMP_SYS(poll),
		SCMP_SYS(ppoll),
		SCMP_SYS(epoll_create1),
		SCMP_SYS(epoll_ctl),
		SCMP_SYS(epoll_wait),
		SCMP_SYS(epoll_pwait),
		SCMP_SYS(eventfd2),
		SCMP_SYS(accept4),
		SCMP_SYS(recvfrom),
		SCMP_SYS(sendto),
		SCMP_SYS(sendfile),
		SCMP_SYS(shutdown),
		SCMP_SYS(getsockname),
		SCMP_SYS(getsockopt),
		SCMP_SYS(setsockopt),
		SCMP_SYS(fcntl),
		SCMP_SYS(read),
		SCMP_SYS(write),
		/* bodies */
		SCMP_SYS(memfd_create),
		/* GnuTLS's random numbers */
		SCMP_SYS(getrandom),
		SCMP_SYS(getrusage),
		SCMP_SYS(getpid),
	};
	static const struct sandbox_limits limits = {
		.data_bytes = DATA_BYTES,
		.output_bytes = WEB_MAX_BODY_BYTES,
		.open_files = OPEN_FILES,
		.calls = calls,
		.n_calls = ARRAY_SIZE(calls),
	};
	int r;

	*ret_step = "ignoring SIGPIPE";
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) /* of sendfile() to a client that has gone */
		return -errno;
	tzset(); /* else libc reads its file for the first Date header */
	r = sandbox_enter(&limits, ret_step);
	if (r < 0)
		return r;
	*ret_step = "preparing the server";
	if (fcntl(CHILD_SOCKET_FD, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return web_server_new(&g->server);
}

int gateway_main(void)
{
	/* The settings are too large for a stack. */
	static struct gateway gateway = { .listen_fd = -1, .status_fd = -1, .event.body_fd = -1 };
	const char *step;
	int r;

	prctl(PR_SET_NAME, "cpuhound-gate"); /* /proc/self/exe would make it "exe" */
	r = prepare(&gateway, &step);
	if (say_hello(r, step) != 0 || r < 0)
		_exit(EXIT_FAILURE);
	do
		r = run_once(&gateway);
	while (r == 0);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
