// SPDX-License-Identifier: Apache-2.0
#include "agent/hub-worker.h"

#include "common/clock.h"

#define TIMEOUT_NS (60 * NS_PER_S)
#define RSS_LIMIT_BYTES ((uint64_t)1 << 30)

int hub_worker_init(struct hub_worker *w, enum hub_lane lane, char *const *argv, int store_fd)
{
	const struct child_keeper_config config = {
		.path = "/proc/self/exe",
		.argv = argv,
		.given_fd = store_fd,
		.timeout_ns = TIMEOUT_NS,
		.rss_limit_bytes = RSS_LIMIT_BYTES,
	};

	*w = (struct hub_worker){ .lane = lane };
	return child_keeper_init(&w->child, &config);
}

void hub_worker_done(struct hub_worker *w)
{
	child_keeper_done(&w->child);
}

bool hub_worker_is_up(const struct hub_worker *w)
{
	return child_keeper_is_up(&w->child);
}

bool hub_worker_is_free(const struct hub_worker *w)
{
	return hub_worker_is_up(w) && w->id == 0;
}

const char *hub_worker_fault(const struct hub_worker *w)
{
	return w->child.fault[0] ? w->child.fault : NULL;
}

void hub_worker_forget_rules(struct hub_worker *w)
{
	w->has_rules = false;
}

void hub_worker_drop(struct hub_worker *w)
{
	child_keeper_drop(&w->child, "nobody waits for its answer");
	w->has_rules = false;
	w->id = 0;
}

static void send_order(struct hub_worker *w, const struct hub_order *order, int fd)
{
	/* A child that does not take it has gone, or will be found to hang. */
	if (hub_send_order(w->child.process.socket, order, fd) != 0)
		child_keeper_on_hangup(&w->child);
}

void hub_worker_give(struct hub_worker *w, uint64_t id, const struct web_request *request, int rules_fd, int body_fd)
{
	const struct hub_order rules = { .kind = HUB_RULES };
	const struct hub_order order = { .kind = HUB_REQUEST, .id = id, .request = *request };

	if (!w->has_rules)
		send_order(w, &rules, rules_fd);
	w->has_rules = true;
	w->id = id;
	child_keeper_begin_work(&w->child);
	send_order(w, &order, body_fd);
}

/* The child is no more: its request is lost. */
static int lose(struct hub_worker *w, struct hub_word *ret)
{
	*ret = (struct hub_word){ .kind = HUB_ANSWER, .id = w->id };
	w->has_rules = false;
	w->id = 0;
	return ret->id ? HUB_WORKER_LOST : 0;
}

static int drop(struct hub_worker *w, const char *reason, struct hub_word *ret)
{
	child_keeper_drop(&w->child, reason);
	return lose(w, ret);
}

/* Its first word, or the answer to what it is at; anything else is nonsense. */
static int on_word(struct hub_worker *w, struct hub_word *word, struct hub_word *ret)
{
	if (w->child.ready == (word->kind == HUB_HELLO) || (w->child.ready && (w->id == 0 || word->id != w->id)))
		return drop(w, "it speaks out of turn", ret);
	if (word->kind == HUB_HELLO) {
		child_keeper_on_hello(&w->child, word->status, word->text);
		return 0;
	}
	*ret = *word;
	w->id = 0;
	return HUB_WORKER_ANSWERED;
}

static int receive(struct hub_worker *w, struct hub_word *ret, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	struct hub_word word;
	int r = hub_receive_word(w->child.process.socket, &word, &fd);

	if (r == PACKET_AGAIN)
		return 0;
	if (r == PACKET_CLOSED) {
		child_keeper_on_hangup(&w->child);
		return 0; /* what it was at is lost when it is reaped */
	}
	if (r < 0)
		return drop(w, "it talks nonsense", ret);
	r = on_word(w, &word, ret);
	if (r == HUB_WORKER_ANSWERED)
		*ret_fd = take_fd(fd);
	return r;
}

static int watch(struct hub_worker *w, struct hub_word *ret)
{
	int e = child_keeper_check(&w->child, w->id != 0), r;

	if (e == 0)
		return 0;
	r = drop(w, "it takes too long, or too much", ret);
	return r == HUB_WORKER_LOST && e == -ETIME ? HUB_WORKER_OVERDUE : r;
}

int hub_worker_dispatch(struct hub_worker *w, struct hub_word *ret, int *ret_fd)
{
	int status, r = 0;

	*ret_fd = -1;
	if (w->child.process.socket >= 0)
		r = receive(w, ret, ret_fd);
	if (r == 0 && child_keeper_reap(&w->child, &status))
		r = lose(w, ret);
	if (r == 0)
		r = watch(w, ret);
	child_keeper_start(&w->child);
	return r;
}

int hub_worker_fd(const struct hub_worker *w)
{
	return w->child.epoll;
}

int hub_worker_timeout_ms(const struct hub_worker *w)
{
	return child_keeper_timeout_ms(&w->child, w->id != 0, !hub_worker_is_up(w));
}
