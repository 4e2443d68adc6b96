// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway-requests.h"

#include "common/clock.h"

static struct gateway_request *find_of_gateway(struct gateway_requests *t, uint64_t gateway_id)
{
	for (size_t i = 0; i < GATEWAY_MAX_REQUESTS; i++) {
		struct gateway_request *q = &t->all[i];

		if ((q->state == GATEWAY_WAITING || q->state == GATEWAY_TAKEN) && q->gateway_id == gateway_id)
			return q;
	}
	return NULL;
}

static struct gateway_request *find_in_state(struct gateway_requests *t, enum gateway_request_state state)
{
	for (size_t i = 0; i < GATEWAY_MAX_REQUESTS; i++) {
		if (t->all[i].state == state)
			return &t->all[i];
	}
	return NULL;
}

static bool is_profile(const struct web_request *r)
{
	return r->kind == WEB_PROFILE || r->kind == WEB_MERGED;
}

/* False: not one more. */
static bool may_profile(const struct gateway_requests *t, uint64_t now_ns, unsigned int *ret_retry_s)
{
	uint64_t first_ns = UINT64_MAX;
	size_t n = 0;

	for (size_t i = 0; i < GATEWAY_MAX_REQUESTS; i++) {
		const struct gateway_request *q = &t->all[i];

		if (q->state == GATEWAY_FREE || !is_profile(&q->request))
			continue;
		n++;
		if (q->ready_ns < first_ns)
			first_ns = q->ready_ns;
	}
	if (n < GATEWAY_MAX_PROFILES)
		return true;
	*ret_retry_s = 1 + (first_ns > now_ns ? (unsigned int)((first_ns - now_ns) / NS_PER_S) : 0);
	return false;
}

int gateway_requests_add(struct gateway_requests *t, uint64_t gateway_id, const struct web_request *request,
			 int body_fd, uint64_t now_ns, unsigned int *ret_retry_s)
{
	_cleanup_close_ int body = body_fd;
	struct gateway_request *q;

	if (find_of_gateway(t, gateway_id))
		return -EBADMSG;
	if (is_profile(request) && !may_profile(t, now_ns, ret_retry_s))
		return GATEWAY_REQUESTS_BUSY;
	q = find_in_state(t, GATEWAY_FREE);
	if (!q)
		return GATEWAY_REQUESTS_FULL;
	*q = (struct gateway_request){
		.state = GATEWAY_WAITING,
		.id = ++t->last_id,
		.gateway_id = gateway_id,
		.ready_ns = now_ns + request->seconds * NS_PER_S,
		.request = *request,
		.body_fd = take_fd(body),
	};
	t->n_untold++;
	return 0;
}

/* What the agent was never told of it need not leave. */
static void leave(struct gateway_requests *t, struct gateway_request *q)
{
	if (q->state == GATEWAY_WAITING) {
		q->body_fd = close_fd(q->body_fd);
		q->state = GATEWAY_FREE;
		t->n_untold--;
	} else if (q->state == GATEWAY_TAKEN) {
		q->state = GATEWAY_LEFT;
		t->n_untold++;
	}
}

void gateway_requests_cancel(struct gateway_requests *t, uint64_t gateway_id)
{
	struct gateway_request *q = find_of_gateway(t, gateway_id);

	if (q)
		leave(t, q);
}

void gateway_requests_cancel_all(struct gateway_requests *t)
{
	for (size_t i = 0; i < GATEWAY_MAX_REQUESTS; i++)
		leave(t, &t->all[i]);
}

struct gateway_request *gateway_requests_next(struct gateway_requests *t)
{
	struct gateway_request *q;

	if (t->n_untold == 0)
		return NULL;
	t->n_untold--;
	q = find_in_state(t, GATEWAY_LEFT); /* first: what it did for them makes room */
	if (q) {
		q->state = GATEWAY_FREE;
		return q;
	}
	q = find_in_state(t, GATEWAY_WAITING);
	if (q)
		q->state = GATEWAY_TAKEN;
	return q;
}

struct gateway_request *gateway_requests_find(struct gateway_requests *t, uint64_t id)
{
	for (size_t i = 0; i < GATEWAY_MAX_REQUESTS; i++) {
		if (t->all[i].state == GATEWAY_TAKEN && t->all[i].id == id)
			return &t->all[i];
	}
	return NULL;
}
