// SPDX-License-Identifier: Apache-2.0
/*
 * sideband, live: the kernel's own records of a program that is started here, against what readelf, /proc and the
 * test itself know. Needs the right to open perf events.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "workload/process.h"

#define RING_PAGES 64
#define MAX_CPUS 1024
#define MAX_EVENTS 20000

struct sideband {
	int fds[MAX_CPUS];
	void *rings[MAX_CPUS];
	size_t n;
	size_t ring_bytes;
	struct sideband_queue *queue;
};

static struct sideband sideband;

static int open_event(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.mmap = 1,
		.mmap2 = 1,
		.build_id = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.cgroup = 1,
		.ksymbol = 1,
		.bpf_event = 1,
		.use_clockid = 1,
		.clockid = CLOCK_BOOTTIME,
		.watermark = 1,
		.wakeup_watermark = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static int setup(void **state)
{
	long n_cpus = sysconf(_SC_NPROCESSORS_CONF);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	sideband.ring_bytes = RING_PAGES * page;
	for (int cpu = 0; cpu < n_cpus && cpu < MAX_CPUS; cpu++) {
		int fd = open_event(cpu);
		void *ring;

		if (fd < 0 && errno == ENODEV)
			continue;
		if (fd < 0) {
			print_message("perf_event_open: %s\n", strerror(errno));
			return 0;
		}
		ring = mmap(NULL, page + sideband.ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (ring == MAP_FAILED) {
			print_message("perf mmap: %s\n", strerror(errno));
			close(fd);
			return 0;
		}
		sideband.fds[sideband.n] = fd;
		sideband.rings[sideband.n++] = ring;
	}
	assert_int_equal(sideband_queue_new(1 << 24, &sideband.queue), 0);
	return 0;
}

static int teardown(void **state)
{
	for (size_t i = 0; i < sideband.n; i++) {
		munmap(sideband.rings[i], (size_t)sysconf(_SC_PAGESIZE) + sideband.ring_bytes);
		close(sideband.fds[i]);
	}
	sideband.queue = sideband_queue_free(sideband.queue);
	sideband.n = 0;
	return 0;
}

static void require_sideband(void)
{
	if (!sideband.queue || sideband.n == 0) {
		print_message("skipped: perf events cannot be opened here\n");
		skip();
	}
}

/* One round as the agent does it. Names are kept until the test ends. */
static size_t drain(struct sideband_event *events, size_t n)
{
	uint64_t now = clock_now_ns(CLOCK_BOOTTIME);

	for (size_t i = 0; i < sideband.n; i++)
		assert_true(sideband_ring_read(sideband.rings[i], sideband.ring_bytes, sideband.queue) >= 0);
	while (n < MAX_EVENTS && sideband_queue_take(sideband.queue, now - SIDEBAND_SETTLE_NS, &events[n]) == 1) {
		if (events[n].name)
			events[n].name = strdup(events[n].name);
		n++;
	}
	return n;
}

static size_t drain_until_settled(struct sideband_event *events)
{
	size_t n = drain(events, 0);

	usleep(5000);
	return drain(events, n);
}

static void free_names(struct sideband_event *events, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)events[i].name);
}

/* The kernel's path may differ from ours by links: /lib and /usr/lib. */
static void real_path(const char *path, char *ret)
{
	if (!realpath(path, ret))
		strcpy(ret, path);
}

/* The build id as readelf prints it. */
static void readelf_build_id(const char *path, char *ret, size_t size)
{
	char command[4200];
	FILE *pipe;

	ret[0] = 0;
	snprintf(command, sizeof(command), "readelf -n '%s' 2>/dev/null | sed -n 's/.*Build ID: //p'", path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	if (fgets(ret, (int)size, pipe))
		ret[strcspn(ret, "\n")] = 0;
	pclose(pipe);
}

static const struct sideband_event *find_event(const struct sideband_event *events, size_t n, enum sideband_kind kind,
					       uint32_t pid)
{
	for (size_t i = 0; i < n; i++) {
		if (events[i].kind == kind && events[i].pid == pid)
			return &events[i];
	}
	return NULL;
}

static void check_order(const struct sideband_event *events, size_t n, uint64_t from, uint64_t to)
{
	for (size_t i = 1; i < n; i++)
		assert_true(events[i - 1].time_ns <= events[i].time_ns);
	assert_true(events[0].time_ns >= from);
	assert_true(events[n - 1].time_ns <= to);
}

static unsigned int check_mappings(const struct sideband_event *events, size_t n, uint32_t pid, uint64_t exec_ns)
{
	unsigned int n_files = 0;

	for (size_t i = 0; i < n; i++) {
		const struct sideband_event *e = &events[i];
		char wanted[64], got[BUILD_ID_HEX_SIZE];

		if (e->kind != SIDEBAND_MMAP || e->pid != pid || e->time_ns < exec_ns || e->name[0] != '/')
			continue;
		readelf_build_id(e->name, wanted, sizeof(wanted));
		build_id_to_hex(&e->build_id, got);
		assert_true(strlen(wanted) == 40);
		assert_string_equal(got, wanted);
		n_files++;
	}
	return n_files;
}

static pid_t spawn_true(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void wait_for(pid_t pid, int wanted)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), wanted);
}

static void test_short_program(void **state)
{
	static struct sideband_event events[MAX_EVENTS];
	const struct sideband_event *forked, *execed, *mapped, *exited;
	uint64_t before = clock_now_ns(CLOCK_BOOTTIME);
	char path[4096];
	uint32_t pid;
	size_t n;

	require_sideband();
	pid = (uint32_t)spawn_true();
	wait_for((pid_t)pid, 0);
	n = drain_until_settled(events);
	assert_true(n > 4);
	check_order(events, n, before - 10 * NS_PER_S, clock_now_ns(CLOCK_BOOTTIME));

	forked = find_event(events, n, SIDEBAND_FORK, pid);
	execed = find_event(events, n, SIDEBAND_EXEC, pid);
	exited = find_event(events, n, SIDEBAND_EXIT, pid);
	assert_non_null(forked);
	assert_non_null(execed);
	assert_non_null(exited);
	assert_int_equal(forked->ppid, getpid());
	assert_int_equal(forked->tid, pid);
	assert_int_equal(exited->tid, pid);
	assert_string_equal(execed->name, "true");
	assert_true(forked->time_ns >= before);
	assert_true(forked->time_ns < execed->time_ns && execed->time_ns < exited->time_ns);

	real_path("/bin/true", path);
	mapped = execed;
	while (mapped->kind != SIDEBAND_MMAP || mapped->pid != pid)
		mapped++;
	assert_string_equal(mapped->name, path); /* the first mapping after an exec is the program */
	assert_true(check_mappings(events, n, pid, execed->time_ns) >= 3); /* true, ld.so, libc */
	free_names(events, n);
}

static void *do_nothing(void *arg)
{
	return arg;
}

static void run_threads(void)
{
	pthread_t threads[3];

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		if (pthread_create(&threads[i], NULL, do_nothing, NULL) != 0)
			_exit(1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

static void test_threads(void **state)
{
	static struct sideband_event events[MAX_EVENTS];
	unsigned int n_forks = 0, n_exits = 0;
	pid_t pid;
	size_t n;

	require_sideband();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		run_threads();
	wait_for(pid, 0);
	n = drain_until_settled(events);
	for (size_t i = 0; i < n; i++) {
		if (events[i].pid != (uint32_t)pid || events[i].tid == (uint32_t)pid)
			continue;
		n_forks += events[i].kind == SIDEBAND_FORK && events[i].ppid == (uint32_t)pid;
		n_exits += events[i].kind == SIDEBAND_EXIT;
	}
	assert_int_equal(n_forks, 3);
	assert_int_equal(n_exits, 3);
	free_names(events, n);
}

static struct processes *new_processes(void)
{
	const struct processes_config config = { 10000, 200000, 10000 };
	struct processes *p;

	assert_int_equal(processes_new(&config, &p), 0);
	return p;
}

static void apply_all(struct processes *p, int proc_fd)
{
	static struct sideband_event events[MAX_EVENTS];
	size_t n = drain_until_settled(events);

	for (size_t i = 0; i < n; i++)
		assert_int_equal(processes_apply(p, proc_fd, &events[i]), 0);
	free_names(events, n);
}

/* Scan, then events: a child that has come and gone is known with its mappings, and its exit is seen. */
static void test_table_follows(void **state)
{
	_cleanup_(processes_freep) struct processes *p = new_processes();
	int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct process *process;
	const struct mapping *m;
	char path[4096];
	uint64_t now;
	pid_t pid;

	require_sideband();
	assert_int_equal(processes_scan(p, proc_fd, 0), 0);
	pid = spawn_true();
	now = clock_now_ns(CLOCK_BOOTTIME); /* its FORK is over, its end at most a moment ago */
	wait_for(pid, 0);
	apply_all(p, proc_fd);
	process = processes_find(p, (uint32_t)pid, 0, now);
	assert_non_null(process);
	now = clock_now_ns(CLOCK_BOOTTIME);
	real_path("/bin/true", path);
	assert_string_equal(process->exe, path);
	assert_string_equal(process->comm, "true");
	assert_int_equal(process->generation, 1);
	assert_true(process->exit_ns > process->start_ns && process->exit_ns < now);
	m = process_find_mapping(processes_find(p, (uint32_t)getpid(), 0, now), (uint64_t)(uintptr_t)test_table_follows,
				 now);
	assert_non_null(m);
	real_path("/proc/self/exe", path);
	assert_string_equal(m->file->path, path);
	close(proc_fd);
}

/* The start of a child, as its FORK tells it, is less than 1 s after the start that /proc has. */
static void test_fork_time_and_start(void **state)
{
	_cleanup_(processes_freep) struct processes *p = new_processes();
	int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct process *process;
	uint64_t start;
	size_t n;
	pid_t pid;

	require_sideband();
	assert_int_equal(processes_scan(p, proc_fd, 0), 0);
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	apply_all(p, proc_fd);
	process = processes_find(p, (uint32_t)pid, 0, clock_now_ns(CLOCK_BOOTTIME));
	assert_non_null(process);
	start = process->start_ns;
	n = processes_stats(p)->n_processes;
	assert_int_equal(processes_read_one(p, proc_fd, 0, (uint32_t)pid), 0); /* /proc agrees: no second process */
	assert_int_equal(processes_stats(p)->n_processes, n);
	assert_int_equal(process->start_ns, start);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(processes_read_one(p, proc_fd, 0, (uint32_t)pid), PROCESS_GONE);
	close(proc_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_short_program, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table_follows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fork_time_and_start, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
