// SPDX-License-Identifier: Apache-2.0
/* sampler: the real program on this machine. Needs root. */
#include "tests/unit/cmocka-all.h"

#include <bpf/bpf.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "agent/sampler.h"
#include "common/clock.h"

#define VERIFIED_INSNS_LIMIT 100000
#define PERIOD_NS (NS_PER_S / 997)
#define HANG_MS 60000 /* a guard against hanging */

/* How much the verifier looked at for the newest program of this name: struct bpf_prog_info, verified_insns. */
static uint32_t verified_insns(const char *name)
{
	uint32_t id = 0, newest = 0;

	while (bpf_prog_get_next_id(id, &id) == 0) {
		_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && strcmp(info.name, name) == 0)
			newest = info.verified_insns;
	}
	return newest;
}

static void test_every_variant_is_cheap_to_verify(void **state)
{
	static const struct {
		enum filter_kind filter;
		bool cgroup_v1_memory;
	} variants[] = {
		{ FILTER_NONE, false },  { FILTER_NONE, true },    { FILTER_PROCESS, false }, { FILTER_CGROUP, false },
		{ FILTER_CGROUP, true }, { FILTER_EXCEPT, false }, { FILTER_EXCEPT, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		const struct sampler_config config = {
			.period_ns = PERIOD_NS,
			.filter = variants[i].filter,
			.follow = variants[i].filter == FILTER_PROCESS,
			.cgroup_v1_memory = variants[i].cgroup_v1_memory,
		};
		_cleanup_(sampler_freep) struct sampler *s = NULL;
		uint32_t n;

		assert_int_equal(sampler_new(&config, &s), 0);
		n = verified_insns("on_tick");
		printf("filter %u, v1 memory %d: %u verified instructions\n", variants[i].filter,
		       variants[i].cgroup_v1_memory, n);
		assert_in_range(n, 1, VERIFIED_INSNS_LIMIT);
	}
}

static void spin(uint64_t ns)
{
	uint64_t end_ns = clock_now_ns(CLOCK_MONOTONIC) + ns;

	while (clock_now_ns(CLOCK_MONOTONIC) < end_ns)
		;
}

/* On a busy machine that takes longer, and is as many ticks. */
static void burn(uint64_t cpu_ns)
{
	uint64_t end_ns = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) + cpu_ns;

	while (clock_now_ns(CLOCK_PROCESS_CPUTIME_ID) < end_ns)
		;
}

/* Flips while ticks arrive lose and double nothing: what the batches hold is what the program counted. */
static void test_flips_keep_every_record(void **state)
{
	const struct sampler_config config = { .period_ns = PERIOD_NS };
	_cleanup_(sampler_freep) struct sampler *s = NULL;
	struct sampler_account account;
	uint64_t n_read = 0, n_lost = 0;
	uint64_t last_ns[64] = {};

	assert_int_equal(sampler_new(&config, &s), 0);
	assert_int_equal(sampler_start(s), 0);
	for (int round = 0; round <= 300; round++) {
		if (round == 300)
			assert_int_equal(sampler_stop(s), 0);
		else
			spin(3 * NS_PER_MS);
		for (size_t i = 0; i < sampler_n_cpus(s); i++) {
			struct sample_batch batch;

			assert_int_equal((round == 300 ? sampler_cut : sampler_flip)(s, i, &batch), 0);
			for (size_t k = 0; k < batch.n_records; k++) {
				assert_true(batch.records[k].time_ns > last_ns[i % 64]);
				last_ns[i % 64] = batch.records[k].time_ns;
			}
			n_read += batch.n_records;
			sampler_release(s, &batch);
		}
	}
	sampler_take_account(s, &account);
	for (size_t k = 0; k < SAMPLE_LOST_N; k++)
		n_lost += account.n_lost[k];
	assert_true(n_read > 500); /* this thread alone ran for 0.9 s */
	assert_int_equal(account.n_records, n_read);
	assert_int_equal(account.n_entries, account.n_idle + account.n_filtered + account.n_records + n_lost);
	assert_int_equal(account.n_due, account.n_entries + account.n_idle_cpu + account.n_throttled + account.n_other);
}

/* Something comes between the cuts of two CPUs: what was due was due in the window's time all the same. */
static void test_late_cuts(void **state)
{
	const struct sampler_config config = { .period_ns = PERIOD_NS };
	_cleanup_(sampler_freep) struct sampler *s = NULL;
	uint64_t start_ns;

	assert_int_equal(sampler_new(&config, &s), 0);
	assert_int_equal(sampler_start(s), 0);
	start_ns = sampler_turned_ns(s);
	for (int window = 0; window < 4; window++) {
		uint64_t end_ns, expected, n = sampler_n_sampled(s);
		struct sampler_account account;
		struct sample_batch batch;

		for (size_t i = 0; i < sampler_n_cpus(s); i++) {
			spin((window % 2 ? 10 : 100) * NS_PER_MS);
			assert_int_equal(sampler_cut(s, i, &batch), 0);
			sampler_release(s, &batch);
		}
		end_ns = sampler_turned_ns(s);
		sampler_take_account(s, &account);
		expected = (end_ns - start_ns) * n / PERIOD_NS;
		assert_in_range(account.n_due + 2 * n, expected, expected + 4 * n);
		start_ns = end_ns;
	}
}

/* What the program says of its own time is what the kernel says of it. */
static void test_own_time(void **state)
{
	const struct sampler_config config = { .period_ns = PERIOD_NS };
	_cleanup_close_ int stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	_cleanup_(sampler_freep) struct sampler *s = NULL;
	struct sampler_totals totals;

	assert_true(stats_fd >= 0);
	assert_int_equal(sampler_new(&config, &s), 0);
	assert_int_equal(sampler_start(s), 0);
	for (int round = 0; round < 10; round++) {
		spin(200 * NS_PER_MS);
		for (size_t i = 0; i < sampler_n_cpus(s); i++) {
			struct sample_batch batch;

			assert_int_equal(sampler_flip(s, i, &batch), 0);
			sampler_release(s, &batch);
		}
	}
	assert_int_equal(sampler_stop(s), 0);
	assert_int_equal(sampler_totals(s, &totals), 0);
	printf("own %.3f ms in %.0f ticks, kernel %.3f ms in %.0f runs\n", (double)totals.own.run_ns / NS_PER_MS,
	       (double)totals.own.n_runs, (double)totals.kernel.run_ns / NS_PER_MS, (double)totals.kernel.n_runs);
	assert_true(totals.own.n_runs > 1000);
	assert_in_range(totals.own.n_runs, totals.kernel.n_runs / 2, totals.kernel.n_runs + CPUHOUND_TIMED_EVERY * 64);
	assert_in_range(totals.own.run_ns, totals.kernel.run_ns / 2, totals.kernel.run_ns * 3 / 2);
}

/* A full log drops, counts what it drops, and goes on when it is emptied. */
static void test_full_log(void **state)
{
	const struct sampler_config config = { .period_ns = 100000 };
	_cleanup_(sampler_freep) struct sampler *s = NULL;
	struct sampler_account account;
	struct sample_batch batch;
	uint64_t n_full = 0;

	assert_int_equal(sampler_new(&config, &s), 0);
	assert_int_equal(sampler_start(s), 0);
	spin(300 * NS_PER_MS);
	assert_int_equal(sampler_stop(s), 0);
	for (size_t i = 0; i < sampler_n_cpus(s); i++) {
		assert_int_equal(sampler_cut(s, i, &batch), 0);
		assert_true(batch.n_records <= CPUHOUND_LOG_RECORDS);
		n_full += batch.n_records == CPUHOUND_LOG_RECORDS;
		sampler_release(s, &batch);
	}
	assert_true(n_full >= 1);
	sampler_take_account(s, &account);
	assert_true(account.n_lost[SAMPLE_LOST_LOG_FULL] > 0);
	assert_int_equal(account.n_entries, account.n_idle + account.n_filtered + account.n_records +
						    account.n_lost[SAMPLE_LOST_LOG_FULL]);
}

/* Nobody but this process, which has several threads' worth of time in one. */
static void test_process_filter(void **state)
{
	const struct sampler_config config = { .period_ns = PERIOD_NS, .filter = FILTER_PROCESS };
	_cleanup_(sampler_freep) struct sampler *s = NULL;
	uint64_t n_mine = 0;

	assert_int_equal(sampler_new(&config, &s), 0);
	assert_int_equal(sampler_filter_process(s, (uint32_t)getpid(), 0), 0);
	assert_int_equal(sampler_start(s), 0);
	burn(200 * NS_PER_MS);
	assert_int_equal(sampler_stop(s), 0);
	for (size_t i = 0; i < sampler_n_cpus(s); i++) {
		struct sample_batch batch;

		assert_int_equal(sampler_flip(s, i, &batch), 0);
		for (size_t k = 0; k < batch.n_records; k++)
			assert_int_equal(batch.records[k].tgid, getpid());
		n_mine += batch.n_records;
		sampler_release(s, &batch);
	}
	assert_true(n_mine > 50);
}

/* How many samples of this process there are after it has run for a while. */
static uint64_t sample_self(struct sampler *s)
{
	uint64_t n = 0;

	assert_int_equal(sampler_start(s), 0);
	burn(100 * NS_PER_MS);
	assert_int_equal(sampler_stop(s), 0);
	for (size_t i = 0; i < sampler_n_cpus(s); i++) {
		struct sample_batch batch;

		assert_int_equal(sampler_flip(s, i, &batch), 0);
		for (size_t k = 0; k < batch.n_records; k++)
			n += batch.records[k].tgid == (uint32_t)getpid();
		sampler_release(s, &batch);
	}
	return n;
}

/* Everybody but this process, until it is taken from the list again. */
static void test_except(void **state)
{
	const struct sampler_config config = { .period_ns = PERIOD_NS, .filter = FILTER_EXCEPT };
	_cleanup_(sampler_freep) struct sampler *s = NULL;

	assert_int_equal(sampler_new(&config, &s), 0);
	assert_true(sample_self(s) > 20);
	assert_int_equal(sampler_filter_process(s, (uint32_t)getpid(), 0), 0);
	assert_int_equal(sample_self(s), 0);
	sampler_unfilter_process(s, (uint32_t)getpid());
	assert_true(sample_self(s) > 20);
	assert_int_equal(sampler_filter_process(s, (uint32_t)getpid(), 1), 0); /* another of that number */
	assert_true(sample_self(s) > 20);
	assert_int_equal(sampler_filter_process(s, (uint32_t)getpid(), 0), 0);
	sampler_unfilter_all(s);
	assert_true(sample_self(s) > 20);
}

static void run_program(void)
{
	char name[] = "/bin/true", *argv[] = { name, NULL };
	pid_t pid;

	assert_int_equal(posix_spawn(&pid, name, NULL, NULL, argv, NULL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static bool is_woken_within(const struct sampler *s, int ms)
{
	struct pollfd fd = { .fd = sampler_events_fd(s), .events = POLLIN };

	return poll(&fd, 1, ms) == 1;
}

/* Once, and whoever does not wait is left alone. */
static void test_exec_wakes_who_awaits_it(void **state)
{
	const struct sampler_config config = { .period_ns = PERIOD_NS };
	_cleanup_(sampler_freep) struct sampler *s = NULL;

	assert_int_equal(sampler_new(&config, &s), 0);
	run_program();
	assert_false(is_woken_within(s, 2));
	for (int i = 0; i < 3; i++) {
		sampler_await_exec(s, true);
		run_program();
		assert_true(is_woken_within(s, HANG_MS));
		assert_false(sampler_awaits_exec(s));
		assert_int_equal(sampler_read_events(s, NULL, NULL), 0);
		run_program();
		assert_false(is_woken_within(s, 2));
	}
	sampler_await_exec(s, true);
	sampler_await_exec(s, false);
	run_program();
	assert_false(is_woken_within(s, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_variant_is_cheap_to_verify),
		cmocka_unit_test(test_flips_keep_every_record),
		cmocka_unit_test(test_late_cuts),
		cmocka_unit_test(test_own_time),
		cmocka_unit_test(test_full_log),
		cmocka_unit_test(test_process_filter),
		cmocka_unit_test(test_except),
		cmocka_unit_test(test_exec_wakes_who_awaits_it),
	};

	if (geteuid() != 0) {
		printf("needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
