// SPDX-License-Identifier: Apache-2.0
/* mapped-file: files of this process found through /proc, traps refused, and the vdso. */
#include "tests/unit/tool.h"

#include <elf.h>
#include <inttypes.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "symbolizer/mapped-file.h"

static int open_self(void)
{
	int fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* The first mapping of a file in /proc/self/maps. */
static void find_mapping(const char *path, uint64_t *ret_start, uint64_t *ret_end)
{
	_cleanup_(buf_done) struct buf maps = {};
	const char *line;

	assert_int_equal(fs_read(AT_FDCWD, "/proc/self/maps", 1 << 20, &maps), 0);
	line = strstr(maps.data, path);
	assert_non_null(line);
	while (line > maps.data && line[-1] != '\n')
		line--;
	assert_int_equal(sscanf(line, "%" SCNx64 "-%" SCNx64, ret_start, ret_end), 2);
}

static void test_deleted_file(void **state)
{
	_cleanup_close_ int self = open_self(), fd = -1;
	char path[300], content[8] = "content", found[8];
	uint64_t start, end;
	void *map;

	snprintf(path, sizeof(path), "%s/gone", (char *)*state);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fs_write_all(fd, content, sizeof(content)), 0);
	map = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(map != MAP_FAILED);
	find_mapping(path, &start, &end);
	assert_int_equal(mapped_file_has_name(fd, "/elsewhere/gone"), 1);
	assert_int_equal(unlink(path), 0);
	fd = close_fd(fd);
	assert_int_equal(mapped_file_open(self, start, end, &fd), 0);
	assert_int_equal(mapped_file_has_name(fd, path), 1);
	assert_int_equal(mapped_file_has_name(fd, "gone"), 1);
	assert_int_equal(mapped_file_has_name(fd, "/elsewhere/gon"), 0);
	assert_int_equal(mapped_file_has_name(fd, "/elsewhere/gone2"), 0);
	assert_int_equal(mapped_file_has_name(-1, path), -ENOENT);
	assert_int_equal(fs_pread_all(fd, found, sizeof(found), 0), sizeof(found));
	assert_memory_equal(found, content, sizeof(content));
	assert_int_equal(mapped_file_open(self, start, end + 4096, &fd), -ENOENT);
	munmap(map, 4096);
}

static void test_by_path(void **state)
{
	_cleanup_close_ int self = open_self();
	char path[300], link[300];
	int fd;

	snprintf(path, sizeof(path), "%s/fifo", (char *)*state);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(mapped_file_open_by_path(self, path, &fd), FS_NOT_REGULAR); /* and does not block */
	assert_int_equal(mapped_file_open_by_path(self, "/dev/zero", &fd), FS_NOT_REGULAR);
	assert_int_equal(mapped_file_open_by_path(self, *state, &fd), FS_NOT_REGULAR);
	snprintf(link, sizeof(link), "%s/link", (char *)*state);
	assert_int_equal(symlink("/proc/self/exe", link), 0);
	assert_true(mapped_file_open_by_path(self, link, &fd) < 0); /* a magic link leaves the root */
	assert_int_equal(mapped_file_open_by_path(self, "/bin/bash", &fd), 0);
	close_fd(fd);
	assert_int_equal(mapped_file_open_by_path(self, "/no/such/file", &fd), -ENOENT);
}

static void test_name_of_a_mapped_file(void **state)
{
	_cleanup_close_ int a = -1, same = -1, copy = -1;

	tool_run("cp -p /bin/true '%s/a' && ln '%s/a' '%s/same' && cp -p /bin/true '%s/copy'", (char *)*state,
		 (char *)*state, (char *)*state, (char *)*state);
	a = tool_open_in(*state, "a");
	same = tool_open_in(*state, "same");
	copy = tool_open_in(*state, "copy");
	assert_int_equal(mapped_file_is_named(a, same), 1);
	assert_int_equal(mapped_file_is_named(a, copy), 0);
	assert_int_equal(mapped_file_is_named(a, -1), -EBADF);
}

/* Through an overlay a name has another device than what is mapped: told by the rest, and only on a block device. */
static void test_name_in_an_overlay(void **state)
{
	_cleanup_close_ int lower = -1, merged = -1, other = -1;
	const char *dir = *state;
	char command[2000];
	struct stat st;

	snprintf(command, sizeof(command),
		 "mkdir '%s/l' '%s/u' '%s/w' '%s/m' && cp /bin/true '%s/l/a' && cp /bin/true '%s/l/b' && "
		 "mount -t overlay overlay -o 'lowerdir=%s/l,upperdir=%s/u,workdir=%s/w' '%s/m' 2>/dev/null",
		 dir, dir, dir, dir, dir, dir, dir, dir, dir, dir);
	if (system(command) != 0) {
		print_message("cannot mount an overlay here\n");
		skip();
	}
	lower = tool_open_in(dir, "l/a");
	merged = tool_open_in(dir, "m/a");
	other = tool_open_in(dir, "m/b");
	assert_int_equal(fstat(lower, &st), 0);
	assert_int_equal(mapped_file_is_named(lower, merged), major(st.st_dev) != 0);
	assert_int_equal(mapped_file_is_named(lower, other), 0);
	close_fd(take_fd(merged));
	close_fd(take_fd(other));
	tool_run("umount '%s/m'", dir);
}

static void test_vdso(void **state)
{
	_cleanup_(index_freep) struct index *index = NULL;
	_cleanup_(buf_done) struct buf symbols = {};
	_cleanup_close_ int fd = -1;
	uint64_t addr, size;
	char path[300];
	struct stat st;

	assert_int_equal(mapped_file_open_vdso(&fd), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size >= 4096);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1); /* sealed */
	index = tool_index(fd);
	assert_int_equal(index_build_id(index)->n_bytes, 20);

	/* gdb's way: the bytes at AT_SYSINFO_EHDR, and what readelf says of them. */
	snprintf(path, sizeof(path), "%s/vdso", (char *)*state);
	{
		_cleanup_close_ int copy = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		assert_int_equal(fs_write_all(copy, (void *)getauxval(AT_SYSINFO_EHDR), (size_t)st.st_size), 0);
	}
	tool_read(&symbols, "readelf --dyn-syms -W '%s' | awk '$8 ~ /^__vdso_clock_gettime@/ {print $2, $3}'", path);
	assert_int_equal(sscanf(symbols.data, "%" SCNx64 " %" SCNu64, &addr, &size), 2);
	assert_string_equal(tool_name_at(index, addr), "__vdso_clock_gettime");
	assert_string_equal(tool_name_at(index, addr + size - 1), "__vdso_clock_gettime");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deleted_file),
		cmocka_unit_test(test_by_path),
		cmocka_unit_test_setup_teardown(test_name_of_a_mapped_file, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_name_in_an_overlay, tool_dir_new, tool_dir_free),
		cmocka_unit_test(test_vdso),
	};

	return cmocka_run_group_tests(tests, tool_dir_new, tool_dir_free);
}
