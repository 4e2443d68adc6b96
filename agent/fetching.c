// SPDX-License-Identifier: Apache-2.0
#include "agent/fetching.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#include "agent/fetcher.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/log.h"

#define TIMEOUT_NS (660 * NS_PER_S) /* for one file: the fetcher gives up before, see LONGEST_S there */
#define RSS_LIMIT_BYTES ((uint64_t)128 << 20)
#define IDLE_NS (30 * NS_PER_S)
#define PAUSE_NS (10 * NS_PER_S) /* after a server did not answer; then twice as long each time */
#define PAUSE_MAX_NS (3600 * NS_PER_S)
#define MAX_DOUBLINGS 9
#define NEWS_NS (10 * NS_PER_S) /* between two looks again: each opens all files that lack debug info */
#define DIR_NAME "debuginfod"

struct wish {
	struct build_id id;
	UT_hash_handle hh;
	struct wish *prev, *next; /* while it waits */
};

struct fetching {
	struct child_keeper child;
	char *argv[FETCHER_N_ARGUMENTS + 1];
	int dir_fd;
	struct wish *known;   /* all that were asked for */
	struct wish *waiting; /* the first is with the child, where is_asked */
	bool is_asked;
	uint64_t next_ns; /* the next order is not given before */
	unsigned int n_failed;
	bool has_news;
	uint64_t told_ns;
	struct fetching_stats stats;
};

const char *fetch_status_to_string(enum fetch_status status)
{
	static const char *const names[FETCH_N] = {
		[FETCH_FOUND] = "found",
		[FETCH_MISSING] = "missing",
		[FETCH_TOO_LARGE] = "too_large",
		[FETCH_FAILED] = "failed",
	};

	return names[status];
}

static int join_urls(const struct fetching_config *config, char **ret)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = buf_reserve(&text, 0);

	for (size_t i = 0; r == 0 && i < config->n_urls; i++)
		r = buf_printf(&text, "%s%s", i ? " " : "", config->urls[i]);
	if (r == 0)
		*ret = take_ptr(text.data);
	return r;
}

static int make_arguments(struct fetching *f, const struct fetching_config *config)
{
	_cleanup_free_ char *urls = NULL;
	int r = join_urls(config, &urls);

	if (r < 0)
		return r;
	f->argv[0] = strdup("cpuhound");
	f->argv[1] = strdup(FETCHER_COMMAND);
	if (asprintf(&f->argv[FETCHER_CACHE], "%s/%s", config->cache_dir, DIR_NAME) < 0)
		f->argv[FETCHER_CACHE] = NULL;
	if (asprintf(&f->argv[FETCHER_LIMIT], "%" PRIu64, config->limit_bytes) < 0)
		f->argv[FETCHER_LIMIT] = NULL;
	f->argv[FETCHER_URLS] = take_ptr(urls);
	for (size_t i = 0; i < FETCHER_N_ARGUMENTS; i++) {
		if (!f->argv[i])
			return -ENOMEM;
	}
	return 0;
}

static int open_dir(struct fetching *f, const char *cache_dir)
{
	if ((mkdir(cache_dir, 0700) < 0 && errno != EEXIST) ||
	    (mkdir(f->argv[FETCHER_CACHE], 0700) < 0 && errno != EEXIST))
		return -errno;
	f->dir_fd = open(f->argv[FETCHER_CACHE], O_PATH | O_DIRECTORY | O_CLOEXEC);
	return f->dir_fd < 0 ? -errno : 0;
}

int fetching_new(const struct fetching_config *config, struct fetching **ret)
{
	_cleanup_(fetching_freep) struct fetching *f = calloc(1, sizeof(*f));
	struct child_keeper_config child = {
		.path = config->path,
		.given_fd = -1,
		.timeout_ns = TIMEOUT_NS,
		.longest_ns = 2 * TIMEOUT_NS,
		.rss_limit_bytes = RSS_LIMIT_BYTES,
		.idle_ns = IDLE_NS,
	};
	int r;

	if (!f)
		return -ENOMEM;
	f->dir_fd = -1;
	child.argv = f->argv;
	r = child_keeper_init(&f->child, &child); /* first: fetching_free() needs it */
	if (r == 0)
		r = make_arguments(f, config);
	if (r == 0)
		r = open_dir(f, config->cache_dir);
	if (r < 0)
		return r;
	*ret = take_ptr(f);
	return 0;
}

struct fetching *fetching_free(struct fetching *f)
{
	struct wish *w, *next;

	if (!f)
		return NULL;
	child_keeper_done(&f->child);
	HASH_ITER (hh, f->known, w, next) {
		HASH_DELETE(hh, f->known, w);
		free(w);
	}
	for (size_t i = 0; i < FETCHER_N_ARGUMENTS; i++)
		free(f->argv[i]);
	close_fd(f->dir_fd);
	free(f);
	return NULL;
}

int fetching_dir_fd(const struct fetching *f)
{
	return f->dir_fd;
}

const char *fetching_dir_path(const struct fetching *f)
{
	return f->argv[FETCHER_CACHE];
}

static bool has_room(const struct fetching *f)
{
	return f->stats.n_waiting < FETCHING_MAX_WAITING && HASH_COUNT(f->known) < FETCHING_MAX_KNOWN;
}

void fetching_want(struct fetching *f, const struct build_id *id)
{
	struct wish *w;

	if (id->n_bytes == 0)
		return;
	HASH_FIND(hh, f->known, id, sizeof(*id), w);
	if (w)
		return;
	w = has_room(f) ? calloc(1, sizeof(*w)) : NULL;
	if (!w) {
		f->stats.n_refused++;
		return;
	}
	w->id = *id;
	HASH_ADD(hh, f->known, id, sizeof(w->id), w);
	if (!w->hh.tbl) {
		free(w);
		f->stats.n_refused++;
		return;
	}
	DL_APPEND(f->waiting, w);
	f->stats.n_waiting++;
}

static void pause_after_fault(struct fetching *f, const char *reason)
{
	unsigned int doublings = f->n_failed < MAX_DOUBLINGS ? f->n_failed : MAX_DOUBLINGS;
	uint64_t pause_ns = PAUSE_NS << doublings;

	if (f->n_failed++ == 0)
		log_warning("debuginfod: %s; asking again in %d s", reason, (int)(PAUSE_NS / NS_PER_S));
	if (pause_ns > PAUSE_MAX_NS)
		pause_ns = PAUSE_MAX_NS;
	f->next_ns = clock_now_ns(CLOCK_MONOTONIC) + pause_ns;
	snprintf(f->stats.last_fault, sizeof(f->stats.last_fault), "%s", reason);
}

/* What became of the first one that waits. One that failed goes to the end. */
static void finish(struct fetching *f, enum fetch_status status, const char *reason)
{
	struct wish *w = f->waiting;

	f->is_asked = false;
	f->stats.n_answers[status]++;
	DL_DELETE(f->waiting, w);
	if (status == FETCH_FAILED) {
		DL_APPEND(f->waiting, w);
		pause_after_fault(f, reason);
		return;
	}
	f->stats.n_waiting--;
	f->n_failed = 0;
	f->stats.last_fault[0] = 0;
	f->has_news |= status == FETCH_FOUND;
}

static void give_up(struct fetching *f, const char *reason)
{
	if (f->is_asked)
		finish(f, FETCH_FAILED, reason);
	child_keeper_drop(&f->child, reason);
}

static void on_answer(struct fetching *f, const struct fetch_answer *answer)
{
	if (answer->is_hello && !f->child.ready)
		child_keeper_on_hello(&f->child, answer->status == FETCH_FOUND ? 0 : -EIO, answer->reason);
	else if (!answer->is_hello && f->is_asked)
		finish(f, answer->status, answer->reason);
	else
		give_up(f, "the fetcher answers what was not asked");
}

static void receive(struct fetching *f)
{
	struct fetch_answer answer;

	while (f->child.process.socket >= 0) {
		int r = fetch_receive_answer(f->child.process.socket, &answer);

		if (r == PACKET_AGAIN)
			return;
		if (r == 0)
			on_answer(f, &answer);
		else if (r == PACKET_CLOSED)
			child_keeper_on_hangup(&f->child);
		else
			give_up(f, "the fetcher talks nonsense");
	}
}

static bool is_due(const struct fetching *f)
{
	return f->waiting && !f->is_asked && clock_now_ns(CLOCK_MONOTONIC) >= f->next_ns;
}

static void order(struct fetching *f)
{
	child_keeper_start(&f->child);
	if (!child_keeper_is_up(&f->child))
		return;
	f->is_asked = true;
	child_keeper_begin_work(&f->child);
	if (fetch_send_order(f->child.process.socket, &f->waiting->id) != 0)
		give_up(f, "the fetcher does not listen");
}

void fetching_dispatch(struct fetching *f)
{
	int status;

	receive(f);
	if (child_keeper_reap(&f->child, &status) && f->is_asked)
		finish(f, FETCH_FAILED, "the fetcher died");
	if (child_keeper_check(&f->child, f->is_asked) < 0)
		give_up(f, "the fetcher takes too long or too much");
	child_keeper_let_go(&f->child, f->is_asked || is_due(f));
	if (is_due(f))
		order(f);
}

bool fetching_take_news(struct fetching *f)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

	if (!f->has_news || (f->told_ns && now_ns < f->told_ns + NEWS_NS))
		return false;
	f->has_news = false;
	f->told_ns = now_ns;
	return true;
}

int fetching_fd(const struct fetching *f)
{
	return f->child.epoll;
}

static int ms_until(uint64_t due_ns)
{
	return clock_ms_until(due_ns, clock_now_ns(CLOCK_MONOTONIC));
}

int fetching_timeout_ms(const struct fetching *f)
{
	int timeout_ms = child_keeper_timeout_ms(&f->child, f->is_asked, is_due(f));
	int due_ms = -1;

	if (f->has_news)
		due_ms = ms_until(f->told_ns ? f->told_ns + NEWS_NS : 0);
	else if (f->waiting && !f->is_asked && !is_due(f))
		due_ms = ms_until(f->next_ns);
	return clock_sooner_ms(due_ms, timeout_ms);
}

void fetching_stats(const struct fetching *f, struct fetching_stats *ret)
{
	*ret = f->stats;
	if (f->child.fault[0])
		snprintf(ret->last_fault, sizeof(ret->last_fault), "%s", f->child.fault);
}

pid_t fetching_pid(const struct fetching *f)
{
	return f->child.process.pid;
}

struct child_keeper_stats fetching_child_stats(const struct fetching *f)
{
	return child_keeper_stats(&f->child);
}
