// SPDX-License-Identifier: Apache-2.0
/* A hub's requests: their order, their bound with their bodies, whom a child did not survive; and rates of tokens. */
#include "agent/hub-jobs.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/hub-packet.h"
#include "agent/hub-rates.h"
#include "common/clock.h"
#include "tests/unit/cmocka-all.h"

static const struct web_request push = { .kind = WEB_PUSH }, list = { .kind = WEB_WINDOWS };
static struct hub_jobs jobs;

static int new_body(off_t size)
{
	int fd = memfd_create("body", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	return fd;
}

static void test_order(void **state)
{
	jobs = (struct hub_jobs){};
	assert_null(hub_jobs_next(&jobs, HUB_LANE_INTAKE));
	assert_int_equal(hub_jobs_add(&jobs, 2, &push, new_body(10)), 0);
	assert_int_equal(hub_jobs_add(&jobs, 3, &list, -1), 0);
	assert_int_equal(hub_jobs_add(&jobs, 4, &push, new_body(5)), 0);
	hub_jobs_remove(&jobs, hub_jobs_find(&jobs, 2));
	assert_int_equal(hub_jobs_add(&jobs, 5, &push, new_body(1)), 0); /* in the place of the first */
	assert_int_equal(hub_jobs_next(&jobs, HUB_LANE_INTAKE)->id, 4);
	assert_int_equal(hub_jobs_next(&jobs, HUB_LANE_READER)->id, 3);
	hub_jobs_begin(&jobs, hub_jobs_next(&jobs, HUB_LANE_INTAKE));
	assert_int_equal(hub_jobs_next(&jobs, HUB_LANE_INTAKE)->id, 5);
	assert_int_equal(jobs.n_body_bytes, 6);
	assert_int_equal(hub_jobs_count(&jobs), 3);
	hub_jobs_done(&jobs);
	assert_int_equal(jobs.n_body_bytes, 0);
	assert_int_equal(hub_jobs_count(&jobs), 0);
	assert_null(hub_jobs_find(&jobs, 0));
}

static void test_bounds(void **state)
{
	int fd = new_body((off_t)HUB_JOBS_MAX_BODY_BYTES);

	jobs = (struct hub_jobs){};
	assert_int_equal(hub_jobs_add(&jobs, 1, &push, new_body(1)), 0);
	assert_int_equal(hub_jobs_add(&jobs, 2, &push, fd), HUB_JOBS_FULL);
	close(fd);
	for (uint64_t id = 2; id <= HUB_JOBS_MAX; id++)
		assert_int_equal(hub_jobs_add(&jobs, id, &list, -1), 0);
	assert_int_equal(hub_jobs_add(&jobs, HUB_JOBS_MAX + 1, &list, -1), HUB_JOBS_FULL);
	hub_jobs_done(&jobs);
}

static void ask(uint64_t id, unsigned char client, int expected)
{
	static struct web_request r = { .kind = WEB_QUESTION };

	r.client = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff, 127, 0, 0, client } };
	assert_int_equal(hub_jobs_add(&jobs, id, &r, -1), expected);
}

/* The numbers of those that are next, one after another, each done before the next begins. */
static void take_in_turn(const uint64_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct hub_job *job = hub_jobs_next(&jobs, HUB_LANE_PAGE);

		assert_non_null(job);
		assert_int_equal(job->id, ids[i]);
		hub_jobs_begin(&jobs, job);
		hub_jobs_remove(&jobs, job);
	}
}

static void test_questions_take_turns(void **state)
{
	jobs = (struct hub_jobs){};
	for (uint64_t id = 1; id <= 4; id++)
		ask(id, 1, 0);
	ask(5, 2, 0);
	ask(6, 2, 0);
	take_in_turn((const uint64_t[]){ 1, 5, 2, 6 }, 4);
	ask(7, 3, 0); /* whoever comes later waits for one of those who waited, not for all */
	ask(8, 1, 0);
	take_in_turn((const uint64_t[]){ 3, 7, 4, 8 }, 4);
	assert_null(hub_jobs_next(&jobs, HUB_LANE_PAGE));
	assert_null(hub_jobs_next(&jobs, HUB_LANE_READER));
}

/* One client leaves room for others, and all questions leave room for windows. */
static void test_many_questions(void **state)
{
	uint64_t id = 1;

	jobs = (struct hub_jobs){};
	while (id <= HUB_JOBS_MAX_OF_ONE_CLIENT)
		ask(id++, 1, 0);
	ask(id, 1, HUB_JOBS_BUSY);
	while (id <= HUB_JOBS_MAX_QUESTIONS)
		ask(id++, 2, 0);
	ask(id, 3, HUB_JOBS_BUSY);
	assert_int_equal(hub_jobs_add(&jobs, id, &push, -1), 0);
	hub_jobs_remove(&jobs, hub_jobs_find(&jobs, 1));
	ask(id + 1, 3, 0);
	hub_jobs_done(&jobs);
}

static void test_deadly(void **state)
{
	struct web_hub_request r = { .batch = "a", .part = 1 }, other = { .batch = "a", .part = 2 };

	jobs = (struct hub_jobs){};
	hub_jobs_note_lost(&jobs, &r);
	assert_false(hub_jobs_is_deadly(&jobs, &r));
	hub_jobs_note_lost(&jobs, &r);
	assert_true(hub_jobs_is_deadly(&jobs, &r));
	assert_false(hub_jobs_is_deadly(&jobs, &other));
	for (int i = 0; i < HUB_JOBS_N_LOST - 1; i++)
		hub_jobs_note_lost(&jobs, &other);
	assert_false(hub_jobs_is_deadly(&jobs, &r)); /* forgotten */
}

static void test_rates(void **state)
{
	static struct hub_rates rates;
	struct hub_rate *rate = hub_rates_get(&rates, "a");
	uint64_t now_ns = 1000 * NS_PER_S;
	unsigned int retry_s = 0;
	int n = 0;

	while (n < 100 && hub_rates_ask(rate, 60, now_ns, &retry_s) == 0)
		n++;
	assert_int_equal(n, 60); /* a minute's worth at once */
	assert_int_equal(retry_s, 2);
	assert_int_equal(hub_rates_ask(rate, 60, now_ns + NS_PER_S, &retry_s), 0);
	assert_int_equal(hub_rates_ask(rate, 60, now_ns + NS_PER_S, &retry_s), HUB_RATES_EXCEEDED);
	assert_int_equal(hub_rates_ask(hub_rates_get(&rates, "b"), 60, now_ns, &retry_s), 0);
	assert_ptr_equal(hub_rates_get(&rates, "a"), rate);
	rate->n_taken = 7;
	for (int i = 0; i < 2 * WEB_MAX_TOKENS; i++) { /* of reload after reload */
		char name[16];

		snprintf(name, sizeof(name), "t%d", i);
		hub_rates_get(&rates, name);
	}
	assert_int_equal(rates.n, ARRAY_SIZE(rates.tokens));
	assert_int_equal(hub_rates_get(&rates, "a")->n_taken, 0);
}

/* Each outcome has a name of its own, and a status of the contract. */
static void test_outcomes(void **state)
{
	for (enum hub_outcome o = 0; o < HUB_N_OUTCOMES; o++) {
		assert_non_null(hub_outcome_name(o));
		assert_true(hub_outcome_status(o) >= 200 && hub_outcome_status(o) <= 504);
		for (enum hub_outcome other = 0; other < o; other++)
			assert_string_not_equal(hub_outcome_name(o), hub_outcome_name(other));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),          cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_deadly),         cmocka_unit_test(test_questions_take_turns),
		cmocka_unit_test(test_many_questions), cmocka_unit_test(test_rates),
		cmocka_unit_test(test_outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
