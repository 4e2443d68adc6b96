// SPDX-License-Identifier: Apache-2.0
/* What makes way, in which order, and what is counted of it. */
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "store/compact.h"
#include "store/retention.h"
#include "tests/unit/store-fixture.h"

#define MINUTE_NS (60 * (int64_t)NS_PER_S)
#define HOUR_NS (60 * MINUTE_NS)
#define DAY_NS (24 * HOUR_NS)

static const struct retention_limits defaults = {
	.age_ns = { KEPT_RAW_NS, KEPT_MINUTES_NS, KEPT_HOURS_NS },
	.limit_bytes = KEPT_BYTES,
};

static struct retention_stats retain(struct store *s, const struct retention_limits *limits, int64_t now_ns)
{
	struct retention_stats stats;

	assert_int_equal(retention_run(s, limits, now_ns, &stats), 0);
	return stats;
}

static void compact(struct store *s, int64_t now_ns)
{
	struct compact_stats stats;

	assert_int_equal(compact_run(s, 0, now_ns, &stats), 0);
	assert_int_equal(stats.n_failed, 0);
}

static void assert_losses(uint64_t n_windows, uint64_t n_samples)
{
	struct losses l;

	assert_int_equal(losses_read(state_fd, &l), 0);
	assert_int_equal(l.lost[LOSS_AGE].n_windows + l.lost[LOSS_LIMIT].n_windows, n_windows);
	assert_int_equal(l.lost[LOSS_AGE].n_samples + l.lost[LOSS_LIMIT].n_samples, n_samples);
}

static uint64_t unsent(const char *target)
{
	struct losses l;

	assert_int_equal(losses_read(state_fd, &l), 0);
	for (size_t i = 0; i < l.n_targets; i++)
		if (strcmp(l.targets[i].name, target) == 0)
			return l.targets[i].unsent.n_windows;
	return 0;
}

/* 01:40:10 to 02:13:20, in all tiers. */
static struct store *filled(int64_t now_ns)
{
	struct store *w = open_store(STORE_WRITE), *s;

	put_windows(w, 1, 200);
	store_free(w);
	s = open_store(STORE_MAINTAIN);
	compact(s, now_ns);
	return s;
}

static void test_ages(void **state)
{
	const int64_t begin_ns = BASE_NS + WINDOW_NS;
	struct store *s = filled(BASE_NS + 6 * HOUR_NS);
	struct store_stats stats;

	assert_int_equal(retain(s, &defaults, begin_ns + DAY_NS).n_removed, 0);
	assert_int_equal(retain(s, &defaults, begin_ns + DAY_NS + 1).n_removed, 1);
	assert_int_equal(retain(s, &defaults, begin_ns + 3 * DAY_NS).n_removed, 199);
	assert_int_equal(store_stats(s, &stats), 0);
	assert_int_equal(stats.tiers[WINDOW_RAW].n_files, 0);
	assert_int_equal(stats.tiers[WINDOW_MINUTE].n_files, 34);
	assert_int_equal(stats.tiers[WINDOW_MINUTE].n_windows, 200);
	assert_int_equal(retain(s, &defaults, begin_ns + 8 * DAY_NS).n_removed, 34);
	assert_losses(0, 0);
	assert_int_equal(retain(s, &defaults, begin_ns + 90 * DAY_NS + 1).n_removed, 1);
	assert_losses(119, 119 * 3);
	retain(s, &defaults, begin_ns + 91 * DAY_NS);
	assert_losses(200, 200 * 3);
	assert_int_equal(store_next_sequence(s), 201);
	store_free(s);
	s = open_store(STORE_WRITE);
	assert_int_equal(store_next_sequence(s), 201); /* all files have gone: their numbers are not given again */
	store_free(s);
}

/* A hub numbers what all its hosts send: a minute of one holds the sequences of all others'. */
static void test_many_hosts(void **state)
{
	enum {
		N_HOSTS = 100,
		N_EACH = 3
	};
	struct store *w = open_store(STORE_WRITE), *s;
	struct store_stats stats;

	for (uint64_t i = 0; i < N_HOSTS * N_EACH; i++) {
		char host[16];
		const struct made made = {
			.first = i + 1,
			.start_ns = BASE_NS + (int64_t)(i / N_HOSTS) * WINDOW_NS,
			.host = host,
		};
		struct window_info info;

		snprintf(host, sizeof(host), "h%lu", (unsigned long)(i % N_HOSTS));
		assert_int_equal(put(w, &made, &info), 0);
	}
	store_free(w);
	s = open_store(STORE_MAINTAIN);
	compact(s, BASE_NS + 6 * HOUR_NS);
	assert_int_equal(retain(s, &defaults, BASE_NS + 2 * DAY_NS).n_removed, N_HOSTS * N_EACH);
	assert_losses(0, 0);
	assert_int_equal(retain(s, &defaults, BASE_NS + 8 * DAY_NS).n_removed, N_HOSTS);
	assert_losses(0, 0);
	assert_int_equal(store_stats(s, &stats), 0);
	assert_int_equal(stats.tiers[WINDOW_HOUR].n_files, N_HOSTS);
	store_free(s);
}

/* No file stands for these: they stay as long as hours would, then they are lost. */
static void test_never_merged(void **state)
{
	struct store *w = open_store(STORE_WRITE), *s = NULL;

	put_windows(w, 1, 5);
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(retain(s, &defaults, BASE_NS + 89 * DAY_NS).n_removed, 0);
	assert_losses(0, 0);
	assert_int_equal(retain(s, &defaults, BASE_NS + 91 * DAY_NS).n_removed, 5);
	assert_losses(5, 15);
	store_free(s);
	store_free(w);
}

/* What a target wants stays as long as minutes do, and is counted when it goes. */
static void test_unsent_by_age(void **state)
{
	struct store *s = filled(BASE_NS + 6 * HOUR_NS);
	struct retention_stats stats;

	put_target("slow", "{\"version\":1,\"enabled\":true,\"passed\":[[0,100],[151,150],[191,200]]}");
	put_target("done", "{\"version\":1,\"enabled\":true,\"passed\":[[0,200]]}");
	put_target("off", "{\"version\":1,\"enabled\":false,\"passed\":[]}");
	assert_int_equal(retain(s, &defaults, BASE_NS + 2 * DAY_NS).n_removed, 110);
	assert_int_equal(unsent("slow"), 0);
	stats = retain(s, &defaults, BASE_NS + 8 * DAY_NS);
	assert_int_equal(stats.n_removed, 90 + 34);
	assert_int_equal(unsent("slow"), 90);
	assert_int_equal(unsent("done") + unsent("off"), 0);
	assert_int_equal(stats.lost.targets[0].unsent.n_samples, 90 * 3);
	assert_losses(0, 0); /* the hours have them */
	store_free(s);
}

/* Who cannot be understood wants everything. */
static void test_targets_of_others(void **state)
{
	static const char *const texts[] = {
		"{\"version\":2,\"enabled\":true,\"passed\":[[0,200]]}",
		"{\"version\":1,\"enabled\":true,\"passed\":[[0,200],[300]]}",
		"{\"version\":1,\"enabled\":true,\"passed\":[[0,200]",
		"{\"version\":1,\"passed\":7}",
		"",
	};
	struct store *s = filled(BASE_NS + 6 * HOUR_NS);

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		put_target("t", texts[i]);
		assert_int_equal(retain(s, &defaults, BASE_NS + 2 * DAY_NS).n_removed, 0);
	}
	put_target("t", "{\"version\":1,\"enabled\":true,\"passed\":[[0,200]],\"new\":{}}");
	assert_int_equal(retain(s, &defaults, BASE_NS + 2 * DAY_NS).n_removed, 200);
	store_free(s);
}

static uint64_t bytes_of(struct store *s, enum window_tier tier)
{
	struct store_stats stats;

	assert_int_equal(store_stats(s, &stats), 0);
	return stats.tiers[tier].n_disk_bytes;
}

static struct retention_limits limited(uint64_t bytes)
{
	struct retention_limits limits = defaults;

	limits.limit_bytes = bytes + bytes / 63; /* a 64th is kept free */
	return limits;
}

/* First what costs nothing, the oldest of it; then what costs an upload; then the oldest of all. */
static void test_bytes(void **state)
{
	const int64_t now_ns = BASE_NS + 6 * HOUR_NS;
	struct store *s = filled(now_ns);
	uint64_t raw = bytes_of(s, WINDOW_RAW), minutes = bytes_of(s, WINDOW_MINUTE), hours = bytes_of(s, WINDOW_HOUR);
	const uint64_t one = raw / 200; /* they are all of a size */
	struct retention_limits limits;
	struct window_info info;

	put_target("slow", "{\"version\":1,\"enabled\":true,\"passed\":[[1,150]]}");
	limits = limited(raw + minutes + hours);
	assert_int_equal(retain(s, &limits, now_ns).n_removed, 0);

	limits = limited(140 * one + minutes + hours);
	retain(s, &limits, now_ns);
	assert_in_range(bytes_of(s, WINDOW_RAW) / one, 130, 140);
	assert_int_equal(store_find(s, WINDOW_RAW, 50, &info), STORE_GONE);
	assert_int_equal(store_find(s, WINDOW_RAW, 150, &info), 0);
	assert_int_equal(bytes_of(s, WINDOW_MINUTE), minutes);
	assert_int_equal(unsent("slow"), 0);

	limits = limited(50 * one + hours + one / 2); /* what was sent, and the minutes */
	retain(s, &limits, now_ns);
	assert_int_equal(bytes_of(s, WINDOW_MINUTE), 0);
	assert_int_equal(store_find(s, WINDOW_RAW, 150, &info), STORE_GONE);
	assert_int_equal(store_find(s, WINDOW_RAW, 151, &info), 0);
	assert_int_equal(unsent("slow"), 0);
	assert_losses(0, 0);

	limits = limited(hours + 20 * one);
	retain(s, &limits, now_ns);
	assert_in_range(unsent("slow"), 30, 35);
	assert_losses(0, 0);

	limits = limited(hours / 2 + one / 2);
	retain(s, &limits, now_ns);
	assert_int_equal(unsent("slow"), 50);
	assert_losses(119, 119 * 3); /* the older hour */
	assert_in_range(bytes_of(s, WINDOW_HOUR), 1, hours / 2);
	store_free(s);
}

/* A disk that is full by others: what costs nothing goes, and not a window more. */
static void test_free_disk(void **state)
{
	const int64_t now_ns = BASE_NS + 6 * HOUR_NS;
	struct retention_limits limits = defaults;
	struct store *s = filled(now_ns);

	put_target("slow", "{\"version\":1,\"enabled\":true,\"passed\":[[1,150]]}");
	limits.min_free_percent = 100;
	assert_int_equal(retain(s, &limits, now_ns).n_removed, 150 + 34);
	assert_losses(0, 0);
	assert_int_equal(unsent("slow"), 0);
	store_free(s);
}

/* Counted, but killed before it went: it goes, and is not counted again. */
static void test_announced(void **state)
{
	static const char path[] = "windows/2026-11-29/01/20261129T014010.000Z-h-00000001.pb.zst";
	struct losses more = { .lost[LOSS_AGE] = { 1, 3 }, .n_going = 1 };
	struct store *s = filled(BASE_NS + 6 * HOUR_NS);

	strcpy(more.going[0].folder, "windows/2026-11-29/01");
	strcpy(more.going[0].file, strrchr(path, '/') + 1);
	assert_int_equal(losses_announce(state_fd, &more), 0);
	assert_true(state_has(path));
	assert_int_equal(retain(s, &defaults, BASE_NS + HOUR_NS).n_removed, 0);
	assert_false(state_has(path));
	assert_losses(1, 3);
	more.n_going = 0;
	assert_int_equal(losses_announce(state_fd, &more), 0);
	assert_losses(2, 6);
	store_free(s);
}

/* Only a window's file goes by this file's word. */
static void test_announced_by_others(void **state)
{
	struct losses l;

	state_put("victim", "");
	mkdirat(state_fd, "windows", 0750);
	state_put("losses.json", "{\"version\":1,\"going\":[\"victim\",\"./victim\",\"../x\",\"windows/victim\",7,"
				 "\"windows/../20261129T014010.000Z-h-00000001.pb.zst\"]}");
	assert_int_equal(losses_read(state_fd, &l), 0);
	assert_int_equal(l.n_going, 0);
	assert_int_equal(losses_recover(state_fd), 0);
	assert_true(state_has("victim"));
}

static void test_losses_file(void **state)
{
	struct losses l, more = { .lost[LOSS_LIMIT] = { 2, 5 } };
	struct retention_stats stats;
	struct store *s = filled(BASE_NS + 6 * HOUR_NS);

	losses_add_unsent(&more, "a", &(struct loss_count){ 7, 8 });
	assert_int_equal(losses_announce(state_fd, &more), 0);
	assert_int_equal(losses_announce(state_fd, &more), 0);
	assert_int_equal(losses_read(state_fd, &l), 0);
	assert_int_equal(l.lost[LOSS_LIMIT].n_windows, 4);
	assert_int_equal(l.lost[LOSS_LIMIT].n_samples, 10);
	assert_int_equal(l.n_targets, 1);
	assert_int_equal(l.targets[0].unsent.n_samples, 16);

	state_put("losses.json", "{\"version\":2}");
	assert_int_equal(losses_read(state_fd, &l), LOSSES_NEWER);
	assert_int_equal(losses_announce(state_fd, &more), LOSSES_NEWER);
	assert_int_equal(retention_run(s, &defaults, BASE_NS + 99 * DAY_NS, &stats), RETENTION_HELD);
	assert_int_equal(stats.n_removed, 0);

	state_put("losses.json", "{\"version\":1,\"lost\"");
	assert_int_equal(losses_read(state_fd, &l), LOSSES_DAMAGED);
	assert_int_equal(losses_announce(state_fd, &more), 0);
	assert_true(state_has("losses.json.bad"));
	assert_int_equal(losses_read(state_fd, &l), 0);
	assert_int_equal(l.lost[LOSS_LIMIT].n_windows, 2);
	store_free(s);
}

/* Who reads waits for who writes: the file that was found is written again, in place. */
static void test_reading_in_turn(void **state)
{
	int fd = openat(state_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;
	pid_t pid;

	assert_int_equal(flock(fd, LOCK_EX), 0);
	pid = fork();
	if (pid == 0) {
		struct losses l;

		close_fd(fd);
		_exit(losses_read(state_fd, &l));
	}
	usleep(50000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	close_fd(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* What a writer has no time to leave to retention: no file stands for it, and a target wants some of it. */
static void test_evicted_by_the_writer(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct store_counts counts;

	put_target("slow", "{\"version\":1,\"enabled\":true,\"passed\":[[1,4]]}");
	store_limit(s, 64 << 10, 0);
	put_windows(s, 1, 40);
	store_counts(s, &counts);
	assert_int_equal(counts.n_uncounted, 0);
	assert_true(counts.n_evicted > 10);
	assert_losses(counts.n_evicted, counts.n_evicted * 3);
	assert_int_equal(unsent("slow"), counts.n_evicted - 4);
	store_free(s);
}

/* Counts of a newer version are left alone, and windows make way all the same. */
static void test_evicted_beside_newer_counts(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct store_counts counts;
	struct losses l;

	state_put("losses.json", "{\"version\":2}");
	store_limit(s, 64 << 10, 0);
	put_windows(s, 1, 40);
	store_counts(s, &counts);
	assert_true(counts.n_evicted > 10);
	assert_int_equal(counts.n_uncounted, counts.n_evicted);
	assert_int_equal(losses_read(state_fd, &l), LOSSES_NEWER);
	store_free(s);
}

/* The writer is killed at its first write behind the removal, the row's: the file has gone, and is counted. */
static void test_killed_while_it_evicts(void **state)
{
	const struct rlimit small = { .rlim_cur = LOSSES_FILE_BYTES, .rlim_max = LOSSES_FILE_BYTES };
	struct store *s = open_store(STORE_WRITE);
	struct store_counts counts;
	uint64_t next = 1;
	int status;
	pid_t pid;

	store_limit(s, 64 << 10, 0);
	for (store_counts(s, &counts); counts.n_disk_bytes + (8 << 10) <= 64 << 10; store_counts(s, &counts), next++)
		put_windows(s, next, next);
	assert_int_equal(counts.n_evicted, 0);
	s = store_free(s);
	pid = fork();
	if (pid == 0) {
		const struct rlimit none = {};

		s = open_store(STORE_WRITE);
		store_limit(s, counts.n_disk_bytes, 0);
		setrlimit(RLIMIT_CORE, &none);
		setrlimit(RLIMIT_FSIZE, &small);
		put_windows(s, next, next);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
	s = open_store(STORE_READ);
	assert_int_equal(all_of(s)[0], '2');
	assert_losses(1, 3);
	store_free(s);
}

/* A file stands for what goes: nothing is lost. */
static void test_evicted_after_merging(void **state)
{
	struct store *w = open_store(STORE_WRITE), *s;
	struct store_counts counts;

	put_windows(w, 1, 10);
	s = open_store(STORE_MAINTAIN);
	compact(s, BASE_NS + 6 * HOUR_NS);
	store_free(s);
	store_limit(w, 64 << 10, 0);
	put_windows(w, 11, 18);
	store_counts(w, &counts);
	assert_in_range(counts.n_evicted, 1, 10);
	assert_losses(0, 0);
	store_free(w);
}

/* While so little is free nothing is written, also no merged file; retention has room made. */
static void test_low_disk(void **state)
{
	const struct made m = { .first = 7, .start_ns = BASE_NS };
	struct store *w = open_store(STORE_WRITE), *s;
	struct compact_stats stats;
	struct window_info info;

	put_windows(w, 1, 5);
	store_limit(w, UINT64_MAX, 100);
	assert_int_equal(put(w, &m, &info), STORE_LOW);
	s = open_store(STORE_MAINTAIN);
	store_limit(s, UINT64_MAX, 100);
	assert_int_equal(compact_run(s, 0, BASE_NS + HOUR_NS / 2, &stats), 0);
	assert_int_equal(stats.n_failed, 1);
	assert_int_equal(stats.last_error, -ENOSPC);
	assert_string_equal(all_of(s), "1 2 3 4 5 ");
	store_limit(w, UINT64_MAX, 0);
	assert_int_equal(put(w, &m, &info), 0);
	store_free(s);
	store_free(w);
}

static void test_many_targets(void **state)
{
	struct losses l = {};
	char name[16];

	for (int i = 0; i < LOSSES_MAX_TARGETS + 9; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		losses_add_unsent(&l, name, &(struct loss_count){ 1, 2 });
	}
	assert_int_equal(l.n_targets, LOSSES_MAX_TARGETS);
	assert_string_equal(l.targets[LOSSES_MAX_TARGETS - 2].name, "t62");
	assert_string_equal(l.targets[LOSSES_MAX_TARGETS - 1].name, "others");
	assert_int_equal(l.targets[LOSSES_MAX_TARGETS - 1].unsent.n_windows, 10);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, state_set_up, state_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_ages),
		TEST(test_many_hosts),
		TEST(test_never_merged),
		TEST(test_unsent_by_age),
		TEST(test_targets_of_others),
		TEST(test_bytes),
		TEST(test_free_disk),
		TEST(test_announced),
		TEST(test_announced_by_others),
		TEST(test_losses_file),
		TEST(test_many_targets),
		TEST(test_reading_in_turn),
		TEST(test_evicted_by_the_writer),
		TEST(test_evicted_beside_newer_counts),
		TEST(test_killed_while_it_evicts),
		TEST(test_evicted_after_merging),
		TEST(test_low_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
