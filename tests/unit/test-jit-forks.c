// SPDX-License-Identifier: Apache-2.0
/*
 * jit maps of families: children that were forked go on with their parent's code. And of years: thousands of programs
 * come and go, window after window. Real processes, real files, a real child that reads them: this program itself.
 */
#include "tests/unit/cmocka-all.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "agent/jit-maps.h"
#include "common/clock.h"
#include "common/fsutil.h"
#include "symbolizer/indexer.h"
#include "tests/unit/jit-bytes.h"
#include "tests/unit/jit-fixture.h"
#include "workload/process.h"

#define WAIT_NS (60 * NS_PER_S)
#define CODE 0x7e0000000000
#define MAX_PIDS 2048

struct fixture {
	int proc_fd;
	struct processes *processes;
	struct jit_maps *j;
	pid_t pids[MAX_PIDS]; /* to be killed, and their maps to be removed; 0: has ended */
	size_t n_pids;
	uint64_t now_ns; /* the test's clock */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	jit_open(4 * JIT_MAX_PROCESSES, 100000, &f->proc_fd, &f->processes, &f->j);
	f->now_ns = 1000 * NS_PER_S;
	*state = f;
	return 0;
}

static void map_path(pid_t pid, char ret[static 32])
{
	snprintf(ret, 32, "/tmp/perf-%d.map", pid);
}

/* What it has forked becomes our child: see main(). */
static void end(struct fixture *f, size_t i)
{
	char path[32];

	if (f->pids[i] == 0)
		return;
	map_path(f->pids[i], path);
	unlink(path);
	kill(f->pids[i], SIGKILL);
	waitpid(f->pids[i], NULL, 0);
	f->pids[i] = 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->n_pids; i++)
		end(f, i);
	jit_maps_free(f->j);
	processes_free(f->processes);
	close(f->proc_fd);
	free(f);
	return 0;
}

static pid_t note(struct fixture *f, pid_t pid)
{
	assert_true(f->n_pids < MAX_PIDS);
	f->pids[f->n_pids++] = pid;
	return pid;
}

/* Another program, which is cheap to start however large this one is. */
static pid_t spawn_resting(void)
{
	static char name[] = "sleep", time[] = "infinity";
	char *const argv[] = { name, time, NULL };
	pid_t pid;

	assert_int_equal(posix_spawnp(&pid, name, NULL, NULL, argv, NULL), 0);
	return pid;
}

static void rest(void)
{
	for (;;)
		pause();
}

static pid_t fork_resting(void)
{
	pid_t pid = fork();

	if (pid == 0)
		rest();
	return pid;
}

/* A child of ours that forks n times, and whose children fork n_below times each; ret: them all, itself first. */
static void start_family(struct fixture *f, size_t n, size_t n_below, pid_t *ret)
{
	size_t n_told = 1 + n + n * n_below;
	int told[2];

	assert_int_equal(pipe(told), 0);
	ret[0] = fork();
	if (ret[0] == 0) {
		pid_t pid = getpid();

		assert_int_equal(write(told[1], &pid, sizeof(pid)), sizeof(pid));
		for (size_t i = 0; i < n; i++) {
			pid = fork();
			if (pid == 0) {
				pid = getpid();
				assert_int_equal(write(told[1], &pid, sizeof(pid)), sizeof(pid));
				for (size_t k = 0; k < n_below; k++) {
					pid = fork_resting();
					assert_int_equal(write(told[1], &pid, sizeof(pid)), sizeof(pid));
				}
				rest();
			}
		}
		rest();
	}
	close(told[1]);
	for (size_t i = 0; i < n_told; i++) {
		assert_int_equal(read(told[0], &ret[i], sizeof(ret[i])), sizeof(ret[i]));
		note(f, ret[i]);
	}
	close(told[0]);
}

static void write_map(pid_t pid, const char *text)
{
	char path[32];
	int fd;

	map_path(pid, path);
	if (remove(path) < 0) /* of another process of that number, which could not clean up */
		assert_int_equal(errno, ENOENT);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static void read_process(const struct fixture *f, pid_t pid)
{
	assert_int_equal(processes_read_one(f->processes, f->proc_fd, -1, (uint32_t)pid), 0);
}

static void tell(const struct fixture *f, struct sideband_event event, pid_t pid)
{
	event.time_ns = clock_now_ns(CLOCK_BOOTTIME);
	event.pid = event.tid = (uint32_t)pid;
	event.name = "x";
	assert_int_equal(processes_apply(f->processes, f->proc_fd, &event), 0);
}

static void tell_fork(const struct fixture *f, pid_t parent, pid_t child)
{
	tell(f, (struct sideband_event){ .kind = SIDEBAND_FORK, .ppid = (uint32_t)parent }, child);
}

/* Ends it, and tells so. */
static void tell_end(const struct fixture *f, pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	tell(f, (struct sideband_event){ .kind = SIDEBAND_EXIT }, pid);
	processes_expire(f->processes, f->proc_fd, 0);
	assert_null(processes_find_live(f->processes, (uint32_t)pid));
}

static int try_sample(const struct fixture *f, pid_t pid, uint32_t *ret)
{
	uint64_t now_ns = clock_now_ns(CLOCK_BOOTTIME);
	struct process *process = processes_find(f->processes, (uint32_t)pid, 0, now_ns);

	assert_non_null(process);
	return jit_maps_sampled(f->j, process, now_ns, ret);
}

static uint32_t sample(const struct fixture *f, pid_t pid)
{
	uint32_t number;

	assert_int_equal(try_sample(f, pid, &number), 0);
	assert_int_not_equal(number, 0);
	return number;
}

static void dispatch(struct fixture *f)
{
	uint64_t until_ns = clock_now_ns(CLOCK_MONOTONIC) + WAIT_NS;

	f->now_ns += 10 * NS_PER_S;
	do {
		struct pollfd p = { .fd = jit_maps_fd(f->j), .events = POLLIN };

		assert_int_equal(jit_maps_dispatch(f->j, f->now_ns, true), 0);
		if (jit_maps_n_pending(f->j))
			poll(&p, 1, 10);
		assert_true(clock_now_ns(CLOCK_MONOTONIC) < until_ns);
	} while (jit_maps_n_pending(f->j));
}

static const struct jit_maps_stats *stats(const struct fixture *f)
{
	return jit_maps_stats(f->j);
}

static void expire(const struct fixture *f)
{
	assert_int_equal(jit_maps_expire(f->j, jit_maps_begin_window(f->j)), 0);
}

static void assert_name(const struct fixture *f, uint32_t number, uint64_t addr, const char *name)
{
	struct index_frame frame;

	if (jit_maps_lookup(f->j, number, addr, &frame, 1) == 0)
		assert_string_equal("", name);
	else
		assert_string_equal(frame.function, name);
}

/* Its own map comes first, then its parent's, which is kept for it when the parent has gone. */
static void test_child(void **state)
{
	struct fixture *f = *state;
	uint32_t parent, child;
	pid_t pids[2];

	start_family(f, 1, 0, pids);
	write_map(pids[0], "7e0000000000 100 by the parent\n");
	read_process(f, pids[0]);
	parent = sample(f, pids[0]);
	tell_fork(f, pids[0], pids[1]);
	child = sample(f, pids[1]);
	assert_int_not_equal(child, parent);
	dispatch(f);
	assert_name(f, child, CODE, "by the parent");
	write_map(pids[1], "7e0000000000 80 by itself\n");
	sample(f, pids[1]);
	dispatch(f);
	assert_name(f, child, CODE, "by itself");
	assert_name(f, child, CODE + 0x80, "by the parent");
	assert_name(f, parent, CODE, "by the parent");

	tell_end(f, pids[0]);
	dispatch(f);
	processes_expire(f->processes, f->proc_fd, clock_now_ns(CLOCK_BOOTTIME));
	for (int i = 0; i < 3; i++)
		expire(f);
	assert_int_equal(stats(f)->n_programs, 2);
	assert_name(f, child, CODE + 0x80, "by the parent");
	tell_end(f, pids[1]);
	processes_expire(f->processes, f->proc_fd, UINT64_MAX);
	expire(f);
	assert_int_equal(stats(f)->n_programs, 0);
	assert_int_equal(stats(f)->index_bytes, 0);
	assert_name(f, child, CODE + 0x80, "");
}

/* The parent was there before we were, and never runs: /proc tells who forked whom, also over two generations. */
static void test_fork_not_seen(void **state)
{
	struct fixture *f = *state;
	uint32_t number;
	pid_t pids[3];

	start_family(f, 1, 1, pids);
	write_map(pids[0], "7e0000000000 100 by the first\n");
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		read_process(f, pids[i]);
	number = sample(f, pids[2]);
	dispatch(f);
	assert_name(f, number, CODE, "by the first");
}

/* Those between have gone, and were never sampled. */
static void test_chain(void **state)
{
	struct fixture *f = *state;
	uint32_t number;
	pid_t pids[3];

	start_family(f, 1, 1, pids);
	write_map(pids[0], "7e0000000000 100 by the first\n");
	read_process(f, pids[0]);
	tell_fork(f, pids[0], pids[1]);
	tell_fork(f, pids[1], pids[2]);
	tell_end(f, pids[1]);
	number = sample(f, pids[2]);
	dispatch(f);
	assert_name(f, number, CODE, "by the first");
	assert_int_equal(stats(f)->n_programs, 2);
}

/* What was known of the parent's code when it forked counts, whoever has its PID by now. */
static void test_parent_is_forgotten(void **state)
{
	struct fixture *f = *state;
	uint32_t number;
	pid_t pids[2];

	start_family(f, 1, 0, pids);
	write_map(pids[0], "7e0000000000 100 by the parent\n");
	read_process(f, pids[0]);
	sample(f, pids[0]);
	dispatch(f);
	tell_fork(f, pids[0], pids[1]);
	tell_end(f, pids[0]);
	processes_expire(f->processes, f->proc_fd, clock_now_ns(CLOCK_BOOTTIME) + NS_PER_S);
	assert_null(processes_find(f->processes, (uint32_t)pids[0], 0, clock_now_ns(CLOCK_BOOTTIME)));
	for (int i = 0; i < 3; i++)
		expire(f); /* the child was not sampled yet */
	number = sample(f, pids[1]);
	assert_name(f, number, CODE, "by the parent");
}

/* A child of milliseconds is gone before anything can be learned of it; its parent lives. */
static void test_short_child(void **state)
{
	struct fixture *f = *state;
	uint32_t parent, child;
	pid_t pids[2];

	start_family(f, 1, 0, pids);
	write_map(pids[0], "7e0000000000 100 by the parent\n");
	read_process(f, pids[0]);
	parent = sample(f, pids[0]);
	tell_fork(f, pids[0], pids[1]);
	tell_end(f, pids[1]);
	assert_int_equal(try_sample(f, pids[1], &child), JIT_MAPS_GONE);
	assert_int_equal(child, parent);
}

static void wait_for_exec(pid_t pid)
{
	char path[32], name[16] = "";

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	while (strcmp(name, "test") != 0) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		assert_true(read(fd, name, sizeof(name) - 1) >= 0);
		close(fd);
		usleep(1000);
	}
}

/* Another program has nothing of its parent's: told by news, and found in /proc. */
static void test_exec(void **state)
{
	struct fixture *f = *state;
	uint32_t number;
	pid_t pids[2], other;
	char path[32];

	start_family(f, 1, 0, pids);
	write_map(pids[0], "7e0000000000 100 by the parent\n");
	read_process(f, pids[0]);
	sample(f, pids[0]);
	tell_fork(f, pids[0], pids[1]);
	tell(f, (struct sideband_event){ .kind = SIDEBAND_EXEC }, pids[1]);
	number = sample(f, pids[1]);
	dispatch(f);
	assert_name(f, number, CODE, "");

	write_map(getpid(), "7e0000000000 100 by the parent\n");
	read_process(f, getpid());
	other = note(f, fork());
	if (other == 0)
		_exit(execl("/proc/self/exe", "test", "rest", NULL));
	wait_for_exec(other);
	read_process(f, other);
	number = sample(f, other);
	dispatch(f);
	assert_name(f, number, CODE, "");
	number = sample(f, getpid());
	dispatch(f);
	assert_name(f, number, CODE, "by the parent");
	map_path(getpid(), path);
	unlink(path);
}

/* Hundreds of children share what their parent tells. */
static void test_prefork(void **state)
{
	enum {
		N = 300
	};
	struct fixture *f = *state;
	pid_t pids[1 + N];
	uint32_t numbers[1 + N];
	uint64_t one_bytes;

	start_family(f, N, 0, pids);
	write_map(pids[0], "7e0000000000 100 by the parent\n");
	read_process(f, pids[0]);
	numbers[0] = sample(f, pids[0]);
	dispatch(f);
	one_bytes = stats(f)->index_bytes;
	for (size_t i = 1; i <= N; i++) {
		tell_fork(f, pids[0], pids[i]);
		numbers[i] = sample(f, pids[i]);
	}
	dispatch(f);
	for (size_t i = 0; i <= N; i++)
		assert_name(f, numbers[i], CODE, "by the parent");
	assert_int_equal(stats(f)->n_read, 1);
	assert_int_equal(stats(f)->index_bytes, one_bytes);
}

/* No more than so many in a window; what was not sampled in one that waits makes way. */
static void test_full(void **state)
{
	struct fixture *f = *state;
	uint32_t number, first = 0;
	pid_t last;

	for (size_t i = 0; i < JIT_MAX_PROCESSES; i++) {
		read_process(f, note(f, spawn_resting()));
		number = sample(f, f->pids[i]);
		if (i == 0)
			first = number;
	}
	last = note(f, spawn_resting());
	write_map(last, "7e0000000000 100 the last\n");
	read_process(f, last);
	assert_int_equal(try_sample(f, last, &number), JIT_MAPS_FULL);
	assert_int_equal(number, 0);
	assert_int_equal(jit_maps_begin_window(f->j), 1);
	sample(f, f->pids[1]);
	assert_int_equal(try_sample(f, last, &number), JIT_MAPS_FULL); /* the first window is not written */
	assert_int_equal(jit_maps_expire(f->j, 1), 0);
	number = sample(f, last);
	dispatch(f);
	assert_name(f, number, CODE, "the last");
	assert_int_equal(number % JIT_MAX_PROCESSES, first % JIT_MAX_PROCESSES); /* used longest ago */
	assert_name(f, first, CODE, "");                                         /* and not its successor's name */
	assert_int_not_equal(sample(f, f->pids[0]), first);
	assert_int_equal(stats(f)->n_programs, JIT_MAX_PROCESSES);
}

static size_t n_descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 65536; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/*
 * A year in short: programs come, are sampled and go, more of them than there are places, beside one that lives on. The
 * agent ends a window, and writes it while samples of the next come in.
 */
static void test_churn(void **state)
{
	enum {
		N = 3 * JIT_MAX_PROCESSES,
		PER_WINDOW = 64
	};
	struct fixture *f = *state;
	pid_t lasting = note(f, spawn_resting());
	uint32_t lasting_number, number, before = 0;
	size_t n_before = 0;
	uint64_t window = 0, bytes = 0;

	write_map(lasting, "7e0000000000 100 lasting\n");
	read_process(f, lasting);
	lasting_number = sample(f, lasting);
	dispatch(f);
	for (int i = 0; i < N; i++) {
		pid_t pid = note(f, spawn_resting());
		char text[64], name[32];

		snprintf(name, sizeof(name), "code_%d", i);
		snprintf(text, sizeof(text), "7e0000000000 100 %s\n", name);
		write_map(pid, text);
		read_process(f, pid);
		number = sample(f, pid);
		if (i % 8 == 0) { /* the others have no time to be read while they live */
			dispatch(f);
			assert_name(f, number, CODE, name);
		}
		tell_end(f, pid);
		end(f, --f->n_pids);
		if (i % PER_WINDOW == PER_WINDOW - 1) {
			window = jit_maps_begin_window(f->j);
			before = number;
		}
		if (i % PER_WINDOW == 3 && window) { /* some samples late */
			processes_expire(f->processes, f->proc_fd, clock_now_ns(CLOCK_BOOTTIME) + NS_PER_S);
			assert_int_equal(jit_maps_expire(f->j, window), 0);
			assert_int_equal(jit_maps_expire(f->j, window), 0); /* nothing more */
			dispatch(f);
			assert_true(stats(f)->n_programs <= 1 + 4);
			if (window == 4) {
				bytes = stats(f)->index_bytes;
				n_before = n_descriptors();
			}
			if (window > 4) {
				assert_true(stats(f)->index_bytes <= bytes + 4096);
				assert_true(n_descriptors() <= n_before + 4);
			}
			assert_name(f, lasting_number, CODE, "lasting");
		}
	}
	assert_int_not_equal(before, 0);
	assert_name(f, before, CODE, "");

	/* It is read again in a later window, and has its number still. */
	write_map(lasting, "7e0000000000 100 lasting anew\n");
	assert_int_equal(sample(f, lasting), lasting_number);
	dispatch(f);
	assert_name(f, lasting_number, CODE, "lasting anew");
	processes_expire(f->processes, f->proc_fd, UINT64_MAX);
	expire(f);
	assert_int_equal(stats(f)->n_programs, 1);
}

/* A window that waits to be written keeps its names, while the next ones come and go. */
static void test_windows_overlap(void **state)
{
	struct fixture *f = *state;
	pid_t pid = note(f, spawn_resting());
	uint32_t number;
	uint64_t first;

	write_map(pid, "7e0000000000 100 in the first\n");
	read_process(f, pid);
	jit_maps_begin_window(f->j);
	number = sample(f, pid);
	dispatch(f);
	tell_end(f, pid);
	processes_expire(f->processes, f->proc_fd, UINT64_MAX);
	first = jit_maps_begin_window(f->j);
	assert_int_equal(jit_maps_expire(f->j, first - 1), 0);
	assert_name(f, number, CODE, "in the first");
	assert_int_equal(jit_maps_expire(f->j, first), 0);
	assert_name(f, number, CODE, "");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_child, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fork_not_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parent_is_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_short_child, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exec, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prefork, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_windows_overlap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_churn, setup, teardown),
	};

	if (argc > 1 && strcmp(argv[1], "indexer") == 0)
		return indexer_main();
	if (argc > 1 && strcmp(argv[1], "rest") == 0)
		rest();
	if (geteuid() != 0) {
		puts("needs root: map_files");
		return 77;
	}
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
