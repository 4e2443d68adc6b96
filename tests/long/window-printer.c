// SPDX-License-Identifier: Apache-2.0
/*
 * window printer: the recorder with short windows, each told in a line of JSON, while a CPU goes offline and comes
 * back. For guests of qemu.
 *
 *     window-printer HZ WINDOW_MS SECONDS [CPU TIMES]
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/recorder.h"
#include "common/clock.h"
#include "symbolizer/children.h"

#define TOGGLE_EVERY_US 200000

static uint64_t now_ns(void)
{
	return clock_now_ns(CLOCK_MONOTONIC);
}

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerrordesc_np(-r));
	exit(1);
}

static void set_online(const char *path, bool is_online)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, is_online ? "1" : "0", 1) != 1)
		fprintf(stderr, "%s: %m\n", path);
	close_fd(fd);
}

/* Tells how long it was offline: at least, and at most. */
static void toggle(const char *cpu, uint64_t n_times)
{
	_cleanup_free_ char *path = NULL;
	uint64_t least_ns = 0, most_ns = 0;

	if (asprintf(&path, "/sys/devices/system/cpu/cpu%s/online", cpu) < 0)
		exit(1);
	for (uint64_t i = 0; i < n_times; i++) {
		uint64_t at[4];

		usleep(TOGGLE_EVERY_US);
		at[0] = now_ns();
		set_online(path, false);
		at[1] = now_ns();
		usleep(TOGGLE_EVERY_US);
		at[2] = now_ns();
		set_online(path, true);
		at[3] = now_ns();
		least_ns += at[2] - at[1];
		most_ns += at[3] - at[0];
	}
	printf("offline: {\"times\": %" PRIu64 ", \"least_ns\": %" PRIu64 ", \"most_ns\": %" PRIu64 "}\n", n_times,
	       least_ns, most_ns);
	exit(0);
}

static size_t count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t n = 0;

	while (folder && readdir(folder))
		n++;
	if (folder)
		closedir(folder);
	return n;
}

static void print_window(struct recorder *r)
{
	struct recorder_stats stats;
	struct closed_window *w;
	struct ledger ledger;
	const struct ledger *l = &ledger;
	_cleanup_(buf_done) struct buf profile = {};

	check(recorder_close_window(r, &w), "close");
	check(recorder_encode(r, w, &profile, &ledger, NULL), "encode");
	check(recorder_stats(r, &stats), "stats");
	printf("window: {\"sequence\": %" PRIu64 ", \"start_realtime_ns\": %" PRId64 ", \"duration_ns\": %" PRIu64
	       ", \"period_ns\": %" PRIu64 ", \"balances\": %s, \"due\": %" PRIu64 ", \"taken\": %" PRIu64
	       ", \"idle\": %" PRIu64 ", \"idle_cpu\": %" PRIu64 ", \"throttled\": %" PRIu64 ", \"other\": %" PRIu64
	       ", \"lost\": %" PRIu64 ", \"lost_news\": %" PRIu64 ", \"cpus\": %zu, \"joined\": %" PRIu64
	       ", \"refused\": %zu, \"map_bytes\": %" PRIu64 ", \"n_rows\": %" PRIu64 ", \"descriptors\": %zu}\n",
	       w->sequence, w->start_realtime_ns, w->duration_ns, w->period_ns, ledger_balances(l) ? "true" : "false",
	       l->due, l->taken, l->idle, l->not_delivered.idle_cpu, l->not_delivered.throttled, l->not_delivered.other,
	       ledger_sum_lost(l), w->n_sideband_lost, stats.n_cpus, stats.n_cpus_joined, stats.n_cpus_refused,
	       stats.map_bytes, stats.n_rows, count_descriptors());
	fflush(stdout);
	recorder_drop_window(r, w);
}

static void sample_until(struct recorder *r, uint64_t end_ns)
{
	uint64_t at_ns;

	while ((at_ns = now_ns()) < end_ns && !recorder_has_clock_jumped(r)) {
		struct pollfd fd = { .fd = recorder_fd(r), .events = POLLIN };
		int left_ms = (int)((end_ns - at_ns) / NS_PER_MS) + 1, timeout_ms = recorder_timeout_ms(r);

		poll(&fd, 1, timeout_ms >= 0 && timeout_ms < left_ms ? timeout_ms : left_ms);
		check(recorder_dispatch(r), "dispatch");
	}
}

static bool is_running(pid_t pid)
{
	return pid > 0 && waitpid(pid, NULL, WNOHANG) == 0;
}

/* For so long, and until the CPU stays online. */
static void print_windows(uint64_t hz, uint64_t window_ns, uint64_t all_ns, pid_t toggler)
{
	const struct recorder_config config = {
		.period_ns = NS_PER_S / hz,
		.unwind_table_mb = 64,
		.stacks_limit_bytes = 16 << 20,
	};
	_cleanup_(recorder_freep) struct recorder *r = NULL;
	uint64_t end_ns;

	check(recorder_new(&config, &r), "new");
	check(recorder_start(r), "start");
	end_ns = now_ns() + all_ns;
	while (is_running(toggler) || now_ns() < end_ns) {
		sample_until(r, now_ns() + window_ns);
		print_window(r);
	}
}

int main(int argc, char **argv)
{
	pid_t toggler = 0;
	int exit_code;

	if (children_main(argc, argv, &exit_code))
		return exit_code;
	if (argc != 4 && argc != 6) {
		fprintf(stderr, "usage: window-printer HZ WINDOW_MS SECONDS [CPU TIMES]\n");
		return 2;
	}
	if (argc == 6)
		toggler = fork();
	if (argc == 6 && toggler == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		toggle(argv[4], strtoull(argv[5], NULL, 10));
	}
	print_windows(strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10) * NS_PER_MS,
		      strtoull(argv[3], NULL, 10) * NS_PER_S, toggler);
	return 0;
}
