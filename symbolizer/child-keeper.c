// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/child-keeper.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/clock.h"

#define LONGEST_NS (120 * NS_PER_S) /* with no CPU given at all */
#define LOOK_NS (100 * NS_PER_MS)
#define FREE_STARTS 10 /* then each failed start waits twice as long as the one before */
#define BACKOFF_NS (1 * NS_PER_S)
#define BACKOFF_MAX_NS (64 * NS_PER_S)

int child_keeper_init(struct child_keeper *k, const struct child_keeper_config *config)
{
	*k = (struct child_keeper){ .config = *config, .process = CHILD_PROCESS_NONE };
	if (k->config.longest_ns == 0)
		k->config.longest_ns = LONGEST_NS;
	if (k->config.look_ns == 0)
		k->config.look_ns = LOOK_NS;
	for (size_t i = 0; i < CHILD_MAX_DYING; i++)
		k->dying[i] = CHILD_PROCESS_NONE;
	k->epoll = epoll_create1(EPOLL_CLOEXEC);
	return k->epoll < 0 ? -errno : 0;
}

void child_keeper_done(struct child_keeper *k)
{
	child_process_done(&k->process);
	for (size_t i = 0; i < CHILD_MAX_DYING; i++)
		child_process_done(&k->dying[i]);
	k->epoll = close_fd(k->epoll);
}

void child_keeper_note_usage(struct child_keeper *k, struct child_usage *ret)
{
	child_process_usage(&k->process, ret);
	if (ret->rss_anon_bytes > k->stats.rss_anon_peak_bytes)
		k->stats.rss_anon_peak_bytes = ret->rss_anon_bytes;
}

void child_keeper_begin_work(struct child_keeper *k)
{
	struct child_usage usage;

	child_keeper_note_usage(k, &usage);
	k->begun_ns = k->since_ns = k->polled_ns = clock_now_ns(CLOCK_MONOTONIC);
	k->starved_ns = usage.starved_ns;
}

void child_keeper_note_question(struct child_keeper *k)
{
	k->since_ns = clock_now_ns(CLOCK_MONOTONIC);
}

static void on_start_failed(struct child_keeper *k, const char *reason)
{
	unsigned int doublings;

	snprintf(k->fault, sizeof(k->fault), "%s", reason);
	if (++k->n_failed_starts < FREE_STARTS)
		return;
	doublings = k->n_failed_starts - FREE_STARTS;
	k->next_start_ns = clock_now_ns(CLOCK_MONOTONIC) + (doublings < 6 ? BACKOFF_NS << doublings : BACKOFF_MAX_NS);
}

void child_keeper_on_hello(struct child_keeper *k, int status, const char *reason)
{
	if (status < 0) {
		child_keeper_drop(k, reason);
		return;
	}
	k->ready = true;
	k->n_failed_starts = 0;
	k->fault[0] = 0;
}

/* It is reaped later: it may hang where no signal reaches it. False: no room for it. */
static bool end_process(struct child_keeper *k)
{
	for (size_t i = 0; i < CHILD_MAX_DYING; i++) {
		if (k->dying[i].pid != 0)
			continue;
		child_process_kill(&k->process);
		k->dying[i] = k->process;
		k->process = CHILD_PROCESS_NONE;
		k->ready = false;
		return true;
	}
	return false;
}

void child_keeper_drop(struct child_keeper *k, const char *reason)
{
	if (!k->ready)
		on_start_failed(k, reason);
	if (end_process(k))
		k->stats.n_restarts++;
}

/* A child that is started may have to be given up: a place for that must be free. */
static bool has_dying_room(const struct child_keeper *k)
{
	for (size_t i = 0; i < CHILD_MAX_DYING; i++) {
		if (k->dying[i].pid == 0)
			return true;
	}
	return false;
}

static bool is_idle(const struct child_keeper *k, bool is_busy)
{
	return k->config.idle_ns != 0 && !is_busy && child_keeper_is_up(k) && has_dying_room(k);
}

void child_keeper_let_go(struct child_keeper *k, bool is_busy)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

	if (is_busy || k->was_busy)
		k->busy_ns = now_ns;
	else if (is_idle(k, is_busy) && now_ns - k->busy_ns >= k->config.idle_ns)
		end_process(k);
	k->was_busy = is_busy;
}

void child_keeper_on_hangup(struct child_keeper *k)
{
	child_process_kill(&k->process);
}

static int watch_fd(struct child_keeper *k, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(k->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

void child_keeper_start(struct child_keeper *k)
{
	int r;

	if (k->process.pid != 0 || !has_dying_room(k) || clock_now_ns(CLOCK_MONOTONIC) < k->next_start_ns)
		return;
	r = child_process_start(k->config.path, k->config.argv, k->config.given_fd, &k->process);
	if (r == 0)
		r = watch_fd(k, k->process.socket);
	if (r == 0)
		r = watch_fd(k, k->process.pid_fd);
	if (r < 0) {
		child_process_done(&k->process);
		on_start_failed(k, strerrordesc_np(-r));
		return;
	}
	child_keeper_begin_work(k);
}

bool child_keeper_is_resting(const struct child_keeper *k)
{
	return k->process.pid == 0 && clock_now_ns(CLOCK_MONOTONIC) < k->next_start_ns;
}

bool child_keeper_is_up(const struct child_keeper *k)
{
	return k->ready && k->process.socket >= 0;
}

bool child_keeper_reap(struct child_keeper *k, int *ret_status)
{
	bool ended;
	uint64_t cpu_ns;
	int status;

	ended = child_process_reap(&k->process, ret_status, &cpu_ns);
	if (ended) {
		k->stats.cpu_ns += cpu_ns;
		k->stats.n_restarts++;
		if (!k->ready)
			on_start_failed(k, "ends before it has started");
		k->ready = false;
	}
	for (size_t i = 0; i < CHILD_MAX_DYING; i++) {
		if (child_process_reap(&k->dying[i], &status, &cpu_ns))
			k->stats.cpu_ns += cpu_ns;
	}
	return ended;
}

static bool is_watched(const struct child_keeper *k, bool is_busy)
{
	return k->process.pid != 0 && (!k->ready || is_busy);
}

int child_keeper_check(struct child_keeper *k, bool is_busy)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC), elapsed_ns = now_ns - k->since_ns, starved_ns;
	struct child_usage usage;

	if (!is_watched(k, is_busy) || now_ns - k->polled_ns < k->config.look_ns)
		return 0;
	k->polled_ns = now_ns;
	child_keeper_note_usage(k, &usage);
	if (usage.rss_anon_bytes > k->config.rss_limit_bytes)
		return -ENOMEM;
	/* On a busy host it may wait long for a CPU, through no fault of its work. */
	starved_ns = usage.starved_ns > k->starved_ns ? usage.starved_ns - k->starved_ns : 0;
	if (now_ns - k->begun_ns > k->config.longest_ns ||
	    (elapsed_ns > starved_ns && elapsed_ns - starved_ns > k->config.timeout_ns))
		return -ETIME;
	return 0;
}

static int ms_until(uint64_t deadline_ns)
{
	return clock_ms_until(deadline_ns, clock_now_ns(CLOCK_MONOTONIC));
}

int child_keeper_timeout_ms(const struct child_keeper *k, bool is_busy, bool is_wanted)
{
	if (is_watched(k, is_busy))
		return ms_until(k->polled_ns + k->config.look_ns);
	if (is_idle(k, is_busy || is_wanted))
		return ms_until(k->busy_ns + k->config.idle_ns);
	if (!is_wanted)
		return -1;
	if (k->process.pid != 0)
		return child_keeper_is_up(k) ? 0 : -1;
	return has_dying_room(k) ? ms_until(k->next_start_ns) : -1;
}

struct child_keeper_stats child_keeper_stats(const struct child_keeper *k)
{
	struct child_keeper_stats stats = k->stats;
	struct child_usage usage;

	child_process_usage(&k->process, &usage);
	stats.cpu_ns += usage.cpu_ns;
	stats.rss_anon_bytes = usage.rss_anon_bytes;
	return stats;
}
