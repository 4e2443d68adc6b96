// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway-keeper.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "agent/gateway-protocol.h"
#include "agent/gateway-requests.h"
#include "common/clock.h"
#include "common/fsutil.h"

#define TIMEOUT_NS (10 * NS_PER_S) /* for a pong, or to take settings */
#define RSS_LIMIT_BYTES ((uint64_t)96 << 20)
#define PING_NS (10 * NS_PER_S)
#define STEADY_NS (60 * NS_PER_S) /* one that lived so long is replaced at once */
#define PAUSE_NS (100 * NS_PER_MS)
#define PAUSE_MAX_NS (30 * NS_PER_S)
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

struct gateway_keeper {
	struct child_keeper child;
	int listen_fd, metrics_listen_fd; /* borrowed */
	struct web_settings *settings;    /* that were taken; NULL: none were */
	struct web_settings *next;        /* that are to be tried; NULL: none */
	struct web_settings *tried;       /* out of `next`, with the gateway; NULL: none */
	uint64_t set_id;                  /* of the settings that were sent last */
	bool is_setting;                  /* the gateway has settings and did not say yet whether it takes them */
	bool is_serving;                  /* the gateway took settings */
	bool is_refused;
	char fault[WEB_TEXT_BYTES]; /* of the settings; "": none */
	bool is_pinged;
	uint64_t next_ping_ns;
	uint64_t up_ns, pause_ns, next_start_ns;
	struct gateway_requests requests;
	struct web_counts lost_counts, counts; /* of gateways that are no more; of this one */
};

static struct web_settings *settings_copy(const struct web_settings *from)
{
	struct web_settings *s = malloc(sizeof(*s));

	if (s)
		*s = *from;
	return s;
}

static struct web_settings *settings_free(struct web_settings *s)
{
	if (s)
		explicit_bzero(s, sizeof(*s));
	free(s);
	return NULL;
}

int gateway_keeper_new(const struct gateway_keeper_config *config, struct gateway_keeper **ret)
{
	const struct child_keeper_config child = {
		.path = config->path,
		.argv = config->argv,
		.given_fd = -1,
		.timeout_ns = TIMEOUT_NS,
		.rss_limit_bytes = RSS_LIMIT_BYTES,
	};
	_cleanup_(gateway_keeper_freep) struct gateway_keeper *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return -ENOMEM;
	g->listen_fd = config->listen_fd;
	g->metrics_listen_fd = config->metrics_listen_fd;
	r = child_keeper_init(&g->child, &child);
	if (r == 0)
		r = gateway_keeper_set(g, config->settings);
	if (r < 0)
		return r;
	*ret = take_ptr(g);
	return 0;
}

struct gateway_keeper *gateway_keeper_free(struct gateway_keeper *g)
{
	if (!g)
		return NULL;
	child_keeper_done(&g->child);
	gateway_requests_cancel_all(&g->requests); /* their bodies */
	settings_free(g->settings);
	settings_free(g->next);
	settings_free(g->tried);
	free(g);
	return NULL;
}

static bool is_busy(const struct gateway_keeper *g)
{
	return g->is_pinged || g->is_setting;
}

/* Its clients are gone with it. */
static void on_lost(struct gateway_keeper *g)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

	gateway_requests_cancel_all(&g->requests);
	for (size_t i = 0; i < WEB_N_COUNTS; i++)
		g->lost_counts.n[i] += g->counts.n[i];
	g->counts = (struct web_counts){};
	if (g->tried && !g->next)
		g->next = take_ptr(g->tried);
	g->tried = settings_free(g->tried);
	g->is_setting = g->is_serving = g->is_pinged = false;
	if (g->up_ns != 0 && now_ns - g->up_ns >= STEADY_NS)
		g->pause_ns = 0;
	else if (g->pause_ns == 0)
		g->pause_ns = PAUSE_NS;
	else
		g->pause_ns = 2 * g->pause_ns < PAUSE_MAX_NS ? 2 * g->pause_ns : PAUSE_MAX_NS;
	g->next_start_ns = now_ns + g->pause_ns;
	g->up_ns = 0;
}

static void drop(struct gateway_keeper *g, const char *reason)
{
	child_keeper_drop(&g->child, reason);
	on_lost(g);
}

static void give(struct gateway_keeper *g, const struct gateway_order *order, const int *fds, size_t n_fds)
{
	int r = gateway_send_order(g->child.process.socket, order, fds, n_fds);

	if (r == PACKET_CLOSED)
		child_keeper_on_hangup(&g->child);
	else if (r != 0) /* also where it has not read for as long as the socket has room */
		drop(g, "the gateway takes no orders");
}

static int seal_settings(const struct web_settings *s, int *ret)
{
	_cleanup_close_ int fd = memfd_create("cpuhound-gateway", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = fs_write_all(fd, s, sizeof(*s));
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	*ret = take_fd(fd);
	return 0;
}

static void note_fault(struct gateway_keeper *g, const char *text)
{
	snprintf(g->fault, sizeof(g->fault), "%s", text);
}

/* What is to be tried, else what was taken already: of that, a new gateway knows nothing. */
static void send_settings(struct gateway_keeper *g)
{
	struct gateway_order order = { .kind = GATEWAY_SETTINGS };
	const struct web_settings *settings;
	_cleanup_close_ int fd = -1;
	int r;

	if (g->is_setting || !child_keeper_is_up(&g->child) || (!g->next && (g->is_serving || !g->settings)))
		return;
	settings = g->next ? g->next : g->settings;
	r = seal_settings(settings, &fd);
	if (r < 0) {
		drop(g, strerrordesc_np(-r));
		return;
	}
	g->tried = take_ptr(g->next);
	g->is_setting = true;
	order.id = ++g->set_id;
	child_keeper_begin_work(&g->child);
	give(g, &order, &fd, 1);
}

static void send_sockets(struct gateway_keeper *g)
{
	struct gateway_order order = { .kind = GATEWAY_SOCKETS };
	int fds[PACKET_MAX_FDS];
	size_t n = 0;

	if (g->listen_fd >= 0) {
		order.flags |= GATEWAY_HAS_FULL;
		fds[n++] = g->listen_fd;
	}
	if (g->metrics_listen_fd >= 0) {
		order.flags |= GATEWAY_HAS_STATUS;
		fds[n++] = g->metrics_listen_fd;
	}
	give(g, &order, fds, n);
}

int gateway_keeper_set(struct gateway_keeper *g, const struct web_settings *settings)
{
	struct web_settings *copy = settings_copy(settings);

	if (!copy)
		return -ENOMEM;
	settings_free(g->next);
	g->next = copy;
	g->is_refused = false;
	send_settings(g);
	return 0;
}

static void on_hello(struct gateway_keeper *g, const struct gateway_word *word)
{
	child_keeper_on_hello(&g->child, word->status, word->reason);
	if (!child_keeper_is_up(&g->child)) {
		on_lost(g);
		return;
	}
	g->up_ns = clock_now_ns(CLOCK_MONOTONIC);
	g->next_ping_ns = g->up_ns + PING_NS;
	send_sockets(g);
	send_settings(g);
}

static void on_taken(struct gateway_keeper *g)
{
	g->is_serving = true;
	g->is_refused = false;
	if (!g->tried)
		return;
	settings_free(g->settings);
	g->settings = take_ptr(g->tried);
	note_fault(g, "");
}

static void on_refused(struct gateway_keeper *g, const char *reason)
{
	note_fault(g, reason);
	if (!g->tried) { /* those that another gateway took: something is wrong with this one */
		drop(g, reason);
		return;
	}
	g->tried = settings_free(g->tried);
	g->is_refused = !g->settings;
}

static void on_set(struct gateway_keeper *g, const struct gateway_word *word)
{
	if (!g->is_setting || word->id != g->set_id) {
		drop(g, "the gateway takes what it was not given");
		return;
	}
	g->is_setting = false;
	if (word->status == 0)
		on_taken(g);
	else
		on_refused(g, word->reason);
	send_settings(g);
}

static void refuse(struct gateway_keeper *g, uint64_t gateway_id, unsigned int status, unsigned int retry_after_s,
		   const char *text)
{
	struct gateway_order order = {
		.kind = GATEWAY_ANSWER,
		.id = gateway_id,
		.status = status,
		.retry_after_s = retry_after_s,
	};

	packet_set_text(order.text, sizeof(order.text), text);
	give(g, &order, NULL, 0);
}

static void on_ask(struct gateway_keeper *g, const struct gateway_word *word, int body_fd)
{
	unsigned int retry_s = 0;
	int r;

	r = gateway_requests_add(&g->requests, word->id, &word->request, body_fd, clock_now_ns(CLOCK_MONOTONIC),
				 &retry_s);
	if (r < 0)
		drop(g, "the gateway asks twice with one number");
	else if (r == GATEWAY_REQUESTS_BUSY)
		refuse(g, word->id, 429, retry_s, "two profiles are being taken already");
	else if (r == GATEWAY_REQUESTS_FULL)
		refuse(g, word->id, 503, 1, "too many requests are under way");
}

/* The descriptor becomes ours. */
static void on_word(struct gateway_keeper *g, const struct gateway_word *word, int body_fd)
{
	_cleanup_close_ int body = body_fd;

	if (g->child.ready == (word->kind == GATEWAY_HELLO)) {
		drop(g, "the gateway speaks out of turn");
		return;
	}
	g->counts = word->counts;
	switch (word->kind) {
	case GATEWAY_HELLO:
		on_hello(g, word);
		break;
	case GATEWAY_SET:
		on_set(g, word);
		break;
	case GATEWAY_ASK:
		on_ask(g, word, take_fd(body));
		break;
	case GATEWAY_CANCEL:
		gateway_requests_cancel(&g->requests, word->id);
		break;
	default:
		g->is_pinged = false;
		break;
	}
}

static void receive(struct gateway_keeper *g)
{
	struct gateway_word word;

	/* As many as one look may bring: one that never stops talking may not keep us. */
	for (size_t i = 0; g->child.process.socket >= 0 && i < GATEWAY_MAX_REQUESTS; i++) {
		int body_fd, r = gateway_receive_word(g->child.process.socket, &word, &body_fd);

		if (r == PACKET_AGAIN)
			return;
		if (r == 0)
			on_word(g, &word, body_fd);
		else if (r == PACKET_CLOSED)
			child_keeper_on_hangup(&g->child);
		else
			drop(g, "the gateway talks nonsense");
	}
}

static void ping(struct gateway_keeper *g)
{
	const struct gateway_order order = { .kind = GATEWAY_PING };
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

	if (!child_keeper_is_up(&g->child) || is_busy(g) || now_ns < g->next_ping_ns)
		return;
	g->is_pinged = true;
	g->next_ping_ns = now_ns + PING_NS;
	child_keeper_begin_work(&g->child);
	give(g, &order, NULL, 0);
}

void gateway_keeper_dispatch(struct gateway_keeper *g)
{
	int status;

	receive(g);
	if (child_keeper_reap(&g->child, &status))
		on_lost(g);
	if (child_keeper_check(&g->child, is_busy(g)) < 0)
		drop(g, "the gateway takes too long");
	if (clock_now_ns(CLOCK_MONOTONIC) >= g->next_start_ns)
		child_keeper_start(&g->child);
	ping(g);
}

bool gateway_keeper_take(struct gateway_keeper *g, struct gateway_event *ret)
{
	struct gateway_request *q = gateway_requests_next(&g->requests);

	if (!q)
		return false;
	*ret = (struct gateway_event){
		.kind = q->state == GATEWAY_TAKEN ? GATEWAY_REQUEST : GATEWAY_GONE,
		.id = q->id,
		.request = q->request,
		.body_fd = take_fd(q->body_fd),
	};
	return true;
}

/* An id that is not under way any more is nothing. */
static void answer(struct gateway_keeper *g, uint64_t id, struct gateway_order *order, int fd, const char *text)
{
	struct gateway_request *q = gateway_requests_find(&g->requests, id);

	if (!q)
		return;
	order->kind = GATEWAY_ANSWER;
	order->id = q->gateway_id;
	q->state = GATEWAY_FREE;
	packet_set_text(order->text, sizeof(order->text), text);
	give(g, order, &fd, fd >= 0);
}

void gateway_keeper_answer(struct gateway_keeper *g, uint64_t id, unsigned int status, int body_fd, const char *text)
{
	struct gateway_order order = { .status = status };
	_cleanup_close_ int fd = body_fd;

	answer(g, id, &order, fd, text);
}

void gateway_keeper_refuse(struct gateway_keeper *g, uint64_t id, unsigned int status, unsigned int retry_after_s,
			   const char *text)
{
	struct gateway_order order = { .status = status, .retry_after_s = retry_after_s };

	answer(g, id, &order, -1, text);
}

enum gateway_state gateway_keeper_state(const struct gateway_keeper *g)
{
	if (g->is_serving)
		return GATEWAY_SERVING;
	return g->is_refused ? GATEWAY_REFUSED : GATEWAY_STARTING;
}

const char *gateway_keeper_fault(const struct gateway_keeper *g)
{
	if (g->child.fault[0])
		return g->child.fault;
	return g->fault[0] ? g->fault : NULL;
}

int gateway_keeper_fd(const struct gateway_keeper *g)
{
	return g->child.epoll;
}

static int ms_until(uint64_t at_ns)
{
	return clock_ms_until(at_ns, clock_now_ns(CLOCK_MONOTONIC));
}

int gateway_keeper_timeout_ms(const struct gateway_keeper *g)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

	if (is_busy(g) || (g->child.process.pid != 0 && !g->child.ready))
		return child_keeper_timeout_ms(&g->child, true, true);
	if (child_keeper_is_up(&g->child))
		return ms_until(g->next_ping_ns);
	if (now_ns < g->next_start_ns)
		return ms_until(g->next_start_ns);
	return child_keeper_timeout_ms(&g->child, false, true);
}

pid_t gateway_keeper_pid(const struct gateway_keeper *g)
{
	return g->child.process.pid;
}

struct child_keeper_stats gateway_keeper_stats(const struct gateway_keeper *g)
{
	return child_keeper_stats(&g->child);
}

struct web_counts gateway_keeper_counts(const struct gateway_keeper *g)
{
	struct web_counts counts = g->counts;

	for (size_t i = 0; i < WEB_N_COUNTS; i++)
		counts.n[i] += g->lost_counts.n[i];
	return counts;
}
