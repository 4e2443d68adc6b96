// SPDX-License-Identifier: Apache-2.0
/* What was answered is given again to equal questions of a store that is as it was; and the bounds of what is kept. */
#include "agent/hub-answers.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/hub-jobs.h"
#include "common/clock.h"
#include "tests/unit/cmocka-all.h"

static struct hub_answers answers;
static struct hub_jobs jobs;
static const struct stamp as_it_was = { .journal_ns = 1, .n_journal_bytes = 2 };

static struct web_request question(int64_t now_ns, bool accepts_gzip)
{
	struct web_request r = { .kind = WEB_QUESTION, .accepts_gzip = accepts_gzip };

	question_init(&r.question, QUESTION_HOGS, now_ns);
	return r;
}

static void keep(int64_t now_ns, off_t n_bytes, uint64_t kept_ns)
{
	struct web_request r = question(now_ns, true);
	int fd = memfd_create("answer", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, n_bytes), 0);
	hub_answers_keep(&answers, &r, &as_it_was, fd, kept_ns);
	close(fd);
}

/* The size of what is given; -1: nothing is. */
static off_t given(const struct web_request *r, const struct stamp *now)
{
	int fd = hub_answers_give(&answers, r, now);
	struct stat st = { .st_size = -1 };

	if (fd >= 0)
		assert_int_equal(fstat(fd, &st), 0);
	close_fd(fd);
	return st.st_size;
}

static void test_equal(void **state)
{
	struct web_request same = question(7, true), later = question(8, true), plain = question(7, false);
	struct web_request list = { .kind = WEB_WINDOWS }, other_client = same, other = same;
	struct stamp changed = as_it_was;

	answers = (struct hub_answers){};
	assert_int_equal(given(&same, &as_it_was), -1);
	keep(7, 100, 0);
	other_client.client.s6_addr[0] = 1;
	other.question.n_rows++;
	changed.journal_ns++;
	assert_int_equal(given(&same, &as_it_was), 100);
	assert_int_equal(given(&other_client, &as_it_was), 100);
	assert_int_equal(given(&later, &as_it_was), -1);
	assert_int_equal(given(&plain, &as_it_was), -1);
	assert_int_equal(given(&list, &as_it_was), -1);
	assert_int_equal(given(&other, &as_it_was), -1);
	assert_int_equal(given(&same, &changed), -1);
	assert_int_equal(answers.n_given, 2);
	hub_answers_done(&answers);
	assert_int_equal(answers.n_bytes, 0);
	assert_int_equal(given(&same, &as_it_was), -1);
}

/* What was kept first makes way, for number and for bytes; what is too large is not kept, nor what is old. */
static void test_bounds(void **state)
{
	struct web_request first = question(0, true), second = question(1, true), large = question(1000, true);

	answers = (struct hub_answers){};
	for (int i = 0; i < HUB_ANSWERS_MAX + 1; i++)
		keep(i, 10, (uint64_t)i);
	assert_int_equal(given(&first, &as_it_was), -1);
	assert_int_equal(given(&second, &as_it_was), 10);
	assert_int_equal(answers.n_bytes, 10 * HUB_ANSWERS_MAX);
	keep(1000, (off_t)HUB_ANSWERS_MAX_BYTES + 1, 100);
	assert_int_equal(given(&large, &as_it_was), -1);
	assert_int_equal(given(&second, &as_it_was), 10);
	keep(1000, (off_t)HUB_ANSWERS_MAX_BYTES, 100);
	assert_int_equal(given(&large, &as_it_was), HUB_ANSWERS_MAX_BYTES);
	assert_int_equal(given(&second, &as_it_was), -1);
	assert_int_equal(answers.n_bytes, HUB_ANSWERS_MAX_BYTES);
	hub_answers_forget(&answers, 99); /* a turn's time is that of its begin */
	hub_answers_forget(&answers, 100 + HUB_ANSWERS_KEPT_NS);
	assert_int_equal(given(&large, &as_it_was), HUB_ANSWERS_MAX_BYTES);
	hub_answers_forget(&answers, 101 + HUB_ANSWERS_KEPT_NS);
	assert_int_equal(given(&large, &as_it_was), -1);
	assert_int_equal(answers.n_bytes, 0);
}

static void add(uint64_t id, const struct web_request *r)
{
	assert_int_equal(hub_jobs_add(&jobs, id, r, -1), 0);
}

/* One that a child is at is not next again; others are. */
static void test_under_way(void **state)
{
	struct web_request a = question(7, true), b = question(8, true);

	jobs = (struct hub_jobs){};
	add(1, &a);
	add(2, &a);
	add(3, &b);
	assert_null(hub_jobs_find_same(&jobs, hub_jobs_find(&jobs, 1), true));
	assert_int_equal(hub_jobs_find_same(&jobs, hub_jobs_find(&jobs, 1), false)->id, 2);
	assert_null(hub_jobs_find_same(&jobs, hub_jobs_find(&jobs, 3), false));
	hub_jobs_begin(&jobs, hub_jobs_next(&jobs, HUB_LANE_PAGE));
	assert_int_equal(hub_jobs_find_same(&jobs, hub_jobs_find(&jobs, 2), true)->id, 1);
	assert_int_equal(hub_jobs_next(&jobs, HUB_LANE_PAGE)->id, 3);
	hub_jobs_begin(&jobs, hub_jobs_next(&jobs, HUB_LANE_PAGE));
	assert_null(hub_jobs_next(&jobs, HUB_LANE_PAGE));
	hub_jobs_remove(&jobs, hub_jobs_find(&jobs, 1)); /* there was no answer: it is tried again */
	assert_int_equal(hub_jobs_next(&jobs, HUB_LANE_PAGE)->id, 2);
	hub_jobs_done(&jobs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
