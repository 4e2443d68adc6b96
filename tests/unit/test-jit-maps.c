// SPDX-License-Identifier: Apache-2.0
/*
 * jit maps, with a real process that waits, real files in /tmp, and a real child that reads them: this program is its
 * own indexer. The clock that paces the readings is the test's.
 */
#include "tests/unit/cmocka-all.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
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

struct fixture {
	int proc_fd;
	struct processes *processes;
	struct jit_maps *j;
	pid_t pid;
	char map[32], dump[48];
	uint64_t now_ns; /* the test's clock */
};

/* The child that plays a process with code of its own; it ends with its parent, or when it is killed. */
static void play(const char *dump)
{
	int fd = dump[0] ? open(dump, O_RDONLY) : -1;

	if (fd >= 0 && mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		_exit(1);
	for (;;)
		pause();
}

static void start_process(struct fixture *f, bool has_dump)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	f->pid = fork();
	if (f->pid == 0) {
		snprintf(f->dump, sizeof(f->dump), "/tmp/jit-%d.dump", getpid());
		close(ready[0]);
		while (has_dump && access(f->dump, R_OK) < 0)
			usleep(1000);
		if (!has_dump)
			f->dump[0] = 0;
		play(f->dump);
	}
	close(ready[1]);
	(void)!read(ready[0], &byte, 0);
	close(ready[0]);
	snprintf(f->map, sizeof(f->map), "/tmp/perf-%d.map", f->pid);
	snprintf(f->dump, sizeof(f->dump), "/tmp/jit-%d.dump", f->pid);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	jit_open(100, 10000, &f->proc_fd, &f->processes, &f->j);
	f->now_ns = 1000 * NS_PER_S;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->pid > 0) {
		kill(f->pid, SIGKILL);
		waitpid(f->pid, NULL, 0);
	}
	unlink(f->map);
	unlink(f->dump);
	jit_maps_free(f->j);
	processes_free(f->processes);
	close(f->proc_fd);
	free(f);
	return 0;
}

static void write_file(const char *path, int flags, const void *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, data, size), 0);
	close(fd);
}

static void add_to_map(const struct fixture *f, const char *text)
{
	write_file(f->map, O_APPEND, text, strlen(text));
}

static struct process *process_of(const struct fixture *f)
{
	return processes_find(f->processes, (uint32_t)f->pid, 0, clock_now_ns(CLOCK_BOOTTIME));
}

static uint32_t sample(const struct fixture *f)
{
	uint32_t number = 0;
	int r = jit_maps_sampled(f->j, process_of(f), clock_now_ns(CLOCK_BOOTTIME), &number);

	return r == 0 ? number : 0;
}

static void read_process(const struct fixture *f)
{
	assert_int_equal(processes_read_one(f->processes, f->proc_fd, -1, (uint32_t)f->pid), 0);
	assert_non_null(process_of(f));
}

/* Dispatches until there is nothing left to do at the test's time, which goes on while the child rests. */
static void dispatch(struct fixture *f)
{
	uint64_t until_ns = clock_now_ns(CLOCK_MONOTONIC) + WAIT_NS;

	do {
		struct pollfd p = { .fd = jit_maps_fd(f->j), .events = POLLIN };

		assert_int_equal(jit_maps_dispatch(f->j, f->now_ns, false), 0);
		if (jit_maps_n_pending(f->j) && poll(&p, 1, 10) == 0)
			f->now_ns += NS_PER_MS;
		assert_true(clock_now_ns(CLOCK_MONOTONIC) < until_ns);
	} while (jit_maps_n_pending(f->j));
}

static uint64_t n_read(const struct fixture *f)
{
	return jit_maps_stats(f->j)->n_read;
}

static void assert_name(const struct fixture *f, uint32_t number, uint64_t addr, const char *name)
{
	struct index_frame frame;

	if (jit_maps_lookup(f->j, number, addr, &frame, 1) == 0)
		assert_string_equal("", name);
	else
		assert_string_equal(frame.function, name);
}

/* A process whose map has one function and has been read; its number. */
static uint32_t start_named(struct fixture *f)
{
	uint32_t number;

	start_process(f, false);
	add_to_map(f, "7e0000000000 100 one\n");
	read_process(f);
	number = sample(f);
	dispatch(f);
	return number;
}

static void test_named(void **state)
{
	struct fixture *f = *state;
	uint32_t number;

	start_process(f, false);
	add_to_map(f, "7e0000000000 100 one\n");
	read_process(f);
	dispatch(f);
	assert_int_equal(n_read(f), 0); /* nobody was sampled in it */
	number = sample(f);
	assert_int_not_equal(number, 0);
	assert_int_equal(sample(f), number);
	assert_int_equal(jit_maps_timeout_ms(f->j, f->now_ns), 0);
	dispatch(f);
	assert_name(f, number, CODE, "one");
	assert_name(f, number, CODE + 0xff, "one");
	assert_name(f, number, CODE + 0x100, "");
	assert_name(f, number + 1, CODE, "");
	assert_name(f, 0, CODE, "");
	assert_int_equal(jit_maps_faults(f->j, NULL, 0), 0);
}

static void test_read_again_when_it_has_grown(void **state)
{
	struct fixture *f = *state;
	uint32_t number;

	start_process(f, false);
	read_process(f);
	number = sample(f);
	dispatch(f); /* there is no map yet */
	assert_int_equal(n_read(f), 0);
	add_to_map(f, "7e0000000000 100 one\n");
	f->now_ns += NS_PER_S / 2;
	sample(f);
	dispatch(f); /* too soon */
	assert_name(f, number, CODE, "");
	f->now_ns += 10 * NS_PER_S;
	dispatch(f);
	assert_name(f, number, CODE, "one");

	f->now_ns += 10 * NS_PER_S;
	sample(f);
	dispatch(f); /* unchanged */
	assert_int_equal(n_read(f), 1);
	add_to_map(f, "7e0000000080 10 two\n");
	f->now_ns += 10 * NS_PER_S;
	dispatch(f); /* not sampled since */
	assert_int_equal(n_read(f), 1);
	sample(f);
	dispatch(f);
	assert_int_equal(n_read(f), 2);
	assert_name(f, number, CODE + 0x80, "two");
	assert_name(f, number, CODE, "one");
}

static void fill_map(const struct fixture *f, size_t n)
{
	_cleanup_(buf_done) struct buf text = {};

	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf_printf(&text, "%zx 10 a_function_number_%zu\n", 0x100000 + i * 16, i), 0);
	add_to_map(f, text.data);
}

/* A map that takes long to read is read rarely. */
static void test_pace(void **state)
{
	struct fixture *f = *state;
	uint64_t cost_ns, wait_ns;

	start_process(f, false);
	fill_map(f, 200000);
	read_process(f);
	sample(f);
	dispatch(f);
	assert_int_equal(n_read(f), 1);
	cost_ns = jit_maps_stats(f->j)->cpu_ns; /* the child's own start and end too */
	add_to_map(f, "7e0000000000 100 one\n");
	sample(f);
	wait_ns = (uint64_t)jit_maps_timeout_ms(f->j, f->now_ns) * NS_PER_MS;
	assert_true(wait_ns > JIT_LEAST_NS);
	assert_in_range(wait_ns, JIT_COST_FACTOR / 2 * cost_ns, JIT_COST_FACTOR * cost_ns + NS_PER_MS);
	f->now_ns += wait_ns - 2 * NS_PER_MS;
	dispatch(f);
	assert_int_equal(n_read(f), 1);
	f->now_ns += 2 * NS_PER_MS;
	dispatch(f);
	assert_int_equal(n_read(f), 2);
	/* For the end of a recording it does not matter how long it takes. */
	add_to_map(f, "7e0000000200 100 two\n");
	sample(f);
	dispatch(f);
	assert_int_equal(n_read(f), 2);
	jit_maps_look_again(f->j);
	assert_int_equal(jit_maps_n_pending(f->j), 1);
	while (jit_maps_n_pending(f->j))
		assert_int_equal(jit_maps_dispatch(f->j, f->now_ns, true), 0);
	assert_int_equal(n_read(f), 3);
}

static void tell_end(struct fixture *f)
{
	const struct sideband_event event = {
		.kind = SIDEBAND_EXIT,
		.time_ns = clock_now_ns(CLOCK_BOOTTIME),
		.pid = (uint32_t)f->pid,
		.tid = (uint32_t)f->pid,
		.name = "",
	};

	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	assert_int_equal(processes_apply(f->processes, f->proc_fd, &event), 0);
	processes_expire(f->processes, f->proc_fd, 0); /* asks /proc whether it has gone */
	assert_null(processes_find_live(f->processes, (uint32_t)f->pid));
}

/* The present window ends and is written. */
static void expire(struct fixture *f)
{
	assert_int_equal(jit_maps_expire(f->j, jit_maps_begin_window(f->j)), 0);
}

static void test_end(void **state)
{
	struct fixture *f = *state;
	uint32_t number = start_named(f);

	add_to_map(f, "7e0000000000 100 last words\n");
	tell_end(f);
	f->now_ns += 2 * NS_PER_S;
	dispatch(f); /* once more, sampled or not */
	assert_name(f, number, CODE, "last words");
	add_to_map(f, "7e0000000000 100 of somebody else\n");
	f->now_ns += 100 * NS_PER_S;
	sample(f);
	dispatch(f);
	assert_name(f, number, CODE, "last words");
	expire(f); /* samples may still come */
	assert_name(f, number, CODE, "last words");
	assert_true(jit_maps_stats(f->j)->index_bytes > 0);
	processes_expire(f->processes, f->proc_fd, UINT64_MAX);
	expire(f);
	assert_name(f, number, CODE, "");
	assert_int_equal(jit_maps_stats(f->j)->index_bytes, 0);
	f->pid = 0;
}

static void put_dump(const struct fixture *f, struct buf *dump, int flags)
{
	write_file(f->dump, flags, dump->data, dump->size);
}

static void wait_for_mapping(const struct fixture *f)
{
	struct live_mappings live;

	do {
		read_process(f);
		process_live_mappings(process_of(f), &live);
		for (size_t i = 0; i < live.n; i++) {
			if (live.all[i].file && strcmp(live.all[i].file->path, f->dump) == 0)
				return;
		}
		usleep(1000);
	} while (true);
}

/* It is found by its mapping, and kept for the end, even if its name has gone by then. */
static void test_jitdump(void **state)
{
	_cleanup_(buf_done) struct buf dump = {};
	struct fixture *f = *state;
	uint32_t number;
	int fd;

	start_process(f, true);
	jit_put_header(&dump);
	jit_put_load(&dump, CODE, 0x10, 0, "by dump");
	put_dump(f, &dump, 0);
	fd = open(f->dump, O_WRONLY | O_APPEND | O_CLOEXEC);
	wait_for_mapping(f);
	add_to_map(f, "7e0000000000 100 by map\n");
	jit_maps_note_mapping(f->j, (uint32_t)f->pid, f->dump);
	dispatch(f);
	assert_int_equal(n_read(f), 0);
	number = sample(f);
	dispatch(f);
	assert_int_equal(n_read(f), 2);
	assert_name(f, number, CODE, "by dump"); /* it knows more */
	assert_name(f, number, CODE + 0x10, "by map");
	buf_clear(&dump);
	jit_put_load(&dump, CODE + 0x10, 0x10, 1, "late");
	assert_int_equal(fs_write_all(fd, dump.data, dump.size), 0);
	close(fd);
	assert_int_equal(unlink(f->dump), 0);
	tell_end(f);
	f->now_ns += 2 * NS_PER_S;
	dispatch(f);
	assert_name(f, number, CODE + 0x10, "late");
	f->pid = 0;
}

static void test_faults(void **state)
{
	struct fixture *f = *state;
	struct jit_fault faults[4];
	uint32_t number = start_named(f);

	add_to_map(f, "hello\n");
	f->now_ns += 10 * NS_PER_S;
	sample(f);
	dispatch(f);
	assert_int_equal(jit_maps_faults(f->j, faults, 4), 1);
	assert_string_equal(faults[0].path, f->map);
	assert_string_equal(faults[0].reason, "1 of 2 lines make no sense");
	assert_true(faults[0].is_partial);

	assert_int_equal(unlink(f->map), 0);
	assert_int_equal(mkfifo(f->map, 0644), 0);
	f->now_ns += 10 * NS_PER_S;
	sample(f);
	dispatch(f);
	assert_int_equal(jit_maps_faults(f->j, faults, 4), 1);
	assert_string_equal(faults[0].reason, "not a regular file");
	assert_false(faults[0].is_partial);
	assert_name(f, number, CODE, "one"); /* the last one that could be read */
	expire(f);
	assert_int_equal(jit_maps_faults(f->j, faults, 4), 0); /* of this window nobody was sampled */

	assert_int_equal(unlink(f->map), 0);
	add_to_map(f, "garbage\n");
	f->now_ns += 10 * NS_PER_S;
	sample(f);
	dispatch(f);
	assert_int_equal(jit_maps_faults(f->j, faults, 4), 1);
	assert_string_equal(faults[0].reason, "no perf map");
	assert_name(f, number, CODE, "one");

	assert_int_equal(unlink(f->map), 0);
	add_to_map(f, "7e0000000000 100 whole again\n");
	f->now_ns += 10 * NS_PER_S;
	sample(f);
	dispatch(f);
	assert_int_equal(jit_maps_faults(f->j, faults, 4), 0);
	assert_name(f, number, CODE, "whole again");
}

/* What it ran before has its own map, and keeps it. */
static void test_exec(void **state)
{
	struct fixture *f = *state;
	struct sideband_event exec = { .kind = SIDEBAND_EXEC, .name = "other" };
	uint64_t before_ns;
	uint32_t before = start_named(f), now, number;

	before_ns = clock_now_ns(CLOCK_BOOTTIME);
	exec.time_ns = before_ns + 1;
	exec.pid = exec.tid = (uint32_t)f->pid;
	assert_int_equal(processes_apply(f->processes, f->proc_fd, &exec), 0);
	now = sample(f);
	assert_int_not_equal(now, 0);
	assert_int_not_equal(now, before);
	assert_int_equal(jit_maps_sampled(f->j, process_of(f), before_ns, &number), 0);
	assert_int_equal(number, before);
	f->now_ns += 2 * NS_PER_S;
	dispatch(f);
	assert_name(f, before, CODE, "one");
}

static void test_no_process(void **state)
{
	struct fixture *f = *state;
	uint32_t number;

	start_process(f, false);
	read_process(f);
	tell_end(f);
	/* Never seen alive: nothing can be learned of it. */
	assert_int_equal(jit_maps_sampled(f->j, process_of(f), clock_now_ns(CLOCK_BOOTTIME), &number), JIT_MAPS_GONE);
	jit_maps_note_mapping(f->j, (uint32_t)f->pid, "//anon");
	dispatch(f);
	f->pid = 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_named, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_again_when_it_has_grown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jitdump, setup, teardown),
		cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exec, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_process, setup, teardown),
	};

	if (argc > 1 && strcmp(argv[1], "indexer") == 0)
		return indexer_main();
	if (geteuid() != 0) {
		puts("needs root: map_files");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
