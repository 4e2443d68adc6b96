// SPDX-License-Identifier: Apache-2.0
#include "agent/live-sampler.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>

#include "agent/live-feed.h"
#include "agent/recorder.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/parse.h"
#include "symbolizer/child-process.h"

#define WINDOW_NS (10 * NS_PER_S)             /* so often what has gone is forgotten */
#define STACKS_LIMIT_BYTES ((size_t)64 << 20) /* of the folded stacks of a window, as the agent's */
#define UNWIND_TABLE_MB 64

struct live_sampler {
	struct recorder *recorder;
	struct live_feed *feed;
	uint64_t window_ns; /* CLOCK_MONOTONIC: when the next one begins */
};

static int start(struct live_sampler *s, uint64_t hz, const char *cache_dir)
{
	const struct recorder_config config = {
		.period_ns = NS_PER_S / hz,
		.filter = FILTER_NONE,
		.cache_dir = cache_dir[0] ? cache_dir : NULL,
		.unwind_table_mb = UNWIND_TABLE_MB,
		.stacks_limit_bytes = STACKS_LIMIT_BYTES,
	};
	int e;

	e = live_feed_new(NULL, &s->feed);
	if (e == 0)
		e = fcntl(CHILD_SOCKET_FD, F_SETFL, O_NONBLOCK) < 0 ? -errno : live_feed_add(s->feed, CHILD_SOCKET_FD);
	if (e == 0)
		e = recorder_new(&config, &s->recorder);
	return e == 0 ? recorder_start(s->recorder) : e;
}

/* Nobody wants the windows: each is dropped, so that the stacks in memory are those of one. */
static int pass_window(struct live_sampler *s, uint64_t now_ns)
{
	struct closed_window *window;
	int e;

	if (now_ns < s->window_ns)
		return 0;
	s->window_ns = now_ns + WINDOW_NS;
	e = recorder_close_window(s->recorder, &window);
	if (e == 0)
		recorder_drop_window(s->recorder, window);
	return e;
}

static int wait_ms(const struct live_sampler *s, uint64_t now_ns)
{
	return clock_sooner_ms(recorder_timeout_ms(s->recorder), clock_ms_until(live_feed_due_ns(s->feed), now_ns));
}

static int turn(struct live_sampler *s)
{
	struct pollfd fds[] = {
		{ .fd = recorder_fd(s->recorder), .events = POLLIN },
		{ .fd = live_feed_fd(s->feed), .events = POLLIN },
	};
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);
	int e;

	if (poll(fds, ARRAY_SIZE(fds), wait_ms(s, now_ns)) < 0 && errno != EINTR)
		return -errno;
	now_ns = clock_now_ns(CLOCK_MONOTONIC);
	e = recorder_dispatch(s->recorder);
	if (e == 0)
		e = pass_window(s, now_ns);
	if (e == 0)
		live_feed_dispatch(s->feed, s->recorder, "", fds[1].revents, now_ns);
	return e;
}

static int run(struct live_sampler *s)
{
	int e = 0;

	s->window_ns = clock_now_ns(CLOCK_MONOTONIC) + WINDOW_NS;
	while (e == 0 && live_feed_n_clients(s->feed) > 0)
		e = turn(s);
	return e;
}

int live_sampler_main(int argc, char **argv)
{
	struct live_sampler s = {};
	uint64_t hz;
	int e;

	prctl(PR_SET_NAME, "cpuhound-live"); /* /proc/self/exe would make it "exe" */
	if (argc != LIVE_SAMPLER_N_ARGUMENTS || parse_u64(argv[LIVE_SAMPLER_HZ], 10, &hz) < 0 || hz == 0 ||
	    dup2(CHILD_GIVEN_FD, STDERR_FILENO) < 0 || fcntl(CHILD_SOCKET_FD, F_SETFD, FD_CLOEXEC) < 0)
		return EXIT_FAILURE;
	close(CHILD_GIVEN_FD);
	e = start(&s, hz, argv[LIVE_SAMPLER_CACHE_DIR]);
	if (e < 0)
		log_error("cannot start sampling: %s", strerror(-e));
	else
		e = run(&s);
	if (s.feed)
		live_feed_end(s.feed, s.recorder);
	live_feed_free(s.feed);
	recorder_free(s.recorder);
	return e < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
