// SPDX-License-Identifier: Apache-2.0
/* The recorder in the kernel that runs: needs root. Times are compared by what a busy machine may do to them. */
#include "tests/unit/cmocka-all.h"

#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/recorder.h"
#include "agent/stack-table.h"
#include "common/clock.h"
#include "pprof/profile.h"
#include "symbolizer/children.h"
#include "symbolizer/finisher.h"
#include "symbolizer/indexer.h"

#define HZ 197
#define PERIOD_NS (NS_PER_S / HZ)
#define WINDOW_NS (200 * NS_PER_MS)
#define N_PROGRAMS 150
#define FORGOTTEN_NS (12 * NS_PER_S) /* descriptors of files that are new are held for 8 s: agent/recent-files.h */

static const struct recorder_config config = {
	.period_ns = PERIOD_NS,
	.unwind_table_mb = 64,
	.stacks_limit_bytes = 64 << 20,
};

static uint64_t now_ns(void)
{
	return clock_now_ns(CLOCK_MONOTONIC);
}

static pid_t spinners[64];
static size_t n_spinners;

static void spin_for_ever(const char *name)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	for (volatile uint64_t i = 0;; i++)
		;
}

/* It runs while nobody else would: the kernel shares among sessions before it goes by classes. */
static void yield_to_all(void)
{
	FILE *f;

	setsid();
	f = fopen("/proc/self/autogroup", "we");
	if (f) {
		fputs("19", f);
		fclose(f);
	}
	sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){});
}

/* One on each CPU: it is never idle. */
static int start_spinners_on_all(bool are_yielding)
{
	cpu_set_t all;

	if (sched_getaffinity(0, sizeof(all), &all) < 0)
		return -1;
	n_spinners = 0;
	for (size_t cpu = 0; cpu < CPU_SETSIZE && n_spinners < ARRAY_SIZE(spinners); cpu++) {
		cpu_set_t one;

		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		spinners[n_spinners] = fork();
		if (spinners[n_spinners] == 0 && sched_setaffinity(0, sizeof(one), &one) == 0) {
			if (are_yielding)
				yield_to_all();
			spin_for_ever("spinner");
		}
		n_spinners++;
	}
	return 0;
}

static int start_spinners(void **state)
{
	return start_spinners_on_all(false);
}

/* For tests that need no samples of them. */
static int start_yielding_spinners(void **state)
{
	return start_spinners_on_all(true);
}

static int stop_spinners(void **state)
{
	for (size_t i = 0; i < n_spinners; i++) {
		kill(spinners[i], SIGKILL);
		waitpid(spinners[i], NULL, 0);
	}
	n_spinners = 0;
	return 0;
}

static void start(struct recorder **ret)
{
	assert_int_equal(recorder_new(&config, ret), 0);
	assert_int_equal(recorder_start(*ret), 0);
}

static void dispatch_for(struct recorder *r, uint64_t ns)
{
	uint64_t end_ns = now_ns() + ns, at_ns;

	while ((at_ns = now_ns()) < end_ns) {
		struct pollfd fd = { .fd = recorder_fd(r), .events = POLLIN };
		int left_ms = (int)((end_ns - at_ns) / NS_PER_MS) + 1, timeout_ms = recorder_timeout_ms(r);

		poll(&fd, 1, timeout_ms >= 0 && timeout_ms < left_ms ? timeout_ms : left_ms);
		assert_int_equal(recorder_dispatch(r), 0);
	}
}

/* What was begun before a pause is brought to its end in it. */
static void dispatch_until_named(struct recorder *r)
{
	uint64_t end_ns = now_ns() + 30 * NS_PER_S;

	while (recorder_n_unnamed(r) && now_ns() < end_ns)
		dispatch_for(r, WINDOW_NS);
}

static struct closed_window *close_window(struct recorder *r)
{
	struct closed_window *w;

	assert_int_equal(recorder_close_window(r, &w), 0);
	if (!ledger_balances(&w->ledger))
		fail_msg("window %" PRIu64 " does not balance", w->sequence);
	assert_int_equal(w->ledger.in_profile, stack_table_n_samples(w->stacks));
	return w;
}

static struct profile *encode(struct recorder *r, struct closed_window *w, struct ledger *ret_ledger)
{
	_cleanup_(buf_done) struct buf raw = {};
	struct profile *p;

	assert_int_equal(recorder_encode(r, w, &raw, ret_ledger, NULL), 0);
	assert_int_equal(profile_decode(raw.data, raw.size, &p), 0);
	return p;
}

static bool has_label(const struct profile_sample *s, const char *key, const char *value)
{
	const struct profile_label *label = profile_find_label(s, key);

	return label && label->str && strcmp(label->str, value) == 0;
}

/* Of the samples with this label, or of all. */
static uint64_t n_samples(const struct profile *p, const char *key, const char *value)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		if (!key || has_label(&p->samples[i], key, value))
			n += (uint64_t)p->samples[i].values[0];
	return n;
}

/* Places that have an address and no function. */
static size_t n_unnamed(const struct profile *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_locations; i++)
		n += p->locations[i].n_lines == 0 || !p->locations[i].lines[0].function;
	return n;
}

static uint64_t n_cpus(struct recorder *r)
{
	struct recorder_stats stats;

	assert_int_equal(recorder_stats(r, &stats), 0);
	return stats.n_cpus;
}

/* What CPUs that are never idle must have had, but for a tick at each end of each CPU's window. */
static void assert_due(const struct closed_window *w, uint64_t n)
{
	uint64_t expected = w->duration_ns * n / w->period_ns;

	assert_in_range(w->ledger.due + 2 * n + w->ledger.due / 10, expected, expected + 4 * n + w->ledger.due / 5);
}

/*
 * Windows lie side by side: every tick is in one of them, and each CPU that is never idle has its ticks in every one.
 * Each is encoded while the next is sampled.
 */
static void test_windows_without_a_gap(void **state)
{
	_cleanup_(recorder_freep) struct recorder *r = NULL;
	uint64_t begin_ns = now_ns(), first_ns, last_end_ns = 0, last_close_ns = 0, n_in_profiles = 0, n;
	struct ledger sum = {}, ledger;
	char last_id[WINDOW_ID_SIZE] = "";
	struct recorder_stats stats;

	start(&r);
	n = n_cpus(r);
	first_ns = now_ns();
	for (uint64_t i = 0; i < 40; i++) {
		_cleanup_(profile_freep) struct profile *p = NULL;
		struct closed_window *w;

		dispatch_for(r, WINDOW_NS);
		last_close_ns = now_ns();
		w = close_window(r);
		assert_int_equal(w->sequence, i);
		assert_int_equal(strlen(w->id), 32);
		assert_string_not_equal(w->id, last_id);
		strcpy(last_id, w->id);
		assert_due(w, n);
		/* Busy CPUs: what is not a sample was delivered to nobody, for a moment at the ends of the window. */
		assert_true(w->ledger.idle <= w->ledger.due / 10);
		if (i > 0)
			assert_in_range(w->start_realtime_ns - (int64_t)last_end_ns + 1000000, 0, 2000000);
		last_end_ns = (uint64_t)w->start_realtime_ns + w->duration_ns;

		p = encode(r, w, &ledger);
		assert_int_equal(n_samples(p, NULL, NULL), ledger.in_profile);
		assert_int_equal(ledger.windows, 1);
		assert_true(ledger.frames.named + ledger.frames.module_only + ledger.frames.unreadable > 0);
		assert_int_equal(ledger_add(&sum, &ledger), 0);
		n_in_profiles += n_samples(p, NULL, NULL);
		recorder_drop_window(r, w);
	}
	assert_true(ledger_balances(&sum));
	assert_in_range(sum.due, (last_close_ns - first_ns) * n / PERIOD_NS - 2 * n,
			(now_ns() - begin_ns) * n / PERIOD_NS + 2 * n);
	assert_int_equal(sum.in_profile, n_in_profiles);
	assert_int_equal(sum.windows, 40);

	assert_int_equal(recorder_stats(r, &stats), 0);
	assert_memory_equal(&stats.ledger, &sum, sizeof(sum));
	assert_int_equal(stats.n_user + stats.n_kernel, sum.in_profile + ledger_sum_lost(&sum));
	assert_int_equal(stats.n_closed_windows, 0);
}

/* What is taken between the last close and the stop is in the last window; after it nothing is. */
static void test_last_window(void **state)
{
	_cleanup_(recorder_freep) struct recorder *r = NULL;
	struct closed_window *w;

	start(&r);
	dispatch_for(r, WINDOW_NS);
	recorder_drop_window(r, close_window(r));
	dispatch_for(r, WINDOW_NS);
	assert_int_equal(recorder_stop(r), 0);
	w = close_window(r);
	assert_due(w, n_cpus(r));
	w = close_window(r);
	assert_int_equal(w->ledger.due, 0);
	assert_int_equal(w->duration_ns, 0);
}

static void test_period(void **state)
{
	_cleanup_(recorder_freep) struct recorder *r = NULL;
	static const uint64_t hz[] = { HZ, HZ, 19, 97, 97 };

	start(&r);
	for (size_t i = 0; i < ARRAY_SIZE(hz); i++) {
		_cleanup_(profile_freep) struct profile *p = NULL;
		struct ledger ledger;
		struct closed_window *w;

		dispatch_for(r, 2 * WINDOW_NS);
		if (i + 1 < ARRAY_SIZE(hz))
			recorder_set_period(r, NS_PER_S / hz[i + 1]);
		dispatch_for(r, WINDOW_NS / 2); /* not yet */
		w = close_window(r);
		assert_int_equal(w->period_ns, NS_PER_S / hz[i]);
		assert_due(w, n_cpus(r));
		p = encode(r, w, &ledger);
		assert_int_equal(p->period, NS_PER_S / hz[i]);
		for (size_t k = 0; k < p->n_samples; k++)
			assert_int_equal(p->samples[k].values[1], p->samples[k].values[0] * p->period);
		recorder_drop_window(r, w);
	}
}

/* A window in which nothing was sampled for a while is the shorter for it; what came meanwhile is known afterwards. */
static void test_pause(void **state)
{
	enum {
		NEW,
		STARTED,
		PAUSING,
		PAUSED,
		RESUMING,
		RESUMED,
		CLOSING,
		CLOSED
	};
	_cleanup_(recorder_freep) struct recorder *r = NULL;
	_cleanup_(profile_freep) struct profile *p = NULL;
	struct recorder_stats before, after;
	struct closed_window *w;
	struct ledger ledger;
	uint64_t at[CLOSED + 1];
	pid_t newcomer;

	at[NEW] = now_ns();
	start(&r);
	at[STARTED] = now_ns();
	dispatch_for(r, WINDOW_NS);
	dispatch_until_named(r);
	at[PAUSING] = now_ns();
	assert_int_equal(recorder_pause(r), 0);
	at[PAUSED] = now_ns();
	newcomer = fork();
	if (newcomer == 0)
		spin_for_ever("newcomer");
	assert_int_equal(recorder_stats(r, &before), 0);
	assert_true(before.is_paused);
	dispatch_for(r, 5 * WINDOW_NS);
	assert_int_equal(recorder_stats(r, &after), 0);
	printf("CPU in a pause of %d ms: %" PRIu64 " us\n", (int)(5 * WINDOW_NS / NS_PER_MS),
	       (after.self.cpu_ns - before.self.cpu_ns) / 1000);
	assert_true(after.self.cpu_ns - before.self.cpu_ns < WINDOW_NS / 4); /* some ms, but for sanitizers */
	at[RESUMING] = now_ns();
	assert_int_equal(recorder_resume(r), 0);
	at[RESUMED] = now_ns();
	dispatch_for(r, 3 * WINDOW_NS);
	kill(newcomer, SIGKILL);
	waitpid(newcomer, NULL, 0);
	at[CLOSING] = now_ns();
	w = close_window(r);
	at[CLOSED] = now_ns();
	assert_in_range(w->duration_ns, at[PAUSING] - at[STARTED] + at[CLOSING] - at[RESUMED],
			at[PAUSED] - at[NEW] + at[CLOSED] - at[RESUMING]);
	assert_due(w, n_cpus(r));
	p = encode(r, w, &ledger);
	assert_true(n_samples(p, "comm", "newcomer") > 0);
	for (size_t i = 0; i < ledger.n_truncated; i++)
		assert_string_not_equal(ledger.truncated[i].name, "unknown_process");
}

static struct profile *encode_tap(struct recorder *r, struct tap *tap)
{
	_cleanup_(buf_done) struct buf raw = {};
	struct profile *p;

	assert_int_equal(recorder_tap_encode(r, tap, &raw), 0);
	assert_int_equal(profile_decode(raw.data, raw.size, &p), 0);
	recorder_tap_free(r, tap);
	return p;
}

/* A tap sees what the windows of its time see, no more and no less; a filter takes its part of that. */
static void test_taps(void **state)
{
	_cleanup_(profile_freep) struct profile *all = NULL, *one = NULL, *service = NULL, *nobody = NULL;
	const struct tap_config by_pid = { .pid = spinners[0] }, by_service = { .service = "test-recorder" };
	const struct tap_config by_container = { .container = "feedfacefeed", .service = "" };
	_cleanup_(recorder_freep) struct recorder *r = NULL;
	struct tap *a, *b, *c, *d;
	enum {
		LAST = 3
	};
	uint64_t n[LAST + 1], n_of_one[LAST + 1];
	struct ledger ledger;

	start(&r);
	dispatch_for(r, WINDOW_NS);
	assert_int_equal(recorder_tap_open(r, &(struct tap_config){}, &a), 0);
	assert_int_equal(recorder_tap_open(r, &by_pid, &b), 0);
	assert_int_equal(recorder_tap_open(r, &by_pid, &c), 0);
	assert_int_equal(recorder_tap_open(r, &by_pid, &d), -EBUSY);
	recorder_tap_free(r, c);
	for (size_t i = 0; i < ARRAY_SIZE(n); i++) {
		_cleanup_(profile_freep) struct profile *p = NULL;
		struct closed_window *w;

		dispatch_for(r, WINDOW_NS);
		if (i == LAST) {
			all = encode_tap(r, a);
			one = encode_tap(r, b);
		}
		w = close_window(r);
		p = encode(r, w, &ledger);
		n[i] = ledger.in_profile;
		n_of_one[i] = n_samples(p, "comm", "spinner");
		recorder_drop_window(r, w);
	}
	/* It was opened in the first window, and encoded in the last. */
	assert_in_range(n_samples(all, NULL, NULL), n[1] + n[2] + 1, n[0] + n[1] + n[2] + n[LAST]);
	assert_in_range(n_samples(all, "comm", "spinner"), n_of_one[1] + n_of_one[2] + 1,
			n_of_one[0] + n_of_one[1] + n_of_one[2] + n_of_one[LAST]);
	assert_true(n_samples(one, NULL, NULL) > 0);
	assert_int_equal(n_samples(one, NULL, NULL), n_samples(one, "comm", "spinner"));
	if (n_spinners > 1)
		assert_true(n_samples(one, NULL, NULL) < n_samples(all, "comm", "spinner"));
	assert_int_equal(recorder_tap_open(r, &by_service, &a), 0);
	assert_int_equal(recorder_tap_open(r, &by_container, &b), 0);
	dispatch_for(r, WINDOW_NS);
	service = encode_tap(r, a);
	nobody = encode_tap(r, b);
	assert_true(n_samples(service, NULL, NULL) > 0);
	assert_int_equal(n_samples(service, NULL, NULL), n_samples(service, "service_name", "test-recorder"));
	assert_int_equal(n_samples(nobody, NULL, NULL), 0);
	assert_int_equal(recorder_pause(r), 0);
	assert_int_equal(recorder_tap_open(r, &by_service, &a), -ENODATA);
}

static int64_t pid_of(const struct profile_sample *s)
{
	const struct profile_label *label = profile_find_label(s, "pid");

	return label ? label->num : 0;
}

static bool is_spinner(int64_t pid)
{
	for (size_t i = 0; i < n_spinners; i++)
		if (spinners[i] == pid)
			return true;
	return false;
}

/* Span after span of a tap: nothing is twice or not at all, whatever windows end meanwhile; and processes are apart. */
static void test_spans_of_a_tap(void **state)
{
	const struct tap_config apart = { .tells_pid = true };
	_cleanup_(profile_freep) struct profile *all = NULL;
	_cleanup_(recorder_freep) struct recorder *r = NULL;
	uint64_t sum = 0, n_of_spinners = 0, n_left_out = 1, n_before;
	int64_t end_ns = 0;
	struct tap *spans, *whole;

	start(&r);
	dispatch_for(r, WINDOW_NS);
	assert_int_equal(recorder_tap_open(r, &(struct tap_config){}, &whole), 0);
	assert_int_equal(recorder_tap_open(r, &apart, &spans), 0);
	n_before = stack_table_n_samples(tap_stacks(whole)); /* what came between the two */
	for (size_t i = 0; i < 4; i++) {
		_cleanup_(profile_freep) struct profile *p = NULL;
		_cleanup_(buf_done) struct buf raw = {};

		dispatch_for(r, WINDOW_NS / 2);
		recorder_drop_window(r, close_window(r));
		dispatch_for(r, WINDOW_NS / 2);
		assert_int_equal(recorder_tap_next(r, spans, &raw, &n_left_out), 0);
		assert_int_equal(n_left_out, 0);
		assert_int_equal(profile_decode(raw.data, raw.size, &p), 0);
		sum += n_samples(p, NULL, NULL);
		for (size_t k = 0; k < p->n_samples; k++) {
			if (!is_spinner(pid_of(&p->samples[k])))
				continue;
			assert_string_equal(profile_find_label(&p->samples[k], "comm")->str, "spinner");
			n_of_spinners++;
		}
		if (i > 0)
			assert_true(labs(p->time_ns - end_ns) < (long)NS_PER_MS);
		end_ns = p->time_ns + p->duration_ns;
	}
	assert_true(n_of_spinners > 0);
	assert_int_equal(stack_table_n_samples(tap_stacks(whole)), n_before + sum);
	all = encode_tap(r, whole);
	assert_true(n_samples(all, "comm", "spinner") > 0);
	assert_int_equal(pid_of(&all->samples[0]), 0);
	assert_int_equal(recorder_pause(r), 0);
	assert_int_equal(recorder_tap_next(r, spans, &(struct buf){}, &n_left_out), -ENODATA);
	recorder_tap_free(r, spans);
}

static void close_windows_for(struct recorder *r, uint64_t ns)
{
	struct ledger ledger;

	for (uint64_t passed_ns = 0; passed_ns < ns; passed_ns += NS_PER_S) {
		struct closed_window *w;

		dispatch_for(r, NS_PER_S);
		w = close_window(r);
		profile_free(encode(r, w, &ledger));
		recorder_drop_window(r, w);
	}
}

/* Copies of a program, told apart by their last bytes, each run once, meanwhile windows pass. */
static void run_new_programs(struct recorder *r, const char *dir, int round)
{
	char command[600];
	pid_t pid;
	int status;

	snprintf(command, sizeof(command),
		 "cd %s; for i in $(seq %d); do cp /bin/true p%d-$i && echo %d-$i >> p%d-$i && ./p%d-$i || exit 1; "
		 "done",
		 dir, N_PROGRAMS, round, round, round, round);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		close_windows_for(r, NS_PER_S);
	assert_int_equal(status, 0);
}

static size_t n_in_proc(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;

	while ((entry = readdir(dir)))
		n += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
	closedir(dir);
	return n;
}

/* On this machine, threads too. */
static size_t n_forks(void)
{
	FILE *f = fopen("/proc/stat", "re");
	char line[4096];
	size_t n = 0;

	assert_non_null(f);
	while (n == 0 && fgets(line, sizeof(line), f))
		sscanf(line, "processes %zu", &n);
	fclose(f);
	assert_true(n > 0);
	return n;
}

/*
 * Programs come and go: what is kept of them is given back when no window can name them any more, also where a tap was
 * open. A window that somebody keeps is named as before.
 */
static void test_churn(void **state)
{
	char dir[] = "/tmp/cpuhound-churn-XXXXXX", command[100];
	_cleanup_(recorder_freep) struct recorder *r = NULL;
	_cleanup_(profile_freep) struct profile *first = NULL, *again = NULL;
	struct recorder_stats before, during, after;
	struct closed_window *kept;
	struct ledger ledger;
	size_t n_processes_most, n_rounds_seen = 0;
	struct tap *tap;

	assert_non_null(mkdtemp(dir));
	start(&r);
	assert_int_equal(recorder_tap_open(r, &(struct tap_config){}, &tap), 0);
	close_windows_for(r, FORGOTTEN_NS);
	start_spinners(state);
	dispatch_for(r, NS_PER_S);
	kept = close_window(r);
	stop_spinners(state); /* from here on it mostly waits: for others' sake */
	first = encode(r, kept, &ledger);
	assert_true(n_samples(first, "comm", "spinner") > 0);
	assert_int_equal(recorder_stats(r, &before), 0);
	during = after = before;
	for (int round = 0; round < 3; round++) {
		const struct recorder_stats begun = after;

		run_new_programs(r, dir, round);
		assert_int_equal(recorder_stats(r, &after), 0);
		n_rounds_seen += after.n_modules > begun.n_modules + N_PROGRAMS / 3 &&
				 after.n_binaries > begun.n_binaries + N_PROGRAMS / 3;
		if (after.n_modules > during.n_modules)
			during = after;
	}
	assert_true(n_rounds_seen > 0);
	recorder_tap_free(r, tap);
	n_processes_most = n_in_proc() - n_forks();
	close_windows_for(r, FORGOTTEN_NS);
	n_processes_most += n_forks();
	assert_int_equal(recorder_stats(r, &after), 0);
	printf("modules %zu, %zu, %zu, binaries %zu, %zu, %zu, tables %zu, %zu, %zu, processes %zu, %zu, %zu\n",
	       before.n_modules, during.n_modules, after.n_modules, before.n_binaries, during.n_binaries,
	       after.n_binaries, before.n_tables, during.n_tables, after.n_tables, before.n_processes,
	       during.n_processes, after.n_processes);
	/* Others come and go too. */
	assert_true(after.n_modules < (before.n_modules + during.n_modules) / 2);
	assert_true(after.n_binaries < (before.n_binaries + during.n_binaries) / 2);
	assert_true(after.n_tables < (before.n_binaries + during.n_binaries) / 2);
	assert_true(after.n_processes <= n_processes_most);

	again = encode(r, kept, &ledger);
	assert_int_equal(again->n_samples, first->n_samples);
	assert_int_equal(n_samples(again, NULL, NULL), n_samples(first, NULL, NULL));
	printf("functions %zu, %zu, unnamed %zu, %zu\n", first->n_functions, again->n_functions, n_unnamed(first),
	       n_unnamed(again));
	/* What was still being read at first has names by now: fewer, where many addresses lie in one function. */
	assert_true(n_unnamed(again) <= n_unnamed(first));
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start_spinners, stop_spinners)
#define TEST_TICKS(f) cmocka_unit_test_setup_teardown(f, start_yielding_spinners, stop_spinners)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST_TICKS(test_windows_without_a_gap),
		TEST_TICKS(test_last_window),
		TEST_TICKS(test_period),
		TEST(test_pause),
		TEST(test_taps),
		TEST(test_spans_of_a_tap),
		cmocka_unit_test(test_churn),
	};
	int exit_code;

	if (children_main(argc, argv, &exit_code))
		return exit_code;
	if (geteuid() != 0) {
		printf("skipped: needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
