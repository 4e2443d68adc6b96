// SPDX-License-Identifier: Apache-2.0
#include "web/connections.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "web/address.h"

#define BUSY_LIMIT 96              /* beyond, one goes for each that comes: the rest is for those that are closing */
#define READING_NS (20 * NS_PER_S) /* a scraper may use its connection again after 15 s */
#define ASKING_NS (10 * NS_PER_S)  /* the agent's main loop turns much faster */
#define PROFILE_NS (30 * NS_PER_S) /* beyond its seconds: names are read */
#define HUB_NS (90 * NS_PER_S)     /* what came before is decoded, or read, first */
#define SENDING_NS (120 * NS_PER_S)
#define SLOW_NS (5 * NS_PER_S) /* to read an answer: from then on for as long as nobody needs the place */

static bool is_of_hub(const struct web_connection *c)
{
	return c->request.kind >= WEB_PUSH;
}

static uint64_t time_for(const struct web_connection *c, enum web_connection_state state)
{
	switch (state) {
	case WEB_READING:
		return READING_NS;
	case WEB_TAKING:
		return c->is_refused ? READING_NS : SENDING_NS;
	case WEB_NEW:
		if (is_of_hub(c))
			return HUB_NS;
		return c->request.kind == WEB_PROFILE ? c->request.seconds * NS_PER_S + PROFILE_NS : ASKING_NS;
	default:
		return SENDING_NS;
	}
}

void web_connection_enter(struct web_connection *c, enum web_connection_state state, uint64_t now_ns)
{
	c->state = state;
	c->since_ns = now_ns;
	c->deadline_ns = now_ns + time_for(c, state);
}

void web_connection_close(struct web_connection *c)
{
	shutdown(c->fd, SHUT_RDWR);
	c->is_closing = true;
}

/* Whose answer was there long ago, and is not read: most are in the socket at once. */
static bool is_slow_reader(const struct web_connection *c, uint64_t now_ns)
{
	return c->state == WEB_SENDING && now_ns > c->since_ns + SLOW_NS;
}

static bool is_evictable(const struct web_connection *c, uint64_t now_ns)
{
	return (c->state == WEB_READING || (c->state == WEB_TAKING && c->is_refused) || is_slow_reader(c, now_ns)) &&
	       !c->is_closing;
}

/* NULL: none. of: only those of one client; NULL: of all. */
static struct web_connection *find_oldest(struct web_connections *t, const struct in6_addr *of, uint64_t now_ns)
{
	struct web_connection *oldest = NULL;

	for (size_t i = 0; i < WEB_MAX_CONNECTIONS; i++) {
		struct web_connection *c = &t->all[i];

		if (is_evictable(c, now_ns) && (!of || web_address_is_neighbour(&c->address, of)) &&
		    (!oldest || c->since_ns < oldest->since_ns))
			oldest = c;
	}
	return oldest;
}

static size_t sum_answers(const struct web_connections *t)
{
	size_t n = 0;

	for (size_t i = 0; i < WEB_MAX_CONNECTIONS; i++)
		n += t->all[i].is_closing ? 0 : t->all[i].n_answer_bytes;
	return n;
}

static struct web_connection *find_slowest_reader(struct web_connections *t, uint64_t now_ns)
{
	struct web_connection *oldest = NULL;

	for (size_t i = 0; i < WEB_MAX_CONNECTIONS; i++) {
		struct web_connection *c = &t->all[i];

		if (c->n_answer_bytes > 0 && !c->is_closing && is_slow_reader(c, now_ns) &&
		    (!oldest || c->since_ns < oldest->since_ns))
			oldest = c;
	}
	return oldest;
}

static void evict(struct web_connections *t, struct web_connection *c)
{
	web_connection_close(c);
	t->counts.n[WEB_N_EVICTED]++;
}

bool web_connection_begin_answer(struct web_connection *c, uint64_t now_ns)
{
	struct web_connections *t = c->owner;
	struct stat st;
	size_t sum;

	if (fstat(c->answer.body_fd, &st) < 0)
		return false;
	while ((sum = sum_answers(t)) > 0 && sum + (size_t)st.st_size > WEB_MAX_ANSWERS_BYTES) {
		struct web_connection *slowest = find_slowest_reader(t, now_ns);

		if (!slowest)
			return false;
		evict(t, slowest);
	}
	c->n_answer_bytes = (size_t)st.st_size;
	return true;
}

static size_t count_open(const struct web_connections *t, const struct in6_addr *of)
{
	size_t n = 0;

	for (size_t i = 0; i < WEB_MAX_CONNECTIONS; i++) {
		const struct web_connection *c = &t->all[i];

		n += c->state != WEB_FREE && !c->is_closing && (!of || web_address_is_neighbour(&c->address, of));
	}
	return n;
}

/* False: too many, and none of them may be closed. of as above. */
static bool make_room(struct web_connections *t, const struct in6_addr *of, size_t limit, uint64_t now_ns)
{
	struct web_connection *oldest;

	if (count_open(t, of) < limit)
		return true;
	oldest = find_oldest(t, of, now_ns);
	if (!oldest)
		return false;
	evict(t, oldest);
	return true;
}

static struct web_connection *find_free(struct web_connections *t)
{
	for (size_t i = 0; i < WEB_MAX_CONNECTIONS; i++) {
		if (t->all[i].state == WEB_FREE)
			return &t->all[i];
	}
	return NULL;
}

struct web_connection *web_connections_add(struct web_connections *t, int fd, const struct in6_addr *address,
					   uint64_t now_ns)
{
	struct web_connection *c;

	t->counts.n[WEB_N_CONNECTIONS]++;
	c = make_room(t, address, WEB_MAX_OF_ONE_CLIENT, now_ns) && make_room(t, NULL, BUSY_LIMIT, now_ns)
		    ? find_free(t)
		    : NULL;
	if (!c) {
		t->counts.n[WEB_N_EVICTED]++;
		return NULL;
	}
	*c = (struct web_connection){ .owner = t, .fd = fd, .address = *address, .body_fd = -1, .answer.body_fd = -1 };
	web_connection_enter(c, WEB_READING, now_ns);
	return c;
}

bool web_connection_begin_body(struct web_connection *c, size_t n_bytes)
{
	struct web_connections *t = c->owner;

	if (n_bytes > WEB_MAX_BODIES_BYTES - t->n_body_bytes)
		return false;
	c->body_fd = memfd_create("cpuhound-body", MFD_CLOEXEC);
	if (c->body_fd < 0)
		return false;
	c->n_body_bytes = n_bytes;
	t->n_body_bytes += n_bytes;
	return true;
}

void web_connection_end_body(struct web_connection *c)
{
	c->owner->n_body_bytes -= c->n_body_bytes;
	c->n_body_bytes = 0;
	c->body_fd = close_fd(c->body_fd);
}

void web_connection_remove(struct web_connection *c)
{
	web_connection_end_body(c);
	close_fd(c->answer.body_fd);
	*c = (struct web_connection){ .state = WEB_FREE };
}

void web_connection_leave(struct web_connection *c, unsigned int status, const char *text)
{
	c->state = WEB_LEFT;
	c->deadline_ns = UINT64_MAX; /* the server sees to these at once */
	c->answer.status = status;
	snprintf(c->answer.text, sizeof(c->answer.text), "%s", text);
}

static void expire(struct web_connections *t, struct web_connection *c)
{
	switch (c->state) {
	case WEB_READING:
	case WEB_TAKING:
	case WEB_SENDING:
		t->counts.n[WEB_N_OVERDUE]++;
		web_connection_close(c);
		break;
	case WEB_NEW:
	case WEB_ASKED:
		web_connection_leave(c, 503,
				     is_of_hub(c) ? "too much is waiting: try again" : "the agent does not answer");
		break;
	default:
		break;
	}
}

void web_connections_expire(struct web_connections *t, uint64_t now_ns)
{
	for (size_t i = 0; i < WEB_MAX_CONNECTIONS; i++) {
		struct web_connection *c = &t->all[i];

		if (c->state != WEB_FREE && !c->is_closing && now_ns >= c->deadline_ns)
			expire(t, c);
	}
}

uint64_t web_connections_deadline_ns(const struct web_connections *t)
{
	uint64_t next_ns = UINT64_MAX;

	for (size_t i = 0; i < WEB_MAX_CONNECTIONS; i++) {
		const struct web_connection *c = &t->all[i];

		if (c->state != WEB_FREE && !c->is_closing && c->deadline_ns < next_ns)
			next_ns = c->deadline_ns;
	}
	return next_ns;
}
