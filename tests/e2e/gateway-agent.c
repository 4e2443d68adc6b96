// SPDX-License-Identifier: Apache-2.0
/*
 * gateway-agent: plays the agent for tests/e2e/test-gateway: starts a real gateway through the real keeper, and answers
 * what it asks. Tells on stdout, a line each: its state, what it was asked, what nobody waits for any more. A profile
 * is a given file, after the seconds that were asked for. SIGHUP: reads the files with the secrets again.
 */
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>

#include "agent/gateway-keeper.h"
#include "agent/gateway-settings.h"
#include "agent/gateway-socket.h"
#include "agent/gateway.h"
#include "common/buf.h"
#include "common/clock.h"
#include "common/fsutil.h"

#define MAX_PENDING 8
#define MAX_FILE_BYTES ((size_t)64 << 20)

struct pending {
	uint64_t id, due_ns;
};

struct agent {
	struct gateway_keeper *keeper;
	struct gateway_files files;
	struct gateway_token token;
	const char *host_names[WEB_MAX_HOST_NAMES];
	const char *program, *profile, *not_ready;
	bool is_deaf; /* takes no events */
	struct pending pending[MAX_PENDING];
	enum gateway_state state;
	pid_t pid;
	char fault[WEB_TEXT_BYTES];
};

static void say(const char *fmt, ...) _printf_(1, 2);
static void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static int seal(const void *data, size_t size)
{
	int fd = memfd_create("answer", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || fs_write_all(fd, data, size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		abort();
	return fd;
}

static void answer_metrics(struct agent *a, uint64_t id)
{
	_cleanup_(buf_done) struct buf text = {};
	struct web_counts counts = gateway_keeper_counts(a->keeper);
	struct child_keeper_stats stats = gateway_keeper_stats(a->keeper);

	if (buf_printf(&text, "cpuhound_gateway_restarts_total %llu\n", (unsigned long long)stats.n_restarts) < 0)
		abort();
	for (unsigned int i = 0; i < WEB_N_COUNTS; i++) {
		if (buf_printf(&text, "cpuhound_gateway_total{what=\"%s\"} %llu\n", web_count_name(i),
			       (unsigned long long)counts.n[i]) < 0)
			abort();
	}
	gateway_keeper_answer(a->keeper, id, 200, seal(text.data, text.size), "");
}

static void answer_profile(struct agent *a, uint64_t id)
{
	_cleanup_(buf_done) struct buf content = {};

	if (fs_read(AT_FDCWD, a->profile, MAX_FILE_BYTES, &content) < 0)
		gateway_keeper_answer(a->keeper, id, 500, -1, "no profile");
	else
		gateway_keeper_answer(a->keeper, id, 200, seal(content.data, content.size), "");
}

static void begin_profile(struct agent *a, uint64_t id, const struct web_request *r)
{
	for (size_t i = 0; i < MAX_PENDING; i++) {
		if (a->pending[i].id != 0)
			continue;
		a->pending[i] = (struct pending){ id, clock_now_ns(CLOCK_MONOTONIC) + r->seconds * NS_PER_S };
		return;
	}
	abort(); /* the keeper lets two through */
}

static void on_event(struct agent *a, const struct gateway_event *e)
{
	const struct web_request *r = &e->request;

	if (e->kind == GATEWAY_GONE) {
		say("gone %llu", (unsigned long long)e->id);
		for (size_t i = 0; i < MAX_PENDING; i++) {
			if (a->pending[i].id == e->id)
				a->pending[i].id = 0;
		}
		return;
	}
	say("asked %llu kind=%u seconds=%u pid=%u service=%s container=%s", (unsigned long long)e->id, r->kind,
	    r->seconds, r->pid, r->service, r->container);
	if (r->kind == WEB_METRICS)
		answer_metrics(a, e->id);
	else if (r->kind == WEB_PROFILE)
		begin_profile(a, e->id, r);
	else if (r->kind == WEB_READY && a->not_ready)
		gateway_keeper_answer(a->keeper, e->id, 503, -1, a->not_ready);
	else
		gateway_keeper_answer(a->keeper, e->id, 200, -1, "ok");
}

static void finish_profiles(struct agent *a)
{
	for (size_t i = 0; i < MAX_PENDING; i++) {
		if (a->pending[i].id == 0 || clock_now_ns(CLOCK_MONOTONIC) < a->pending[i].due_ns)
			continue;
		answer_profile(a, a->pending[i].id);
		a->pending[i].id = 0;
	}
}

static void tell_changes(struct agent *a)
{
	static const char *const names[] = { "starting", "serving", "refused" };
	enum gateway_state state = gateway_keeper_state(a->keeper);
	const char *fault = gateway_keeper_fault(a->keeper);
	pid_t pid = gateway_keeper_pid(a->keeper);

	if (state != a->state || (state == GATEWAY_SERVING && pid != a->pid))
		say("%s %d", names[state], (int)pid);
	if (fault && strcmp(fault, a->fault) != 0)
		say("fault %s", fault);
	a->state = state;
	a->pid = pid;
	snprintf(a->fault, sizeof(a->fault), "%s", fault ? fault : "");
}

static void reload(struct agent *a)
{
	static struct web_settings settings;
	char reason[GATEWAY_REASON_BYTES];

	if (gateway_settings_read(&a->files, &settings, reason) < 0)
		say("kept: %s", reason);
	else if (gateway_keeper_set(a->keeper, &settings) < 0)
		abort();
}

static void run(struct agent *a, int signal_fd)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = gateway_keeper_fd(a->keeper), .events = POLLIN },
			{ .fd = signal_fd, .events = POLLIN },
		};
		int ms = gateway_keeper_timeout_ms(a->keeper);
		struct signalfd_siginfo info;
		struct gateway_event event;

		if (poll(fds, ARRAY_SIZE(fds), ms < 0 || ms > 50 ? 50 : ms) < 0)
			abort();
		if (fds[1].revents && read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
			if (info.ssi_signo != SIGHUP)
				return;
			reload(a);
		}
		gateway_keeper_dispatch(a->keeper);
		while (!a->is_deaf && gateway_keeper_take(a->keeper, &event))
			on_event(a, &event);
		finish_profiles(a);
		tell_changes(a);
	}
}

static int bind_socket(const char *text, bool *is_loopback)
{
	struct sockaddr_storage address;
	int fd = -1, r;

	if (!text)
		return -1;
	r = gateway_socket_parse(text, &address);
	if (r == 0)
		r = gateway_socket_open(&address, &fd);
	if (r < 0) {
		say("error %s: %s", text, strerrordesc_np(-r));
		exit(EXIT_FAILURE);
	}
	*is_loopback = *is_loopback && gateway_socket_is_loopback(&address);
	return fd;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "program", required_argument, NULL, 'P' },
		{ "listen", required_argument, NULL, 'l' },
		{ "metrics", required_argument, NULL, 'm' },
		{ "token", required_argument, NULL, 't' },
		{ "cert", required_argument, NULL, 'c' },
		{ "key", required_argument, NULL, 'k' },
		{ "client-ca", required_argument, NULL, 'a' },
		{ "host", required_argument, NULL, 'h' },
		{ "profile", required_argument, NULL, 'p' },
		{ "not-ready", required_argument, NULL, 'n' },
		{ "deaf", no_argument, NULL, 'd' },
		{},
	};
	static struct web_settings settings;
	struct agent a = { .files = { .is_loopback = true } };
	const char *listen_at = NULL, *metrics_at = NULL;
	struct gateway_keeper_config config = {};
	char reason[GATEWAY_REASON_BYTES];
	sigset_t signals;
	int option, r;
	bool is_loopback = true;

	a.files.host_names = a.host_names;
	a.files.tokens = &a.token;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'P':
			a.program = optarg;
			break;
		case 'l':
			listen_at = optarg;
			break;
		case 'm':
			metrics_at = optarg;
			break;
		case 't':
			a.token = (struct gateway_token){ .name = "http", .file = optarg, .may_read = true };
			a.files.n_tokens = 1;
			break;
		case 'c':
			a.files.certificate_file = optarg;
			break;
		case 'k':
			a.files.private_key_file = optarg;
			break;
		case 'a':
			a.files.client_ca_file = optarg;
			break;
		case 'h':
			if (a.files.n_host_names == WEB_MAX_HOST_NAMES)
				return EXIT_FAILURE;
			a.host_names[a.files.n_host_names++] = optarg;
			break;
		case 'p':
			a.profile = optarg;
			break;
		case 'n':
			a.not_ready = optarg;
			break;
		case 'd':
			a.is_deaf = true;
			break;
		default:
			return EXIT_FAILURE;
		}
	}
	config.listen_fd = bind_socket(listen_at, &a.files.is_loopback);
	config.metrics_listen_fd = bind_socket(metrics_at, &is_loopback);
	if (gateway_settings_read(&a.files, &settings, reason) < 0) {
		say("error %s", reason);
		return EXIT_FAILURE;
	}
	config.path = a.program;
	config.argv = (char *const[]){ (char *)(uintptr_t) "cpuhound", (char *)(uintptr_t)GATEWAY_COMMAND, NULL };
	config.settings = &settings;
	r = gateway_keeper_new(&config, &a.keeper);
	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (r < 0)
		return EXIT_FAILURE;
	run(&a, signalfd(-1, &signals, SFD_CLOEXEC));
	gateway_keeper_free(a.keeper);
	return EXIT_SUCCESS;
}
