// SPDX-License-Identifier: Apache-2.0
/*
 * power-cut guest: what runs in the guest of tests/long/test-power-cut until the power goes. It tells what it finds in
 * the store (an empty directory at first), does what maintenance was cut off from, tells again, and then works: one
 * process writes windows, another one merges them and lets go of them, a third one passes them for a target. What is
 * durable is told at once, a line each:
 *
 *     window SEQUENCE SAMPLES CRC                  store_write() has returned
 *     passed SEQUENCE                              queue_write() has returned
 *     keeps SEQUENCE                               the first that is not too old when windows are let go of next
 *
 * and of what is found:
 *
 *     file TIER FIRST LAST WINDOWS SAMPLES CRC     each file
 *     fewest|finest|lost WINDOWS SAMPLES           each window once, from either files; what retention counted
 *     next SEQUENCE                                that a writer goes on with
 *     wrong WHAT                                   what no power cut may leave behind
 *     checked                                      that was all
 *
 * A window begins STEP_S after the one before, whatever the clock says: hours pass in seconds.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <zlib.h>

#include "common/buf.h"
#include "common/clock.h"
#include "store/compact.h"
#include "store/files.h"
#include "store/losses.h"
#include "store/retention.h"
#include "store/selection.h"
#include "store/store.h"
#include "store/verify.h"
#include "tests/e2e/made-window.h"
#include "uploader/queue.h"

#define START_S 1795914000 /* 2026-11-29 01:00:00 UTC */
#define STEP_S 20
#define RAW_KEPT_S 1200
#define MINUTES_KEPT_S 3600
#define HOURS_KEPT_S 14400
#define HOUR_S 3600
#define LIMIT_BYTES (1ULL << 40) /* time is what lets go here */
#define MAINTAIN_EVERY_US 100000
#define PASS_EVERY_US 150000
#define TARGET "local"
#define FOLDERS_DEEP 3 /* windows/DAY/HOUR */

/* Returns when the other side has it. */
static void tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vdprintf(STDOUT_FILENO, fmt, ap);
	va_end(ap);
	tcdrain(STDOUT_FILENO);
}

static int fail(const char *what, int r)
{
	tell("wrong %s: %s\n", what, r < 0 ? strerrordesc_np(-r) : "an unexpected answer");
	return 1;
}

static int crc_of(struct store *s, const struct window_info *info, uint32_t *ret)
{
	_cleanup_(buf_done) struct buf bytes = {};
	int r = store_read_bytes(s, info, &bytes);

	if (r == 0)
		*ret = (uint32_t)crc32_z(0, (const Bytef *)bytes.data, bytes.size);
	return r;
}

static int tell_file(struct store *s, const struct window_info *info)
{
	uint32_t crc;
	int r = crc_of(s, info, &crc);

	if (r == 0)
		tell("file %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %08" PRIx32 "\n",
		     window_tier_name(info->tier), info->first, info->last, info->ledger.windows,
		     info->ledger.in_profile, crc);
	return r;
}

static int tell_files(struct store *s)
{
	const struct selection all = { .until_ns = INT64_MAX, .files = SELECT_ALL };
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	struct window_info info;
	int r = store_select(s, &all, &c);

	while (r == 0 && (r = window_cursor_next(c, &info)) == 0)
		r = tell_file(s, &info);
	return r == STORE_END ? 0 : r;
}

static int tell_sum(struct store *s, enum selection_files files, const char *name)
{
	const struct selection all = { .until_ns = INT64_MAX, .files = files };
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	uint64_t n_windows = 0, n_samples = 0;
	struct window_info info;
	int r = store_select(s, &all, &c);

	while (r == 0 && (r = window_cursor_next(c, &info)) == 0) {
		n_windows += info.ledger.windows;
		n_samples += info.ledger.in_profile;
	}
	tell("%s %" PRIu64 " %" PRIu64 "\n", name, n_windows, n_samples);
	return r == STORE_END ? 0 : r;
}

static int tell_losses(struct store *s)
{
	struct loss_count sum = {};
	struct losses l;
	int r = store_losses(s, &l);

	for (size_t i = 0; i < LOSS_N_REASONS; i++)
		loss_count_add(&sum, &l.lost[i]);
	tell("lost %" PRIu64 " %" PRIu64 "\n", sum.n_windows, sum.n_samples);
	return r;
}

static int tell_problems(int dir_fd, struct store *s)
{
	_cleanup_(verification_done) struct verification v = {};
	struct store_counts counts;
	struct store_stats stats;
	int r = store_verify(s, &v);

	for (size_t i = 0; i < v.n_told; i++)
		tell("wrong %s/%s: %s\n", v.problems[i].path.folder, v.problems[i].path.file, v.problems[i].what);
	if (r == 0)
		r = store_stats(s, &stats);
	if (r == 0 && stats.n_bad_files)
		tell("wrong %" PRIu64 " files were set aside\n", stats.n_bad_files);
	store_counts(s, &counts);
	if (counts.catalogue_fault)
		tell("wrong the catalogue %s\n", counts.catalogue_fault);
	if (faccessat(dir_fd, "catalog.db.old", F_OK, 0) == 0)
		tell("wrong a catalogue was set aside\n");
	return r;
}

static int tell_next(int dir_fd)
{
	_cleanup_(store_freep) struct store *s = NULL;
	int r = store_open(dir_fd, STORE_WRITE, &s);

	if (r == 0)
		tell("next %" PRIu64 "\n", store_next_sequence(s));
	return r;
}

/* As the uploader opens it. */
static int read_queue(int dir_fd, int *ret_targets_fd, struct queue *ret)
{
	int r;

	if (mkdirat(dir_fd, "targets", 0750) == 0 && fsync(dir_fd) < 0)
		return -errno;
	*ret_targets_fd = openat(dir_fd, "targets", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = *ret_targets_fd < 0 ? -errno : queue_read(*ret_targets_fd, TARGET, ret);
	if (r == 0 && ret->n_passed)
		tell("passed %" PRIu64 "\n", queue_last_passed(ret));
	return r;
}

static int tell_store(int dir_fd)
{
	_cleanup_(store_freep) struct store *s = NULL;
	int r = store_open(dir_fd, STORE_READ, &s);

	if (r != 0)
		return r == STORE_NONE ? 0 : r;
	r = tell_problems(dir_fd, s);
	if (r == 0)
		r = tell_files(s);
	if (r == 0)
		r = tell_sum(s, SELECT_FEWEST, "fewest");
	if (r == 0)
		r = tell_sum(s, SELECT_FINEST, "finest");
	return r == 0 ? tell_losses(s) : r;
}

static int check(int dir_fd)
{
	_cleanup_close_ int targets_fd = -1;
	struct queue q;
	int r = tell_store(dir_fd);

	if (r == 0)
		r = tell_next(dir_fd);
	if (r == 0)
		r = read_queue(dir_fd, &targets_fd, &q);
	if (r != 0)
		return fail("checking", r);
	tell("checked\n");
	return 0;
}

/* STORE_END: there is none. */
static int find_newest(struct store *s, struct window_info *ret)
{
	_cleanup_(window_cursor_freep) struct window_cursor *c = NULL;
	int r = store_list(s, WINDOW_RAW, 0, UINT64_MAX, true, 1, &c);

	return r == 0 ? window_cursor_next(c, ret) : r;
}

/* An hour's file goes when its first window is too old. */
static void tell_kept(int64_t now_s)
{
	int64_t gone_s = now_s - HOURS_KEPT_S + HOUR_S - START_S;

	tell("keeps %" PRIi64 "\n", gone_s < 0 ? 0 : gone_s / STEP_S + 1);
}

/* One run, at the time when the newest window is followed by the next. A reader may have the lock for a moment. */
static int maintain(int dir_fd)
{
	static const struct retention_limits limits = {
		.age_ns = { RAW_KEPT_S * NS_PER_S, MINUTES_KEPT_S * NS_PER_S, HOURS_KEPT_S * NS_PER_S },
		.limit_bytes = LIMIT_BYTES,
	};
	_cleanup_(store_freep) struct store *s = NULL;
	struct compact_stats merged = {};
	struct retention_stats gone;
	struct window_info newest;
	int64_t now_ns;
	int r = store_open(dir_fd, STORE_MAINTAIN, &s);

	if (r == 0)
		r = find_newest(s, &newest);
	if (r != 0)
		return r == STORE_END || r == STORE_BUSY ? 0 : r;
	now_ns = newest.start_ns + STEP_S * (int64_t)NS_PER_S;
	tell_kept(now_ns / (int64_t)NS_PER_S);
	r = compact_run(s, 0, now_ns, &merged);
	if (r == 0)
		r = retention_run(s, &limits, now_ns, &gone);
	return r == 0 ? merged.last_error : r;
}

static int keep_maintaining(int dir_fd)
{
	int r;

	while ((r = maintain(dir_fd)) == 0)
		usleep(MAINTAIN_EVERY_US);
	return fail("maintaining", r);
}

static int keep_writing(int dir_fd)
{
	_cleanup_(store_freep) struct store *s = NULL;
	int r = store_open(dir_fd, STORE_WRITE, &s);

	while (r == 0) {
		int64_t start_s = START_S + (int64_t)store_next_sequence(s) * STEP_S;
		struct window_info info;
		uint32_t crc = 0;

		r = made_window_write(s, start_s * (int64_t)NS_PER_S, &info);
		if (r == 0)
			r = crc_of(s, &info, &crc);
		if (r == 0)
			tell("window %" PRIu64 " %" PRIu64 " %08" PRIx32 "\n", info.first, info.ledger.in_profile, crc);
	}
	return fail("writing", r);
}

static int pass(struct store *s, int targets_fd, struct queue *q)
{
	struct window_info newest;
	int r = find_newest(s, &newest);

	if (r != 0)
		return r == STORE_END || r == STORE_GONE ? 0 : r;
	q->is_enabled = true;
	r = queue_pass(q, (struct queue_range){ .last = newest.last });
	if (r == 0)
		r = queue_write(targets_fd, q);
	if (r == 0)
		tell("passed %" PRIu64 "\n", queue_last_passed(q));
	return r;
}

static int keep_passing(int dir_fd)
{
	_cleanup_(store_freep) struct store *s = NULL;
	_cleanup_close_ int targets_fd = -1;
	struct queue q;
	int r = read_queue(dir_fd, &targets_fd, &q);

	if (r == 0)
		r = store_open(dir_fd, STORE_READ, &s);
	while (r == 0 && (r = pass(s, targets_fd, &q)) == 0)
		usleep(PASS_EVERY_US);
	return fail("passing", r);
}

/* Until the power goes. */
static int work(int dir_fd)
{
	static int (*const jobs[])(int) = { keep_writing, keep_maintaining, keep_passing };

	tell("working\n");
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
		if (fork() == 0)
			_exit(jobs[i](dir_fd));
	wait(NULL);
	return fail("a job ended", 0);
}

int main(int argc, char **argv)
{
	_cleanup_close_ int dir_fd = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int r;

	if (dir_fd < 0)
		return fail("usage: power-cut-guest DIR", -errno);
	if (check(dir_fd) != 0)
		return 1;
	r = files_remove_temporaries(dir_fd, ".", FOLDERS_DEEP);
	if (r == 0)
		r = maintain(dir_fd);
	if (r != 0)
		return fail("finishing what was cut off", r);
	return check(dir_fd) ?: work(dir_fd);
}
