// SPDX-License-Identifier: Apache-2.0
/*
 * processes, live: /proc of this machine as we read it, against an independent reading, and children that do what
 * programs in the wild do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "workload/cgroup.h"
#include "workload/process.h"

#define FIXED_ADDR 0x500000000000ULL

struct fixture {
	struct processes *p;
	int proc_fd;
	int hierarchy;
};

static int setup(void **state)
{
	const struct processes_config config = { 10000, 200000, 10000 };
	struct fixture *f = calloc(1, sizeof(*f));
	struct cgroup_hierarchy h;

	f->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->proc_fd >= 0);
	f->hierarchy = cgroup_choose_hierarchy(f->proc_fd, &h) == 0 ? h.id : -1;
	assert_int_equal(processes_new(&config, &f->p), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	processes_free(f->p);
	close(f->proc_fd);
	free(f);
	return 0;
}

static void scan(struct fixture *f)
{
	assert_int_equal(processes_scan(f->p, f->proc_fd, f->hierarchy), 0);
}

static const struct process *must_find(struct fixture *f, pid_t pid)
{
	const struct process *process = processes_find(f->p, (uint32_t)pid, 0, clock_now_ns(CLOCK_BOOTTIME));

	assert_non_null(process);
	return process;
}

static void *wait_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* Ends the main thread only; no pthread_exit, which would load a library to unwind. */
static void leave_to_another_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, wait_for_ever, NULL) != 0)
		_exit(1);
	syscall(SYS_exit, 0);
}

enum child_end {
	CHILD_WAITS,
	CHILD_LEADER_EXITS,
};

/* A child that says when it is ready, and then lives on until stop_child. */
static pid_t start_child(void (*prepare)(void *), void *arg, enum child_end end)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prepare(arg);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		if (end == CHILD_LEADER_EXITS)
			leave_to_another_thread();
		wait_for_ever(NULL);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void stop_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Every executable line of our own maps, read with sscanf. */
static void test_own_maps(void **state)
{
	struct fixture *f = *state;
	uint64_t now = clock_now_ns(CLOCK_BOOTTIME);
	const struct process *self;
	unsigned int n = 0;
	char line[4096];
	FILE *maps;

	scan(f);
	self = must_find(f, getpid());
	maps = fopen("/proc/self/maps", "r");
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		uint64_t start, end, offset, ino;
		unsigned int major, minor;
		const struct mapping *m;
		char perms[5], path[4096] = "";

		assert_true(sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %4095[^\n]", &start,
				   &end, perms, &offset, &major, &minor, &ino, path) >= 7);
		m = process_find_mapping(self, start, now);
		if (perms[2] != 'x') {
			assert_null(m);
			continue;
		}
		n++;
		assert_non_null(m);
		assert_true(m->start <= start && m->end >= end);
		if (path[0] == 0) {
			assert_null(m->file);
			continue;
		}
		assert_int_equal(m->file_offset + start - m->start, offset);
		assert_string_equal(m->file->path, path);
		assert_int_equal(m->file->ino, ino);
		assert_int_equal(m->file->dev, makedev(major, minor));
	}
	fclose(maps);
	assert_true(n >= 3);
}

static void test_own_identity(void **state)
{
	struct fixture *f = *state;
	const struct process *self;
	char link[4096] = "", wanted[64];
	struct stat root;

	prctl(PR_SET_NAME, "a) R 1\n(b");
	scan(f);
	self = must_find(f, getpid());
	assert_string_equal(self->comm, "a) R 1\n(b");
	assert_true(readlink("/proc/self/exe", link, sizeof(link) - 1) > 0);
	assert_string_equal(self->exe, link);
	assert_int_equal(stat("/proc/self/root", &root), 0);
	assert_int_equal(self->root.ino, root.st_ino);
	assert_int_equal(self->root.dev, root.st_dev);
	memset(link, 0, sizeof(link));
	assert_true(readlink("/proc/self/ns/mnt", link, sizeof(link) - 1) > 0);
	snprintf(wanted, sizeof(wanted), "mnt:[%" PRIu64 "]", self->root.mnt_ns);
	assert_string_equal(link, wanted);
	assert_null(processes_find(f->p, 2, 0, clock_now_ns(CLOCK_BOOTTIME))); /* kthreadd */
}

static void test_own_cgroup(void **state)
{
	struct fixture *f = *state;
	char line[4096], wanted[16];
	const char *path = NULL;
	FILE *file;

	if (f->hierarchy < 0)
		skip();
	scan(f);
	snprintf(wanted, sizeof(wanted), "%d:", f->hierarchy);
	file = fopen("/proc/self/cgroup", "r");
	assert_non_null(file);
	while (!path && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, wanted, strlen(wanted)) == 0)
			path = strchr(strchr(line, ':') + 1, ':') + 1;
	}
	fclose(file);
	assert_non_null(path);
	assert_string_equal(must_find(f, getpid())->cgroup, path);
}

static void map_odd_file(void *arg)
{
	int fd = open(arg, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

	if (fd < 0 || ftruncate(fd, 8192) < 0 ||
	    mmap((void *)FIXED_ADDR, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 4096) ==
		    MAP_FAILED)
		_exit(1);
	unlink(arg);
}

/* A file with a hostile name, mapped at a known place and deleted. */
static void test_deleted_file(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/cpuhound test \n\xff (deleted)-XXXXXX";
	const struct mapping *m;
	pid_t pid;
	int fd;

	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	unlink(path);
	pid = start_child(map_odd_file, path, CHILD_WAITS);
	scan(f);
	m = process_find_mapping(must_find(f, pid), FIXED_ADDR + 5, clock_now_ns(CLOCK_BOOTTIME));
	assert_non_null(m);
	assert_int_equal(m->start, FIXED_ADDR);
	assert_int_equal(m->end, FIXED_ADDR + 4096);
	assert_int_equal(m->file_offset, 4096);
	assert_string_equal(m->file->path, path);
	assert_true(m->file->is_deleted);
	stop_child(pid);
	assert_int_equal(processes_read_one(f->p, f->proc_fd, f->hierarchy, (uint32_t)pid), PROCESS_GONE);
}

static void map_anonymous(void *arg)
{
	if (mmap((void *)FIXED_ADDR, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
		_exit(1);
}

static void test_dead_leader_with_code_of_its_own(void **state)
{
	struct fixture *f = *state;
	const struct mapping *m;
	char path[64], stat[512];
	FILE *file;
	pid_t pid;

	pid = start_child(map_anonymous, NULL, CHILD_LEADER_EXITS);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		usleep(1000);
		file = fopen(path, "r");
		assert_non_null(file);
		stat[fread(stat, 1, sizeof(stat) - 1, file)] = 0; /* its comm has a newline */
		fclose(file);
	} while (!strstr(stat, ") Z "));
	scan(f);
	m = process_find_mapping(must_find(f, pid), FIXED_ADDR + 4097, clock_now_ns(CLOCK_BOOTTIME));
	assert_non_null(m);
	assert_null(m->file);
	assert_int_equal(m->start, FIXED_ADDR);
	assert_int_equal(m->end, FIXED_ADDR + 8192);
	assert_int_equal(must_find(f, pid)->root.ino, must_find(f, getpid())->root.ino);
	stop_child(pid);
}

static void enter_chroot(void *arg)
{
	int fd;

	if (chroot(arg) < 0)
		_exit(1);
	fd = open("/code", O_RDWR | O_CREAT | O_CLOEXEC, 0700);
	if (fd < 0 || ftruncate(fd, 4096) < 0 ||
	    mmap((void *)FIXED_ADDR, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0) ==
		    MAP_FAILED)
		_exit(1);
}

static void test_chroot(void **state)
{
	struct fixture *f = *state;
	char dir[] = "/tmp/cpuhound-chroot-XXXXXX", path[64];
	const struct process *child;
	const struct mapping *m;
	struct stat st;
	pid_t pid;

	assert_non_null(mkdtemp(dir));
	if (geteuid() != 0) {
		print_message("skipped: chroot needs root\n");
		rmdir(dir);
		skip();
	}
	pid = start_child(enter_chroot, dir, CHILD_WAITS);
	scan(f);
	child = must_find(f, pid);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(child->root.ino, st.st_ino);
	m = process_find_mapping(child, FIXED_ADDR, clock_now_ns(CLOCK_BOOTTIME));
	assert_non_null(m);
	assert_string_equal(m->file->path, "/code");
	assert_int_equal(m->file->root.ino, st.st_ino);
	stop_child(pid);
	snprintf(path, sizeof(path), "%s/code", dir);
	unlink(path);
	rmdir(dir);
}

/* Twice the same: nothing is counted twice, nothing is lost. */
static void test_scan_again(void **state)
{
	struct fixture *f = *state;
	struct processes_stats before;
	const struct process *self;

	scan(f);
	self = must_find(f, getpid());
	before = *processes_stats(f->p);
	assert_true(before.n_processes > 0 && before.n_mappings > 0 && before.bytes > 0);
	assert_int_equal(processes_read_one(f->p, f->proc_fd, f->hierarchy, (uint32_t)getpid()), 0);
	assert_ptr_equal(must_find(f, getpid()), self);
	assert_int_equal(processes_stats(f->p)->n_mappings, before.n_mappings);
	assert_int_equal(processes_stats(f->p)->n_files, before.n_files);
	assert_int_equal(processes_stats(f->p)->n_processes, before.n_processes);
	assert_int_equal(processes_stats(f->p)->n_dropped, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_own_maps),
		TEST(test_own_identity),
		TEST(test_own_cgroup),
		TEST(test_deleted_file),
		TEST(test_dead_leader_with_code_of_its_own),
		TEST(test_chroot),
		TEST(test_scan_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
