// SPDX-License-Identifier: Apache-2.0
/* Windows on a real disk: names, bytes, what makes way, and a disk that is full. */
#include "agent/window-writer.h"

#include <poll.h>
#include <sys/mount.h>

#include "agent/window-files.h"
#include "common/clock.h"
#include "common/compress.h"
#include "tests/unit/state-fixture.h"

#define START_NS (INT64_C(1795916562123) * 1000000) /* 2026-11-29 01:42:42.123 UTC */
#define HOUR_NS (INT64_C(3600) * 1000000000)

static int write_one(struct window_files *w, int64_t start_ns, uint64_t sequence, size_t size)
{
	const struct window_name name = { start_ns, "h/o st", sequence };
	_cleanup_free_ char *bytes = malloc(size);

	memset(bytes, 'x', size);
	return window_files_write(w, &name, bytes, size);
}

static void test_names(void **state)
{
	struct window_files w;

	assert_int_equal(window_files_open(state_fd, 1 << 20, &w), 0);
	assert_int_equal(write_one(&w, START_NS, 7, 100), 0);
	assert_true(state_has("2026-11-29/01/20261129T014242.123Z-h_o_st-00000007.pb.zst"));
	assert_int_equal(w.n_files, 1);
	assert_true(w.n_bytes > 0);
	assert_int_equal(write_one(&w, -1, 7, 100), -EINVAL);
}

static void test_the_oldest_make_way(void **state)
{
	struct window_files w, again;

	assert_int_equal(mkdirat(state_fd, "keep", 0755), 0);
	state_put("keep/this.pb.zst", "not ours");
	assert_int_equal(window_files_open(state_fd, 256 << 10, &w), 0);
	for (int i = 0; i < 40; i++)
		assert_int_equal(write_one(&w, START_NS + i * HOUR_NS, (uint64_t)i, 16 << 10), 0);
	assert_true(w.n_bytes <= w.limit_bytes);
	assert_int_equal(w.n_files + w.n_evicted, 40);
	assert_true(w.n_files >= 14 && w.n_files <= 16);
	assert_false(state_has("2026-11-29")); /* nor do empty folders stay */
	assert_true(state_has("keep/this.pb.zst"));
	assert_int_equal(write_one(&w, START_NS, 41, 512 << 10), -EFBIG);
	assert_int_equal(window_files_open(state_fd, 256 << 10, &again), 0);
	assert_int_equal(again.n_files, w.n_files);
	assert_int_equal(again.n_bytes, w.n_bytes);
}

static void test_a_full_disk(void **state)
{
	struct window_files w;

	if (mount("tmpfs", state_path, "tmpfs", 0, "size=256k") < 0)
		skip();
	state_fd = close_fd(state_fd);
	state_fd = open(state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(window_files_open(state_fd, 1 << 30, &w), 0);
	for (int i = 0; i < 40; i++)
		assert_int_equal(write_one(&w, START_NS + i * HOUR_NS, (uint64_t)i, 32 << 10), 0);
	assert_int_equal(w.n_files + w.n_evicted, 40);
	assert_true(w.n_files >= 6);
	assert_int_equal(write_one(&w, START_NS + 41 * HOUR_NS, 41, 512 << 10), -ENOSPC);
	assert_int_equal(w.n_files, 0);
	assert_int_equal(write_one(&w, START_NS + 42 * HOUR_NS, 42, 32 << 10), 0); /* and goes on */
	state_fd = close_fd(state_fd);
	assert_int_equal(umount2(state_path, MNT_DETACH), 0);
}

static void fill(struct finished_window *w, uint64_t sequence, const char *text)
{
	*w = (struct finished_window){
		.start_realtime_ns = START_NS,
		.end = { .boot_id = "0b4f6e7a-1f1d-4c43-a9b5-6b8d1f2d3c4e",
			 .end_boottime_ns = 1,
			 .end_realtime_ns = START_NS + (int64_t)sequence,
			 .sequence = sequence },
	};
	assert_int_equal(buf_add_str(&w->profile, text), 0);
}

static void test_writes_in_order_and_ends_with_all_written(void **state)
{
	_cleanup_close_ int windows_fd = -1;
	_cleanup_(buf_done) struct buf packed = {}, plain = {};
	struct window_writer_config config = { .windows_limit_bytes = 1 << 20, .host = "h" };
	struct window_writer_stats stats;
	struct window_writer *w = NULL;
	struct last_window last;
	unsigned int n_busy = 0;

	assert_int_equal(mkdirat(state_fd, "windows", 0755), 0);
	windows_fd = openat(state_fd, "windows", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	config.state_fd = state_fd;
	config.windows_fd = windows_fd;
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
	window_writer_stats(w, &stats);
	assert_int_equal(stats.n_refused, n_busy);
	while (stats.n_written < 20) {
		struct pollfd fd = { .fd = window_writer_fd(w), .events = POLLIN };

		assert_int_equal(poll(&fd, 1, 10000), 1);
		window_writer_stats(w, &stats);
	}
	assert_int_equal(stats.last_end_realtime_ns, START_NS + 20);
	assert_null(window_writer_free(w));
	assert_int_equal(last_window_read(state_fd, &last), 0);
	assert_int_equal(last.sequence, 20);
	assert_int_equal(fs_read(windows_fd, "2026-11-29/01/20261129T014242.123Z-h-00000020.pb.zst", 4096, &packed), 0);
	assert_int_equal(decompress_add(packed.data, packed.size, 4096, &plain), 0);
	assert_string_equal(plain.data, "profile");
}

static void test_what_cannot_be_written_is_counted(void **state)
{
	struct window_writer_config config = { .windows_limit_bytes = 10, .host = "h" };
	struct window_writer_stats stats = {};
	struct window_writer *w = NULL;
	struct finished_window window;
	struct pollfd fd = { .events = POLLIN };
	struct last_window last;

	config.state_fd = config.windows_fd = state_fd;
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
		cmocka_unit_test_setup_teardown(test_names, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_the_oldest_make_way, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_a_full_disk, state_set_up, state_tear_down),
		cmocka_unit_test_setup_teardown(test_writes_in_order_and_ends_with_all_written, state_set_up,
						state_tear_down),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_written_is_counted, state_set_up, state_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
