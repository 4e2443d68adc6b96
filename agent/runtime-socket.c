// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime-socket.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "symbolizer/grpc-answer.h"

#define PATIENCE_NS (2 * NS_PER_S)
#define PIECE_BYTES 16384

_Static_assert(RUNTIME_ANSWER_BYTES >= GRPC_ANSWER_BYTES, "the windows that CRI is shown are no larger");

void runtime_socket_done(struct runtime_socket *s)
{
	s->fd = close_fd(s->fd);
	s->answer_fd = close_fd(s->answer_fd);
}

/* HTTP/1.0: docker's answer ends with the connection and comes in one piece. */
static int put_question(struct buf *question, enum runtime_api api, const char *id)
{
	if (api == RUNTIME_CRI)
		return cri_call_ask(question, id);
	return buf_printf(question, "GET /containers/%s/json HTTP/1.0\r\nHost: docker\r\n\r\n", id);
}

/* A full backlog is -EAGAIN. */
static int send_question(int fd, const char *path, const struct buf *question)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return send(fd, question->data, question->size, MSG_NOSIGNAL) == (ssize_t)question->size ? 0 : -EIO;
}

int runtime_socket_ask(struct runtime_socket *s, enum runtime_api api, const char *path, const char *id,
		       uint64_t now_ns)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	_cleanup_(buf_done) struct buf question = {};
	int r;

	if (fd < 0)
		return -errno;
	r = put_question(&question, api, id);
	if (r == 0)
		r = send_question(fd, path, &question);
	if (r < 0)
		return r;
	s->answer_fd = memfd_create("cpuhound-answer", MFD_CLOEXEC);
	if (s->answer_fd < 0)
		return -errno;
	s->fd = take_fd(fd);
	s->n_bytes = 0;
	s->deadline_ns = now_ns + PATIENCE_NS;
	s->api = api;
	s->call = (struct cri_call){};
	return 0;
}

/* 0: the answer is whole, or the runtime has closed; RUNTIME_WAITING; -errno. */
static int receive(struct runtime_socket *s)
{
	uint8_t piece[PIECE_BYTES];

	while (s->n_bytes < RUNTIME_ANSWER_BYTES) {
		ssize_t n = recv(s->fd, piece, sizeof(piece), 0);
		int r;

		if (n == 0)
			return 0;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? RUNTIME_WAITING : -errno;
		r = fs_write_all(s->answer_fd, piece, (size_t)n);
		if (r < 0)
			return r;
		s->n_bytes += (size_t)n;
		if (s->api == RUNTIME_CRI && cri_call_is_over(&s->call, piece, (size_t)n))
			return 0;
	}
	return -EFBIG;
}

int runtime_socket_take(struct runtime_socket *s, uint64_t now_ns, int *ret_fd)
{
	int r = receive(s);

	if (r == RUNTIME_WAITING && now_ns < s->deadline_ns)
		return r;
	if (r == 0)
		*ret_fd = take_fd(s->answer_fd);
	runtime_socket_done(s);
	return r == RUNTIME_WAITING ? -ETIMEDOUT : r;
}
