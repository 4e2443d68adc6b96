// SPDX-License-Identifier: Apache-2.0
/* Profiles of a store and of files, one after another; what is gone or damaged is passed over and counted. */
#include "report/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "report/coverage.h"
#include "store/name.h"
#include "tests/unit/store-fixture.h"

/* The next, which must be a window that begins then. */
static void assert_next(struct source *s, int64_t start_ns, size_t n_samples)
{
	struct source_item item;

	assert_int_equal(source_next(s, &item), 0);
	assert_int_equal(item.window.start_ns, start_ns);
	assert_int_equal(item.window.duration_ns, WINDOW_NS);
	assert_int_equal(item.profile->n_samples, n_samples);
	assert_true(item.is_window);
	assert_string_equal(item.name, source_name(s));
}

static void assert_end(struct source *s, uint64_t n_profiles, uint64_t n_gone, uint64_t n_bad)
{
	struct source_item item;
	struct source_counts counts;

	assert_int_equal(source_next(s, &item), SOURCE_END);
	source_counts(s, &counts);
	assert_int_equal(counts.n_profiles, n_profiles);
	assert_int_equal(counts.n_gone, n_gone);
	assert_int_equal(counts.n_bad, n_bad);
	source_free(s);
}

static struct store *filled(void)
{
	struct store *s = open_store(STORE_WRITE);
	struct window_info info;

	put_windows(s, 0, 2);
	assert_int_equal(put(s, &(struct made){ .first = 3, .start_ns = BASE_NS + 3 * WINDOW_NS, .services = "api,db" },
			     &info),
			 0);
	store_free(s);
	return open_store(STORE_MAINTAIN);
}

static void test_store(void **state)
{
	struct store *s = filled();
	const struct selection all = SELECTION_ALL_TIME;
	struct source *source = NULL;

	assert_int_equal(source_of_store(s, &all, &source), 0);
	assert_int_equal(source_n_expected(source), 4);
	assert_string_equal(source_name(source), "");
	for (int i = 0; i < 3; i++)
		assert_next(source, BASE_NS + i * WINDOW_NS, 1);
	assert_next(source, BASE_NS + 3 * WINDOW_NS, 2);
	assert_end(source, 4, 0, 0);
	store_free(s);
}

/* Two threads are at them: small ones overtake large ones, and are given in their turn all the same. */
static void test_order(void **state)
{
	static const char *const services[] = { "api,db,web,mail,search", "api" };
	enum {
		N = 24
	};
	struct store *s = open_store(STORE_WRITE);
	const struct selection all = SELECTION_ALL_TIME;
	struct source *source = NULL;
	struct window_info info;

	for (unsigned int i = 0; i < N; i++)
		assert_int_equal(put(s,
				     &(struct made){ .first = i,
						     .start_ns = BASE_NS + i * WINDOW_NS,
						     .services = services[i % 2] },
				     &info),
				 0);
	store_free(s);
	s = open_store(STORE_READ);
	for (int turn = 0; turn < 5; turn++) {
		assert_int_equal(source_of_store(s, &all, &source), 0);
		for (int i = 0; i < N; i++)
			assert_next(source, BASE_NS + i * WINDOW_NS, i % 2 ? 1 : 5);
		assert_end(source, N, 0, 0);
	}
	store_free(s);
}

/* Whoever stops early, with one window in his hands and others on their way, and whoever never begins. */
static void test_abandoned(void **state)
{
	struct store *s = filled();
	const struct selection all = SELECTION_ALL_TIME;
	struct source *source = NULL;

	for (int n = 0; n < 3; n++) {
		assert_int_equal(source_of_store(s, &all, &source), 0);
		for (int i = 0; i < n; i++)
			assert_next(source, BASE_NS + i * WINDOW_NS, 1);
		source_free(source);
	}
	store_free(s);
}

/* What was recorded is known with a matcher as well; but of `host`. */
static void test_coverage(void **state)
{
	static const struct {
		const char *matcher;
		uint64_t n_windows, wall_s;
	} cases[] = { { NULL, 4, 40 }, { "service=db", 4, 40 }, { "host!=other", 4, 40 }, { "host=other", 0, 0 } };
	struct store *s = filled();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(selection_done) struct selection selection = SELECTION_ALL_TIME;
		struct source *source = NULL;
		struct source_item item;
		const struct coverage_host *hosts;
		char why[MATCHER_WHY_BYTES];
		size_t n;

		if (cases[i].matcher)
			assert_int_equal(selection_add(&selection, cases[i].matcher, why), 0);
		assert_int_equal(source_of_store(s, &selection, &source), 0);
		while (source_next(source, &item) == 0)
			;
		assert_int_equal(source_next(source, &item), SOURCE_END); /* and stays there */
		hosts = coverage_hosts(source_coverage(source), &n);
		if (coverage_totals(source_coverage(source))->n_windows != cases[i].n_windows)
			fail_msg("%s: %lu windows", cases[i].matcher,
				 (unsigned long)coverage_totals(source_coverage(source))->n_windows);
		assert_int_equal(n ? hosts[0].wall_ns : 0, cases[i].wall_s * NS_PER_S);
		source_free(source);
	}
	store_free(s);
}

static void test_matcher(void **state)
{
	struct store *s = filled();
	_cleanup_(selection_done) struct selection selection = SELECTION_ALL_TIME;
	struct source *source = NULL;
	char why[MATCHER_WHY_BYTES];

	assert_int_equal(selection_add(&selection, "service=db", why), 0);
	assert_int_equal(source_of_store(s, &selection, &source), 0);
	assert_next(source, BASE_NS + 3 * WINDOW_NS, 1);
	assert_end(source, 1, 0, 0);
	store_free(s);
}

static void path_of(struct store *s, uint64_t sequence, struct window_path *ret)
{
	struct window_name name;
	struct window_info info;

	assert_int_equal(store_find(s, WINDOW_RAW, sequence, &info), 0);
	name_of_window(&info, &name);
	assert_int_equal(name_format(&name, ret), 0);
}

static void test_gone_and_bad(void **state)
{
	struct store *s = filled();
	const struct selection all = SELECTION_ALL_TIME;
	struct source *source = NULL;
	struct store_counts counts;
	struct window_path path;
	char name[FOLDER_BYTES + NAME_BYTES];
	int fd;

	assert_int_equal(source_of_store(s, &all, &source), 0);
	path_of(s, 0, &path);
	snprintf(name, sizeof(name), "%s/%s", path.folder, path.file);
	assert_int_equal(unlinkat(state_fd, name, 0), 0);
	path_of(s, 1, &path);
	snprintf(name, sizeof(name), "%s/%s", path.folder, path.file);
	fd = openat(state_fd, name, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "no", 2), 2);
	close(fd);
	assert_next(source, BASE_NS + 2 * WINDOW_NS, 1);
	assert_next(source, BASE_NS + 3 * WINDOW_NS, 2);
	assert_end(source, 2, 1, 1);
	store_counts(s, &counts);
	assert_int_equal(counts.n_quarantined, 1);
	store_free(s);
}

/* Value types samples/count; its string table; a time and a duration: no ledger. */
static const char foreign_bytes[] = "\x0a\x04\x08\x01\x10\x02\x32\x00\x32\x07samples\x32\x05"
				    "count\x48\x07\x50\x09";

/* A window as a file is one, too; another tool's profile is none. */
static void test_files(void **state)
{
	_cleanup_(label_values_done) struct label_values labels = {};
	_cleanup_(buf_done) struct buf raw = {};
	const struct selection all = SELECTION_ALL_TIME;
	char window[] = "/tmp/cpuhound-test-source-XXXXXX", foreign[] = "/tmp/cpuhound-test-source-XXXXXX";
	char none[] = "/tmp/cpuhound-test-source-none";
	char *const paths[] = { window, foreign, none };
	int window_fd = mkstemp(window), foreign_fd = mkstemp(foreign);
	struct source *source = NULL;
	struct window_info info;
	struct source_item item;

	make_profile(&(struct made){ .first = 7, .start_ns = BASE_NS }, &info, &labels, &raw);
	assert_int_equal(write(window_fd, raw.data, raw.size), (ssize_t)raw.size);
	assert_int_equal(write(foreign_fd, foreign_bytes, sizeof(foreign_bytes) - 1),
			 (ssize_t)sizeof(foreign_bytes) - 1);
	assert_int_equal(source_of_files(paths, 3, &all, &source), 0);
	assert_int_equal(source_n_expected(source), 3);
	assert_next(source, BASE_NS, 1);
	assert_int_equal(source_next(source, &item), 0);
	assert_string_equal(item.name, foreign);
	assert_false(item.is_window);
	assert_int_equal(item.window.start_ns, 7);
	assert_int_equal(item.window.duration_ns, 9);
	assert_int_equal(item.window.period_ns, 0);
	assert_int_equal(source_next(source, &item), -ENOENT);
	assert_string_equal(source_name(source), none);
	source_free(source);
	close(window_fd);
	close(foreign_fd);
	unlink(window);
	unlink(foreign);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, state_set_up, state_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_store),   TEST(test_abandoned),    TEST(test_coverage),          TEST(test_order),
		TEST(test_matcher), TEST(test_gone_and_bad), cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
