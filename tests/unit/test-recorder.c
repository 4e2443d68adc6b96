// SPDX-License-Identifier: Apache-2.0
/* The recorder in the kernel that runs: needs root. Times are compared by what a busy machine may do to them. */
#include "tests/unit/cmocka-all.h"

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
#include "symbolizer/finisher.h"
#include "symbolizer/indexer.h"

#define HZ 197
#define PERIOD_NS (NS_PER_S / HZ)
#define WINDOW_NS (200 * NS_PER_MS)

static const struct recorder_config config = {
	.period_ns = PERIOD_NS,
	.unwind_table_mb = 64,
	.stacks_limit_bytes = 64 << 20,
};

static pid_t spinners[64];
static size_t n_spinners;

static void spin_for_ever(const char *name)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	for (volatile uint64_t i = 0;; i++)
		;
}

/* One on each CPU: it is never idle. */
static int start_spinners(void **state)
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
		if (spinners[n_spinners] == 0 && sched_setaffinity(0, sizeof(one), &one) == 0)
			spin_for_ever("spinner");
		n_spinners++;
	}
	return 0;
}

static int stop_spinners(void **state)
{
	for (size_t i = 0; i < n_spinners; i++) {
		kill(spinners[i], SIGKILL);
		waitpid(spinners[i], NULL, 0);
	}
	return 0;
}

static void start(struct recorder **ret)
{
	assert_int_equal(recorder_new(&config, ret), 0);
	assert_int_equal(recorder_start(*ret), 0);
}

static void dispatch_for(struct recorder *r, uint64_t ns)
{
	uint64_t end_ns = clock_now_ns(CLOCK_MONOTONIC) + ns, now_ns;

	while ((now_ns = clock_now_ns(CLOCK_MONOTONIC)) < end_ns) {
		struct pollfd fd = { .fd = recorder_fd(r), .events = POLLIN };
		int left_ms = (int)((end_ns - now_ns) / NS_PER_MS) + 1, timeout_ms = recorder_timeout_ms(r);

		poll(&fd, 1, timeout_ms >= 0 && timeout_ms < left_ms ? timeout_ms : left_ms);
		assert_int_equal(recorder_dispatch(r), 0);
	}
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

	assert_int_equal(recorder_encode(r, w, &raw, ret_ledger), 0);
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
	uint64_t first_ns, last_end_ns = 0, n_due = 0, n_in_profiles = 0, n;
	struct ledger sum = {}, ledger;
	char last_id[WINDOW_ID_SIZE] = "";
	struct recorder_stats stats;

	start(&r);
	n = n_cpus(r);
	first_ns = clock_now_ns(CLOCK_MONOTONIC);
	for (uint64_t i = 0; i < 40; i++) {
		_cleanup_(profile_freep) struct profile *p = NULL;
		struct closed_window *w;

		dispatch_for(r, WINDOW_NS);
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
	n_due = (clock_now_ns(CLOCK_MONOTONIC) - first_ns) * n / PERIOD_NS;
	assert_true(ledger_balances(&sum));
	assert_in_range(sum.due, n_due * 95 / 100, n_due + 2 * n);
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
	_cleanup_(recorder_freep) struct recorder *r = NULL;
	_cleanup_(profile_freep) struct profile *p = NULL;
	struct recorder_stats before, after;
	struct closed_window *w;
	struct ledger ledger;
	pid_t newcomer;

	start(&r);
	dispatch_for(r, WINDOW_NS);
	assert_int_equal(recorder_pause(r), 0);
	newcomer = fork();
	if (newcomer == 0)
		spin_for_ever("newcomer");
	assert_int_equal(recorder_stats(r, &before), 0);
	assert_true(before.is_paused);
	dispatch_for(r, 5 * WINDOW_NS);
	assert_int_equal(recorder_stats(r, &after), 0);
	assert_true(after.self.cpu_ns - before.self.cpu_ns < WINDOW_NS / 10);
	assert_int_equal(recorder_resume(r), 0);
	dispatch_for(r, 2 * WINDOW_NS);
	kill(newcomer, SIGKILL);
	waitpid(newcomer, NULL, 0);
	w = close_window(r);
	assert_in_range(w->duration_ns, 3 * WINDOW_NS, 5 * WINDOW_NS);
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
	struct tap *a, *b, *c;
	struct ledger ledger, sum = {};
	uint64_t n_of_one = 0, n_of_service = 0;

	start(&r);
	dispatch_for(r, WINDOW_NS);
	recorder_drop_window(r, close_window(r));
	assert_int_equal(recorder_tap_open(r, &(struct tap_config){}, &a), 0);
	assert_int_equal(recorder_tap_open(r, &by_pid, &b), 0);
	assert_int_equal(recorder_tap_open(r, &by_pid, &c), -EBUSY);
	for (size_t i = 0; i < 3; i++) {
		_cleanup_(profile_freep) struct profile *p = NULL;
		struct closed_window *w;

		dispatch_for(r, WINDOW_NS);
		w = close_window(r);
		p = encode(r, w, &ledger);
		assert_int_equal(ledger_add(&sum, &ledger), 0);
		n_of_one += n_samples(p, "comm", "spinner");
		n_of_service += n_samples(p, "service_name", "test-recorder");
		recorder_drop_window(r, w);
	}
	all = encode_tap(r, a);
	one = encode_tap(r, b);
	/* From its opening, which is a moment after the last window's end, to now. */
	assert_in_range(n_samples(all, NULL, NULL), sum.in_profile * 9 / 10, sum.in_profile * 12 / 10 + 20);
	assert_in_range(n_samples(all, "comm", "spinner"), n_of_one * 8 / 10, n_of_one * 13 / 10 + 20);
	assert_true(n_samples(one, NULL, NULL) > 0);
	assert_int_equal(n_samples(one, NULL, NULL), n_samples(one, "comm", "spinner"));
	if (n_spinners > 1)
		assert_true(n_samples(one, NULL, NULL) < n_samples(all, "comm", "spinner"));
	assert_true(n_of_service > 0);

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

#define TEST(f) cmocka_unit_test_setup_teardown(f, start_spinners, stop_spinners)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_windows_without_a_gap),
		TEST(test_last_window),
		TEST(test_period),
		TEST(test_pause),
		TEST(test_taps),
	};

	if (argc > 1 && strcmp(argv[1], INDEXER_COMMAND) == 0)
		return indexer_main();
	if (argc > 1 && strcmp(argv[1], INDEXER_DEBUG_COMMAND) == 0)
		return debug_indexer_main();
	if (argc > 1 && strcmp(argv[1], FINISHER_COMMAND) == 0)
		return finisher_main();
	if (geteuid() != 0) {
		printf("skipped: needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
