// SPDX-License-Identifier: Apache-2.0
#include "agent/live-feed.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "agent/live-packet.h"
#include "agent/recorder.h"
#include "agent/run-socket.h"
#include "agent/sealed-file.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/log.h"

#define SPAN_NS NS_PER_S
#define PATIENCE_NS (30 * NS_PER_S) /* for a client that does not ask: perhaps it was stopped */

struct client {
	int fd;
	bool is_waiting;   /* for an answer */
	bool is_ours;      /* may be silent */
	uint64_t asked_ns; /* CLOCK_MONOTONIC; last, or when it came */
};

struct live_feed {
	struct run_socket socket;
	int epoll_fd;
	struct client clients[LIVE_FEED_MAX_CLIENTS];
	size_t n_clients;
	uint64_t n_hung_up[LIVE_FEED_N_REASONS];
	struct tap *tap; /* NULL: nobody has asked, or nothing is sampled; the recorder's */
	uint64_t due_ns; /* the end of the span; UINT64_MAX: nobody has asked */
	uint64_t sequence;
	uint64_t n_lost; /* the recorder's, at the last end of a span */
};

const char *live_feed_reason_to_string(enum live_feed_reason reason)
{
	static const char *const names[] = {
		[LIVE_FEED_NO_ROOM] = "no_room",
		[LIVE_FEED_SLOW] = "slow",
		[LIVE_FEED_NOT_UNDERSTOOD] = "not_understood",
		[LIVE_FEED_FAILED] = "failed",
	};

	return names[reason];
}

static int watch(const struct live_feed *f, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int live_feed_new(const char *dir, struct live_feed **ret)
{
	_cleanup_(live_feed_freep) struct live_feed *f = calloc(1, sizeof(*f));
	int e = 0;

	if (!f)
		return -ENOMEM;
	f->socket = RUN_SOCKET_NONE;
	f->due_ns = UINT64_MAX;
	f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (f->epoll_fd < 0)
		return -errno;
	if (dir)
		e = run_socket_init(&f->socket, dir, LIVE_SOCKET_NAME);
	if (e == 0 && dir)
		e = run_socket_listen(&f->socket, SOCK_SEQPACKET);
	if (e == 0 && dir)
		e = watch(f, f->socket.fd);
	if (e == 0)
		*ret = take_ptr(f);
	return e;
}

struct live_feed *live_feed_free(struct live_feed *f)
{
	if (!f)
		return NULL;
	for (size_t i = 0; i < f->n_clients; i++)
		close_fd(f->clients[i].fd);
	run_socket_done(&f->socket);
	close_fd(f->epoll_fd);
	free(f);
	return NULL;
}

int live_feed_add(struct live_feed *f, int fd)
{
	int e = f->n_clients < LIVE_FEED_MAX_CLIENTS ? watch(f, fd) : -ENOSPC;

	if (e == 0)
		f->clients[f->n_clients++] = (struct client){ .fd = fd, .is_ours = true };
	return e;
}

size_t live_feed_n_clients(const struct live_feed *f)
{
	return f->n_clients;
}

uint64_t live_feed_n_hung_up(const struct live_feed *f, enum live_feed_reason reason)
{
	return f->n_hung_up[reason];
}

int live_feed_fd(const struct live_feed *f)
{
	return f->epoll_fd;
}

uint64_t live_feed_due_ns(const struct live_feed *f)
{
	return f->due_ns;
}

static void drop(struct live_feed *f, size_t i)
{
	close(f->clients[i].fd); /* and so it is watched no more */
	f->clients[i] = f->clients[--f->n_clients];
}

static void hang_up(struct live_feed *f, size_t i, enum live_feed_reason reason)
{
	f->n_hung_up[reason]++;
	drop(f, i);
}

static void hang_up_silent(struct live_feed *f, uint64_t now_ns)
{
	for (size_t i = f->n_clients; i-- > 0;) {
		const struct client *c = &f->clients[i];

		if (!c->is_waiting && !c->is_ours && now_ns - c->asked_ns >= PATIENCE_NS)
			hang_up(f, i, LIVE_FEED_SLOW);
	}
}

static void accept_client(struct live_feed *f, int fd, uint64_t now_ns)
{
	bool has_room;

	if (f->n_clients == LIVE_FEED_MAX_CLIENTS)
		hang_up_silent(f, now_ns); /* none of them may ever have asked: then no span's end has looked at them */
	has_room = f->n_clients < LIVE_FEED_MAX_CLIENTS;
	if (has_room && watch(f, fd) == 0) {
		f->clients[f->n_clients++] = (struct client){ .fd = fd, .asked_ns = now_ns };
		return;
	}
	close(fd);
	f->n_hung_up[has_room ? LIVE_FEED_FAILED : LIVE_FEED_NO_ROOM]++;
}

static void accept_clients(struct live_feed *f, uint64_t now_ns)
{
	int fd;

	while (f->socket.fd >= 0 && (fd = run_socket_accept(&f->socket)) >= 0)
		accept_client(f, fd, now_ns);
}

/* All that it has sent; more than one question is one. PACKET_AGAIN, or why it is not heard any more. */
static int hear(struct client *c, uint64_t now_ns)
{
	int r;

	while ((r = live_receive_question(c->fd)) == 0) {
		c->is_waiting = true;
		c->asked_ns = now_ns;
	}
	return r;
}

static void hear_clients(struct live_feed *f, uint64_t now_ns)
{
	for (size_t i = f->n_clients; i-- > 0;) {
		int r = hear(&f->clients[i], now_ns);

		if (r == PACKET_CLOSED)
			drop(f, i);
		else if (r < 0)
			hang_up(f, i, r == -EBADMSG ? LIVE_FEED_NOT_UNDERSTOOD : LIVE_FEED_FAILED);
	}
}

static bool is_wanted(const struct live_feed *f)
{
	for (size_t i = 0; i < f->n_clients; i++)
		if (f->clients[i].is_waiting)
			return true;
	return false;
}

static int begin(struct live_feed *f, struct recorder *r)
{
	const struct tap_config config = { .tells_pid = true };
	int e = recorder_tap_open(r, &config, &f->tap);

	return e == 0 ? recorder_n_lost(r, &f->n_lost) : e;
}

/* What the span has, as an answer and its profile. */
static int end_span(struct live_feed *f, struct recorder *r, struct live_answer *ret, int *ret_fd)
{
	_cleanup_(buf_done) struct buf raw = {};
	uint64_t n_left_out, n_lost;
	int e = recorder_tap_next(r, f->tap, &raw, &n_left_out);

	if (e == 0)
		e = recorder_n_lost(r, &n_lost);
	if (e < 0)
		return e;
	ret->n_cpus = (uint32_t)recorder_n_cpus(r);
	ret->n_lost = n_lost - f->n_lost + n_left_out;
	f->n_lost = n_lost;
	return sealed_file_new("live profile", raw.data, raw.size, ret_fd);
}

/* Of an answer that is asked for there is room in its socket, unless it does not read. */
static void answer(struct live_feed *f, const struct live_answer *a, int fd)
{
	for (size_t i = f->n_clients; i-- > 0;) {
		struct client *c = &f->clients[i];
		int r = c->is_waiting ? live_send_answer(c->fd, a, fd) : 0;

		c->is_waiting = false;
		if (r == PACKET_CLOSED)
			drop(f, i);
		else if (r != 0)
			hang_up(f, i, r == PACKET_AGAIN ? LIVE_FEED_SLOW : LIVE_FEED_FAILED);
	}
}

static void pass_span(struct live_feed *f, struct recorder *r, const char *why)
{
	struct live_answer a = { .version = LIVE_VERSION, .sequence = f->sequence++ };
	_cleanup_close_ int fd = -1;
	int e = 0;

	if (r)
		e = f->tap ? end_span(f, r, &a, &fd) : begin(f, r);
	if (e < 0)
		why = strerrordesc_np(-e);
	else if (r)
		why = "sampling has just begun";
	if (fd < 0)
		packet_set_text(a.why, sizeof(a.why), why);
	answer(f, &a, fd);
}

/* The next span begins where this one ends, but for those that nobody was there to end. */
static void move_on(struct live_feed *f, uint64_t now_ns)
{
	f->due_ns += SPAN_NS;
	if (f->due_ns <= now_ns)
		f->due_ns = now_ns + SPAN_NS;
}

void live_feed_dispatch(struct live_feed *f, struct recorder *r, const char *why, bool is_readable, uint64_t now_ns)
{
	if (is_readable) {
		accept_clients(f, now_ns);
		hear_clients(f, now_ns);
	}
	if (f->due_ns <= now_ns) {
		pass_span(f, r, why);
		hang_up_silent(f, now_ns);
		move_on(f, now_ns);
	}
	if (f->n_clients == 0) {
		live_feed_end(f, r);
		f->due_ns = UINT64_MAX;
	} else if (f->due_ns == UINT64_MAX && is_wanted(f)) {
		f->due_ns = now_ns + SPAN_NS;
		if (r && begin(f, r) < 0)
			log_debug("the live feed has no tap yet"); /* it is tried again when the span has passed */
	}
}

void live_feed_end(struct live_feed *f, struct recorder *r)
{
	recorder_tap_free(r, take_ptr(f->tap));
}
