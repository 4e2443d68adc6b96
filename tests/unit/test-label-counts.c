// SPDX-License-Identifier: Apache-2.0
/* Labels of a store's windows, counted by its catalogue. */
#include "store/label-counts.h"

#include "tests/unit/store-fixture.h"

/* "api=2 db=1 " */
static const char *counted(const struct selection *selection, const char *key, const char *prefix, uint64_t *ret_beyond)
{
	static char text[4096];
	_cleanup_(label_counts_done) struct label_counts counts = {};
	_cleanup_(store_freep) struct store *s = open_store(STORE_READ);
	size_t size = 0;

	text[0] = 0;
	assert_int_equal(store_count_labels(s, selection, key, prefix, &counts), 0);
	assert_false(counts.is_partial);
	for (size_t i = 0; i < counts.n && i < 100; i++)
		size += (size_t)snprintf(text + size, sizeof(text) - size, "%s=%lu ", counts.items[i].text,
					 (unsigned long)counts.items[i].n);
	*ret_beyond = counts.n_beyond;
	return text;
}

static void test_counts(void **state)
{
	const struct made all[] = {
		{ .first = 0, .start_ns = BASE_NS, .services = "api,db" },
		{ .first = 1, .start_ns = BASE_NS + WINDOW_NS, .services = "api" },
		{ .first = 2, .start_ns = BASE_NS + 2 * WINDOW_NS, .services = "web,apt" },
		/* a merged one stands for the two that it is made of */
		{ .tier = WINDOW_MINUTE,
		  .first = 3,
		  .last = 4,
		  .start_ns = BASE_NS + 30 * WINDOW_NS,
		  .n_windows = 2,
		  .services = "web" },
		{ .first = 3, .start_ns = BASE_NS + 30 * WINDOW_NS, .services = "web" },
		{ .first = 4, .start_ns = BASE_NS + 31 * WINDOW_NS, .services = "web" },
		{ .first = 5, .start_ns = BASE_NS + 40 * WINDOW_NS, .services = "api" }, /* the same labels again */
	};
	_cleanup_(store_freep) struct store *s = open_store(STORE_WRITE);
	struct selection time = SELECTION_ALL_TIME, matched = SELECTION_ALL_TIME;
	char why[MATCHER_WHY_BYTES];
	struct window_info info;
	uint64_t n_beyond;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		assert_int_equal(put(s, &all[i], &info), 0);
	assert_string_equal(counted(&time, "service_name", "", &n_beyond), "api=3 web=3 apt=1 db=1 ");
	assert_string_equal(counted(&time, "service_name", "ap", &n_beyond), "api=3 apt=1 ");
	assert_string_equal(counted(&time, "pid", "", &n_beyond), "=6 ");
	assert_string_equal(counted(&time, "no_such", "", &n_beyond), "");
	assert_string_equal(counted(&time, NULL, "", &n_beyond), "pid=1 service_name=4 ");
	assert_string_equal(counted(&time, NULL, "s", &n_beyond), "service_name=4 ");
	time.until_ns = BASE_NS + WINDOW_NS;
	assert_string_equal(counted(&time, "service_name", "", &n_beyond), "api=1 db=1 ");
	assert_int_equal(selection_add(&matched, "service=db", why), 0);
	assert_string_equal(counted(&matched, "service_name", "", &n_beyond), "api=1 db=1 ");
	selection_done(&matched);
}

static void test_empty(void **state)
{
	const struct selection all = SELECTION_ALL_TIME;
	uint64_t n_beyond;

	store_free(open_store(STORE_WRITE));
	assert_string_equal(counted(&all, NULL, "", &n_beyond), "");
	assert_string_equal(counted(&all, "service_name", "", &n_beyond), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counts, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_empty, state_set_up, state_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
