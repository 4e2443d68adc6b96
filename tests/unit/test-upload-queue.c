// SPDX-License-Identifier: Apache-2.0
/* queue: ranges, parts, and the file: whole, older, newer, damaged, and too much of everything. */
#include "tests/unit/cmocka-all.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fsutil.h"
#include "uploader/queue.h"

static char path[] = "/tmp/test-upload-queue.XXXXXX";
static int dir_fd = -1;
static struct queue q;

static int make_dir(void **state)
{
	strcpy(path + strlen(path) - 6, "XXXXXX");
	if (!mkdtemp(path))
		return -1;
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	queue_init(&q, "central");
	return dir_fd < 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
	unlinkat(dir_fd, "central.json", 0);
	unlinkat(dir_fd, "central.json.bad", 0);
	dir_fd = close_fd(dir_fd);
	return rmdir(path); /* fails where a temporary was left */
}

static void pass(uint64_t first, uint64_t last)
{
	assert_int_equal(queue_pass(&q, (struct queue_range){ first, last }), 0);
}

static void expect_passed(const char *expected)
{
	char text[512] = "";

	for (size_t i = 0; i < q.n_passed; i++)
		sprintf(text + strlen(text), "%lu-%lu ", (unsigned long)q.passed[i].first,
			(unsigned long)q.passed[i].last);
	assert_string_equal(text, expected);
}

static void test_ranges_grow_together(void **state)
{
	pass(10, 20);
	pass(30, 40);
	expect_passed("10-20 30-40 ");
	pass(21, 22);
	expect_passed("10-22 30-40 ");
	pass(24, 29);
	expect_passed("10-22 24-40 ");
	pass(0, 5);
	expect_passed("0-5 10-22 24-40 ");
	pass(50, 50);
	pass(4, 60);
	expect_passed("0-60 ");
	pass(3, 7);
	expect_passed("0-60 ");
	assert_true(queue_has_passed(&q, 0));
	assert_true(queue_has_passed(&q, 60));
	assert_false(queue_has_passed(&q, 61));
	assert_int_equal(queue_last_passed(&q), 60);
}

/* Against a plain array of truths. */
static void test_ranges_are_those_of_an_array(void **state)
{
	bool truth[200];
	unsigned int random = 1;

	for (int round = 0; round < 300; round++) {
		memset(truth, 0, sizeof(truth));
		queue_init(&q, "central");
		for (int i = 0; i < 20; i++) {
			uint64_t first, last;

			random = random * 1103515245 + 12345;
			first = random / 65536 % 190;
			last = first + random / 7 % 10;
			memset(truth + first, 1, last - first + 1);
			pass(first, last);
		}
		for (size_t i = 0; i < ARRAY_SIZE(truth); i++)
			assert_int_equal(queue_has_passed(&q, i), truth[i]);
		for (size_t i = 1; i < q.n_passed; i++)
			assert_true(q.passed[i].first > q.passed[i - 1].last + 1);
	}
}

static void test_there_is_a_limit_to_ranges(void **state)
{
	for (uint64_t i = 0; i < QUEUE_MAX_RANGES; i++)
		pass(i * 10, i * 10);
	assert_int_equal(queue_pass(&q, (struct queue_range){ 5, 5 }), -ENOSPC);
	pass(1, 1);
	assert_int_equal(q.n_passed, QUEUE_MAX_RANGES);
	pass(0, UINT64_MAX);
	assert_int_equal(q.n_passed, 1);
}

static struct queue_batch *add_batch(void)
{
	struct queue_batch *b = &q.open[q.n_open++];

	*b = (struct queue_batch){ .id = "0123456789abcdef0123456789abcdef",
				   .start_ns = 1764000000000000000,
				   .end_ns = 1764000015000000000,
				   .sequences = { 7, 9 },
				   .n_windows = 3,
				   .n_parts = 4 };
	return b;
}

static void test_parts_follow_one_another(void **state)
{
	struct queue_batch *b = add_batch();

	b->is_sending = true;
	b->n_tries = b->n_strikes = 2;
	queue_batch_next(b);
	assert_int_equal(b->part, 1);
	assert_false(b->is_sending);
	assert_int_equal(b->n_tries + b->n_strikes, 0);
	assert_int_equal(queue_batch_halve(b), 0);
	assert_int_equal(b->part, 1);
	assert_int_equal(b->n_parts, 5);
	assert_int_equal(b->halved[0], 1);
	while (b->n_halved < QUEUE_MAX_HALVED)
		assert_int_equal(queue_batch_halve(b), 0);
	assert_int_equal(queue_batch_halve(b), -ENOSPC);
}

static void test_file_comes_back_as_it_was(void **state)
{
	struct queue_batch *b = add_batch();
	struct queue again;

	pass(0, 6);
	pass(11, 20);
	b->part = 2;
	b->is_sending = true;
	b->n_tries = 5;
	b->n_strikes = 1;
	b->n_refused = 1;
	assert_int_equal(queue_batch_halve(b), 0);
	b->is_sending = true;
	q.counters.sent_windows = UINT64_MAX / 2;
	q.counters.quarantine_evicted = 3;
	assert_int_equal(queue_write(dir_fd, &q), 0);
	assert_int_equal(queue_read(dir_fd, "central", &again), 0);
	assert_memory_equal(&again, &q, sizeof(q));
}

static void test_a_new_target_begins_with_nothing(void **state)
{
	struct queue fresh;

	assert_int_equal(queue_read(dir_fd, "central", &fresh), 0);
	assert_memory_equal(&fresh, &q, sizeof(q));
}

static void put(const char *text)
{
	_cleanup_close_ int fd = openat(dir_fd, "central.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
}

#define BATCH(numbers)                                                                                                 \
	"{\"version\":1,\"target\":\"central\",\"enabled\":true,\"passed\":[],\"open\":[{\"id\":"                      \
	"\"0123456789abcdef0123456789abcdef\",\"start_ns\":1,\"end_ns\":2," numbers "}],\"counters\":{}}"

static void test_damaged_files_are_set_aside(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"null",
		"{\"version\":0}",
		"{\"version\":\"1\"}",
		"{\"version\":1}",
		"{\"version\":1,\"target\":\"central\",\"enabled\":1,\"passed\":[],\"open\":[],\"counters\":{}}",
		"{\"version\":1,\"target\":\"other\",\"enabled\":true,\"passed\":[],\"open\":[],\"counters\":{}}",
		"{\"version\":1,\"target\":\"../x\",\"enabled\":true,\"passed\":[],\"open\":[],\"counters\":{}}",
		"{\"version\":1,\"target\":\"central\",\"enabled\":true,\"passed\":[[2,1]],\"open\":[],\"counters\":{}"
		"}",
		"{\"version\":1,\"target\":\"central\",\"enabled\":true,\"passed\":[[1,5],[3,9]],\"open\":[]}",
		"{\"version\":1,\"target\":\"central\",\"enabled\":true,\"passed\":[[-1,5]],\"open\":[]}",
		"{\"version\":1,\"target\":\"central\",\"enabled\":true,\"passed\":[[1]],\"open\":[]}",
		BATCH("\"first\":9,\"last\":7,\"windows\":3,\"parts\":4,\"halved\":[],\"part\":0,\"sending\":true,"
		      "\"tries\":0,\"strikes\":0,\"refused\":0"),
		BATCH("\"first\":7,\"last\":9,\"windows\":3,\"parts\":4,\"halved\":[4],\"part\":0,\"sending\":true,"
		      "\"tries\":0,\"strikes\":0,\"refused\":0"),
		BATCH("\"first\":7,\"last\":9,\"windows\":3,\"parts\":4,\"halved\":[],\"part\":5,\"sending\":true,"
		      "\"tries\":0,\"strikes\":0,\"refused\":0"),
		BATCH("\"first\":7,\"last\":9,\"windows\":3,\"parts\":4,\"halved\":[],\"part\":4,\"sending\":1,"
		      "\"tries\":0,\"strikes\":0,\"refused\":0"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct queue again;

		put(texts[i]);
		if (queue_read(dir_fd, "central", &again) != QUEUE_SET_ASIDE)
			fail_msg("text %zu", i);
		assert_memory_equal(&again, &q, sizeof(q));
		assert_int_equal(faccessat(dir_fd, "central.json", F_OK, 0), -1);
		assert_int_equal(faccessat(dir_fd, "central.json.bad", F_OK, 0), 0);
	}
	put(BATCH("\"first\":7,\"last\":9,\"windows\":3,\"parts\":4,\"halved\":[3],\"part\":4,\"sending\":true,"
		  "\"tries\":0,\"strikes\":0,\"refused\":0"));
	assert_int_equal(queue_read(dir_fd, "central", &q), 0);
	assert_int_equal(q.open[0].sequences.last, 9);
}

static void test_newer_files_are_left_alone(void **state)
{
	static const char text[] = "{\"version\":2,\"everything\":\"else\"}";
	_cleanup_(buf_done) struct buf now = {};
	struct queue again;

	put(text);
	assert_int_equal(queue_read(dir_fd, "central", &again), QUEUE_NEWER);
	assert_int_equal(fs_read(dir_fd, "central.json", 1000, &now), 0);
	assert_string_equal(now.data, text);
}

static void test_names(void **state)
{
	assert_true(queue_is_name("a-B_9"));
	assert_false(queue_is_name(""));
	assert_false(queue_is_name("a.b"));
	assert_false(queue_is_name("../a"));
	assert_false(queue_is_name("12345678901234567890123456789012345678901234567890123456789012345"));
}

static void test_the_largest_fits_into_its_file(void **state)
{
	_cleanup_(buf_done) struct buf text = {};

	for (uint64_t i = 0; i < QUEUE_MAX_RANGES; i++)
		pass(INT64_MAX - 2000 + i * 10, INT64_MAX - 2000 + i * 10);
	while (q.n_open < QUEUE_MAX_OPEN) {
		struct queue_batch *b = add_batch();

		b->n_parts = b->part = 1000000 - QUEUE_MAX_HALVED;
		while (b->n_halved < QUEUE_MAX_HALVED)
			assert_int_equal(queue_batch_halve(b), 0);
	}
	memset(&q.counters, 0xff, sizeof(q.counters));
	assert_int_equal(queue_format(&q, &text), 0);
	assert_in_range(text.size, 1000, QUEUE_FILE_MAX_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ranges_grow_together, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_ranges_are_those_of_an_array, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_there_is_a_limit_to_ranges, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_parts_follow_one_another, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_file_comes_back_as_it_was, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_a_new_target_begins_with_nothing, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_damaged_files_are_set_aside, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_newer_files_are_left_alone, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_names, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_the_largest_fits_into_its_file, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
