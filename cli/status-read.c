// SPDX-License-Identifier: Apache-2.0
#include "cli/status-read.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "cli/agent-socket.h"
#include "common/clock.h"
#include "common/json.h"

#define LIMIT_BYTES ((size_t)1 << 20)
#define READ_BYTES ((size_t)16 << 10)

void agent_status_done(struct agent_status *s)
{
	buf_done(&s->text);
	json_object_put(s->object);
}

/* Until the other side hangs up. */
static int read_all(int fd, struct buf *ret)
{
	uint64_t end_ns = clock_now_ns(CLOCK_MONOTONIC) + AGENT_PATIENCE_S * NS_PER_S;
	ssize_t n = 1;

	while (n > 0) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
		int r;

		if (now_ns >= end_ns)
			return AGENT_NO_ANSWER;
		r = poll(&poll_fd, 1, (int)((end_ns - now_ns) / NS_PER_MS) + 1);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r <= 0)
			continue;
		if (ret->size > LIMIT_BYTES)
			return AGENT_BAD_ANSWER;
		r = buf_reserve(ret, READ_BYTES);
		if (r < 0)
			return r;
		n = recv(fd, ret->data + ret->size, READ_BYTES, 0);
		if (n < 0)
			return errno == ECONNRESET ? AGENT_NO_ANSWER : -errno;
		ret->size += (size_t)n;
		ret->data[ret->size] = 0;
	}
	return ret->size ? 0 : AGENT_NO_ANSWER;
}

static int parse(const struct buf *text, struct json_object **ret)
{
	_cleanup_(json_putp) struct json_object *object = NULL;
	int r = json_parse(text->data, text->size, &object);

	if (r < 0)
		return r;
	if (r == JSON_NOT_ONE || json_find_number(object, "schema_version") == 0)
		return AGENT_BAD_ANSWER;
	*ret = take_ptr(object);
	return 0;
}

int status_read(const char *path, struct agent_status *ret)
{
	_cleanup_close_ int fd = -1;
	int r;

	r = agent_socket_connect(path, SOCK_STREAM, &fd);
	if (r == 0)
		r = read_all(fd, &ret->text);
	return r == 0 ? parse(&ret->text, &ret->object) : r;
}
