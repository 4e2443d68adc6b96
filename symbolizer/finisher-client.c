// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/finisher-client.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

#define TIMEOUT_NS (2 * NS_PER_S)
#define RSS_LIMIT_BYTES ((uint64_t)256 << 20)
#define MAX_ROUNDS 64 /* modules that one stack may ask for, and children that it may wait for */

enum state {
	IDLE = 0,
	WAITING,   /* for the child to be up */
	IN_FLIGHT, /* with the child */
	NEEDING,   /* the child needs a module */
	ANSWERED,
};

struct finisher_client {
	struct child_keeper child;
	enum state state;
	unsigned int n_rounds;
	uint64_t tag;
	uint32_t copy;
	size_t n_mappings;
	struct finisher_mapping mappings[FINISHER_MAX_MAPPINGS];
	struct finisher_reply answer;
};

int finisher_client_new(const struct finisher_client_config *config, struct finisher_client **ret)
{
	const struct child_keeper_config child = {
		.path = config->path,
		.argv = config->argv,
		.given_fd = config->copies_fd,
		.timeout_ns = config->timeout_ns ? config->timeout_ns : TIMEOUT_NS,
		.rss_limit_bytes = RSS_LIMIT_BYTES,
	};
	_cleanup_(finisher_client_freep) struct finisher_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	r = child_keeper_init(&c->child, &child);
	if (r < 0)
		return r;
	*ret = take_ptr(c);
	return 0;
}

struct finisher_client *finisher_client_free(struct finisher_client *c)
{
	if (!c)
		return NULL;
	child_keeper_done(&c->child);
	free(c);
	return NULL;
}

static bool is_with_child(const struct finisher_client *c)
{
	return c->state == IN_FLIGHT || c->state == NEEDING;
}

static void answer(struct finisher_client *c, enum finisher_stop stop)
{
	c->answer.tag = c->tag;
	c->answer.stop = stop;
	c->answer.module = FINISHER_NO_MODULE;
	c->answer.flags = 0;
	c->answer.n_pcs = 0;
	c->state = ANSWERED;
}

static void give_up(struct finisher_client *c, const char *reason)
{
	if (is_with_child(c))
		answer(c, FINISHER_LOST);
	child_keeper_drop(&c->child, reason);
}

static void send_copy(struct finisher_client *c)
{
	int r;

	c->state = IN_FLIGHT;
	child_keeper_begin_work(&c->child);
	r = finisher_wire_send_copy(c->child.process.socket, c->tag, c->copy, c->mappings, c->n_mappings);
	if (r == PACKET_CLOSED && c->n_rounds++ < MAX_ROUNDS) {
		child_keeper_on_hangup(&c->child); /* died before: this copy has nothing to do with it */
		c->state = WAITING;
	} else if (r != 0) {
		give_up(c, "a copy cannot be sent to the finisher");
	}
}

int finisher_client_submit(struct finisher_client *c, uint64_t tag, uint32_t copy,
			   const struct finisher_mapping *mappings, size_t n_mappings)
{
	if (c->state != IDLE)
		return -EAGAIN;
	if (n_mappings > FINISHER_MAX_MAPPINGS)
		return -E2BIG;
	c->tag = tag;
	c->copy = copy;
	c->n_mappings = n_mappings;
	memcpy(c->mappings, mappings, n_mappings * sizeof(*mappings));
	c->n_rounds = 0;
	c->state = WAITING;
	if (child_keeper_is_up(&c->child))
		send_copy(c);
	return 0;
}

bool finisher_client_is_idle(const struct finisher_client *c)
{
	return c->state == IDLE;
}

bool finisher_client_is_stuck(const struct finisher_client *c)
{
	return c->state == WAITING && child_keeper_is_resting(&c->child);
}

bool finisher_client_needs(const struct finisher_client *c, uint32_t *ret_module)
{
	if (c->state != NEEDING)
		return false;
	*ret_module = c->answer.module;
	return true;
}

void finisher_client_give(struct finisher_client *c, uint32_t module, int fd)
{
	if (c->state != NEEDING)
		return; /* the child was lost meanwhile */
	if (finisher_wire_send_module(c->child.process.socket, c->tag, module, fd) != 0)
		give_up(c, "a binary cannot be sent to the finisher");
	else
		send_copy(c);
}

const struct finisher_reply *finisher_client_take(struct finisher_client *c)
{
	if (c->state != ANSWERED)
		return NULL;
	c->state = IDLE;
	return &c->answer;
}

static void on_answer(struct finisher_client *c)
{
	c->state = c->answer.stop == FINISHER_NEEDS_MODULE ? NEEDING : ANSWERED;
	if (c->answer.stop == FINISHER_FATAL) /* it is ending: what it were told now would be lost with it */
		child_keeper_drop(&c->child, "CFI took the finisher down");
	if (c->state == NEEDING && ++c->n_rounds > MAX_ROUNDS)
		answer(c, FINISHER_NO_BINARY);
}

static void on_reply(struct finisher_client *c)
{
	if (!c->child.ready && c->answer.tag == FINISHER_TAG_HELLO)
		child_keeper_on_hello(&c->child, c->answer.status, c->answer.reason);
	else if (c->state == IN_FLIGHT && c->answer.tag == c->tag)
		on_answer(c);
	else
		give_up(c, "the finisher answers what was not asked");
}

static void receive(struct finisher_client *c)
{
	while (c->child.process.socket >= 0) {
		int r = c->state == ANSWERED ? PACKET_AGAIN
					     : finisher_wire_receive_reply(c->child.process.socket, &c->answer);

		if (r == PACKET_AGAIN)
			return;
		if (r == 0)
			on_reply(c);
		else if (r == PACKET_CLOSED)
			child_keeper_on_hangup(&c->child);
		else
			give_up(c, "the finisher talks nonsense");
	}
}

void finisher_client_dispatch(struct finisher_client *c)
{
	int status;

	receive(c);
	if (child_keeper_reap(&c->child, &status) && is_with_child(c))
		answer(c, FINISHER_LOST);
	if (child_keeper_check(&c->child, is_with_child(c)) < 0)
		give_up(c, "the finisher takes too long");
	if (c->state != WAITING)
		return;
	child_keeper_start(&c->child);
	if (child_keeper_is_up(&c->child))
		send_copy(c);
}

int finisher_client_fd(const struct finisher_client *c)
{
	return c->child.epoll;
}

int finisher_client_timeout_ms(const struct finisher_client *c)
{
	if (c->state == ANSWERED || c->state == NEEDING)
		return 0;
	return child_keeper_timeout_ms(&c->child, is_with_child(c), c->state == WAITING);
}

pid_t finisher_client_pid(const struct finisher_client *c)
{
	return c->child.process.pid;
}

const char *finisher_client_fault(const struct finisher_client *c)
{
	return c->child.fault[0] ? c->child.fault : NULL;
}

struct child_keeper_stats finisher_client_stats(const struct finisher_client *c)
{
	return child_keeper_stats(&c->child);
}
