// SPDX-License-Identifier: Apache-2.0
/* Windows become minutes, minutes hours: what stands for what, and that no sample is lost or doubled. */
#include <fcntl.h>

#include "common/fsutil.h"
#include "store/compact.h"
#include "tests/unit/store-fixture.h"

#define MINUTE_NS (60 * (int64_t)NS_PER_S)
#define HOUR_NS (60 * MINUTE_NS)

static struct compact_stats compact(struct store *s, int64_t now_ns)
{
	struct compact_stats stats;

	assert_int_equal(compact_run(s, 0, now_ns, &stats), 0);
	return stats;
}

static uint64_t samples_of(const struct profile *p)
{
	uint64_t n = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		n += (uint64_t)p->samples[i].values[0];
	return n;
}

/* The samples of what is selected, which are those of the ledgers. */
static uint64_t n_samples(struct store *s, enum selection_files files)
{
	const struct selection all = { .until_ns = INT64_MAX, .files = files };
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	struct window_info info;
	uint64_t n = 0;

	assert_int_equal(store_select(s, &all, &c), 0);
	while (window_cursor_next(c, &info) == 0) {
		_cleanup_(profile_freep) struct profile *p = NULL;

		assert_int_equal(store_load(s, &info, &p), 0);
		assert_int_equal(samples_of(p), info.ledger.in_profile);
		assert_true(ledger_balances(&info.ledger));
		n += info.ledger.in_profile;
	}
	return n;
}

/* Windows 1 to 14 begin 10 s to 140 s after a minute began: 5, 6, and the first three of the next minute. */
static void test_minutes(void **state)
{
	struct store *w = open_store(STORE_WRITE), *s;
	struct compact_stats stats;
	const struct selection all = { .until_ns = INT64_MAX };

	put_windows(w, 1, 14);
	s = open_store(STORE_MAINTAIN);
	stats = compact(s, BASE_NS + 141 * (int64_t)NS_PER_S);
	assert_int_equal(stats.n_files, 2);
	assert_int_equal(stats.n_merged, 11);
	assert_int_equal(stats.n_failed + stats.n_unreadable, 0);
	assert_string_equal(selected(s, &all), "minute:1-5 minute:6-11 12 13 14 ");
	assert_true(state_has("minutes/2026-11-29/20261129T014010.000Z-h-00000001-00000005.pb.zst"));
	assert_int_equal(n_samples(s, SELECT_FEWEST), 14 * 3);
	assert_int_equal(n_samples(s, SELECT_FINEST), 14 * 3);
	assert_int_equal(compact(s, BASE_NS + 142 * (int64_t)NS_PER_S).n_files, 0);
	/* The rest, once its minute is over for a while. */
	assert_int_equal(compact(s, BASE_NS + 4 * MINUTE_NS).n_files, 1);
	assert_string_equal(selected(s, &all), "minute:1-5 minute:6-11 minute:12-14 ");
	store_free(s);
	store_free(w);
}

static void test_what_a_file_says(void **state)
{
	struct store *w = open_store(STORE_WRITE), *s;
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	_cleanup_(profile_freep) struct profile *p = NULL;
	struct window_info info, again;

	put_windows(w, 1, 5);
	s = open_store(STORE_MAINTAIN);
	compact(s, BASE_NS + HOUR_NS / 6);
	assert_int_equal(store_list(s, WINDOW_MINUTE, 0, UINT64_MAX, false, 9, &c), 0);
	assert_int_equal(window_cursor_next(c, &info), 0);
	assert_int_equal(info.ledger.windows, 5);
	assert_int_equal(info.ledger.due, 15);
	assert_int_equal(info.duration_ns, 5 * WINDOW_NS);
	assert_int_equal(info.start_ns, BASE_NS + WINDOW_NS);
	assert_string_equal(info.host, "h");
	assert_int_equal(store_load(s, &info, &p), 0);
	assert_int_equal(p->n_samples, 1);
	assert_int_equal(p->samples[0].values[0], 15);
	assert_int_equal(p->samples[0].values[1], 5 * 30303030);
	assert_string_equal(p->comments[p->n_comments - 1], "merged 1 minute 1-5");
	/* Made again it is the same, so that a second one replaces it. */
	assert_int_equal(store_remove(s, &info), 0);
	compact(s, BASE_NS + HOUR_NS / 6);
	window_cursor_free(take_ptr(c));
	assert_int_equal(store_list(s, WINDOW_MINUTE, 0, UINT64_MAX, false, 9, &c), 0);
	assert_int_equal(window_cursor_next(c, &again), 0);
	assert_string_equal(again.id, info.id);
	store_free(s);
	store_free(w);
}

static void test_hours(void **state)
{
	struct store *w = open_store(STORE_WRITE), *s;
	const struct selection all = { .until_ns = INT64_MAX };
	_cleanup_(profile_freep) struct profile *p = NULL;
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	struct window_info info;

	put_windows(w, 1, 200); /* from 01:40:10 to 02:13:20 */
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(compact(s, BASE_NS + 200 * WINDOW_NS).n_files, 33 + 1);
	assert_int_equal(n_samples(s, SELECT_FEWEST), 200 * 3);
	assert_int_equal(n_samples(s, SELECT_FINEST), 200 * 3);
	compact(s, BASE_NS + 2 * HOUR_NS);
	assert_string_equal(selected(s, &all), "hour:1-119 hour:120-200 ");
	assert_int_equal(n_samples(s, SELECT_FEWEST), 200 * 3);
	assert_int_equal(store_list(s, WINDOW_HOUR, 0, UINT64_MAX, false, 9, &c), 0);
	assert_int_equal(window_cursor_next(c, &info), 0);
	assert_int_equal(store_load(s, &info, &p), 0);
	assert_int_equal(p->n_comments, 2); /* its ledger, and what it stands for */
	assert_string_equal(p->comments[1], "merged 1 hour 1-119");
	store_free(s);
	store_free(w);
}

/* A window that comes late, or after the clock was set back, gets a file of its own. */
static void test_late(void **state)
{
	struct store *w = open_store(STORE_WRITE), *s;
	const struct selection all = { .until_ns = INT64_MAX };
	const struct made late = { .first = 6, .start_ns = BASE_NS + 15 * (int64_t)NS_PER_S };
	struct window_info info;

	put_windows(w, 1, 5);
	s = open_store(STORE_MAINTAIN);
	compact(s, BASE_NS + 3 * MINUTE_NS);
	assert_int_equal(put(w, &late, &info), 0);
	put_windows(w, 7, 9);
	compact(s, BASE_NS + 5 * MINUTE_NS);
	assert_string_equal(selected(s, &all), "minute:1-5 minute:6-6 minute:7-9 ");
	assert_int_equal(n_samples(s, SELECT_FEWEST), 9 * 3);
	compact(s, BASE_NS + 3 * HOUR_NS);
	assert_string_equal(selected(s, &all), "hour:1-9 ");
	assert_int_equal(n_samples(s, SELECT_FEWEST), 9 * 3);
	store_free(s);
	store_free(w);
}

static void test_hosts(void **state)
{
	struct store *w = open_store(STORE_WRITE), *s;
	const struct selection all = { .until_ns = INT64_MAX };
	struct window_info info;

	for (uint64_t i = 1; i <= 4; i++) {
		const struct made m = { .first = i, .start_ns = BASE_NS + 1, .host = i % 2 ? "a" : "b" };

		assert_int_equal(put(w, &m, &info), 0);
	}
	s = open_store(STORE_MAINTAIN);
	compact(s, BASE_NS + HOUR_NS / 6);
	assert_string_equal(selected(s, &all), "minute:1-3 minute:2-4 ");
	assert_int_equal(n_samples(s, SELECT_FEWEST), 4 * 3);
	assert_int_equal(n_samples(s, SELECT_FINEST), 4 * 3);
	store_free(s);
	store_free(w);
}

/* What cannot be read is set aside, and the others are merged without it. */
static void test_damaged(void **state)
{
	struct store *w = open_store(STORE_WRITE), *s;
	const struct selection all = { .until_ns = INT64_MAX };
	struct compact_stats stats;
	int fd;

	put_windows(w, 1, 5);
	fd = openat(state_fd, "windows/2026-11-29/01/20261129T014030.000Z-h-00000003.pb.zst", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "????????????", 12, 20), 12);
	close_fd(fd);
	s = open_store(STORE_MAINTAIN);
	stats = compact(s, BASE_NS + HOUR_NS / 6);
	assert_int_equal(stats.n_files, 1);
	assert_int_equal(stats.n_merged, 4);
	assert_int_equal(stats.n_unreadable, 1);
	assert_int_equal(n_samples(s, SELECT_FEWEST), 4 * 3);
	assert_int_equal(n_samples(s, SELECT_FINEST), 4 * 3);
	assert_string_equal(selected(s, &all), "minute:1-5 ");
	assert_true(state_has("bad/20261129T014030.000Z-h-00000003.pb.zst"));
	store_free(s);
	store_free(w);
}

/* Whoever was killed between the file and its row finds the file by its folder. */
static void test_without_rows(void **state)
{
	struct store *w = open_store(STORE_WRITE), *s;

	put_windows(w, 1, 9);
	s = open_store(STORE_MAINTAIN);
	compact(s, BASE_NS + 2 * MINUTE_NS);
	store_free(s);
	assert_int_equal(unlinkat(state_fd, "catalog.db", 0), 0);
	put_windows(w, 10, 12);
	s = open_store(STORE_MAINTAIN);
	compact(s, BASE_NS + 5 * MINUTE_NS);
	assert_int_equal(n_samples(s, SELECT_FEWEST), 12 * 3);
	assert_int_equal(n_samples(s, SELECT_FINEST), 12 * 3);
	store_free(s);
	store_free(w);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, state_set_up, state_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_minutes), TEST(test_what_a_file_says), TEST(test_hours),        TEST(test_late),
		TEST(test_hosts),   TEST(test_damaged),          TEST(test_without_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
