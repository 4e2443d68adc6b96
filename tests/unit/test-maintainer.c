// SPDX-License-Identifier: Apache-2.0
/* The child that keeps the store in order, in its sandbox: what it does, what is told of it, and when it is killed. */
#include <poll.h>
#include <signal.h>

#include "agent/maintainer.h"
#include "tests/unit/store-fixture.h"

#define HOUR_NS (3600 * (int64_t)NS_PER_S)

static const struct retention_limits limits = {
	.age_ns = { KEPT_RAW_NS, KEPT_MINUTES_NS, KEPT_HOURS_NS },
	.limit_bytes = KEPT_BYTES,
	.min_free_percent = 0,
};

/* Windows of this time of day, so many hours ago. */
static void put_recent(uint64_t first, uint64_t last, int64_t hours)
{
	const int64_t now_ns = (int64_t)clock_now_ns(CLOCK_REALTIME);
	struct store *w = open_store(STORE_WRITE);

	for (uint64_t i = first; i <= last; i++) {
		const struct made m = { .first = i,
					.start_ns =
						now_ns - now_ns % HOUR_NS - hours * HOUR_NS + (int64_t)i * WINDOW_NS };
		struct window_info info;

		assert_int_equal(put(w, &m, &info), 0);
	}
	store_free(w);
}

/* Until its child has ended. */
static bool run(struct maintainer *m, uint64_t now_ns)
{
	bool is_news = maintainer_dispatch(m, now_ns);

	while (maintainer_fd(m) >= 0) {
		struct pollfd ended = { .fd = maintainer_fd(m), .events = POLLIN };

		assert_int_equal(poll(&ended, 1, 60000), 1);
		is_news |= maintainer_dispatch(m, now_ns);
	}
	return is_news;
}

static void test_a_run(void **state)
{
	struct maintainer m;

	put_recent(1, 6, 26); /* older than windows are kept */
	put_recent(7, 26, 5);
	maintainer_init(&m, "/proc/self/exe", state_fd, &limits, 100);
	assert_false(maintainer_dispatch(&m, 99));
	assert_int_equal(maintainer_fd(&m), -1);
	assert_false(run(&m, 100));
	assert_string_equal(m.stats.fault, "");
	assert_int_equal(m.stats.n_runs, 1);
	assert_int_equal(m.stats.n_failed, 0);
	assert_true(m.stats.has_report);
	assert_int_equal(m.stats.report.outcome, MAINTAIN_DONE);
	assert_int_equal(m.stats.report.tiers[WINDOW_HOUR].n_windows, 26);
	assert_int_equal(m.stats.report.tiers[WINDOW_HOUR].n_files, 2);
	assert_int_equal(m.stats.report.tiers[WINDOW_RAW].n_files, 20);
	assert_int_equal(m.stats.n_removed, 6);
	assert_true(m.stats.cpu_ns > 0 && m.stats.last_realtime_ns > 0);
	maintainer_dispatch(&m, 99 + 60 * NS_PER_S);
	assert_int_equal(maintainer_fd(&m), -1);
	/* The next one looks at the last hours only; what is older waits for the hour. */
	put_recent(31, 36, 20);
	put_recent(37, 42, 2);
	assert_false(run(&m, 100 + 60 * NS_PER_S));
	assert_int_equal(m.stats.report.tiers[WINDOW_HOUR].n_windows, 26 + 6);
	assert_false(run(&m, 100 + 3600 * NS_PER_S));
	assert_int_equal(m.stats.report.tiers[WINDOW_HOUR].n_windows, 26 + 12);
	maintainer_done(&m);
}

static void test_losses_are_told(void **state)
{
	const struct losses before = { .lost[LOSS_LIMIT] = { 3, 4 },
				       .n_targets = 1,
				       .targets[0] = { "slow", { 5, 6 } } };
	struct maintainer m;

	put_recent(1, 3, 91 * 24);
	put_target("quick", "{\"version\":1,\"enabled\":true,\"passed\":[[1,3]]}");
	put_target("off", "{\"version\":1,\"enabled\":false}");
	assert_int_equal(losses_announce(state_fd, &before), 0);
	maintainer_init(&m, "/proc/self/exe", state_fd, &limits, 0);
	run(&m, 0);
	assert_int_equal(m.stats.report.lost[LOSS_AGE].n_windows, 3);
	assert_int_equal(m.stats.report.lost[LOSS_AGE].n_samples, 9);
	assert_int_equal(m.stats.report.lost[LOSS_LIMIT].n_samples, 4);
	assert_int_equal(m.stats.report.n_targets, 2);
	assert_string_equal(m.stats.report.targets[0].name, "slow");
	assert_int_equal(m.stats.report.targets[0].unsent.n_windows, 5);
	assert_string_equal(m.stats.report.targets[1].name, "quick");
	assert_int_equal(m.stats.report.targets[1].unsent.n_windows, 0);
	maintainer_done(&m);
}

static void test_busy(void **state)
{
	struct maintainer m;
	struct store *s;

	put_recent(1, 3, 5);
	s = open_store(STORE_MAINTAIN);
	maintainer_init(&m, "/proc/self/exe", state_fd, &limits, 0);
	assert_false(run(&m, 0));
	assert_int_equal(m.stats.n_runs, 1);
	assert_int_equal(m.stats.n_busy, 1);
	assert_false(m.stats.has_report);
	store_free(s);
	run(&m, 60 * NS_PER_S);
	assert_int_equal(m.stats.n_busy, 1);
	assert_true(m.stats.has_report);
	maintainer_done(&m);
}

/* No store yet: nothing to do. */
static void test_empty(void **state)
{
	struct maintainer m;

	maintainer_init(&m, "/proc/self/exe", state_fd, &limits, 0);
	run(&m, 0);
	assert_int_equal(m.stats.n_failed, 0);
	assert_string_equal(m.stats.fault, "");
	maintainer_done(&m);
}

static void put_script(const char *text)
{
	state_put("child", text);
	assert_int_equal(fchmodat(state_fd, "child", 0755, 0), 0);
}

static void test_what_breaks(void **state)
{
	char path[128];
	struct maintainer m;

	snprintf(path, sizeof(path), "%s/child", state_path);
	maintainer_init(&m, path, state_fd, &limits, 0);
	assert_true(run(&m, 0));
	assert_string_equal(m.stats.fault, "the child cannot be started: No such file or directory");
	put_script("#!/bin/sh\nexit 0\n");
	assert_true(run(&m, 60 * NS_PER_S));
	assert_string_equal(m.stats.fault, "the child ended without a report");
	assert_false(run(&m, 120 * NS_PER_S)); /* no news */
	put_script("#!/bin/sh\nkill -SEGV $$\n");
	assert_true(run(&m, 180 * NS_PER_S));
	assert_string_equal(m.stats.fault, "Segmentation fault");
	assert_int_equal(m.stats.n_failed, 4);
	assert_int_equal(m.stats.n_killed, 0);
	maintainer_done(&m);
}

static void test_hangs(void **state)
{
	const uint64_t late_ns = 600 * NS_PER_S;
	char path[128];
	struct maintainer m;

	snprintf(path, sizeof(path), "%s/child", state_path);
	put_script("#!/bin/sh\nexec sleep 1000\n");
	maintainer_init(&m, path, state_fd, &limits, 0);
	maintainer_dispatch(&m, 0);
	assert_true(maintainer_fd(&m) >= 0);
	maintainer_dispatch(&m, late_ns - 1); /* it is due again, but not two at once */
	assert_int_equal(m.stats.n_killed, 0);
	maintainer_dispatch(&m, late_ns);
	assert_int_equal(m.stats.n_killed, 1);
	put_script("#!/bin/sh\nexit 0\n");
	run(&m, late_ns + 1);
	assert_int_equal(m.stats.n_failed, 2); /* it, and the next one at once */
	maintainer_done(&m);
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, state_set_up, state_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_run), TEST(test_losses_are_told), TEST(test_busy),
		TEST(test_empty), TEST(test_what_breaks),     TEST(test_hangs),
	};

	if (argc > 1 && strcmp(argv[1], MAINTAIN_COMMAND) == 0)
		return maintain_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
