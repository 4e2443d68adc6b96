// SPDX-License-Identifier: Apache-2.0
/* sideband-rings: what news wakes the reader, and what only waits for it. Needs the right to open perf events. */
#include "tests/unit/cmocka-all.h"

#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>

#include "agent/sideband-rings.h"
#include "workload/sideband.h"

#define HANG_MS 60000 /* a guard against hanging */

static struct sideband_rings *rings;
static struct sideband_queue *queue;

static int setup(void **state)
{
	return sideband_rings_new(&rings) == 0 && sideband_queue_new(16 << 20, &queue) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	queue = sideband_queue_free(queue);
	rings = sideband_rings_free(rings);
	return 0;
}

static void make_news(int n_forks)
{
	for (int i = 0; i < n_forks; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
}

static bool is_told_within(int ms)
{
	struct pollfd fd = { .fd = sideband_rings_fd(rings), .events = POLLIN };

	return poll(&fd, 1, ms) == 1;
}

static void read_all(void)
{
	struct sideband_event event;
	uint64_t before_ns;

	assert_true(sideband_rings_read(rings, queue, &before_ns) > 0);
	assert_false(sideband_queue_is_empty(queue));
	while (sideband_queue_take(queue, UINT64_MAX, &event) > 0)
		;
	assert_true(sideband_queue_is_empty(queue));
}

static void test_little_news_waits(void **state)
{
	make_news(10);
	assert_false(is_told_within(2));
	assert_true(sideband_rings_pending(rings));
	read_all();
	assert_false(is_told_within(0));
}

/* In one ring, which it would overrun some time later. */
static void test_much_news_wakes(void **state)
{
	cpu_set_t before, one;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	make_news(400);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	assert_true(is_told_within(HANG_MS));
	read_all();
}

static void test_nothing_is_told_asleep(void **state)
{
	make_news(1);
	sideband_rings_sleep(rings);
	make_news(1);
	assert_false(sideband_rings_pending(rings));
	assert_int_equal(sideband_rings_wake(rings), 0);
	make_news(1);
	assert_true(sideband_rings_pending(rings));
	read_all();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_little_news_waits),
		TEST(test_much_news_wakes),
		TEST(test_nothing_is_told_asleep),
	};

	if (geteuid() != 0) {
		printf("skipped: needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
