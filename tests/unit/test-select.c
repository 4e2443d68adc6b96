// SPDX-License-Identifier: Apache-2.0
/* Which windows a selection has: by time, by labels, and each once, whatever was merged. */
#include "store/chosen.h"
#include "tests/unit/store-fixture.h"

#define MINUTE_NS (60 * (int64_t)NS_PER_S)

static void add(struct store *s, enum window_tier tier, uint64_t first, uint64_t last, int64_t start_ns, uint64_t n)
{
	const struct made m = { .tier = tier, .first = first, .last = last, .start_ns = start_ns, .n_windows = n };
	struct window_info info;

	assert_int_equal(put(s, &m, &info), 0);
}

static const char *range(struct store *s, int64_t since_ns, int64_t until_ns, enum selection_files files)
{
	const struct selection selection = { .since_ns = BASE_NS + since_ns,
					     .until_ns = BASE_NS + until_ns,
					     .files = files };

	return selected(s, &selection);
}

static void remove_raw(struct store *s, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++) {
		struct window_info info;

		assert_int_equal(store_find(s, WINDOW_RAW, i, &info), 0);
		assert_int_equal(store_remove(s, &info), 0);
	}
}

static void test_times(void **state)
{
	struct store *s = open_store(STORE_WRITE);

	put_windows(s, 0, 5);
	store_free(s);
	s = open_store(STORE_READ);
	assert_string_equal(range(s, 10 * (int64_t)NS_PER_S, 30 * (int64_t)NS_PER_S, SELECT_FINEST), "1 2 ");
	assert_string_equal(range(s, 10 * (int64_t)NS_PER_S + 1, 30 * (int64_t)NS_PER_S + 1, SELECT_FINEST), "2 3 ");
	assert_string_equal(range(s, 0, 0, SELECT_FINEST), "");
	assert_string_equal(range(s, 100 * MINUTE_NS, 200 * MINUTE_NS, SELECT_FINEST), "");
	store_free(s);
}

/* Raw windows 0..11 in two minutes, which are merged, and all of it in an hour. */
static void test_each_once(void **state)
{
	struct store *s = open_store(STORE_WRITE), *r;

	put_windows(s, 0, 13);
	add(s, WINDOW_MINUTE, 0, 5, BASE_NS, 6);
	add(s, WINDOW_MINUTE, 6, 11, BASE_NS + MINUTE_NS, 6);
	r = open_store(STORE_MAINTAIN);
	assert_string_equal(all_of(r), "minute:0-5 0 1 2 3 4 5 minute:6-11 6 7 8 9 10 11 12 13 ");
	assert_string_equal(range(r, 0, 1000 * MINUTE_NS, SELECT_FINEST), "0 1 2 3 4 5 6 7 8 9 10 11 12 13 ");
	assert_string_equal(range(r, 0, 1000 * MINUTE_NS, SELECT_FEWEST), "minute:0-5 minute:6-11 12 13 ");
	/* Where a minute reaches out of the range, its windows do, as long as they are there. */
	assert_string_equal(range(r, 1, 1000 * MINUTE_NS, SELECT_FEWEST), "1 2 3 4 5 minute:6-11 12 13 ");
	assert_string_equal(range(r, 0, 2 * MINUTE_NS - 1, SELECT_FEWEST), "minute:0-5 6 7 8 9 10 11 ");
	remove_raw(r, 0, 2); /* as one who was killed left it */
	assert_string_equal(range(r, 0, 1000 * MINUTE_NS, SELECT_FINEST), "minute:0-5 6 7 8 9 10 11 12 13 ");
	assert_string_equal(range(r, 1, 1000 * MINUTE_NS, SELECT_FEWEST), "minute:6-11 12 13 ");
	add(s, WINDOW_HOUR, 0, 11, BASE_NS, 12);
	assert_string_equal(range(r, 0, 1000 * MINUTE_NS, SELECT_FINEST), "minute:0-5 6 7 8 9 10 11 12 13 ");
	assert_string_equal(range(r, 0, 20 * MINUTE_NS, SELECT_FEWEST), "hour:0-11 12 13 ");
	assert_string_equal(range(r, 0, 19 * MINUTE_NS, SELECT_FEWEST), "minute:0-5 minute:6-11 12 13 ");
	assert_string_equal(range(r, 0, 20 * MINUTE_NS, SELECT_MINUTES), "minute:0-5 minute:6-11 12 13 ");
	assert_string_equal(range(r, 0, 2 * MINUTE_NS - 1, SELECT_MINUTES), "minute:0-5 6 7 8 9 10 11 ");
	remove_raw(r, 3, 11);
	assert_string_equal(range(r, 0, 1000 * MINUTE_NS, SELECT_FINEST), "minute:0-5 minute:6-11 12 13 ");
	assert_string_equal(range(r, -MINUTE_NS, 19 * MINUTE_NS, SELECT_FEWEST), "minute:0-5 minute:6-11 12 13 ");
	store_free(r);
	store_free(s);
}

/* More ranges than are kept, and each again: what another adds, and what is removed, is seen. */
static void test_asked_again(void **state)
{
	struct store *s = open_store(STORE_WRITE), *r, *m;

	put_windows(s, 0, 2);
	r = open_store(STORE_READ);
	m = open_store(STORE_MAINTAIN);
	for (int i = 0; i < 2 * (CHOSEN_N_RANGES + 1); i++)
		assert_string_equal(range(r, -i % (CHOSEN_N_RANGES + 1), MINUTE_NS, SELECT_FEWEST), "0 1 2 ");
	put_windows(s, 3, 3);
	for (int i = 0; i < CHOSEN_N_RANGES + 1; i++)
		assert_string_equal(range(r, -i, MINUTE_NS, SELECT_FEWEST), "0 1 2 3 ");
	assert_string_equal(range(m, 0, MINUTE_NS, SELECT_FEWEST), "0 1 2 3 ");
	remove_raw(m, 1, 1);
	assert_string_equal(range(m, 0, MINUTE_NS, SELECT_FEWEST), "0 2 3 ");
	assert_string_equal(range(r, 0, MINUTE_NS, SELECT_FEWEST), "0 2 3 ");
	assert_string_equal(range(r, 0, MINUTE_NS, SELECT_MINUTES), "0 2 3 ");
	assert_string_equal(range(r, 0, MINUTE_NS, SELECT_FEWEST), "0 2 3 ");
	store_free(m);
	store_free(r);
	store_free(s);
}

static void test_kept_rows(void **state)
{
	static struct catalogue_row row = { .row = 7 }, many[CHOSEN_MAX_ROWS + 1];
	const struct catalogue_rows one = { &row, 1 }, too_many = { many, ARRAY_SIZE(many) };
	const struct catalogue_version version = { 1, 2 }, others = { 2, 2 }, own = { 1, 3 };
	struct chosen c = {};
	struct catalogue_rows found = {};

	for (int i = 0; i <= CHOSEN_N_RANGES; i++)
		chosen_keep(&c, &(struct chosen_range){ i, 9, SELECT_FEWEST }, &version, &one);
	assert_int_equal(chosen_find(&c, &(struct chosen_range){ 0, 9, SELECT_FEWEST }, &version, &found),
			 CHOSEN_UNKNOWN); /* it made way */
	for (int i = 1; i <= CHOSEN_N_RANGES; i++) {
		assert_int_equal(chosen_find(&c, &(struct chosen_range){ i, 9, SELECT_FEWEST }, &version, &found), 0);
		assert_int_equal(found.n, 1);
		assert_int_equal(found.rows[0].row, 7);
		assert_ptr_not_equal(found.rows, &row);
		catalogue_rows_done(&found);
	}
	assert_int_equal(chosen_find(&c, &(struct chosen_range){ 1, 8, SELECT_FEWEST }, &version, &found),
			 CHOSEN_UNKNOWN);
	assert_int_equal(chosen_find(&c, &(struct chosen_range){ 1, 9, SELECT_ALL }, &version, &found), CHOSEN_UNKNOWN);
	assert_int_equal(chosen_find(&c, &(struct chosen_range){ 1, 9, SELECT_FEWEST }, &others, &found),
			 CHOSEN_UNKNOWN);
	assert_int_equal(chosen_find(&c, &(struct chosen_range){ 1, 9, SELECT_FEWEST }, &own, &found), CHOSEN_UNKNOWN);
	chosen_keep(&c, &(struct chosen_range){ 0, 9, SELECT_FEWEST }, &version, &too_many);
	assert_int_equal(chosen_find(&c, &(struct chosen_range){ 0, 9, SELECT_FEWEST }, &version, &found),
			 CHOSEN_UNKNOWN);
	chosen_done(&c);
}

static int64_t end_of_only(struct store *s)
{
	const struct selection selection = { .since_ns = BASE_NS, .until_ns = INT64_MAX };
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	struct window_info info, none;

	assert_int_equal(store_select(s, &selection, &c), 0);
	assert_int_equal(window_cursor_next(c, &info), 0);
	assert_int_equal(info.tier, WINDOW_HOUR);
	assert_int_equal(window_cursor_next(c, &none), STORE_END);
	return window_end_ns(&info);
}

static void remove_minutes(struct store *s, uint64_t first, uint64_t last)
{
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	struct window_info info;

	assert_int_equal(store_list(s, WINDOW_MINUTE, first, last, false, 10, &c), 0);
	while (window_cursor_next(c, &info) == 0)
		assert_int_equal(store_remove(s, &info), 0);
}

/* An hour that was merged before it was over, or whose host fell silent in it: its minutes tell, if all are there. */
static void test_end_of_an_hour(void **state)
{
	const int64_t hour_ns = BASE_NS - BASE_NS % (60 * MINUTE_NS) + 60 * MINUTE_NS;
	struct store *s = open_store(STORE_WRITE);

	put_windows(s, 6, 11);
	add(s, WINDOW_MINUTE, 0, 5, BASE_NS, 6);
	add(s, WINDOW_MINUTE, 6, 11, BASE_NS + MINUTE_NS, 6);
	add(s, WINDOW_HOUR, 0, 11, BASE_NS, 12);
	store_free(s);
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(end_of_only(s), BASE_NS + 2 * MINUTE_NS);
	remove_minutes(s, 6, 11);
	assert_int_equal(end_of_only(s), hour_ns); /* not that of the first minute: raw windows are no less */
	remove_raw(s, 6, 11);
	assert_int_equal(end_of_only(s), hour_ns);
	store_free(s);
}

/* Hosts have sequences in common, as where one store takes what others send. */
static void test_hosts(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct window_info info;

	for (uint64_t i = 0; i < 6; i++)
		assert_int_equal(put(s,
				     &(struct made){ .first = i,
						     .host = i % 2 ? "b" : "a",
						     .start_ns = BASE_NS + (int64_t)i * WINDOW_NS },
				     &info),
				 0);
	assert_int_equal(put(s,
			     &(struct made){ .tier = WINDOW_MINUTE,
					     .first = 0,
					     .last = 4,
					     .host = "a",
					     .start_ns = BASE_NS,
					     .n_windows = 3 },
			     &info),
			 0);
	store_free(s);
	s = open_store(STORE_READ);
	assert_string_equal(range(s, 0, MINUTE_NS, SELECT_FEWEST), "minute:0-4 1 3 5 ");
	assert_string_equal(range(s, 0, MINUTE_NS, SELECT_FINEST), "0 1 2 3 4 5 ");
	store_free(s);
}

static const char *labelled(struct store *s, const char *a, const char *b)
{
	_cleanup_(selection_done) struct selection selection = SELECTION_ALL_TIME;
	char why[MATCHER_WHY_BYTES];

	assert_int_equal(selection_add(&selection, a, why), 0);
	if (b)
		assert_int_equal(selection_add(&selection, b, why), 0);
	return selected(s, &selection);
}

static void test_labels(void **state)
{
	static const char *const services[] = { "api", "db", "api,db", "web" };
	struct store *s = open_store(STORE_WRITE);
	struct window_info info;

	for (uint64_t i = 0; i < ARRAY_SIZE(services); i++)
		assert_int_equal(put(s,
				     &(struct made){ .first = i,
						     .services = services[i],
						     .start_ns = BASE_NS + (int64_t)i * WINDOW_NS },
				     &info),
				 0);
	store_free(s);
	for (int is_rebuilt = 0; is_rebuilt < 2; is_rebuilt++) {
		s = open_store(STORE_READ);
		assert_string_equal(labelled(s, "service=api", NULL), "0 2 ");
		assert_string_equal(labelled(s, "service=~api|web", NULL), "0 2 3 ");
		assert_string_equal(labelled(s, "service=api", "service=db"), "2 "); /* some sample may; none does */
		assert_string_equal(labelled(s, "service=none", NULL), "");
		assert_string_equal(labelled(s, "other=x", NULL), "");
		/* What the absence of a label matches leaves no window out. */
		assert_string_equal(labelled(s, "service!=api", NULL), "0 1 2 3 ");
		assert_string_equal(labelled(s, "other=", NULL), "0 1 2 3 ");
		/* Numbers are not in the catalogue: only that there are some. */
		assert_string_equal(labelled(s, "pid=8", NULL), "0 1 2 3 ");
		store_free(s);
		if (!is_rebuilt)
			assert_int_equal(unlinkat(state_fd, "catalog.db", 0), 0);
	}
}

static void test_labels_that_nobody_has_are_forgotten(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct window_info info;

	put_windows(s, 0, 3);
	assert_int_equal(put(s, &(struct made){ .first = 4, .services = "db", .start_ns = BASE_NS }, &info), 0);
	assert_int_equal(store_remove(s, &info), 0);
	store_free(s);
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(store_reconcile(s), 0);
	assert_string_equal(labelled(s, "service=api", NULL), "0 1 2 3 ");
	assert_string_equal(labelled(s, "service=db", NULL), "");
	store_free(s);
	s = open_store(STORE_WRITE);
	assert_int_equal(put(s, &(struct made){ .first = 5, .services = "db", .start_ns = BASE_NS }, &info), 0);
	store_free(s);
	s = open_store(STORE_READ);
	assert_string_equal(labelled(s, "service=db", NULL), "5 ");
	store_free(s);
}

static const char *listed(struct store *s, uint64_t first, uint64_t last, bool newest_first, size_t max)
{
	struct window_cursor *c = NULL;

	assert_int_equal(store_list(s, WINDOW_RAW, first, last, newest_first, max, &c), 0);
	return sequences_of(c);
}

/* Sequences do no harm when clocks are set: the later window begins earlier. */
static void test_sequences(void **state)
{
	struct store *s = open_store(STORE_WRITE);

	put_windows(s, 0, 4);
	add(s, WINDOW_RAW, 5, 5, BASE_NS - 3 * 86400 * (int64_t)NS_PER_S, 1);
	store_free(s);
	s = open_store(STORE_READ);
	assert_string_equal(listed(s, 2, UINT64_MAX, false, SIZE_MAX), "2 3 4 5 ");
	assert_string_equal(listed(s, 2, 4, true, SIZE_MAX), "4 3 2 ");
	assert_string_equal(listed(s, 0, UINT64_MAX, true, 2), "5 4 ");
	assert_string_equal(listed(s, 0, UINT64_MAX, false, 2), "0 1 ");
	assert_string_equal(listed(s, 6, UINT64_MAX, false, 2), "");
	assert_string_equal(listed(s, UINT64_MAX, UINT64_MAX, false, 2), "");
	assert_int_equal(store_next_sequence(s), 6);
	store_free(s);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, state_set_up, state_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_times),     TEST(test_each_once),   TEST(test_end_of_an_hour),
		TEST(test_hosts),     TEST(test_labels),      TEST(test_labels_that_nobody_has_are_forgotten),
		TEST(test_sequences), TEST(test_asked_again), TEST(test_kept_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
