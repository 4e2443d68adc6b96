// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/indexer-client.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <utlist.h>

#include "common/clock.h"
#include "symbolizer/child-keeper.h"

#define TIMEOUT_NS (10 * NS_PER_S)
#define RSS_LIMIT_BYTES ((uint64_t)256 << 20)
#define NEEDS_AT_A_TIME 32 /* that are answered before the caller gets to do something else */
#define MAX_TRIES 3        /* a kill from outside says nothing of the file; three may be the OOM killer's word */

struct task {
	struct indexer_result result; /* filled in at the end; holds the descriptors all along */
	unsigned int n_tries;
	unsigned int n_needs; /* files it asked for */
	struct task *prev, *next;
};

struct indexer_client {
	struct child_keeper child;
	struct indexer_client_config config;
	struct task *in_flight;
	struct task *queue, *done;
	size_t n_queued;
};

void indexer_result_done(struct indexer_result *result)
{
	close_fd(result->elf_fd);
	close_fd(result->index_fd);
	free(result->path);
}

static struct task *task_free(struct task *t)
{
	indexer_result_done(&t->result);
	free(t);
	return NULL;
}

int indexer_client_new(const struct indexer_client_config *config, struct indexer_client **ret)
{
	const struct child_keeper_config child = {
		.path = config->path,
		.argv = config->argv,
		.given_fd = -1,
		.timeout_ns = config->timeout_ns ? config->timeout_ns : TIMEOUT_NS,
		.longest_ns = config->longest_ns,
		.rss_limit_bytes = config->rss_limit_bytes ? config->rss_limit_bytes : RSS_LIMIT_BYTES,
		.idle_ns = config->idle_ns,
	};
	_cleanup_(indexer_client_freep) struct indexer_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->config = *config;
	r = child_keeper_init(&c->child, &child);
	if (r < 0)
		return r;
	*ret = take_ptr(c);
	return 0;
}

static void free_tasks(struct task *list)
{
	struct task *t, *next;

	DL_FOREACH_SAFE (list, t, next)
		task_free(t);
}

struct indexer_client *indexer_client_free(struct indexer_client *c)
{
	if (!c)
		return NULL;
	child_keeper_done(&c->child);
	if (c->in_flight)
		task_free(c->in_flight);
	free_tasks(c->queue);
	free_tasks(c->done);
	free(c);
	return NULL;
}

int indexer_client_submit(struct indexer_client *c, enum indexer_job job, uint64_t tag, int elf_fd, const char *path)
{
	_cleanup_close_ int owned = elf_fd;
	struct task *t;

	if (c->n_queued >= c->config.max_queue)
		return -EAGAIN;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->result = (struct indexer_result){ .tag = tag, .job = job, .elf_fd = -1, .index_fd = -1 };
	t->result.path = path ? strdup(path) : NULL;
	if (path && !t->result.path) {
		task_free(t);
		return -ENOMEM;
	}
	t->result.elf_fd = take_fd(owned);
	DL_APPEND(c->queue, t);
	c->n_queued++;
	return 0;
}

static void finish(struct indexer_client *c, struct task *t, int status, const char *reason)
{
	t->result.status = status;
	snprintf(t->result.reason, sizeof(t->result.reason), "%s", reason);
	if (status < 0)
		t->result.index_fd = close_fd(t->result.index_fd);
	DL_APPEND(c->done, t);
}

static void finish_in_flight(struct indexer_client *c, int status, const char *reason)
{
	if (c->in_flight)
		finish(c, take_ptr(c->in_flight), status, reason);
}

static void requeue_in_flight(struct indexer_client *c)
{
	struct task *t = take_ptr(c->in_flight);

	t->result.index_fd = close_fd(t->result.index_fd); /* may be half written */
	t->result.n_missing = t->n_needs = 0;
	t->result.lacks_alt = false;
	DL_PREPEND(c->queue, t);
	c->n_queued++;
}

static void give_up(struct indexer_client *c, int status, const char *reason)
{
	finish_in_flight(c, status, reason);
	child_keeper_drop(&c->child, reason);
}

static bool can_send(const struct indexer_client *c)
{
	return !c->in_flight && child_keeper_is_up(&c->child);
}

static int make_output(struct task *t)
{
	if (t->result.job == INDEXER_IDENTIFY)
		return 0;
	t->result.index_fd = memfd_create("cpuhound-index", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return t->result.index_fd < 0 ? -errno : 0;
}

static void send_next(struct indexer_client *c)
{
	struct task *t = c->queue;
	struct indexer_request request = { .tag = t->result.tag, .job = t->result.job };
	int r;

	if (t->result.path)
		snprintf(request.path, sizeof(request.path), "%s", t->result.path);
	DL_DELETE(c->queue, t);
	c->n_queued--;
	r = make_output(t);
	if (r < 0) {
		finish(c, t, r, "no memory file for the index");
		return;
	}
	c->in_flight = t;
	t->n_tries++;
	child_keeper_begin_work(&c->child);
	r = indexer_wire_send_request(c->child.process.socket, &request, t->result.elf_fd, t->result.index_fd);
	if (r == PACKET_CLOSED)
		requeue_in_flight(c); /* died between two requests: the file has nothing to do with it */
	else if (r < 0)
		give_up(c, r, "cannot be sent to the indexer");
	if (r == PACKET_CLOSED)
		t->n_tries--;
}

/* Closes the file to further writing: what is checked next is what is used. */
static int seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ? -errno : 0;
}

static void on_answer(struct indexer_client *c, const struct indexer_reply *reply)
{
	struct indexer_result *result = &c->in_flight->result;
	struct child_usage usage;

	child_keeper_note_usage(&c->child, &usage);
	result->build_id = indexer_reply_build_id(reply);
	memcpy(result->debuglink, reply->debuglink, sizeof(result->debuglink));
	if (reply->status == 0 && result->index_fd >= 0 && seal(result->index_fd) < 0)
		give_up(c, -EBADMSG, "indexer keeps the index open");
	else
		finish_in_flight(c, reply->status, reply->reason);
}

static void on_reply(struct indexer_client *c, const struct indexer_reply *reply)
{
	if (c->in_flight && reply->tag == c->in_flight->result.tag)
		on_answer(c, reply);
	else if (!c->child.ready && reply->tag == INDEXER_TAG_HELLO)
		child_keeper_on_hello(&c->child, reply->status, reply->reason);
	else
		give_up(c, -EBADMSG, "indexer answers what was not asked");
}

static int find(struct indexer_client *c, const struct debug_need *need, int *ret_fd, char *ret_path)
{
	if (!c->config.find)
		return DEBUG_NEED_NONE;
	return c->config.find(c->config.find_context, c->in_flight->result.tag, need, ret_fd, ret_path);
}

static void answer_need(struct indexer_client *c, const struct indexer_need *asked)
{
	_cleanup_close_ int fd = -1;
	struct indexer_given given = {};
	struct debug_need need;
	int r;

	indexer_need_get(asked, &need);
	given.status = find(c, &need, &fd, given.path);
	if (given.status == DEBUG_NEED_NONE) {
		c->in_flight->result.n_missing += need.kind == DEBUG_NEED_ALT || need.kind == DEBUG_NEED_DWO;
		c->in_flight->result.lacks_alt |= need.kind == DEBUG_NEED_ALT;
	}
	child_keeper_note_question(&c->child);
	r = indexer_wire_send_given(c->child.process.socket, &given, fd);
	if (r == PACKET_AGAIN || r < 0)
		give_up(c, r < 0 ? r : -EBADMSG, "indexer does not listen");
}

static void on_need(struct indexer_client *c, const struct indexer_need *need)
{
	struct task *t = c->in_flight;

	if (!t || t->result.job != INDEXER_DEBUG || need->tag != t->result.tag)
		give_up(c, -EBADMSG, "indexer asks for what it has no use for");
	else if (++t->n_needs > INDEXER_MAX_NEEDS)
		give_up(c, -EBADMSG, "indexer asks for too many files");
	else
		answer_need(c, need);
}

/* Bounded: each need takes some system calls, and a child that has been taken over may ask without an end. */
static void receive(struct indexer_client *c)
{
	struct indexer_word word;
	int n_needs = 0, r;

	while (c->child.process.socket >= 0 && n_needs < NEEDS_AT_A_TIME) {
		r = indexer_wire_receive_word(c->child.process.socket, &word);
		if (r == PACKET_AGAIN)
			return;
		if (r == 0 && word.is_need) {
			on_need(c, &word.need);
			n_needs++;
		} else if (r == 0) {
			on_reply(c, &word.reply);
		} else if (r == PACKET_CLOSED) {
			child_keeper_on_hangup(&c->child);
		} else {
			give_up(c, r, "indexer talks nonsense");
		}
	}
}

/* The words for a child that was ended by a signal. */
static const struct {
	int signal, status;
	const char *reason;
} ends[] = {
	{ SIGXCPU, -ETIME, "took too long" },
	{ SIGBUS, -EIO, "changed while it was read" },
	{ SIGKILL, -EIO, "indexer was killed" },
};

static void on_end(struct indexer_client *c, int status)
{
	int number = status != -1 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (!c->in_flight)
		return;
	if (number == SIGKILL && c->in_flight->n_tries < MAX_TRIES) {
		requeue_in_flight(c);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (number == ends[i].signal) {
			finish_in_flight(c, ends[i].status, ends[i].reason);
			return;
		}
	}
	finish_in_flight(c, -EFAULT, "indexer crashed");
}

static const char *too_much_memory(const struct task *t)
{
	return t && t->result.job == INDEXER_DEBUG ? "too large" : "needs too much memory";
}

static void watch(struct indexer_client *c)
{
	int r = child_keeper_check(&c->child, c->in_flight);

	if (r < 0)
		give_up(c, r == -ETIME ? -ETIMEDOUT : r,
			r == -ENOMEM ? too_much_memory(c->in_flight) : "took too long");
}

static void pump(struct indexer_client *c)
{
	if (!c->queue)
		return;
	child_keeper_start(&c->child);
	if (can_send(c))
		send_next(c);
}

int indexer_client_dispatch(struct indexer_client *c)
{
	int status;

	receive(c);
	if (child_keeper_reap(&c->child, &status))
		on_end(c, status);
	watch(c);
	child_keeper_let_go(&c->child, c->in_flight || c->queue);
	pump(c);
	return 0;
}

bool indexer_client_take(struct indexer_client *c, struct indexer_result *ret)
{
	struct task *t = c->done;

	if (!t)
		return false;
	DL_DELETE(c->done, t);
	*ret = t->result;
	free(t);
	return true;
}

int indexer_client_fd(const struct indexer_client *c)
{
	return c->child.epoll;
}

int indexer_client_timeout_ms(const struct indexer_client *c)
{
	return c->done ? 0 : child_keeper_timeout_ms(&c->child, c->in_flight, c->queue);
}

struct child_keeper_stats indexer_client_stats(const struct indexer_client *c)
{
	return child_keeper_stats(&c->child);
}

pid_t indexer_client_pid(const struct indexer_client *c)
{
	return c->child.process.pid;
}

const char *indexer_client_fault(const struct indexer_client *c)
{
	return c->child.fault[0] ? c->child.fault : NULL;
}
