// SPDX-License-Identifier: Apache-2.0
/* jit file: what may lie where a perf map is expected, in a directory that plays the process's root. */
#include "tests/unit/cmocka-all.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/jit-file.h"
#include "common/clock.h"
#include "common/fsutil.h"

#define USER 65534
#define OTHER 65533
#define MAP "tmp/perf-7.map"

struct fixture {
	char dir[32];
	struct jit_process process;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/jit-file-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->process = (struct jit_process){ .ns_pid = 7, .uid = USER };
	f->process.root_fd = open(f->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(f->process.root_fd, "tmp", 0777), 0);
	assert_int_equal(fs_open_dir_in_root(f->process.root_fd, "tmp", &f->process.tmp_fd), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	jit_process_done(&f->process);
	snprintf(command, sizeof(command), "rm -r %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void lay(const struct fixture *f, const char *path, uid_t owner)
{
	int fd = openat(f->process.root_fd, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchown(fd, owner, owner), 0);
	close(fd);
}

static void link_to(const struct fixture *f, const char *target, uid_t owner)
{
	assert_int_equal(symlinkat(target, f->process.root_fd, MAP), 0);
	assert_int_equal(fchownat(f->process.root_fd, MAP, owner, owner, AT_SYMLINK_NOFOLLOW), 0);
}

static void assert_opens(const struct fixture *f)
{
	const char *reason = "";
	int fd = -1;

	assert_int_equal(jit_file_open_perf_map(&f->process, &fd, &reason), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(fd);
}

static void assert_refused(const struct fixture *f, const char *why)
{
	const char *reason = "";
	int fd = -1;

	assert_int_equal(jit_file_open_perf_map(&f->process, &fd, &reason), JIT_FILE_REFUSED);
	assert_string_equal(reason, why);
	assert_int_equal(fd, -1);
}

static void test_owners(void **state)
{
	const struct fixture *f = *state;
	const char *reason = "";
	int fd = -1;

	assert_int_equal(jit_file_open_perf_map(&f->process, &fd, &reason), JIT_FILE_NONE);
	lay(f, MAP, USER);
	assert_opens(f);
	lay(f, MAP, 0);
	assert_opens(f);
	lay(f, MAP, OTHER);
	assert_refused(f, "belongs to another user");
}

/* A second name of a file of root's may be the work of anybody who can see it. */
static void test_hard_links(void **state)
{
	const struct fixture *f = *state;
	int root = f->process.root_fd;

	lay(f, "secret", 0);
	assert_int_equal(linkat(root, "secret", root, MAP, 0), 0);
	assert_refused(f, "belongs to another user");
	assert_int_equal(fchownat(root, "secret", USER, USER, 0), 0);
	assert_opens(f);
}

static void test_kinds(void **state)
{
	const struct fixture *f = *state;
	int root = f->process.root_fd;

	assert_int_equal(mkfifoat(root, MAP, 0666), 0);
	assert_refused(f, "not a regular file");
	assert_int_equal(unlinkat(root, MAP, 0), 0);
	assert_int_equal(mkdirat(root, MAP, 0777), 0);
	assert_refused(f, "not a regular file");
	assert_int_equal(unlinkat(root, MAP, AT_REMOVEDIR), 0);
	assert_int_equal(mknodat(root, MAP, S_IFCHR | 0666, 0x105), 0);
	assert_refused(f, "not a regular file");
	assert_int_equal(unlinkat(root, MAP, 0), 0);
	assert_int_equal(mknodat(root, MAP, S_IFSOCK | 0666, 0), 0);
	assert_refused(f, "not a regular file");
}

static void test_links(void **state)
{
	static const struct {
		const char *target;
		uid_t owner;
		const char *reason; /* NULL: it opens */
	} cases[] = {
		{ "/good", USER, NULL }, /* in its own root */
		{ "../../../../good", USER, NULL },
		{ "/good", 0, NULL },
		{ "/good", OTHER, "belongs to another user" },
		{ "/roots", USER, "belongs to another user" },
		{ "/roots", 0, "belongs to another user" },
		{ "/etc/passwd", USER, "symbolic links that lead nowhere" }, /* not on the host */
		{ "/tmp/perf-7.map", USER, "symbolic links that lead nowhere" },
		{ "/fifo", USER, "not a regular file" },
		{ "/tmp", USER, "not a regular file" },
	};
	const struct fixture *f = *state;

	lay(f, "good", USER);
	lay(f, "roots", 0);
	assert_int_equal(mkfifoat(f->process.root_fd, "fifo", 0666), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		link_to(f, cases[i].target, cases[i].owner);
		if (cases[i].reason)
			assert_refused(f, cases[i].reason);
		else
			assert_opens(f);
		assert_int_equal(unlinkat(f->process.root_fd, MAP, 0), 0);
	}
}

/* Where the process is root, root's files are its own. */
static void test_links_of_root(void **state)
{
	struct fixture *f = *state;

	f->process.uid = 0;
	lay(f, "roots", 0);
	link_to(f, "/roots", 0);
	assert_opens(f);
	assert_int_equal(unlinkat(f->process.root_fd, MAP, 0), 0);
	link_to(f, "/roots", OTHER);
	assert_refused(f, "belongs to another user");
}

/* PIDs are used again, and nobody removes the maps. */
static void test_age(void **state)
{
	struct fixture *f = *state;

	lay(f, MAP, USER);
	f->process.begun_real_ns = clock_now_ns(CLOCK_REALTIME);
	assert_opens(f);
	f->process.begun_real_ns += 3 * NS_PER_S;
	assert_refused(f, "older than the process");
	f->process.begun_real_ns = 0; /* unknown */
	assert_opens(f);
}

static void test_own_process(void **state)
{
	_cleanup_close_ int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct jit_process p;
	uint64_t now_ns = clock_now_ns(CLOCK_REALTIME);
	struct stat ours, its;

	assert_int_equal(jit_process_read(proc_fd, (uint32_t)getpid(), clock_now_ns(CLOCK_BOOTTIME) - NS_PER_S, &p), 0);
	assert_int_equal(p.ns_pid, getpid());
	assert_int_equal(p.uid, geteuid());
	assert_true(p.begun_real_ns + NS_PER_S >= now_ns && p.begun_real_ns + NS_PER_S < now_ns + NS_PER_S);
	assert_int_equal(fstat(p.tmp_fd, &its), 0);
	assert_int_equal(stat("/tmp", &ours), 0);
	assert_true(ours.st_dev == its.st_dev && ours.st_ino == its.st_ino);
	jit_process_done(&p);
	assert_int_equal(jit_process_read(proc_fd, 1 << 30, 0, &p), JIT_FILE_NONE);
}

static void test_hints(void **state)
{
	static const char *const yes[] = { "//anon", "/memfd:doublemapper (deleted)", "/tmp/jit-12.dump",
					   "[heap]", "/dev/zero (deleted)",           "/x/y (deleted)" };
	static const char *const no[] = { "/usr/bin/node",     "/tmp/jit-.dump", "/tmp/jit-12.dump.so",
					  "/tmp/xjit-12.dump", "/jit-12/lib.so", "[vdso]" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_true(jit_file_is_hint(yes[i]));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_false(jit_file_is_hint(no[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_owners, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hard_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links_of_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_age, setup, teardown),
		cmocka_unit_test(test_own_process),
		cmocka_unit_test(test_hints),
	};

	if (geteuid() != 0) {
		puts("needs root: it gives files away");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
