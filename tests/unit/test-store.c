// SPDX-License-Identifier: Apache-2.0
/* A store on a real disk: what is written is found, whatever becomes of the catalogue. */
#include <sys/mount.h>

#include "tests/unit/store-fixture.h"

static void test_what_is_written_is_found(void **state)
{
	const struct made m = { .first = 7, .start_ns = BASE_NS + 5, .host = "h/o st", .services = "api,db" };
	struct store *w = open_store(STORE_WRITE), *r;
	struct window_info put_info, info;
	struct profile *p = NULL;

	assert_int_equal(store_next_sequence(w), 0);
	assert_int_equal(put(w, &m, &put_info), 0);
	assert_int_equal(store_next_sequence(w), 8);
	assert_true(state_has("windows/2026-11-29/01/20261129T014000.000Z-h_o_st-00000007.pb.zst"));
	r = open_store(STORE_READ);
	assert_int_equal(store_find(r, 7, &info), 0);
	assert_memory_equal(&info, &put_info, sizeof(info));
	assert_int_equal(info.start_ns, BASE_NS + 5);
	assert_true(info.n_bytes > 0 && info.n_disk_bytes >= 512 && info.n_raw_bytes > info.n_bytes / 2);
	assert_int_equal(store_load(r, &info, &p), 0);
	assert_int_equal(p->n_samples, 2);
	assert_int_equal(store_find(r, 6, &info), STORE_GONE);
	profile_free(p);
	store_free(r);
	store_free(w);
}

static void test_without_the_catalogue(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct window_info with, without;

	put_row_of(s, 1, 3);
	store_free(s);
	s = open_store(STORE_READ);
	assert_int_equal(store_find(s, 2, &with), 0);
	store_free(s);
	assert_int_equal(unlinkat(state_fd, "catalog.db", 0), 0);
	s = open_store(STORE_READ);
	assert_int_equal(store_find(s, 2, &without), 0);
	assert_memory_equal(&with, &without, sizeof(with));
	assert_string_equal(all_of(s), "1 2 3 ");
	store_free(s);
	assert_false(state_has("catalog.db"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, state_set_up, state_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_written_is_found),
		TEST(test_without_the_catalogue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
