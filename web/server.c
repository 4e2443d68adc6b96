// SPDX-License-Identifier: Apache-2.0
#include "web/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/clock.h"
#include "web/handler.h"

#define MAX_LISTENERS 8 /* two, and those of reloads whose last requests are under way */
#define MAX_EVENTS 64

struct web_server {
	int epoll; /* the listeners', and the sockets of clients that wait: do they go away? */
	uint64_t last_id;
	bool is_resumed; /* some connection was, and the library did not run since */
	struct web_listener *listeners[MAX_LISTENERS];
	struct web_connections connections;
};

int web_server_new(struct web_server **ret)
{
	_cleanup_(web_server_freep) struct web_server *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0)
		return -errno;
	*ret = take_ptr(s);
	return 0;
}

struct web_server *web_server_free(struct web_server *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < MAX_LISTENERS; i++)
		web_listener_free(s->listeners[i]);
	close_fd(s->epoll);
	free(s);
	return NULL;
}

static struct web_listener **find_room(struct web_server *s)
{
	for (size_t i = 0; i < MAX_LISTENERS; i++) {
		if (!s->listeners[i])
			return &s->listeners[i];
	}
	return NULL;
}

static int add_listener(struct web_server *s, int fd, bool status_only, const struct web_settings *settings,
			char reason[static WEB_REASON_BYTES], struct web_listener **ret)
{
	_cleanup_(web_listener_freep) struct web_listener *l = NULL;
	struct web_listener **room = find_room(s);
	struct epoll_event event = { .events = EPOLLIN };
	int r;

	if (!room) {
		snprintf(reason, WEB_REASON_BYTES, "requests from before the last reloads are under way: try it again");
		return -EBUSY;
	}
	r = web_listener_new(fd, status_only, settings, &s->connections, reason, &l);
	if (r < 0)
		return r;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, web_listener_fd(l), &event) < 0) {
		r = -errno;
		snprintf(reason, WEB_REASON_BYTES, "epoll: %s", strerrordesc_np(-r));
		return r;
	}
	*ret = *room = take_ptr(l);
	return 0;
}

static void drop(struct web_server *s, struct web_listener *l)
{
	for (size_t i = 0; l && i < MAX_LISTENERS; i++) {
		if (s->listeners[i] == l)
			s->listeners[i] = web_listener_free(l);
	}
}

static void retire_others(struct web_server *s, const struct web_listener *a, const struct web_listener *b)
{
	for (size_t i = 0; i < MAX_LISTENERS; i++) {
		struct web_listener *l = s->listeners[i];

		if (l && l != a && l != b && !l->is_retired)
			web_listener_retire(l);
	}
}

int web_server_set(struct web_server *s, int fd, int status_fd, const struct web_settings *settings,
		   char ret_reason[static WEB_REASON_BYTES])
{
	struct web_listener *full = NULL, *status = NULL;
	int r = 0;

	if (fd >= 0)
		r = add_listener(s, fd, false, settings, ret_reason, &full);
	if (r == 0 && status_fd >= 0)
		r = add_listener(s, status_fd, true, settings, ret_reason, &status);
	if (r < 0) {
		drop(s, full);
		return r;
	}
	retire_others(s, full, status);
	return 0;
}

static void resume(struct web_server *s, struct web_connection *c)
{
	web_handler_resume(c);
	s->is_resumed = true;
}

/* Until the answer is there, the library does not look at the socket: we do. */
static void watch(struct web_server *s, struct web_connection *c)
{
	struct epoll_event event = { .events = EPOLLRDHUP | EPOLLONESHOT, .data.ptr = c };

	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
		web_connection_leave(c, 503, "no memory for a connection");
}

static void unwatch(struct web_server *s, struct web_connection *c)
{
	epoll_ctl(s->epoll, EPOLL_CTL_DEL, c->fd, NULL);
}

static void on_new(struct web_server *s, struct web_connection *c, struct web_event *ret)
{
	c->id = ++s->last_id;
	c->state = WEB_ASKED; /* the deadline stays */
	watch(s, c);
	*ret = (struct web_event){ .id = c->id, .request = c->request, .body_fd = take_fd(c->body_fd) };
}

static void on_left(struct web_server *s, struct web_connection *c, struct web_event *ret)
{
	*ret = (struct web_event){ .is_cancel = true, .id = c->id, .body_fd = -1 };
	unwatch(s, c);
	resume(s, c);
}

bool web_server_take(struct web_server *s, struct web_event *ret)
{
	for (size_t i = 0; i < WEB_MAX_CONNECTIONS; i++) {
		struct web_connection *c = &s->connections.all[i];

		if (c->state != WEB_NEW && c->state != WEB_LEFT)
			continue;
		if (c->state == WEB_NEW)
			on_new(s, c, ret);
		else
			on_left(s, c, ret);
		return true;
	}
	return false;
}

static struct web_connection *find_asked(struct web_server *s, uint64_t id)
{
	for (size_t i = 0; i < WEB_MAX_CONNECTIONS; i++) {
		if (s->connections.all[i].state == WEB_ASKED && s->connections.all[i].id == id)
			return &s->connections.all[i];
	}
	return NULL;
}

static void refuse_room(struct web_connection *c)
{
	close_fd(c->answer.body_fd);
	c->answer = (struct web_answer){ .status = 503,
					 .retry_after_s = 1,
					 .body_fd = -1,
					 .text = "the answers of others are under way: try again" };
}

void web_server_answer(struct web_server *s, uint64_t id, const struct web_answer *answer)
{
	struct web_connection *c = find_asked(s, id);

	if (!c) {
		close_fd(answer->body_fd);
		return;
	}
	c->answer = *answer;
	if (answer->body_fd >= 0 && !web_connection_begin_answer(c, clock_now_ns(CLOCK_MONOTONIC)))
		refuse_room(c);
	unwatch(s, c);
	resume(s, c);
}

/* Too late, and the agent was never told of them: it need not be told to leave them. */
static void resume_untold(struct web_server *s)
{
	for (size_t i = 0; i < WEB_MAX_CONNECTIONS; i++) {
		struct web_connection *c = &s->connections.all[i];

		if (c->state == WEB_LEFT && c->id == 0)
			resume(s, c);
	}
}

static void notice_hangups(struct web_server *s)
{
	struct epoll_event events[MAX_EVENTS];
	int n = epoll_wait(s->epoll, events, MAX_EVENTS, 0);

	for (int i = 0; i < n; i++) {
		struct web_connection *c = events[i].data.ptr;

		if (!c || c->state != WEB_ASKED)
			continue;
		web_connection_leave(c, 0, "");
		s->connections.counts.n[WEB_N_CLIENT_GONE]++;
	}
}

void web_server_dispatch(struct web_server *s)
{
	notice_hangups(s);
	web_connections_expire(&s->connections, clock_now_ns(CLOCK_MONOTONIC));
	resume_untold(s);
	s->is_resumed = false;
	for (size_t i = 0; i < MAX_LISTENERS; i++) {
		if (!s->listeners[i])
			continue;
		web_listener_run(s->listeners[i]);
		if (web_listener_is_done(s->listeners[i]))
			s->listeners[i] = web_listener_free(s->listeners[i]);
	}
}

int web_server_fd(const struct web_server *s)
{
	return s->epoll;
}

static int deadline_ms(const struct web_server *s)
{
	uint64_t at_ns = web_connections_deadline_ns(&s->connections);

	return at_ns == UINT64_MAX ? -1 : clock_ms_until(at_ns, clock_now_ns(CLOCK_MONOTONIC));
}

int web_server_timeout_ms(const struct web_server *s)
{
	int next_ms = s->is_resumed ? 0 : deadline_ms(s); /* the library's own timeout does not tell */

	for (size_t i = 0; i < MAX_LISTENERS; i++)
		if (s->listeners[i])
			next_ms = clock_sooner_ms(next_ms, web_listener_timeout_ms(s->listeners[i]));
	return next_ms;
}

const struct web_counts *web_server_counts(const struct web_server *s)
{
	return &s->connections.counts;
}
