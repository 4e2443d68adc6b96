// SPDX-License-Identifier: Apache-2.0
/* The thread that writes: in order, all of it, and what it could not is counted. */
#include "agent/window-writer.h"

#include <poll.h>

#include "common/clock.h"
#include "common/compress.h"
#include "tests/unit/state-fixture.h"

#define START_NS (INT64_C(1795916562123) * 1000000) /* 2026-11-29 01:42:42.123 UTC */

static void fill(struct finished_window *w, uint64_t sequence, const char *text)
{
	*w = (struct finished_window){
		.info = { .id = "w", .host = "h", .first = sequence, .last = sequence, .start_ns = START_NS },
		.end = { .boot_id = "0b4f6e7a-1f1d-4c43-a9b5-6b8d1f2d3c4e",
			 .end_boottime_ns = 1,
			 .end_realtime_ns = START_NS + (int64_t)sequence,
			 .sequence = sequence },
	};
	assert_int_equal(buf_add_str(&w->profile, text), 0);
}

static void test_writes_in_order_and_ends_with_all_written(void **state)
{
	_cleanup_(buf_done) struct buf packed = {}, plain = {};
	struct window_writer_config config = { .limit_bytes = 1 << 20 };
	struct window_writer_stats stats;
	struct window_writer *w = NULL;
	struct last_window last;
	unsigned int n_busy = 0;

	config.state_fd = state_fd;
	assert_int_equal(window_writer_new(&config, &w), 0);
	for (uint64_t i = 1; i <= 20; i++) {
		struct finished_window window;
		int r;

		fill(&window, i, "profile");
		while ((r = window_writer_add(w, &window)) == WINDOW_WRITER_BUSY) {
			struct pollfd fd = { .fd = window_writer_fd(w), .events = POLLIN };

			n_busy++;
			assert_int_equal(poll(&fd, 1, 10000), 1);
			window_writer_stats(w, &stats);
		}
		assert_int_equal(r, 0);
		assert_null(window.profile.data);
	}
	for (uint64_t i = 21; i <= 40; i++) {
		struct finished_window window;

		fill(&window, i, "profile");
		window_writer_wait_for_room(w);
		assert_int_equal(window_writer_add(w, &window), 0);
	}
	window_writer_finish(w);
	window_writer_stats(w, &stats);
	assert_int_equal(stats.n_refused, n_busy);
	assert_int_equal(stats.n_written, 40);
	assert_int_equal(stats.n_waiting, 0);
	assert_int_equal(stats.last_end_realtime_ns, START_NS + 40);
	assert_int_equal(stats.store.n_files, 40);
	assert_int_equal(stats.store.n_catalogue_failures, 0);
	assert_int_equal(stats.next_sequence, 41);
	assert_null(window_writer_free(w));
	assert_int_equal(last_window_read(state_fd, &last), 0);
	assert_int_equal(last.sequence, 40);
	assert_int_equal(fs_read(state_fd, "windows/2026-11-29/01/20261129T014242.123Z-h-00000020.pb.zst", 4096,
				 &packed),
			 0);
	assert_int_equal(decompress_add(packed.data, packed.size, 4096, &plain), 0);
	assert_string_equal(plain.data, "profile");
}

static void test_what_cannot_be_written_is_counted(void **state)
{
	struct window_writer_config config = { .limit_bytes = 10 };
	struct window_writer_stats stats = {};
	struct window_writer *w = NULL;
	struct finished_window window;
	struct pollfd fd = { .events = POLLIN };
	struct last_window last;

	config.state_fd = state_fd;
	assert_int_equal(window_writer_new(&config, &w), 0);
	fill(&window, 1, "too long for ten bytes of disk");
	assert_int_equal(window_writer_add(w, &window), 0);
	fd.fd = window_writer_fd(w);
	assert_int_equal(poll(&fd, 1, 10000), 1);
	window_writer_stats(w, &stats);
	assert_int_equal(stats.n_failed, 1);
	assert_int_equal(stats.n_written, 0);
	assert_int_equal(stats.last_error, -EFBIG);
	assert_int_equal(stats.last_end_realtime_ns, 0);
	assert_int_equal(poll(&fd, 1, 0), 0);
	window_writer_free(w);
	assert_int_equal(last_window_read(state_fd, &last), LAST_WINDOW_NONE); /* that time was not covered */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_writes_in_order_and_ends_with_all_written, state_set_up,
						state_tear_down),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_written_is_counted, state_set_up, state_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
