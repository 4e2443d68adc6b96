// SPDX-License-Identifier: Apache-2.0
#include "agent/upload-child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "agent/config.h"
#include "agent/upload-packet.h"
#include "agent/upload-targets.h"
#include "common/clock.h"
#include "symbolizer/child-process.h"
#include "symbolizer/sandbox.h"

#define DATA_BYTES ((size_t)512 << 20)
#define OUTPUT_BYTES ((size_t)1 << 30)
#define OPEN_FILES 256
#define PRIORITY_NICE 10 /* what is late is not lost */
#define REPORT_NS (2 * NS_PER_S)
#define SECRETS_PER_TARGET 7
#define FIXED_PATHS 2

struct upload_child {
	struct upload_order order;
	struct config *config;
	struct upload_settings targets[UPLOADER_MAX_TARGETS];
	size_t n_targets;
	struct uploader *uploader;
	uint64_t report_ns;      /* CLOCK_MONOTONIC; the next */
	struct upload_word word; /* too large for a stack */
};

/* The agent has checked it: what is wrong here is a fault. */
static int add_target(struct upload_child *c, const struct config_target *t)
{
	char reason[TARGET_REASON_BYTES];
	int r;

	if (!t->enabled)
		return 0;
	if (c->n_targets == UPLOADER_MAX_TARGETS)
		return -E2BIG;
	r = upload_target_init(t, &c->targets[c->n_targets], reason);
	c->n_targets += r == 0;
	return r > 0 ? -EINVAL : r;
}

static int read_settings(struct upload_child *c, int fd)
{
	char path[sizeof("/proc/self/fd/") + 12];
	const struct config_sources sources = { .file = path };
	struct config_report report = {};
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = config_load(&sources, &report, &c->config);
	config_report_done(&report);
	if (r != 0)
		return r < 0 ? r : -EINVAL;
	for (size_t i = 0; r == 0 && i < c->config->targets.n; i++)
		r = add_target(c, &((const struct config_target *)c->config->targets.items)[i]);
	return r;
}

static int take_order(struct upload_child *c)
{
	_cleanup_close_ int fd = -1;
	int r = upload_receive_order(CHILD_SOCKET_FD, &c->order, &fd);

	return r == 0 ? read_settings(c, fd) : r < 0 ? r : -EPIPE;
}

static size_t add_secrets(const struct upload_settings *s, struct sandbox_path *ret)
{
	const char *const files[SECRETS_PER_TARGET] = { s->token_file,        s->password_file, s->tls_ca_file,
							s->tls_cert_file,     s->tls_key_file,  s->secret_key_file,
							s->session_token_file };
	size_t n = 0;

	for (size_t i = 0; i < SECRETS_PER_TARGET; i++)
		n += sandbox_add_folder(files[i], &ret[n]);
	return n;
}

static int enter_sandbox(struct upload_child *c, const char **ret_step)
{
	static struct sandbox_path paths[FIXED_PATHS + UPLOADER_MAX_TARGETS * SECRETS_PER_TARGET] = {
		{ .path = CHILD_GIVEN_PATH, .is_writable = true }, /* the store */
		{ .path = "/dev/urandom" },
	};
	struct sandbox_limits limits = {
		.data_bytes = DATA_BYTES,
		.output_bytes = OUTPUT_BYTES,
		.open_files = OPEN_FILES,
		.nice = PRIORITY_NICE,
		.keeps_user = true,
		.keeps_given = true,
		.may_share_files = true,
		.paths = paths,
		.n_paths = FIXED_PATHS,
		.may_use_files = true,
		.may_connect = true,
	};

	for (size_t i = 0; i < c->n_targets; i++)
		limits.n_paths += add_secrets(&c->targets[i], &paths[limits.n_paths]);
	*ret_step = "ignoring SIGPIPE";
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	return sandbox_enter(&limits, ret_step);
}

static struct upload_clock now(void)
{
	return (struct upload_clock){ .realtime_ns = (int64_t)clock_now_ns(CLOCK_REALTIME),
				      .monotonic_ns = clock_now_ns(CLOCK_MONOTONIC) };
}

static int prepare(struct upload_child *c, const char **ret_step)
{
	struct uploader_options options = { .store_fd = CHILD_GIVEN_FD, .host = c->order.host, .targets = c->targets };
	const struct upload_clock clock = now();
	int r;

	*ret_step = "reading the targets";
	r = take_order(c);
	if (r < 0)
		return r;
	r = enter_sandbox(c, ret_step);
	if (r < 0)
		return r;
	*ret_step = "opening the store";
	if (fcntl(CHILD_SOCKET_FD, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	options.n_targets = c->n_targets;
	r = uploader_new(&options, &clock, &c->uploader);
	return r == UPLOADER_NO_STORE ? -ENOENT : r;
}

static int say_hello(struct upload_child *c, int status, const char *step)
{
	char reason[UPLOAD_FAULT_BYTES] = "";

	c->word = (struct upload_word){ .kind = UPLOAD_HELLO, .status = status };
	if (status < 0)
		snprintf(reason, sizeof(reason), "%s: %s", step, strerrordesc_np(-status));
	packet_set_text(c->word.fault, sizeof(c->word.fault), reason);
	return upload_send_word(CHILD_SOCKET_FD, &c->word);
}

static int tell_target(struct upload_child *c, size_t i)
{
	struct upload_target_report *t = &c->word.target;
	struct uploader_stats stats;

	uploader_stats(c->uploader, i, &stats);
	c->word = (struct upload_word){ .kind = UPLOAD_TARGET, .index = (uint32_t)i };
	packet_set_text(t->name, sizeof(t->name), stats.name);
	packet_set_text(t->kind, sizeof(t->kind), stats.kind);
	packet_set_text(t->fault, sizeof(t->fault), stats.fault);
	t->state = stats.state;
	t->n_queued_windows = stats.n_queued_windows;
	t->n_queued_bytes = stats.n_queued_bytes;
	t->oldest_ns = stats.oldest_ns;
	t->last_success_ns = stats.last_success_ns;
	t->counters = stats.counters;
	return upload_send_word(CHILD_SOCKET_FD, &c->word);
}

/* PACKET_AGAIN, where the agent does not read at the moment, is as good as told: the next report says it again. */
static int report(struct upload_child *c, uint64_t now_ns)
{
	size_t n = uploader_n_targets(c->uploader);
	int r = 0;

	if (now_ns < c->report_ns)
		return 0;
	c->report_ns = now_ns + REPORT_NS;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = tell_target(c, i);
	if (r == 0) {
		c->word = (struct upload_word){ .kind = UPLOAD_BEAT, .index = (uint32_t)n };
		packet_set_text(c->word.fault, sizeof(c->word.fault), uploader_fault(c->uploader));
		r = upload_send_word(CHILD_SOCKET_FD, &c->word);
	}
	return r == PACKET_AGAIN ? 0 : r;
}

static int timeout_ms(const struct upload_child *c, const struct upload_clock *clock)
{
	return clock_sooner_ms(uploader_timeout_ms(c->uploader, clock),
			       clock_ms_until(c->report_ns, clock->monotonic_ns));
}

/* 0, -errno, or PACKET_CLOSED: the agent wants no more. */
static int run_once(struct upload_child *c)
{
	struct pollfd fds[] = {
		{ .fd = CHILD_SOCKET_FD, .events = POLLIN },
		{ .fd = uploader_fd(c->uploader), .events = POLLIN },
	};
	struct upload_clock clock = now();
	int r;

	if (poll(fds, ARRAY_SIZE(fds), timeout_ms(c, &clock)) < 0 && errno != EINTR)
		return -errno;
	if (fds[0].revents)
		return PACKET_CLOSED; /* nothing more is said to it */
	clock = now();
	r = uploader_dispatch(c->uploader, &clock);
	return r == 0 ? report(c, clock.monotonic_ns) : r;
}

/* What is on its way may end. All that is to be known of it is on disk then, as it is at any time. */
static int run_to_the_end(struct upload_child *c)
{
	struct pollfd fd = { .fd = uploader_fd(c->uploader), .events = POLLIN };
	struct upload_clock clock = now();
	uint64_t end_ns = clock.monotonic_ns + UPLOAD_END_NS;
	int r = 0;

	uploader_end(c->uploader);
	for (; r == 0 && !uploader_has_ended(c->uploader) && clock.monotonic_ns < end_ns; clock = now()) {
		int ms = clock_sooner_ms(clock_ms_until(end_ns, clock.monotonic_ns),
					 uploader_timeout_ms(c->uploader, &clock));

		if (poll(&fd, 1, ms) < 0 && errno != EINTR)
			return -errno;
		clock = now();
		r = uploader_dispatch(c->uploader, &clock);
	}
	return r;
}

int upload_child_main(void)
{
	static struct upload_child child;
	const char *step;
	int r;

	prctl(PR_SET_NAME, "cpuhound-upload"); /* /proc/self/exe would make it "exe" */
	r = prepare(&child, &step);
	if (say_hello(&child, r, step) != 0 || r < 0)
		_exit(EXIT_FAILURE);
	do
		r = run_once(&child);
	while (r == 0);
	if (r == PACKET_CLOSED)
		r = run_to_the_end(&child);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
