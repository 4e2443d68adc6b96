// SPDX-License-Identifier: Apache-2.0
/* Traps laid in a directory below /tmp; "root" in it plays a container's file system. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/fsutil.h"
#include "tests/unit/cmocka-all.h"

static char dir[] = "/tmp/test-fsutil.XXXXXX";
static int dir_fd = -1, root_fd = -1;

static void put_file(int fd, const char *name, const char *text)
{
	_cleanup_close_ int file = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(file >= 0);
	assert_int_equal(fs_write_all(file, text, strlen(text)), 0);
}

static int set_up(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(dir_fd, "root", 0755) < 0)
		return -1;
	root_fd = openat(dir_fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put_file(dir_fd, "secret", "outside");
	put_file(root_fd, "file", "inside");
	if (mkdirat(root_fd, "sub", 0755) < 0 || mkfifoat(root_fd, "fifo", 0644) < 0 ||
	    symlinkat("file", root_fd, "link") < 0 || symlinkat("/file", root_fd, "sub/absolute") < 0 ||
	    symlinkat("../../../../../secret", root_fd, "sub/climb") < 0 ||
	    symlinkat("../../secret", root_fd, "sub/out") < 0 || symlinkat("loop", root_fd, "loop") < 0 ||
	    symlinkat("/proc/self/exe", root_fd, "magic") < 0)
		return -1;
	return 0;
}

static int tear_down(void **state)
{
	_cleanup_free_ char *command = NULL;

	root_fd = close_fd(root_fd);
	dir_fd = close_fd(dir_fd);
	return asprintf(&command, "rm -r %s", dir) > 0 ? system(command) : -1;
}

static void assert_content(int fd, const char *expected)
{
	char text[64] = "";

	assert_int_equal(fs_pread_all(fd, text, sizeof(text) - 1, 0), strlen(expected));
	assert_string_equal(text, expected);
}

static void assert_opens(const char *path, const char *expected)
{
	_cleanup_close_ int fd = -1;
	int r = fs_open_in_root(root_fd, path, &fd);

	if (r != 0)
		fail_msg("%s: %d", path, r);
	assert_content(fd, expected);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void assert_answer(const char *path, int expected)
{
	int fd = -7, r = fs_open_in_root(root_fd, path, &fd);

	if (r != expected)
		fail_msg("%s: %d instead of %d", path, r, expected);
	assert_int_equal(fd, -7);
}

static void test_open_in_root(void **state)
{
	assert_opens("file", "inside");
	assert_opens("/file", "inside");
	assert_opens("link", "inside");
	assert_opens("sub/absolute", "inside");
	assert_opens("sub/../file", "inside");
	assert_opens("../../../file", "inside");
	assert_answer("fifo", FS_NOT_REGULAR);
	assert_answer("sub", FS_NOT_REGULAR);
	assert_answer("/", FS_NOT_REGULAR);
	assert_answer("missing", -ENOENT);
	assert_answer("sub/out", -ENOENT); /* there is no secret within the root */
	assert_answer("sub/climb", -ENOENT);
	assert_answer("../secret", -ENOENT);
	assert_answer("loop", -ELOOP);
	assert_answer("magic", -ENOENT);
	assert_answer("file/x", -ENOTDIR);
	assert_answer("", -ENOENT);
}

static void test_open_in_root_nofollow(void **state)
{
	_cleanup_close_ int fd = -1, opened_fd = -1;
	uid_t owner = 77;

	assert_int_equal(fs_open_in_root_nofollow(root_fd, "sub/../file", &fd, &owner), 0);
	assert_content(fd, "inside");
	fd = close_fd(fd);
	assert_int_equal(fs_open_in_root_nofollow(root_fd, "fifo", &fd, &owner), FS_NOT_REGULAR);
	assert_int_equal(fs_open_in_root_nofollow(root_fd, "missing", &fd, &owner), -ENOENT);
	assert_int_equal(owner, 77);
	assert_int_equal(fs_open_in_root_nofollow(root_fd, "loop", &fd, &owner), FS_SYMLINK);
	assert_int_equal(owner, geteuid());
	assert_int_equal(fd, -1);
	assert_int_equal(fs_open_dir_in_root(root_fd, "file", &opened_fd), -ENOTDIR);
	assert_int_equal(fs_open_dir_in_root(root_fd, "../../sub", &opened_fd), 0);
	assert_int_equal(faccessat(opened_fd, "absolute", R_OK, AT_SYMLINK_NOFOLLOW), 0);
}

/* A name of the root's own file may not lead to another by a link of /proc. */
static void test_magic_link(void **state)
{
	_cleanup_close_ int slash_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;

	assert_true(slash_fd >= 0);
	assert_int_equal(fs_open_in_root(slash_fd, "/proc/self/exe", &fd), -ELOOP);
	assert_int_equal(fs_open_in_root(slash_fd, "/dev/zero", &fd), FS_NOT_REGULAR);
	assert_int_equal(fs_open_regular(AT_FDCWD, "/proc/self/exe", &fd), 0);
}

static void test_open_regular(void **state)
{
	_cleanup_close_ int fd = -1;

	assert_int_equal(fs_open_regular(root_fd, "fifo", &fd), FS_NOT_REGULAR);
	assert_int_equal(fs_open_regular(root_fd, "missing", &fd), -ENOENT);
	assert_int_equal(fd, -1);
	assert_int_equal(fs_open_regular(root_fd, "sub/out", &fd), 0); /* this one follows */
	assert_content(fd, "outside");
}

static void test_read(void **state)
{
	_cleanup_(buf_done) struct buf b = {};

	assert_int_equal(fs_read(root_fd, "file", 6, &b), 0);
	assert_string_equal(b.data, "inside");
	assert_int_equal(fs_read(root_fd, "file", 5, &b), -EFBIG);
	assert_int_equal(fs_read(root_fd, "missing", 5, &b), -ENOENT);
	assert_int_equal(fs_read(root_fd, "sub", 5, &b), -EISDIR);
	assert_int_equal(fs_read(AT_FDCWD, "/proc/self/status", 1 << 16, &b), 0); /* its size is 0 by stat */
	assert_non_null(strstr(b.data, "\nPid:\t"));
}

static void test_pread(void **state)
{
	_cleanup_close_ int fd = openat(root_fd, "file", O_RDONLY | O_CLOEXEC);
	char text[8] = "";

	assert_int_equal(fs_pread_all(fd, text, 3, 2), 3);
	assert_string_equal(text, "sid");
	assert_int_equal(fs_pread_all(fd, text, 8, 4), 2);
	assert_int_equal(fs_pread_all(fd, text, 8, 100), 0);
	assert_int_equal(fs_pread_all(-1, text, 8, 0), -EBADF);
}

static int n_entries(int fd)
{
	DIR *d = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void test_temp_publish(void **state)
{
	_cleanup_(fs_temp_done) struct fs_temp t = FS_TEMP_NONE;
	_cleanup_(buf_done) struct buf b = {};
	struct stat st;
	int n = n_entries(root_fd);

	put_file(root_fd, "sub/final", "old");
	assert_int_equal(fs_temp_open(root_fd, "sub/final", 0640, &t), 0);
	assert_int_equal(strncmp(t.name, "sub/.final.", 11), 0);
	assert_int_equal(fs_write_all(t.fd, "new", 3), 0);
	assert_int_equal(fs_read(root_fd, "sub/final", 100, &b), 0);
	assert_string_equal(b.data, "old");
	assert_int_equal(fs_temp_publish(&t, "sub/final"), 0);
	assert_int_equal(t.fd, -1);
	assert_null(t.name);
	assert_int_equal(fs_read(root_fd, "sub/final", 100, &b), 0);
	assert_string_equal(b.data, "new");
	assert_int_equal(fstatat(root_fd, "sub/final", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777 & ~0640, 0);
	assert_int_equal(n_entries(root_fd), n);
}

static void test_temp_abandon(void **state)
{
	struct fs_temp t = FS_TEMP_NONE;
	int n = n_entries(root_fd);

	assert_int_equal(fs_temp_open(root_fd, "never", 0644, &t), 0);
	assert_int_equal(fs_write_all(t.fd, "half", 4), 0);
	assert_int_equal(n_entries(root_fd), n + 1);
	fs_temp_done(&t);
	assert_int_equal(t.fd, -1);
	assert_int_equal(n_entries(root_fd), n);
	assert_int_equal(faccessat(root_fd, "never", F_OK, 0), -1);
	fs_temp_done(&t); /* twice is fine */
	assert_int_equal(fs_temp_open(root_fd, "missing/never", 0644, &t), -ENOENT);
	assert_int_equal(t.fd, -1);
}

/* A publication that fails leaves the temporary to fs_temp_done(). */
static void test_temp_unpublishable(void **state)
{
	struct fs_temp t = FS_TEMP_NONE;
	int n = n_entries(root_fd);

	assert_int_equal(fs_temp_open(root_fd, "sub", 0644, &t), 0);
	assert_int_equal(fs_temp_publish(&t, "sub"), -EISDIR);
	fs_temp_done(&t);
	assert_int_equal(n_entries(root_fd), n);
}

/* Each listing starts at the beginning, and leaves the descriptor as it was. */
static void test_open_dir(void **state)
{
	_cleanup_close_ int self_fd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
			    file_fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	size_t n[2] = {};
	DIR *listing;

	for (size_t i = 0; i < ARRAY_SIZE(n); i++) {
		assert_int_equal(fs_open_dir(self_fd, &listing), 0);
		while (readdir(listing))
			n[i]++;
		closedir(listing);
	}
	assert_true(n[0] > 10);
	assert_int_equal(n[0], n[1]);
	assert_int_equal(fs_open_dir(file_fd, &listing), -ENOTDIR);
	assert_int_equal(fs_open_dir(-1, &listing), -EBADF);
}

static void test_read_open(void **state)
{
	_cleanup_close_ int fd = memfd_create("content", MFD_CLOEXEC);
	_cleanup_(buf_done) struct buf content = {}, more = {}, none = {};
	int pipe_fds[2];

	assert_int_equal(fs_read_open(fd, 0, &none), 0);
	assert_string_equal(none.data, "");
	assert_int_equal(fs_write_all(fd, "a\0b", 3), 0);
	assert_int_equal(fs_read_open(fd, 3, &content), 0); /* from the start, wherever its position is */
	assert_int_equal(content.size, 3);
	assert_memory_equal(content.data, "a\0b", 4);
	assert_int_equal(fs_read_open(fd, 2, &more), -EFBIG);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_int_equal(fs_read_open(pipe_fds[0], 10, &more), 0); /* there is nothing in it, and it does not wait */
	assert_int_equal(more.size, 0);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	assert_int_equal(fs_read_open(pipe_fds[0], 10, &more), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_open),
		cmocka_unit_test(test_open_in_root),
		cmocka_unit_test(test_magic_link),
		cmocka_unit_test(test_open_regular),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_pread),
		cmocka_unit_test(test_temp_publish),
		cmocka_unit_test(test_temp_abandon),
		cmocka_unit_test(test_temp_unpublishable),
		cmocka_unit_test(test_open_dir),
		cmocka_unit_test(test_open_in_root_nofollow),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
