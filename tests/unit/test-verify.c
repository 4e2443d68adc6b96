// SPDX-License-Identifier: Apache-2.0
/* What is wrong with a store is told, and what is right is not. */
#include "store/verify.h"

#include "tests/unit/store-fixture.h"

#define FILE_2 "windows/2026-11-29/01/20261129T014020.000Z-h-00000002.pb.zst"

static void expect(uint64_t n_files, uint64_t n_problems, const char *what)
{
	_cleanup_(verification_done) struct verification v = {};
	struct store *s = open_store(STORE_READ);

	assert_int_equal(store_verify(s, &v), 0);
	assert_int_equal(v.n_problems, n_problems);
	assert_int_equal(v.n_told, n_problems);
	if (what && !strstr(v.problems[0].what, what))
		fail_msg("%s, and not %s", v.problems[0].what, what);
	assert_int_equal(v.n_files, n_files);
	store_free(s);
}

static void make_three(void)
{
	struct store *s = open_store(STORE_WRITE);

	put_windows(s, 1, 3);
	store_free(s);
}

static void write_made(const struct made *m, void (*change)(struct window_info *))
{
	_cleanup_(label_values_done) struct label_values labels = {};
	_cleanup_(buf_done) struct buf raw = {};
	struct store *s = open_store(STORE_WRITE);
	struct window_info info;

	make_profile(m, &info, &labels, &raw);
	change(&info);
	assert_int_equal(store_write(s, &info, &labels, &raw), 0);
	store_free(s);
}

static void test_a_sound_store(void **state)
{
	make_three();
	expect(3, 0, NULL);
	assert_int_equal(unlinkat(state_fd, "catalog.db", 0), 0);
	expect(3, 0, NULL);
}

static void test_damage(void **state)
{
	make_three();
	state_put(FILE_2, "no window");
	expect(2, 1, "damaged");
	assert_true(state_has(FILE_2)); /* it changes nothing */
	assert_int_equal(unlinkat(state_fd, FILE_2, 0), 0);
	expect(2, 0, NULL); /* the folder tells that the row is old */
}

static void be_another(struct window_info *info)
{
	info->id[0] = 'f';
}

static void be_later(struct window_info *info)
{
	info->start_ns += 7 * WINDOW_NS;
}

static void test_wrong_rows_and_names(void **state)
{
	make_three();
	write_made(&(struct made){ .first = 4, .start_ns = BASE_NS }, be_another);
	expect(4, 1, "row");
	write_made(&(struct made){ .first = 5, .start_ns = BASE_NS }, be_later);
	expect(4, 2, "row");
}

static void test_ledgers(void **state)
{
	make_three();
	write_made(&(struct made){ .first = 4, .start_ns = BASE_NS, .n_windows = 2 }, be_another);
	expect(3, 1, "more than one window");
	write_made(&(struct made){ .first = 4, .start_ns = BASE_NS, .n_more_due = 1 }, be_another);
	expect(3, 1, "does not balance");
	write_made(&(struct made){ .first = 4, .start_ns = BASE_NS, .n_more_samples = 1 }, be_another);
	expect(3, 1, "other samples");
}

/* Rows that are trusted, since the folder has not changed since, are to be right. */
static void test_a_trusted_folder(void **state)
{
	const char *folder = "windows/2026-11-29/01";
	struct timespec old[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000 } };
	struct store *s;

	make_three();
	assert_int_equal(utimensat(state_fd, folder, old, 0), 0);
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(store_reconcile(s), 0);
	store_free(s);
	expect(3, 0, NULL);
	assert_int_equal(renameat(state_fd, FILE_2, state_fd, "aside"), 0);
	assert_int_equal(utimensat(state_fd, folder, old, 0), 0);
	expect(2, 1, "is not there");
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(store_rebuild(s), 0);
	store_free(s);
	expect(2, 0, NULL);
	assert_int_equal(utimensat(state_fd, folder, old, 0), 0);
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(store_reconcile(s), 0);
	store_free(s);
	assert_int_equal(renameat(state_fd, "aside", state_fd, FILE_2), 0);
	assert_int_equal(utimensat(state_fd, folder, old, 0), 0);
	expect(3, 1, "has no row");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, state_set_up, state_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_sound_store), TEST(test_damage),           TEST(test_wrong_rows_and_names),
		TEST(test_ledgers),       TEST(test_a_trusted_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
