// SPDX-License-Identifier: Apache-2.0
#include "cli/live-source.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/live-sampler.h"
#include "cli/agent-socket.h"
#include "common/buf.h"
#include "common/fsutil.h"
#include "pprof/profile.h"

void live_source_hang_up(struct live_source *s)
{
	if (!s->is_own)
		s->socket = close_fd(s->socket);
	s->socket = -1; /* that of a child is the child's */
}

void live_source_done(struct live_source *s)
{
	live_source_hang_up(s);
	child_process_done(&s->child);
	s->said_fd = close_fd(s->said_fd);
}

void live_span_done(struct live_span *s)
{
	s->profile = profile_free(s->profile);
}

int live_source_connect(struct live_source *s, const char *path)
{
	_cleanup_close_ int fd = -1;
	int r = agent_socket_connect(path, SOCK_SEQPACKET, &fd);

	if (r != 0)
		return r;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	live_source_hang_up(s);
	s->socket = take_fd(fd);
	s->has_asked = false;
	s->sequence = 0;
	return 0;
}

int live_source_spawn(struct live_source *s, uint64_t hz, const char *cache_dir)
{
	static char name[] = "cpuhound", command[] = LIVE_SAMPLER_COMMAND;
	_cleanup_free_ char *cache = strdup(cache_dir);
	char rate[24];
	char *argv[] = { name, command, [LIVE_SAMPLER_HZ] = rate, [LIVE_SAMPLER_CACHE_DIR] = cache, NULL };
	int said[2], r;

	snprintf(rate, sizeof(rate), "%" PRIu64, hz);
	if (!cache)
		return -ENOMEM;
	if (pipe2(said, O_CLOEXEC | O_NONBLOCK) < 0) /* what is beyond its 64 KiB is not kept */
		return -errno;
	r = child_process_start("/proc/self/exe", argv, said[1], &s->child);
	close(said[1]);
	s->said_fd = said[0];
	s->socket = s->child.socket;
	s->is_own = true;
	return r;
}

int live_source_ask(struct live_source *s)
{
	int r;

	if (s->has_asked)
		return 0;
	r = s->socket >= 0 ? live_send_question(s->socket) : PACKET_CLOSED;
	s->has_asked = r == 0;
	return r <= 0 ? r : LIVE_SOURCE_GONE;
}

static int read_profile(int fd, struct profile **ret)
{
	_cleanup_(buf_done) struct buf raw = {};
	int r = fs_read_open(fd, LIVE_MAX_BYTES, &raw);

	if (r == 0)
		r = profile_decode(raw.data, raw.size, ret);
	return r == -EBADMSG || r == -EFBIG ? LIVE_SOURCE_BAD : r;
}

static int receive(struct live_source *s, struct live_answer *ret, int *ret_fd)
{
	int r = s->socket >= 0 ? live_receive_answer(s->socket, ret, ret_fd) : PACKET_CLOSED;

	if (r == -EBADMSG)
		return LIVE_SOURCE_BAD;
	return r <= 0 ? r : r == PACKET_AGAIN ? LIVE_SOURCE_NOTHING : LIVE_SOURCE_GONE;
}

int live_source_take(struct live_source *s, struct live_span *ret)
{
	struct live_answer answer;
	struct live_span span = {};
	_cleanup_close_ int fd = -1;
	int r = receive(s, &answer, &fd);

	if (r != 0)
		return r;
	if (fd >= 0)
		r = read_profile(fd, &span.profile);
	if (r != 0)
		return r;
	memcpy(span.why, answer.why, sizeof(span.why));
	span.n_cpus = answer.n_cpus;
	span.n_lost = answer.n_lost;
	if (s->sequence && answer.sequence > s->sequence)
		span.n_missed = answer.sequence - s->sequence;
	s->sequence = answer.sequence + 1;
	s->has_asked = false;
	*ret = span;
	return 0;
}

void live_source_repeat(const struct live_source *s)
{
	char text[4096];
	ssize_t n;

	while (s->said_fd >= 0 && (n = read(s->said_fd, text, sizeof(text))) > 0)
		fwrite(text, 1, (size_t)n, stderr);
}
