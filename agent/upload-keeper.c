// SPDX-License-Identifier: Apache-2.0
#include "agent/upload-keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/config.h"
#include "agent/upload-child.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/fsutil.h"

#define TIMEOUT_NS (120 * NS_PER_S) /* without a word: an upload never waits, but a disk may */
#define RSS_LIMIT_BYTES ((uint64_t)384 << 20)
#define PAUSE_NS (1 * NS_PER_S)
#define PAUSE_MAX_NS (60 * NS_PER_S)
#define STEADY_NS (60 * NS_PER_S) /* after which the pause begins anew */
#define LOOK_NS (1 * NS_PER_S)
#define END_NS (UPLOAD_END_NS + 1 * NS_PER_S)

struct upload_keeper {
	struct upload_keeper_config config;
	struct child_keeper child;
	char *argv[3];
	struct buf settings; /* [target] sections, as text */
	bool is_wanted;      /* there are targets, or files of what were some */
	bool is_told;        /* the child has its order */
	uint64_t up_ns, pause_ns, next_start_ns;
	uint64_t end_ns; /* CLOCK_MONOTONIC: it has been asked to end, and is killed then; 0: it has not */
	struct upload_target_report targets[UPLOADER_MAX_TARGETS];
	size_t n_targets;
	char fault[UPLOAD_FAULT_BYTES], told_fault[UPLOAD_FAULT_BYTES];
	struct upload_word word; /* too large for a stack */
};

int upload_keeper_new(const struct upload_keeper_config *config, struct upload_keeper **ret)
{
	static char name[] = "cpuhound", command[] = UPLOAD_COMMAND;
	_cleanup_(upload_keeper_freep) struct upload_keeper *k = calloc(1, sizeof(*k));
	struct child_keeper_config child = {
		.path = config->path,
		.given_fd = config->store_fd,
		.timeout_ns = TIMEOUT_NS,
		.longest_ns = 5 * TIMEOUT_NS,
		.rss_limit_bytes = RSS_LIMIT_BYTES,
		.look_ns = LOOK_NS,
	};
	int r;

	if (!k)
		return -ENOMEM;
	k->config = *config;
	k->argv[0] = name;
	k->argv[1] = command;
	child.argv = k->argv;
	r = child_keeper_init(&k->child, &child);
	if (r < 0)
		return r;
	*ret = take_ptr(k);
	return 0;
}

static int add_settings(const struct config *config, struct buf *ret)
{
	struct config_setting_view s;
	int r = buf_reserve(ret, 0);

	for (size_t i = 0; r == 0 && config_setting(config, i, &s); i++) {
		if (strcmp(s.section, "target") == 0)
			r = buf_printf(ret, "[target %s]\n%s = %s\n", s.instance, s.key, s.value);
	}
	return r;
}

/* Targets that were: the child says in their files that nothing waits for them any more. */
static bool has_files(const struct upload_keeper *k)
{
	return faccessat(k->config.store_fd, "targets", F_OK, AT_EACCESS) == 0;
}

static uint64_t next_pause_ns(const struct upload_keeper *k, uint64_t now_ns)
{
	if (k->pause_ns == 0 || (k->up_ns && now_ns - k->up_ns >= STEADY_NS))
		return PAUSE_NS;
	return 2 * k->pause_ns < PAUSE_MAX_NS ? 2 * k->pause_ns : PAUSE_MAX_NS;
}

/* After one that was to end, the next need not wait. */
static void on_lost(struct upload_keeper *k)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

	k->pause_ns = k->end_ns != 0 ? 0 : next_pause_ns(k, now_ns);
	k->next_start_ns = now_ns + k->pause_ns;
	k->up_ns = k->end_ns = 0;
	k->is_told = false;
}

static void drop(struct upload_keeper *k, const char *reason)
{
	packet_set_text(k->fault, sizeof(k->fault), reason);
	child_keeper_drop(&k->child, reason);
	on_lost(k);
}

void upload_keeper_end(struct upload_keeper *k)
{
	if (k->child.process.pid == 0 || k->end_ns != 0)
		return;
	k->end_ns = clock_now_ns(CLOCK_MONOTONIC) + END_NS;
	if (!child_keeper_is_up(&k->child) || shutdown(k->child.process.socket, SHUT_WR) < 0)
		drop(k, "");
}

struct upload_keeper *upload_keeper_free(struct upload_keeper *k)
{
	struct pollfd ended = { .events = POLLIN };
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

	if (!k)
		return NULL;
	upload_keeper_end(k);
	ended.fd = k->child.process.pid_fd; /* -1: none, which is not waited for */
	if (k->end_ns > now_ns)
		(void)!poll(&ended, 1, (int)((k->end_ns - now_ns) / NS_PER_MS));
	child_keeper_done(&k->child);
	buf_done(&k->settings);
	free(k);
	return NULL;
}

int upload_keeper_set(struct upload_keeper *k, const struct config *config)
{
	_cleanup_(buf_done) struct buf settings = {};
	struct buf old = k->settings;
	int r = add_settings(config, &settings);

	if (r < 0)
		return r;
	if (old.data && strcmp(old.data, settings.data) == 0)
		return 0;
	k->settings = settings;
	settings = old; /* and is freed */
	k->is_wanted = config->targets.n > 0 || has_files(k);
	k->n_targets = 0;
	upload_keeper_end(k);
	k->fault[0] = 0;
	k->next_start_ns = k->pause_ns = 0;
	return 0;
}

static int make_settings_file(const struct upload_keeper *k, int *ret)
{
	_cleanup_close_ int fd = memfd_create("cpuhound-targets", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = fs_write_all(fd, k->settings.data, k->settings.size);
	if (r == 0)
		*ret = take_fd(fd);
	return r;
}

static int tell(struct upload_keeper *k)
{
	_cleanup_close_ int fd = -1;
	struct upload_order order;
	int r = make_settings_file(k, &fd);

	packet_set_text(order.host, sizeof(order.host), k->config.host);
	return r == 0 ? upload_send_order(k->child.process.socket, &order, fd) : r;
}

static void start(struct upload_keeper *k)
{
	child_keeper_start(&k->child);
	if (k->child.process.pid == 0 || k->is_told)
		return;
	if (tell(k) != 0)
		drop(k, "it does not listen");
	else
		k->is_told = true;
}

static void on_hello(struct upload_keeper *k)
{
	k->up_ns = clock_now_ns(CLOCK_MONOTONIC);
	if (k->word.status < 0) {
		memcpy(k->fault, k->word.fault, sizeof(k->fault));
		child_keeper_on_hello(&k->child, k->word.status, k->word.fault);
		on_lost(k);
		return;
	}
	child_keeper_on_hello(&k->child, 0, "");
	child_keeper_begin_work(&k->child); /* which is to send, for ever: each beat begins it anew */
}

static void on_beat(struct upload_keeper *k)
{
	child_keeper_begin_work(&k->child);
	k->n_targets = k->word.index;
	memcpy(k->fault, k->word.fault, sizeof(k->fault));
	if (k->n_targets > 0)
		return;
	k->is_wanted = false; /* it has told the files of what were targets */
	child_keeper_drop(&k->child, "");
	k->is_told = false;
}

static void on_word(struct upload_keeper *k)
{
	if (!k->child.ready && k->word.kind == UPLOAD_HELLO) {
		on_hello(k);
		return;
	}
	if (!k->child.ready || k->word.kind == UPLOAD_HELLO) {
		drop(k, "it says what nobody asked");
		return;
	}
	if (k->word.kind == UPLOAD_TARGET)
		k->targets[k->word.index] = k->word.target;
	else
		on_beat(k);
}

static void receive(struct upload_keeper *k)
{
	while (k->child.process.socket >= 0) {
		int r = upload_receive_word(k->child.process.socket, &k->word);

		if (r == PACKET_AGAIN)
			return;
		if (r == 0 && k->end_ns != 0)
			continue; /* of targets that were */
		if (r == 0)
			on_word(k);
		else if (r == PACKET_CLOSED)
			child_keeper_on_hangup(&k->child);
		else
			drop(k, "it talks nonsense");
	}
}

static bool is_due(const struct upload_keeper *k)
{
	return k->is_wanted && k->child.process.pid == 0 && clock_now_ns(CLOCK_MONOTONIC) >= k->next_start_ns;
}

void upload_keeper_dispatch(struct upload_keeper *k)
{
	int status;

	receive(k);
	if (child_keeper_reap(&k->child, &status)) {
		if (k->end_ns == 0)
			packet_set_text(k->fault, sizeof(k->fault), "the uploader ended; another takes its place");
		on_lost(k);
	}
	if (child_keeper_check(&k->child, k->child.ready) < 0)
		drop(k, "it hung, or needed too much memory");
	if (k->end_ns != 0 && clock_now_ns(CLOCK_MONOTONIC) >= k->end_ns)
		drop(k, "it did not end");
	if (is_due(k))
		start(k);
}

int upload_keeper_fd(const struct upload_keeper *k)
{
	return k->child.epoll;
}

int upload_keeper_timeout_ms(const struct upload_keeper *k)
{
	uint64_t now_ns = clock_now_ns(CLOCK_MONOTONIC);

	if (k->is_wanted && k->child.process.pid == 0 && now_ns < k->next_start_ns)
		return clock_ms_until(k->next_start_ns, now_ns);
	if (k->end_ns != 0)
		return clock_ms_until(k->end_ns, now_ns);
	return child_keeper_timeout_ms(&k->child, k->child.ready, is_due(k));
}

const struct upload_target_report *upload_keeper_targets(const struct upload_keeper *k, size_t *ret_n)
{
	*ret_n = k->n_targets;
	return k->targets;
}

bool upload_keeper_is_used(const struct upload_keeper *k)
{
	return k->is_wanted || k->child.process.pid != 0;
}

bool upload_keeper_has_new_fault(struct upload_keeper *k)
{
	const char *fault = upload_keeper_fault(k);
	bool is_new = fault[0] && strcmp(fault, k->told_fault) != 0;

	snprintf(k->told_fault, sizeof(k->told_fault), "%s", fault);
	return is_new;
}

const char *upload_keeper_fault(const struct upload_keeper *k)
{
	return k->child.fault[0] ? k->child.fault : k->fault;
}

pid_t upload_keeper_pid(const struct upload_keeper *k)
{
	return k->child.process.pid;
}

struct child_keeper_stats upload_keeper_stats(const struct upload_keeper *k)
{
	return child_keeper_stats(&k->child);
}
