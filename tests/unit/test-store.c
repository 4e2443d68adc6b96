// SPDX-License-Identifier: Apache-2.0
/* A store on a real disk: what is written is found, whatever becomes of the catalogue, of files, and of the disk. */
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/suffix.h"
#include "store/losses.h"
#include "tests/unit/store-fixture.h"

#define FILE_2 "windows/2026-11-29/01/20261129T014020.000Z-h-00000002.pb.zst"
#define HOUR_NS (3600 * (int64_t)NS_PER_S)

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
	assert_int_equal(store_find(r, WINDOW_RAW, 7, &info), 0);
	assert_same(&info, &put_info);
	assert_int_equal(info.start_ns, BASE_NS + 5);
	assert_true(info.n_bytes > 0 && info.n_disk_bytes >= 512 && info.n_raw_bytes > info.n_bytes / 2);
	assert_int_equal(store_load(r, &info, &p), 0);
	assert_int_equal(p->n_samples, 2);
	assert_int_equal(store_find(r, WINDOW_RAW, 6, &info), STORE_GONE);
	profile_free(p);
	store_free(r);
	store_free(w);
}

static void test_no_store(void **state)
{
	struct store *s = NULL;

	assert_int_equal(store_open(state_fd, STORE_READ, &s), STORE_NONE);
	assert_int_equal(store_open(state_fd, STORE_MAINTAIN, &s), STORE_NONE);
	assert_false(state_has("catalog.db"));
}

/* Rows are what is read: a file that became unreadable since is not noticed. */
static void test_rows_are_used(void **state)
{
	struct store *s = open_store(STORE_WRITE);

	put_windows(s, 1, 3);
	store_free(s);
	state_put(FILE_2, "damaged");
	s = open_store(STORE_READ);
	assert_string_equal(all_of(s), "1 2 3 ");
	store_free(s);
}

static void test_without_the_catalogue(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct window_info with, without;

	put_windows(s, 1, 3);
	store_free(s);
	s = open_store(STORE_READ);
	assert_int_equal(store_find(s, WINDOW_RAW, 2, &with), 0);
	store_free(s);
	assert_int_equal(unlinkat(state_fd, "catalog.db", 0), 0);
	s = open_store(STORE_READ);
	assert_int_equal(store_find(s, WINDOW_RAW, 2, &without), 0);
	assert_same(&with, &without);
	assert_string_equal(all_of(s), "1 2 3 ");
	store_free(s);
	assert_false(state_has("catalog.db"));
}

/* The file of a row goes, another comes: the folder's mtime tells. */
static void test_files_that_others_change(void **state)
{
	struct store *w = open_store(STORE_WRITE), *r = open_store(STORE_READ);
	struct window_cursor *c;
	struct window_info info;
	struct profile *p;

	put_windows(w, 1, 3);
	assert_string_equal(all_of(r), "1 2 3 ");
	assert_int_equal(store_find(r, WINDOW_RAW, 2, &info), 0);
	assert_int_equal(renameat(state_fd, FILE_2, state_fd, "aside"), 0);
	assert_int_equal(store_load(r, &info, &p), STORE_GONE);
	assert_string_equal(all_of(r), "1 3 ");
	assert_int_equal(renameat(state_fd, "aside", state_fd, FILE_2), 0);
	assert_string_equal(all_of(r), "1 2 3 ");
	assert_int_equal(store_list(r, WINDOW_RAW, 0, UINT64_MAX, false, SIZE_MAX, &c), 0);
	assert_int_equal(store_remove(w, &info), 0);
	assert_int_equal(store_remove(w, &info), STORE_GONE);
	assert_string_equal(sequences_of(c), "1 gone 3 ");
	store_free(r);
	store_free(w);
}

/* As long ago as it takes for a folder to be trusted. */
static void age(const char *folder, int64_t ago_s)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, {} };

	clock_gettime(CLOCK_REALTIME, &times[1]);
	times[1].tv_sec -= ago_s;
	assert_int_equal(utimensat(state_fd, folder, times, 0), 0);
}

/* Once a folder is known nobody looks into it again, until it changes. */
static void test_a_known_folder_is_not_listed(void **state)
{
	const char *folder = "windows/2026-11-29/01";
	struct store *s = open_store(STORE_WRITE);
	struct stat st;
	struct timespec times[2];

	put_windows(s, 1, 3);
	store_free(s);
	age(folder, 60);
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(store_reconcile(s), 0);
	assert_int_equal(fstatat(state_fd, folder, &st, 0), 0);
	assert_int_equal(unlinkat(state_fd, FILE_2, 0), 0);
	times[0] = times[1] = st.st_mtim;
	assert_int_equal(utimensat(state_fd, folder, times, 0), 0);
	assert_string_equal(all_of(s), "1 2 3 ");
	age(folder, 30);
	assert_string_equal(all_of(s), "1 3 ");
	age(folder, 0); /* too young to be trusted: looked into each time */
	assert_int_equal(store_reconcile(s), 0);
	assert_int_equal(fstatat(state_fd, folder, &st, 0), 0);
	assert_int_equal(unlinkat(state_fd, "windows/2026-11-29/01/20261129T014030.000Z-h-00000003.pb.zst", 0), 0);
	times[0] = times[1] = st.st_mtim;
	assert_int_equal(utimensat(state_fd, folder, times, 0), 0);
	assert_string_equal(all_of(s), "1 ");
	store_free(s);
}

static void damage_file(const char *name, size_t at)
{
	_cleanup_close_ int fd = openat(state_fd, name, O_RDWR | O_CLOEXEC);
	char byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte = (char)~byte;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
}

static void test_a_damaged_catalogue(void **state)
{
	struct store *s = open_store(STORE_WRITE);

	put_windows(s, 1, 3);
	store_free(s);
	state_put("catalog.db", "this is no database, and it is long enough to be looked at as one: ............");
	s = open_store(STORE_READ);
	assert_string_equal(all_of(s), "1 2 3 ");
	store_free(s);
	s = open_store(STORE_WRITE); /* sets it aside */
	put_windows(s, 4, 4);
	store_free(s);
	assert_true(state_has("catalog.db.old"));
	s = open_store(STORE_READ);
	assert_string_equal(all_of(s), "1 2 3 4 ");
	store_free(s);
}

/* Pages in the middle are damaged: it is found out when they are read. */
static void test_a_catalogue_that_is_damaged_inside(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct store_counts counts;
	struct stat st;

	put_windows(s, 1, 50);
	store_free(s);
	assert_int_equal(fstatat(state_fd, "catalog.db", &st, 0), 0);
	for (off_t at = 4096; at < st.st_size; at += 4096)
		damage_file("catalog.db", (size_t)at);
	s = open_store(STORE_READ);
	assert_int_equal(strlen(all_of(s)), 2 * 9 + 3 * 41);
	store_free(s);
	s = open_store(STORE_WRITE);
	put_windows(s, 51, 52);
	store_counts(s, &counts);
	assert_true(counts.n_catalogue_failures <= 1);
	assert_true(state_has("catalog.db.old"));
	store_free(s);
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(store_reconcile(s), 0);
	store_free(s);
	assert_int_equal(renameat(state_fd, "windows/2026-11-29", state_fd, "aside"), 0);
	s = open_store(STORE_READ);
	assert_string_equal(all_of(s), "");
	store_free(s);
}

static void set_version(int version)
{
	char path[96], text[64];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/catalog.db", state_path);
	snprintf(text, sizeof(text), "PRAGMA user_version = %d", version);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Who writes keeps one beside it; as long as there is none, files are read. */
static void test_a_newer_catalogue_is_left_alone(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct store_counts counts;

	put_windows(s, 1, 2);
	store_free(s);
	set_version(2);
	s = open_store(STORE_READ);
	store_counts(s, &counts);
	assert_string_equal(counts.catalogue_fault, "is of a newer cpuhound");
	assert_string_equal(all_of(s), "1 2 ");
	store_free(s);
	s = open_store(STORE_WRITE);
	put_windows(s, 3, 3);
	store_counts(s, &counts);
	assert_int_equal(counts.n_catalogue_failures, 0);
	assert_string_equal(counts.catalogue_fault, "is of a newer cpuhound");
	store_free(s);
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(store_reconcile(s), 0);
	state_put(FILE_2, "damaged"); /* it has rows */
	assert_string_equal(all_of(s), "1 2 3 ");
	assert_int_equal(unlinkat(state_fd, FILE_2, 0), 0);
	assert_string_equal(all_of(s), "1 3 ");
	store_free(s);
	assert_true(state_has("catalog.v1.db"));
	assert_false(state_has("catalog.db.old"));
	set_version(1); /* as if it were ours again: it learns what has happened */
	s = open_store(STORE_WRITE);
	put_windows(s, 4, 4);
	store_free(s);
	assert_false(state_has("catalog.v1.db"));
	s = open_store(STORE_READ);
	store_counts(s, &counts);
	assert_null(counts.catalogue_fault);
	assert_string_equal(all_of(s), "1 3 4 ");
	store_free(s);
}

static void test_an_older_catalogue_is_made_anew(void **state)
{
	struct store *s = open_store(STORE_WRITE);

	put_windows(s, 1, 2);
	store_free(s);
	set_version(0);
	s = open_store(STORE_READ);
	assert_string_equal(all_of(s), "1 2 ");
	store_free(s);
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(store_reconcile(s), 0);
	assert_true(state_has("catalog.db.old"));
	state_put(FILE_2, "damaged"); /* it has rows now */
	assert_string_equal(all_of(s), "1 2 ");
	store_free(s);
}

/* Of a catalogue that is removed under who writes rows: the next row goes into a new one. */
static void test_a_catalogue_that_goes_meanwhile(void **state)
{
	struct store *s = open_store(STORE_WRITE), *r;

	put_windows(s, 1, 2);
	assert_int_equal(unlinkat(state_fd, "catalog.db", 0), 0);
	put_windows(s, 3, 3);
	assert_true(state_has("catalog.db"));
	r = open_store(STORE_READ);
	assert_string_equal(all_of(r), "1 2 3 ");
	store_free(r);
	store_free(s);
}

static void test_bad_files(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct store_counts counts;
	struct store_stats stats;

	put_windows(s, 1, 3);
	store_free(s);
	damage_file(FILE_2, 40);
	assert_int_equal(unlinkat(state_fd, "catalog.db", 0), 0);
	s = open_store(STORE_READ);
	assert_string_equal(all_of(s), "1 3 ");
	store_counts(s, &counts);
	assert_int_equal(counts.n_bad_seen, 1);
	assert_int_equal(counts.n_quarantined, 0);
	assert_true(state_has(FILE_2));
	store_free(s);
	s = open_store(STORE_MAINTAIN);
	state_put("windows/2026-11-29/01/20261129T014050.000Z-h-00000005.pb.zst", "no profile");
	state_put("windows/2026-11-29/01/20261129T014050.000Z-h-00000005.other", "not ours");
	state_put("windows/2026-11-29/01/20261129T024050.000Z-h-00000006.pb.zst", "in another hour's folder");
	assert_int_equal(store_reconcile(s), 0);
	store_counts(s, &counts);
	assert_int_equal(counts.n_quarantined, 2);
	assert_false(state_has(FILE_2));
	assert_true(state_has("bad/20261129T014020.000Z-h-00000002.pb.zst"));
	assert_true(state_has("windows/2026-11-29/01/20261129T014050.000Z-h-00000005.other"));
	assert_true(state_has("windows/2026-11-29/01/20261129T024050.000Z-h-00000006.pb.zst"));
	assert_int_equal(store_stats(s, &stats), 0);
	assert_int_equal(stats.n_bad_files, 2);
	assert_int_equal(stats.tiers[WINDOW_RAW].n_files, 2);
	assert_int_equal(stats.tiers[WINDOW_RAW].oldest_ns, BASE_NS + WINDOW_NS);
	assert_int_equal(stats.tiers[WINDOW_RAW].newest_ns, BASE_NS + 3 * WINDOW_NS);
	store_free(s);
}

/* It is found out when it is loaded. */
static void test_a_file_that_is_damaged_later(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct window_info info;
	struct profile *p = NULL;

	put_windows(s, 1, 3);
	store_free(s);
	s = open_store(STORE_READ);
	assert_int_equal(store_find(s, WINDOW_RAW, 2, &info), 0);
	damage_file(FILE_2, info.n_bytes - 2); /* of the checksum */
	assert_int_equal(store_load(s, &info, &p), STORE_BAD);
	assert_true(state_has("bad/20261129T014020.000Z-h-00000002.pb.zst"));
	assert_int_equal(store_find(s, WINDOW_RAW, 2, &info), STORE_GONE);
	store_free(s);
}

static void test_bad_is_bounded(void **state)
{
	struct store *s;

	assert_int_equal(mkdirat(state_fd, "windows", 0755), 0);
	assert_int_equal(mkdirat(state_fd, "windows/2026-11-29", 0755), 0);
	assert_int_equal(mkdirat(state_fd, "windows/2026-11-29/01", 0755), 0);
	for (int i = 0; i < 100; i++) {
		char name[96];

		snprintf(name, sizeof(name), "windows/2026-11-29/01/20261129T01%02d%02d.000Z-h-%08d.pb.zst", i / 60,
			 i % 60, i);
		state_put(name, "bad");
	}
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(store_reconcile(s), 0);
	store_free(s);
	assert_false(state_has("bad/20261129T010035.000Z-h-00000035.pb.zst"));
	assert_true(state_has("bad/20261129T010036.000Z-h-00000036.pb.zst"));
	assert_true(state_has("bad/20261129T010139.000Z-h-00000099.pb.zst"));
	s = open_store(STORE_WRITE);
	assert_int_equal(store_next_sequence(s), 100);
	store_free(s);
}

/* The greatest number is known when its file, and the catalogue, are gone. */
static void test_sequences_never_go_back(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct window_info info;

	put_windows(s, 1, 3);
	assert_false(state_has("sequence"));
	store_free(s);
	s = open_store(STORE_MAINTAIN);
	assert_int_equal(store_find(s, WINDOW_RAW, 1, &info), 0);
	assert_int_equal(store_remove(s, &info), 0);
	assert_false(state_has("sequence"));
	assert_int_equal(store_find(s, WINDOW_RAW, 3, &info), 0);
	assert_int_equal(store_remove(s, &info), 0);
	assert_true(state_has("sequence"));
	assert_int_equal(store_find(s, WINDOW_RAW, 2, &info), 0);
	assert_int_equal(store_remove(s, &info), 0);
	store_free(s);
	assert_false(state_has("windows/2026-11-29"));
	assert_int_equal(unlinkat(state_fd, "catalog.db", 0), 0);
	s = open_store(STORE_WRITE);
	assert_int_equal(store_next_sequence(s), 4);
	put_windows(s, 9, 9);
	store_free(s);
	s = open_store(STORE_WRITE);
	assert_int_equal(store_next_sequence(s), 10);
	store_free(s);
}

static void test_one_maintainer(void **state)
{
	struct store *w = open_store(STORE_WRITE), *a, *b = NULL, *r;

	put_windows(w, 1, 2);
	a = open_store(STORE_MAINTAIN);
	assert_int_equal(store_open(state_fd, STORE_MAINTAIN, &b), STORE_BUSY);
	put_windows(w, 3, 3); /* it gets along with who adds */
	assert_string_equal(all_of(a), "1 2 3 ");
	r = open_store(STORE_READ); /* and with who reads */
	assert_string_equal(all_of(r), "1 2 3 ");
	store_free(r);
	store_free(a);
	a = open_store(STORE_MAINTAIN);
	store_free(a);
	store_free(w);
}

static void test_leftovers_are_removed(void **state)
{
	struct store *s = open_store(STORE_WRITE);

	put_windows(s, 1, 1);
	store_free(s);
	assert_int_equal(mkdirat(state_fd, "minutes", 0755), 0);
	assert_int_equal(mkdirat(state_fd, "minutes/2026-11-29", 0755), 0);
	state_put("minutes/2026-11-29/.x.pb.zst.0000abcd.tmp", "half");
	s = open_store(STORE_READ);
	assert_true(state_has("minutes/2026-11-29/.x.pb.zst.0000abcd.tmp"));
	store_free(s);
	s = open_store(STORE_MAINTAIN);
	assert_false(state_has("minutes/2026-11-29/.x.pb.zst.0000abcd.tmp"));
	store_free(s);
}

static void test_the_oldest_make_way(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct store_counts counts;
	struct window_info info;

	assert_int_equal(mkdirat(state_fd, "keep", 0755), 0);
	state_put("keep/this.pb.zst", "not ours");
	store_limit(s, 64 << 10, 0); /* 16 blocks of 4 KiB */
	for (uint64_t i = 0; i < 40; i++) {
		const struct made m = { .first = i, .start_ns = BASE_NS + (int64_t)i * HOUR_NS };

		assert_int_equal(put(s, &m, &info), 0);
	}
	store_counts(s, &counts);
	assert_true(counts.n_disk_bytes <= 64 << 10);
	assert_int_equal(counts.n_files + counts.n_evicted, 40);
	assert_true(counts.n_files >= 14 && counts.n_files <= 16);
	assert_false(state_has("windows/2026-11-29")); /* nor do empty folders stay */
	assert_true(state_has("keep/this.pb.zst"));
	store_limit(s, 100, 0);
	assert_int_equal(put(s, &(struct made){ .first = 41, .start_ns = BASE_NS }, &info), -EFBIG);
	store_free(s);
}

/* What another process removes is no longer counted, once the catalogue knows of all files. */
static void test_a_writer_counts_what_is_there(void **state)
{
	struct store *w = open_store(STORE_WRITE), *m;
	struct store_counts counts;
	struct window_info info;

	put_windows(w, 0, 9);
	m = open_store(STORE_MAINTAIN);
	for (uint64_t i = 0; i < 5; i++) {
		assert_int_equal(store_find(m, WINDOW_RAW, i, &info), 0);
		assert_int_equal(store_remove(m, &info), 0);
	}
	put_windows(w, 10, 10);
	store_counts(w, &counts);
	assert_int_equal(counts.n_files, 11);
	assert_int_equal(store_reconcile(m), 0);
	put_windows(w, 11, 11);
	store_counts(w, &counts);
	assert_int_equal(counts.n_files, 7);
	store_free(m);
	store_free(w);
}

static void enter_tmpfs(const char *options)
{
	if (mount("tmpfs", state_path, "tmpfs", 0, options) < 0)
		skip();
	state_fd = close_fd(state_fd);
	state_fd = open(state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void leave_tmpfs(void)
{
	state_fd = close_fd(state_fd);
	assert_int_equal(umount2(state_path, MNT_DETACH), 0);
}

static void fill_disk(uint64_t n_bytes_left)
{
	_cleanup_close_ int fd = openat(state_fd, "other", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	static const char bytes[4096];
	struct statvfs fs;

	while (fstatvfs(state_fd, &fs) == 0 && fs.f_bavail * fs.f_frsize > n_bytes_left)
		assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
}

static void put_hours(struct store *s, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++) {
		const struct made m = { .first = i, .start_ns = BASE_NS + (int64_t)i * HOUR_NS };
		struct window_info info;

		assert_int_equal(put(s, &m, &info), 0);
	}
}

/* Windows make way for windows, and not for the catalogue. */
static void test_a_full_disk(void **state)
{
	struct store_counts counts;
	struct window_info info;
	char command[96];
	struct store *s;

	enter_tmpfs("size=16m");
	s = open_store(STORE_WRITE);
	put_hours(s, 1, 20);
	store_counts(s, &counts);
	assert_int_equal(counts.n_catalogue_failures, 0);
	fill_disk(400 << 10);
	put_hours(s, 21, 200);
	store_counts(s, &counts);
	assert_int_equal(counts.n_files + counts.n_evicted, 200);
	assert_true(counts.n_evicted > 5);
	assert_true(counts.n_files > 50);
	assert_int_equal(counts.n_catalogue_failures, 180 + counts.n_evicted);
	assert_string_equal(counts.catalogue_fault, "finds no room on the disk");
	snprintf(command, sizeof(command), "rm -r %s/windows", state_path);
	assert_int_equal(system(command), 0);
	fill_disk(0);
	assert_int_equal(put(s, &(struct made){ .first = 901, .start_ns = BASE_NS }, &info), -ENOSPC);
	assert_int_equal(unlinkat(state_fd, "other", 0), 0);
	put_windows(s, 902, 903); /* it goes on by itself */
	store_counts(s, &counts);
	assert_null(counts.catalogue_fault);
	store_free(s);
	s = open_store(STORE_READ);
	assert_string_equal(all_of(s), "902 903 ");
	store_free(s);
	leave_tmpfs();
}

static bool dies_behind_removal; /* of a window */

int unlinkat(int dir_fd, const char *name, int flags)
{
	int r = (int)syscall(SYS_unlinkat, dir_fd, name, flags);

	if (r == 0 && dies_behind_removal && has_suffix(name, NAME_SUFFIX))
		_exit(137);
	return r;
}

static void assert_lost_to_the_disk(uint64_t n_windows)
{
	struct losses l;

	assert_int_equal(losses_read(state_fd, &l), 0);
	assert_int_equal(l.lost[LOSS_DISK].n_windows, n_windows);
	assert_int_equal(l.lost[LOSS_DISK].n_samples, 3 * n_windows);
}

/* Not a block is free when a window makes way: it is counted, and its writer killed. */
static void test_killed_on_a_full_disk(void **state)
{
	struct store *s;
	int status;
	pid_t pid;

	enter_tmpfs("size=16m");
	s = open_store(STORE_WRITE);
	put_hours(s, 1, 9);
	store_free(s);
	pid = fork();
	if (pid == 0) {
		s = open_store(STORE_WRITE);
		fill_disk(0);
		dies_behind_removal = true;
		put_hours(s, 10, 10);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 137);
	assert_lost_to_the_disk(1);
	s = open_store(STORE_READ);
	assert_string_equal(all_of(s), "2 3 4 5 6 7 8 9 ");
	store_free(s);
	leave_tmpfs();
}

/* What cannot be counted stays, until it can. */
static void test_no_room_to_count(void **state)
{
	const struct made m = { .first = 10, .start_ns = BASE_NS + 10 * HOUR_NS };
	struct window_info info;
	struct store *s;

	enter_tmpfs("size=16m");
	s = open_store(STORE_WRITE);
	put_hours(s, 1, 9);
	assert_int_equal(unlinkat(state_fd, "losses.json.spare", 0), 0);
	fill_disk(0);
	assert_int_equal(put(s, &m, &info), -ENOSPC);
	store_free(s);
	s = open_store(STORE_READ);
	assert_string_equal(all_of(s), "1 2 3 4 5 6 7 8 9 ");
	store_free(s);
	leave_tmpfs();
}

/* Who maintains a store on a full disk need not decode all of it: rows that are there are used. */
static void test_rows_on_a_full_disk(void **state)
{
	struct store *s;

	enter_tmpfs("size=32m");
	s = open_store(STORE_WRITE);
	put_windows(s, 1, 3);
	store_free(s);
	state_put(FILE_2, "damaged");
	fill_disk(1 << 20);
	s = open_store(STORE_MAINTAIN);
	assert_string_equal(all_of(s), "1 2 3 ");
	assert_int_equal(renameat(state_fd, FILE_2, state_fd, "aside"), 0);
	assert_string_equal(all_of(s), "1 3 ");
	store_free(s);
	assert_false(state_has("catalog.db.old"));
	leave_tmpfs();
}

static void test_a_disk_that_cannot_be_written(void **state)
{
	struct store_counts counts;
	struct window_info info;
	struct store *s, *r;

	enter_tmpfs("size=32m");
	s = open_store(STORE_WRITE);
	put_windows(s, 1, 3);
	assert_int_equal(mount(NULL, state_path, NULL, MS_REMOUNT | MS_RDONLY, "size=32m"), -1); /* it has files open */
	store_free(s);
	damage_file(FILE_2, 40);
	assert_int_equal(unlinkat(state_fd, "catalog.db", 0), 0);
	s = open_store(STORE_WRITE);
	store_free(s);
	assert_int_equal(mount(NULL, state_path, NULL, MS_REMOUNT | MS_RDONLY, "size=32m"), 0);
	s = open_store(STORE_WRITE);
	assert_int_equal(put(s, &(struct made){ .first = 4, .start_ns = BASE_NS }, &info), -EROFS);
	r = open_store(STORE_READ);
	assert_string_equal(all_of(r), "1 3 ");
	store_counts(r, &counts);
	assert_int_equal(counts.n_bad_seen, 1);
	store_free(r);
	assert_int_equal(mount(NULL, state_path, NULL, MS_REMOUNT, "size=32m"), 0);
	put_windows(s, 4, 5); /* it goes on by itself */
	store_counts(s, &counts);
	store_free(s);
	s = open_store(STORE_READ);
	assert_string_equal(all_of(s), "1 3 4 5 ");
	store_free(s);
	leave_tmpfs();
}

static int fails_in; /* so many calls of fsync(); 0: none does */

/* Instead of the C library's, for the store, which is linked into this program. */
int fsync(int fd)
{
	if (fails_in > 0 && --fails_in == 0) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

/* A window that is not durable is an error, and what is there is whole; the next one is written. */
static void test_a_disk_that_fails(void **state)
{
	char command[128];
	int n = 0, e;

	assert_int_equal(losses_reserve(state_fd), 0);
	do {
		struct store *s = open_store(STORE_WRITE);
		struct window_info info;
		uint64_t sequence = store_next_sequence(s);
		const struct made m = { .first = sequence, .start_ns = BASE_NS + (int64_t)sequence * HOUR_NS };

		fails_in = ++n;
		e = put(s, &m, &info);
		fails_in = 0;
		assert_true(e == 0 || e == -EIO);
		put_windows(s, sequence + 1, sequence + 1);
		store_free(s);
	} while (e != 0);
	assert_int_equal(n, 6); /* the three folders, the file, its folder; none fails */
	snprintf(command, sizeof(command), "test -z \"$(find %s -name '*.tmp')\"", state_path);
	assert_int_equal(system(command), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, state_set_up, state_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_written_is_found),
		TEST(test_no_store),
		TEST(test_rows_are_used),
		TEST(test_without_the_catalogue),
		TEST(test_files_that_others_change),
		TEST(test_a_known_folder_is_not_listed),
		TEST(test_a_damaged_catalogue),
		TEST(test_a_catalogue_that_is_damaged_inside),
		TEST(test_a_newer_catalogue_is_left_alone),
		TEST(test_an_older_catalogue_is_made_anew),
		TEST(test_a_catalogue_that_goes_meanwhile),
		TEST(test_bad_files),
		TEST(test_a_file_that_is_damaged_later),
		TEST(test_bad_is_bounded),
		TEST(test_sequences_never_go_back),
		TEST(test_one_maintainer),
		TEST(test_leftovers_are_removed),
		TEST(test_the_oldest_make_way),
		TEST(test_a_writer_counts_what_is_there),
		TEST(test_a_full_disk),
		TEST(test_killed_on_a_full_disk),
		TEST(test_no_room_to_count),
		TEST(test_rows_on_a_full_disk),
		TEST(test_a_disk_that_cannot_be_written),
		TEST(test_a_disk_that_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
