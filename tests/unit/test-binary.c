// SPDX-License-Identifier: Apache-2.0
/*
 * binaries, with a real child: this program is its own indexer, so that no other build is tested by accident. The
 * child does its work as always but for files that begin with "!": it crashes over them. Over one that ends with "+" it
 * sits until that is changed; over debug info that ends with "#", and an ELF file that ends with "%", it runs out of
 * time.
 */
#include "tests/unit/tool.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "symbolizer/binary.h"
#include "symbolizer/index-writer.h"
#include "symbolizer/indexer-job.h"
#include "symbolizer/indexer.h"
#include "symbolizer/sandbox.h"
#include "tests/unit/elf-bytes.h"

#define WAIT_NS (120 * NS_PER_S)
#define TEXT offsetof(struct elf_bytes, text)
#define N_KILLS 100

static void wait_for_end(int elf_fd)
{
	struct stat st;
	char last;

	do {
		last = 0;
		if (fstat(elf_fd, &st) < 0 || st.st_size == 0 || pread(elf_fd, &last, 1, st.st_size - 1) != 1)
			return;
	} while (last == '+');
}

/* What the real child's time limit does in the end. */
static void run_out_of_time(int elf_fd, char mark)
{
	struct stat st;
	char last = 0;

	if (fstat(elf_fd, &st) < 0 || pread(elf_fd, &last, 1, st.st_size - 1) != 1 || last != mark)
		return;
	if (sandbox_arm_cpu_limit(0) < 0)
		_exit(7);
	for (;;)
		__asm__ volatile("");
}

static int fragile_main(const struct sandbox_limits *limits)
{
	struct indexer_reply reply = { .tag = INDEXER_TAG_HELLO };
	const char *step;

	if (sandbox_enter(limits, &step) < 0 || indexer_wire_send_reply(CHILD_SOCKET_FD, &reply) != 0)
		_exit(8);
	for (;;) {
		struct indexer_request request;
		int elf_fd, out_fd;
		char first = 0;

		if (indexer_wire_receive_request(CHILD_SOCKET_FD, &request, &elf_fd, &out_fd) != 0)
			_exit(0);
		if (pread(elf_fd, &first, 1, 0) == 1 && first == '!')
			__builtin_trap();
		wait_for_end(elf_fd);
		if (request.job != INDEXER_IDENTIFY)
			run_out_of_time(elf_fd, request.job == INDEXER_DEBUG ? '#' : '%');
		indexer_job_run(&request, elf_fd, out_fd, &reply);
		close_fd(elf_fd);
		close_fd(out_fd);
		if (indexer_wire_send_reply(CHILD_SOCKET_FD, &reply) != 0)
			_exit(0);
	}
}

static const char *test_dir;

static int dir_new(void **state)
{
	int r = tool_dir_new(state);

	test_dir = *state;
	return r;
}

static void step(struct binaries *set)
{
	struct pollfd p = { .fd = binaries_fd(set), .events = POLLIN };

	poll(&p, 1, binaries_timeout_ms(set));
	assert_int_equal(binaries_dispatch(set), 0);
}

static void run_until_done(struct binaries *set)
{
	uint64_t deadline_ns = clock_now_ns(CLOCK_MONOTONIC) + WAIT_NS;

	while (binaries_n_pending(set) > 0) {
		assert_true(clock_now_ns(CLOCK_MONOTONIC) < deadline_ns);
		step(set);
	}
}

static struct binaries *new_set(const char *cache_dir)
{
	const struct binaries_config config = { .max_binaries = 1000,
						.cache_dir = cache_dir,
						.cache_limit_bytes = 64 << 20 };
	struct binaries *set;

	assert_int_equal(binaries_new(&config, &set), 0);
	return set;
}

static struct binary *add(struct binaries *set, int fd)
{
	struct binary *b;

	assert_int_equal(binaries_add(set, fd, "/where/it/was", &b), 0);
	return b;
}

/*
 * A file in the test's directory: a library whose global function has the name; all else is the same, the build id
 * too. Opened again where it has been made before.
 */
static int library(const char *function, const char *middle)
{
	static char space[sizeof(struct elf_bytes) + 16384];
	struct elf_bytes b;
	char path[400];
	int fd;

	snprintf(path, sizeof(path), "%s/%s%s.so", test_dir, function, middle);
	if (access(path, F_OK) == 0)
		return tool_open(path);

	elf_bytes_init(&b);
	memset(b.strtab + 1, 0, 5);
	memcpy(b.strtab + 1, function, 5);
	memcpy(space, &b, sizeof(b));
	snprintf(space + 8000, 100, "%s", middle);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, space, sizeof(space)), 0);
	return fd;
}

static struct build_id library_id(void)
{
	struct build_id id = { .n_bytes = 20 };

	for (uint8_t i = 0; i < 20; i++)
		id.bytes[i] = (uint8_t)(0xa0 + i);
	return id;
}

static void test_one_file_is_one_binary(void **state)
{
	_cleanup_(binaries_freep) struct binaries *set = new_set(NULL);
	const struct build_id id = library_id();
	struct binary *b = add(set, library("alpha", ""));

	assert_int_equal(b->state, BINARY_PENDING);
	assert_int_equal(binaries_n_pending(set), 1);
	assert_ptr_equal(add(set, library("alpha", "")), b);
	run_until_done(set);
	assert_int_equal(b->state, BINARY_READY);
	assert_string_equal(tool_name_at(b->index, TEXT), "alpha");
	assert_true(build_id_equal(&b->build_id, &id));
	assert_int_equal(b->n_bytes, sizeof(struct elf_bytes) + 16384);
	assert_ptr_equal(add(set, library("alpha", "")), b);
	assert_int_equal(binaries_stats(set)->n_indexed, 1);
	assert_int_equal(binaries_stats(set)->mapped_index_bytes, index_mapped_bytes(b->index));
}

static void test_forged_build_id(void **state)
{
	const char *const dirs[] = { NULL, *state };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		_cleanup_(binaries_freep) struct binaries *set = new_set(dirs[i]);
		struct binary *honest = add(set, library("alpha", "")), *forged = add(set, library("omega", ""));

		assert_ptr_not_equal(honest, forged);
		run_until_done(set);
		assert_true(build_id_equal(&honest->build_id, &forged->build_id));
		assert_string_equal(tool_name_at(honest->index, TEXT), "alpha");
		assert_string_equal(tool_name_at(forged->index, TEXT), "omega");
	}
}

/* Whoever has a file can make another of its size and edges: the middle is his. */
static void test_same_edges(void **state)
{
	_cleanup_(binaries_freep) struct binaries *set = new_set(test_dir);
	struct binary *a = add(set, library("alpha", "x")), *b = add(set, library("alpha", "y"));

	assert_ptr_not_equal(a, b);
	run_until_done(set);
	assert_int_equal(a->state, BINARY_READY);
	assert_int_equal(b->state, BINARY_READY);
	assert_int_equal(binaries_stats(set)->n_indexed, 2);
}

/* What has no name will not be met again: it is indexed, and leaves nothing in the cache. */
static void test_memory_file(void **state)
{
	_cleanup_(binaries_freep) struct binaries *set = NULL;
	char dir[300];
	struct binary *b;
	int fd = library("alpha", "");

	snprintf(dir, sizeof(dir), "%s/cache", test_dir);
	set = new_set(dir);
	tool_run("rm '%s/alpha.so'", test_dir);
	b = add(set, fd);
	run_until_done(set);
	assert_int_equal(b->state, BINARY_READY);
	tool_run("test -z \"$(ls -A '%s')\"", dir);
}

static void test_unreadable(void **state)
{
	_cleanup_(binaries_freep) struct binaries *set = new_set(NULL);
	struct binary *script = add(set, tool_memory_file("#!/bin/sh\n", 10)), *crash, *good;

	tool_run("printf '!' > '%s/crash'", test_dir);
	crash = add(set, tool_open_in(test_dir, "crash"));
	good = add(set, library("alpha", ""));
	run_until_done(set);
	assert_int_equal(script->state, BINARY_UNREADABLE);
	assert_string_equal(script->reason, "no ELF executable or library");
	assert_null(script->index);
	assert_int_equal(crash->state, BINARY_UNREADABLE);
	assert_string_equal(crash->reason, "indexer crashed");
	assert_int_equal(good->state, BINARY_READY);
	assert_int_equal(binaries_stats(set)->n_unreadable, 2);
	assert_int_equal(binaries_stats(set)->n_indexer_restarts, 1);
	/* Remembered: no second child dies of it. */
	assert_ptr_equal(add(set, tool_open_in(test_dir, "crash")), crash);
	assert_int_equal(binaries_n_pending(set), 0);
}

static void check_unreadable(const char *cache_dir, const char *name, const char *reason, unsigned int n_restarts)
{
	_cleanup_(binaries_freep) struct binaries *set = new_set(cache_dir);
	struct binary *b = add(set, tool_open_in(test_dir, name));

	run_until_done(set);
	assert_int_equal(b->state, BINARY_UNREADABLE);
	assert_string_equal(b->reason, reason);
	assert_null(b->index);
	assert_int_equal(binaries_stats(set)->n_unreadable, 1);
	assert_int_equal(binaries_stats(set)->n_indexer_restarts, n_restarts);
	assert_ptr_equal(binaries_take_settled(set), b);
}

/* What another version of cpuhound has left in the cache instead. */
static void age_failure(const char *dir, const struct build_id *id)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	const struct index_origin origin = { .failure = "left by another", .maker = "0.0" };
	_cleanup_(buf_done) struct buf name = {};
	_cleanup_close_ int fd = -1;

	tool_read(&name, "printf '%%s' '%s'/*.idx", dir);
	fd = open(name.data, O_RDWR | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(index_writer_new(0, id, &w), 0);
	assert_int_equal(index_writer_set_origin(w, &origin), 0);
	assert_int_equal(index_writer_finish(w, fd), 0);
}

/* Remembered in the cache, too: after a restart no child ends over it again, until it has changed or we have. */
static void check_remembered(const char *name, const struct build_id *id, const char *reason)
{
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/cache-%s", test_dir, name);
	check_unreadable(dir, name, reason, 1);
	check_unreadable(dir, name, reason, 0);
	age_failure(dir, id);
	check_unreadable(dir, name, reason, 1);
	check_unreadable(dir, name, reason, 0);
	tool_run("cd '%s' && cp '%s' copy && cat copy > '%s'", test_dir, name, name); /* times of change */
	check_unreadable(dir, name, reason, 1);
}

static void test_unreadable_after_a_restart(void **state)
{
	const struct build_id id = library_id();

	tool_run("printf '!' > '%s/crash'", test_dir); /* before its build id is known */
	check_remembered("crash", &(struct build_id){}, "indexer crashed");
	close_fd(library("alpha", ""));
	tool_run("printf '%%%%' >> '%s/alpha.so'", test_dir);
	check_remembered("alpha.so", &id, "took too long");
}

/* What tells nothing of the file is tried again: that it is none of ours is found out at once. */
static void test_unreadable_forgotten(void **state)
{
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/cache", test_dir);
	tool_run("printf '#!/bin/sh\\n' > '%s/script'", test_dir);
	check_unreadable(dir, "script", "no ELF executable or library", 0);
	tool_run("test -z \"$(ls -A '%s')\"", dir);
}

static void test_refused(void **state)
{
	const struct binaries_config config = { .max_binaries = 1 };
	_cleanup_(binaries_freep) struct binaries *set = NULL;
	struct binary *b;
	int fds[2];

	assert_int_equal(binaries_new(&config, &set), 0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(binaries_add(set, fds[0], "x", &b), -EINVAL);
	assert_int_equal(fcntl(fds[0], F_GETFD), -1); /* taken in every case */
	close_fd(fds[1]);
	add(set, library("alpha", ""));
	assert_int_equal(binaries_add(set, library("omega", ""), "x", &b), -ENOSPC);
}

/* The child is asked for the build id only. */
static void check_from_cache(const char *dir)
{
	_cleanup_(binaries_freep) struct binaries *set = new_set(dir);
	struct binary *b = add(set, library("alpha", ""));

	run_until_done(set);
	assert_int_equal(b->state, BINARY_READY);
	assert_string_equal(tool_name_at(b->index, TEXT), "alpha");
	assert_int_equal(binaries_stats(set)->n_from_cache, 1);
	assert_int_equal(binaries_stats(set)->n_indexed, 0);
}

static void check_from_indexer(const char *dir)
{
	_cleanup_(binaries_freep) struct binaries *set = new_set(dir);

	add(set, library("alpha", ""));
	run_until_done(set);
	assert_int_equal(binaries_stats(set)->n_indexed, 1);
	assert_null(binaries_cache_fault(set));
}

static void test_cache(void **state)
{
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/new", (char *)*state);
	check_from_indexer(dir);
	check_from_cache(dir);
}

/* In the place of the one index that is cached, one with a name more and 4 MB of others; returns a descriptor of it. */
static int enlarge_cached(const char *dir, uint64_t addr)
{
	_cleanup_(index_writer_freep) struct index_writer *w = NULL;
	_cleanup_(buf_done) struct buf path = {};
	const struct build_id id = library_id();
	char name[200];
	int fd;

	tool_read(&path, "printf '%%s' '%s'/*.idx", dir);
	fd = open(path.data, O_RDWR | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(index_writer_new(EM_X86_64, &id, &w), 0);
	assert_int_equal(index_writer_add_segment(w, &(struct index_segment){ .mem_bytes = 1 }), 0);
	assert_int_equal(index_writer_add_function(w, addr, 16, "large", NULL), 0);
	for (unsigned int i = 0; i < 40000; i++) {
		snprintf(name, sizeof(name), "%0100u", i);
		assert_int_equal(index_writer_add_function(w, addr + 16 + i, 1, name, NULL), 0);
	}
	assert_int_equal(index_writer_finish(w, fd), 0);
	return fd;
}

/* The segments of a large index can be had while its names are being checked, and nothing delays the small ones. */
static void test_large_cached_index(void **state)
{
	_cleanup_(binaries_freep) struct binaries *set = NULL;
	_cleanup_close_ int cached_fd = -1;
	struct binary *large, *small;
	unsigned int n_steps = 0;
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/new", (char *)*state);
	check_from_indexer(dir);
	cached_fd = enlarge_cached(dir, TEXT);
	set = new_set(dir);
	large = add(set, library("alpha", ""));
	while (!large->index)
		step(set);
	assert_int_equal(large->state, BINARY_PENDING);
	assert_int_equal(index_n_segments(large->index), 1);
	small = add(set, library("omega", ""));
	for (; large->state == BINARY_PENDING; n_steps++) {
		struct index_frame frame;

		assert_int_equal(binary_lookup(large, TEXT, &frame, 1), 0); /* not yet */
		assert_int_equal(binaries_timeout_ms(set), 0);
		step(set);
	}
	assert_in_range(n_steps, 3, 20);
	assert_int_equal(large->state, BINARY_READY);
	assert_string_equal(tool_name_at(large->index, TEXT), "large");
	run_until_done(set);
	assert_int_equal(small->state, BINARY_READY);
	assert_int_equal(binaries_stats(set)->n_from_cache, 1);
	assert_int_equal(binaries_stats(set)->n_indexed, 1);
	assert_true(binaries_stats(set)->mapped_index_bytes > index_mapped_bytes(large->index));
}

/* Damaged where only names are, it is made again, and what had its rows from it may go on. */
static void test_damaged_large_index(void **state)
{
	_cleanup_(binaries_freep) struct binaries *set = NULL;
	_cleanup_close_ int cached_fd = -1;
	const struct index_segment *segments;
	struct binary *b;
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/new", (char *)*state);
	check_from_indexer(dir);
	cached_fd = enlarge_cached(dir, TEXT);
	assert_int_equal(pwrite(cached_fd, "x", 1, 2 << 20), 1);
	set = new_set(dir);
	b = add(set, library("alpha", ""));
	while (!b->index)
		step(set);
	segments = index_segments(b->index);
	run_until_done(set);
	assert_int_equal(segments[0].mem_bytes, 1); /* still there */
	assert_int_equal(b->state, BINARY_READY);
	assert_string_equal(tool_name_at(b->index, TEXT), "alpha");
	assert_int_equal(binaries_stats(set)->n_from_cache, 0);
	assert_int_equal(binaries_stats(set)->n_indexed, 1);
	set = binaries_free(set);
	check_from_cache(dir);
}

static void test_unsafe_cache(void **state)
{
	_cleanup_(binaries_freep) struct binaries *set = NULL;
	struct binary *b;
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/open", (char *)*state);
	tool_run("mkdir '%s' && chmod 0777 '%s'", dir, dir);
	set = new_set(dir);
	assert_non_null(binaries_cache_fault(set));
	b = add(set, library("alpha", ""));
	run_until_done(set);
	assert_int_equal(b->state, BINARY_READY);
	tool_run("test -z \"$(ls -A '%s')\"", dir);
}

/* Those that somebody keeps stay what they are, and those that the indexer has; of the others nothing is left. */
static void test_sweep(void **state)
{
	_cleanup_(binaries_freep) struct binaries *set = new_set(NULL);
	struct binary *kept = add(set, library("alpha", "")), *pending;
	uint64_t n_bytes;

	run_until_done(set);
	n_bytes = binaries_stats(set)->mapped_index_bytes;
	for (int round = 0; round < 30; round++) {
		for (int i = 0; i < 20; i++) {
			char middle[16];

			snprintf(middle, sizeof(middle), "%d", i);
			add(set, library("gamma", middle));
		}
		run_until_done(set);
		assert_int_equal(binaries_n(set), 21);
		assert_true(binaries_stats(set)->mapped_index_bytes > 10 * n_bytes);
		binaries_keep(kept);
		binaries_keep(NULL);
		binaries_sweep(set);
		assert_int_equal(binaries_n(set), 1);
		assert_int_equal(binaries_stats(set)->mapped_index_bytes, n_bytes);
	}
	assert_ptr_equal(binaries_take_settled(set), kept);
	assert_null(binaries_take_settled(set));
	assert_string_equal(tool_name_at(kept->index, TEXT), "alpha");
	assert_ptr_equal(add(set, library("alpha", "")), kept);

	pending = add(set, library("omega", ""));
	binaries_sweep(set);
	assert_int_equal(binaries_n(set), 1);
	run_until_done(set);
	assert_int_equal(pending->state, BINARY_READY);
	assert_ptr_equal(binaries_take_settled(set), pending);
	binaries_sweep(set);
	assert_int_equal(binaries_n(set), 0);
	assert_int_equal(binaries_stats(set)->mapped_index_bytes, 0);
}

static void check_settled(struct binaries *set, const struct binary *b)
{
	assert_ptr_equal(binaries_take_settled(set), b);
	assert_int_not_equal(b->state, BINARY_PENDING);
}

/* Each once, whatever became of it, from the cache too, in their order. */
static void test_take_settled(void **state)
{
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/cache", test_dir);
	for (int i = 0; i < 2; i++) {
		_cleanup_(binaries_freep) struct binaries *set = new_set(dir);
		struct binary *script = add(set, tool_memory_file("#!/bin/sh\n", 10)), *a, *b;

		assert_null(binaries_take_settled(set));
		a = add(set, library("alpha", ""));
		run_until_done(set);
		check_settled(set, script);
		check_settled(set, a);
		assert_null(binaries_take_settled(set));
		assert_ptr_equal(add(set, library("alpha", "")), a);
		b = add(set, library("omega", ""));
		assert_null(binaries_take_settled(set));
		run_until_done(set);
		check_settled(set, b);
		assert_null(binaries_take_settled(set));
		assert_int_equal(binaries_stats(set)->n_from_cache, i * 2);
	}
}

#define N_SMALL 20

/* A library like the others, but large: the child waits until its last byte is written over. */
static int large_library(void)
{
	int fd = library("gamma", "large");

	assert_int_equal(pwrite(fd, "+", 1, (off_t)BINARY_LARGE_BYTES), 1);
	return fd;
}

static int nice_of(const struct binaries *set, enum binary_lane lane)
{
	return getpriority(PRIO_PROCESS, (id_t)binaries_indexer_pid(set, lane));
}

static void test_large_file_delays_no_small_one(void **state)
{
	_cleanup_(binaries_freep) struct binaries *set = new_set(NULL);
	_cleanup_close_ int fd = large_library();
	struct binary *large = add(set, dup(fd)), *small[N_SMALL];
	char middle[16];

	for (int i = 0; i < N_SMALL; i++) {
		snprintf(middle, sizeof(middle), "%d", i);
		small[i] = add(set, library("alpha", middle));
	}
	while (binaries_n_pending(set) > 1)
		step(set);
	for (int i = 0; i < N_SMALL; i++) {
		check_settled(set, small[i]); /* and in the order of the lane */
		assert_int_equal(small[i]->state, BINARY_READY);
	}
	assert_int_equal(large->state, BINARY_PENDING);
	assert_true(binaries_indexer_pid(set, BINARY_LANE_SMALL) > 0);
	assert_true(binaries_indexer_pid(set, BINARY_LANE_LARGE) > 0);
	assert_int_equal(nice_of(set, BINARY_LANE_SMALL), 0);
	while (nice_of(set, BINARY_LANE_LARGE) != 5) /* which it sets itself, when it gets a CPU */
		step(set);

	assert_int_equal(pwrite(fd, "-", 1, (off_t)BINARY_LARGE_BYTES), 1);
	run_until_done(set);
	check_settled(set, large);
	assert_int_equal(large->state, BINARY_READY);
	assert_string_equal(tool_name_at(large->index, TEXT), "gamma");
	assert_int_equal(binaries_stats(set)->n_indexed, N_SMALL + 1);
	assert_int_equal(binaries_stats(set)->n_indexer_restarts, 0);
}

/* A lost child of either lane is replaced, and counted. */
static void test_large_lane_restarts(void **state)
{
	_cleanup_(binaries_freep) struct binaries *set = new_set(NULL);
	_cleanup_close_ int fd = large_library();
	struct binary *large = add(set, dup(fd));

	while (binaries_indexer_pid(set, BINARY_LANE_LARGE) == 0)
		step(set);
	assert_int_equal(binaries_indexer_pid(set, BINARY_LANE_SMALL), 0); /* none without work for it */
	assert_int_equal(kill(binaries_indexer_pid(set, BINARY_LANE_LARGE), SIGKILL), 0);
	assert_int_equal(pwrite(fd, "-", 1, (off_t)BINARY_LARGE_BYTES), 1);
	run_until_done(set);
	assert_int_equal(large->state, BINARY_READY);
	assert_int_equal(binaries_stats(set)->n_indexer_restarts, 1);
	assert_true(binaries_stats(set)->indexer_cpu_ns > 0);
	assert_true(binaries_stats(set)->indexer_rss_anon_peak_bytes > 0);
}

/* Descriptors are what is bounded: those of both lanes together. */
static void test_pending_is_bounded(void **state)
{
	_cleanup_(binaries_freep) struct binaries *set = NULL;
	const struct binaries_config config = { .max_binaries = 2 * BINARIES_MAX_PENDING };
	struct binary *b;
	int fd;

	assert_int_equal(binaries_new(&config, &set), 0);
	for (int i = 0; i < BINARIES_MAX_PENDING; i++) {
		fd = tool_memory_file(&i, sizeof(i));
		if (i % 2 == 0)
			assert_int_equal(ftruncate(fd, (off_t)BINARY_LARGE_BYTES + 1), 0);
		add(set, fd);
	}
	assert_int_equal(binaries_add(set, tool_memory_file("x", 1), "x", &b), -EAGAIN);
}

/* Files of this machine, one after the other, and the child killed while it has each of them. */
static void test_killed_100_times(void **state)
{
	_cleanup_(binaries_freep) struct binaries *set = new_set(NULL);
	_cleanup_(buf_done) struct buf paths = {};
	size_t n_kills = 0, n_files = 0;

	tool_read(&paths,
		  "for f in $(find /usr/bin /usr/lib/x86_64-linux-gnu -maxdepth 1 -type f -size +20k -size -3000k | "
		  "sort); "
		  "do head -c 4 $f | grep -q ELF && echo $f; done | head -n %d",
		  N_KILLS + 20);
	for (char *p = strtok(paths.data, "\n"); p; p = strtok(NULL, "\n")) {
		pid_t victim = n_kills < N_KILLS ? binaries_indexer_pid(set, BINARY_LANE_SMALL) : 0;
		struct binary *b;

		if (victim)
			assert_int_equal(kill(victim, SIGSTOP), 0); /* else it may have answered by then */
		b = add(set, tool_open(p));
		if (b->state == BINARY_PENDING)
			assert_int_equal(binaries_dispatch(set), 0);
		if (victim)
			assert_int_equal(kill(victim, b->state == BINARY_PENDING ? SIGKILL : SIGCONT), 0);
		if (b->state != BINARY_PENDING)
			continue; /* one of the same content came before */
		n_files++;
		n_kills += victim != 0;
		run_until_done(set);
		if (b->state != BINARY_READY)
			fail_msg("%s: %s", p, b->reason);
	}
	print_message("%zu files, child killed %zu times\n", n_files, n_kills);
	assert_int_equal(n_kills, N_KILLS);
	assert_int_equal(binaries_stats(set)->n_indexed, n_files);
	assert_int_equal(binaries_stats(set)->n_indexer_restarts, N_KILLS);
}

/* -- debug info -- */

/* Where the test lets the files be found that are asked for. */
struct shelf {
	char by_id[400], by_link[400]; /* "": none */
	char last_name[DEBUG_NEED_NAME_BYTES];
	const struct binary *binary;
	unsigned int n_asked;
};

static int find_on_shelf(void *context, const struct binary *binary, const struct debug_need *need, int *ret_fd,
			 char *ret_path)
{
	struct shelf *shelf = context;
	const char *path = need->kind != DEBUG_NEED_FILE ? "" : need->build_id.n_bytes ? shelf->by_id : shelf->by_link;

	shelf->n_asked++;
	assert_ptr_equal(binary, shelf->binary);
	if (need->kind == DEBUG_NEED_FILE && need->build_id.n_bytes) {
		assert_true(build_id_equal(&need->build_id, &binary->build_id));
		assert_string_equal(need->name, "");
	}
	if (need->kind == DEBUG_NEED_FILE && !need->build_id.n_bytes)
		strcpy(shelf->last_name, need->name);
	if (need->candidate > 0 || !path[0])
		return DEBUG_NEED_NONE;
	snprintf(ret_path, DEBUG_NEED_NAME_BYTES, "%s", path);
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? DEBUG_NEED_NONE : 0;
}

static struct binaries *new_set_with_shelf(const char *cache_dir, struct shelf *shelf)
{
	const struct binaries_config config = { .max_binaries = 1000,
						.cache_dir = cache_dir,
						.cache_limit_bytes = 64 << 20,
						.find_debug = find_on_shelf,
						.find_context = shelf };
	struct binaries *set;

	assert_int_equal(binaries_new(&config, &set), 0);
	return set;
}

/* A program in which inner() is inlined into outer(), with lines; NAME.full keeps what is stripped from it. */
static void make_program(const char *name)
{
	static const char source[] =
		"static inline __attribute__((always_inline)) int inner(int x)\\n{\\n\\treturn x * 3 / 7;\\n}\\n"
		"__attribute__((noinline)) int outer(int x)\\n{\\n\\treturn inner(x) ^ 1;\\n}\\n"
		"int main(int argc, char **argv)\\n{\\n\\treturn outer(argc);\\n}\\n";

	tool_run("cd '%s' && printf '%s' > p.c && gcc -O2 -g -Wl,--build-id -o %s p.c && cp %s %s.full", test_dir,
		 source, name, name, name);
}

static struct binary *add_program(struct binaries *set, const char *name)
{
	struct binary *b = add(set, tool_open_in(test_dir, name));

	run_until_done(set);
	assert_int_equal(b->state, BINARY_READY);
	return b;
}

static void want(struct binaries *set, struct binary *b, const char *name)
{
	assert_int_equal(binaries_want_debug(set, b, "/where/it/was", tool_open_in(test_dir, name)), 0);
}

static void run_until_debug_done(struct binaries *set)
{
	uint64_t deadline_ns = clock_now_ns(CLOCK_MONOTONIC) + WAIT_NS;

	while (binaries_n_debug_pending(set) > 0) {
		assert_true(clock_now_ns(CLOCK_MONOTONIC) < deadline_ns);
		step(set);
	}
}

/* Reads a program's debug info in a new set. */
static struct binary *read_debug(struct binaries *set, struct shelf *shelf, const char *name)
{
	struct binary *b = add_program(set, name);

	shelf->binary = b;
	assert_int_equal(b->debug_state, BINARY_DEBUG_UNASKED);
	want(set, b, name);
	run_until_debug_done(set);
	assert_int_not_equal(b->debug_state, BINARY_DEBUG_PENDING);
	return b;
}

static uint64_t address_of(const char *file, const char *symbol)
{
	_cleanup_(buf_done) struct buf text = {};

	tool_read(&text, "nm '%s/%s' | awk '$3 == \"%s\" { print $1 }'", test_dir, file, symbol);
	return strtoull(text.data, NULL, 16);
}

/* outer() and what is inlined into it, as addr2line has it. */
static void check_lines(const struct binary *b, const char *full, const char *debug_source)
{
	struct index_frame frames[4];
	struct index_origin origin;
	uint64_t at;

	if (b->debug_state != BINARY_DEBUG_READY)
		fail_msg("%s", b->debug_reason);
	at = address_of(full, "outer");
	index_origin(b->debug, &origin);
	assert_string_equal(origin.path, "/where/it/was");
	assert_string_equal(origin.debug_source, debug_source);
	assert_null(origin.failure);
	assert_int_equal(binary_lookup(b, at, frames, 4), 2);
	assert_string_equal(frames[0].function, "inner");
	assert_true(frames[0].inlined);
	assert_int_equal(frames[0].line, 3);
	assert_string_equal(frames[1].function, "outer");
	assert_int_equal(frames[1].line, 7);
	assert_int_equal(frames[1].start_line, 5);
	assert_non_null(strstr(frames[1].file, "/p.c"));
	assert_int_equal(binary_lookup(b, address_of(full, "_start"), frames, 4), 1);
	assert_string_equal(frames[0].function, "_start"); /* the symbol table is in there too */
}

static void check_missing(const struct binary *b, const char *reason)
{
	struct index_frame frames[4];

	assert_int_equal(b->debug_state, BINARY_DEBUG_MISSING);
	assert_null(b->debug);
	assert_string_equal(b->debug_reason, reason);
	assert_true(binary_lookup(b, index_segments(b->index)[0].vaddr, frames, 4) <= 1);
}

static void test_debug_in_the_file(void **state)
{
	struct shelf shelf = {};
	_cleanup_(binaries_freep) struct binaries *set = new_set_with_shelf(NULL, &shelf);
	struct index_frame frames[4];
	struct binary *b;

	make_program("p");
	b = add_program(set, "p");
	assert_int_equal(binary_lookup(b, address_of("p", "outer"), frames, 4), 1);
	assert_null(frames[0].file);
	assert_int_equal(binaries_indexer_pid(set, BINARY_LANE_DEBUG), 0); /* not before it is asked for */
	shelf.binary = b;
	want(set, b, "p");
	assert_int_equal(b->debug_state, BINARY_DEBUG_PENDING);
	assert_int_equal(binaries_n_debug_pending(set), 1);
	assert_int_equal(binary_lookup(b, address_of("p", "outer"), frames, 4), 1); /* meanwhile */
	want(set, b, "p");
	assert_int_equal(binaries_n_debug_pending(set), 1);
	run_until_debug_done(set);
	check_lines(b, "p", "/where/it/was");
	want(set, b, "p");
	assert_int_equal(binaries_n_debug_pending(set), 0);
	assert_int_equal(binaries_stats(set)->n_debug_read, 1);
	assert_int_equal(binaries_stats(set)->mapped_index_bytes,
			 index_mapped_bytes(b->index) + index_mapped_bytes(b->debug));
	assert_int_equal(index_n_segments(b->debug), index_n_segments(b->index));
	assert_null(binaries_take_settled(set) == b ? NULL : b);
	assert_null(binaries_take_settled(set)); /* names settle once */
}

static void test_debug_before_names(void **state)
{
	_cleanup_(binaries_freep) struct binaries *set = new_set(NULL);
	struct binary *b = add(set, library("alpha", ""));
	int fd = library("alpha", "");

	assert_int_equal(binaries_want_debug(set, b, "x", fd), -EINVAL);
	assert_int_equal(fcntl(fd, F_GETFD), -1); /* taken in every case */
}

/* Once read it is in the cache, for as long as the debug file is what it was. */
static void test_debug_by_build_id(void **state)
{
	static const struct {
		const char *change;
		unsigned int n_read;
	} rounds[] = { { "true", 1 }, { "true", 0 }, { "touch -d yesterday p.debug", 1 }, { "true", 0 } };
	struct shelf shelf = {};
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/cache", test_dir);
	snprintf(shelf.by_id, sizeof(shelf.by_id), "%s/p.debug", test_dir);
	make_program("p");
	tool_run("cd '%s' && objcopy --only-keep-debug p p.debug && strip p", test_dir);
	for (size_t i = 0; i < ARRAY_SIZE(rounds); i++) {
		_cleanup_(binaries_freep) struct binaries *set = new_set_with_shelf(dir, &shelf);

		tool_run("cd '%s' && %s", test_dir, rounds[i].change);
		check_lines(read_debug(set, &shelf, "p"), "p.full", shelf.by_id);
		assert_int_equal(binaries_stats(set)->n_debug_read, rounds[i].n_read);
		assert_int_equal(binaries_stats(set)->n_debug_from_cache, 1 - rounds[i].n_read);
		assert_int_equal(binaries_indexer_pid(set, BINARY_LANE_DEBUG) != 0, rounds[i].n_read);
	}
}

/* That there is none is remembered too, until one is there. */
static void test_debug_that_comes_later(void **state)
{
	struct shelf shelf = {};
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/cache", test_dir);
	make_program("p");
	tool_run("cd '%s' && objcopy --only-keep-debug p p.debug && strip p && objcopy --add-gnu-debuglink=p.debug p",
		 test_dir);
	for (int i = 0; i < 2; i++) {
		_cleanup_(binaries_freep) struct binaries *set = new_set_with_shelf(dir, &shelf);

		check_missing(read_debug(set, &shelf, "p"), BINARY_NO_DEBUG_INFO);
		assert_int_equal(binaries_stats(set)->n_debug_from_cache, i);
		assert_string_equal(shelf.last_name, "p.debug");
	}
	snprintf(shelf.by_link, sizeof(shelf.by_link), "%s/p.debug", test_dir);
	for (int i = 0; i < 2; i++) {
		_cleanup_(binaries_freep) struct binaries *set = new_set_with_shelf(dir, &shelf);

		check_lines(read_debug(set, &shelf, "p"), "p.full", shelf.by_link);
		assert_int_equal(binaries_stats(set)->n_debug_from_cache, i);
	}
}

/* What has another CRC or another build id is of another binary. */
static void test_debug_of_another_binary(void **state)
{
	struct shelf shelf = {};

	make_program("p");
	tool_run("cd '%s' && objcopy --only-keep-debug p p.debug && strip p && objcopy --add-gnu-debuglink=p.debug p "
		 "&& "
		 "cp p.debug damaged && printf x >> damaged && sed 's/x \\* 3/x * 5/' p.c > q.c && "
		 "gcc -O2 -g -Wl,--build-id -o q q.c",
		 test_dir);
	snprintf(shelf.by_id, sizeof(shelf.by_id), "%s/q", test_dir);
	snprintf(shelf.by_link, sizeof(shelf.by_link), "%s/damaged", test_dir);
	{
		_cleanup_(binaries_freep) struct binaries *set = new_set_with_shelf(NULL, &shelf);

		check_missing(read_debug(set, &shelf, "p"), BINARY_NO_DEBUG_INFO);
	}
	snprintf(shelf.by_link, sizeof(shelf.by_link), "%s/p.debug", test_dir);
	{
		_cleanup_(binaries_freep) struct binaries *set = new_set_with_shelf(NULL, &shelf);

		check_lines(read_debug(set, &shelf, "p"), "p.full", shelf.by_link);
	}
}

/* A debug file may have nothing but symbols: they are more than a stripped file has. */
static void test_symbols_only(void **state)
{
	struct shelf shelf = {};
	_cleanup_(binaries_freep) struct binaries *set = new_set_with_shelf(NULL, &shelf);
	struct index_frame frames[4];
	struct binary *b;

	snprintf(shelf.by_id, sizeof(shelf.by_id), "%s/p.debug", test_dir);
	make_program("p");
	tool_run("cd '%s' && strip -g -o p.symbols p && objcopy --only-keep-debug p.symbols p.debug && strip p",
		 test_dir);
	b = read_debug(set, &shelf, "p");
	assert_int_equal(b->debug_state, BINARY_DEBUG_READY);
	assert_false(index_has_debug(b->debug));
	assert_int_equal(index_lookup(b->index, address_of("p.full", "outer"), frames, 4), 0);
	assert_int_equal(binary_lookup(b, address_of("p.full", "outer"), frames, 4), 1);
	assert_string_equal(frames[0].function, "outer");
}

/* Remembered in the cache too: no child spends its time on it again. */
static void test_debug_out_of_time(void **state)
{
	struct shelf shelf = {};
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/cache", test_dir);
	make_program("p");
	tool_run("cd '%s' && printf '#' >> p", test_dir);
	for (int i = 0; i < 2; i++) {
		_cleanup_(binaries_freep) struct binaries *set = new_set_with_shelf(dir, &shelf);

		check_missing(read_debug(set, &shelf, "p"), "took too long");
		assert_int_equal(binaries_stats(set)->n_indexer_restarts, 1 - i);
		assert_int_equal(binaries_stats(set)->n_debug_missing, 1);
	}
}

/* What nobody can find again leaves nothing behind, and a child that was killed says nothing of the file. */
static void test_debug_of_a_deleted_file(void **state)
{
	struct shelf shelf = {};
	_cleanup_(binaries_freep) struct binaries *set = NULL;
	_cleanup_close_ int fd = -1;
	struct binary *b;
	char dir[300];

	snprintf(dir, sizeof(dir), "%s/cache", test_dir);
	set = new_set_with_shelf(dir, &shelf);
	make_program("p");
	fd = tool_open_in(test_dir, "p");
	tool_run("rm '%s/p'", test_dir);
	b = add(set, dup(fd));
	run_until_done(set);
	shelf.binary = b;
	assert_int_equal(binaries_want_debug(set, b, "/where/it/was", dup(fd)), 0);
	while (binaries_indexer_pid(set, BINARY_LANE_DEBUG) == 0)
		step(set);
	assert_int_equal(kill(binaries_indexer_pid(set, BINARY_LANE_DEBUG), SIGKILL), 0);
	run_until_debug_done(set);
	check_lines(b, "p.full", "/where/it/was");
	tool_run("test -z \"$(ls -A '%s')\"", dir);
}

static void test_debug_delays_no_names(void **state)
{
	struct shelf shelf = {};
	_cleanup_(binaries_freep) struct binaries *set = new_set_with_shelf(NULL, &shelf);
	struct binary *slow, *other;
	_cleanup_close_ int fd = -1;
	char path[400];

	make_program("p");
	slow = add_program(set, "p");
	shelf.binary = slow;
	snprintf(path, sizeof(path), "%s/p", test_dir);
	tool_run("printf '+' >> '%s'", path);
	want(set, slow, "p");
	other = add(set, library("alpha", ""));
	run_until_done(set);
	assert_int_equal(other->state, BINARY_READY);
	assert_int_equal(slow->debug_state, BINARY_DEBUG_PENDING);
	tool_run("printf 'x' >> '%s'", path);
	run_until_debug_done(set);
	check_lines(slow, "p.full", "/where/it/was");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, dir_new, tool_dir_free)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_file_is_one_binary),
		TEST(test_forged_build_id),
		TEST(test_same_edges),
		TEST(test_memory_file),
		TEST(test_unreadable),
		TEST(test_unreadable_after_a_restart),
		TEST(test_unreadable_forgotten),
		TEST(test_refused),
		TEST(test_cache),
		TEST(test_large_cached_index),
		TEST(test_damaged_large_index),
		TEST(test_unsafe_cache),
		TEST(test_take_settled),
		TEST(test_sweep),
		TEST(test_large_file_delays_no_small_one),
		TEST(test_large_lane_restarts),
		TEST(test_pending_is_bounded),
		TEST(test_killed_100_times),
		TEST(test_debug_in_the_file),
		TEST(test_debug_before_names),
		TEST(test_debug_by_build_id),
		TEST(test_debug_that_comes_later),
		TEST(test_debug_of_another_binary),
		TEST(test_symbols_only),
		TEST(test_debug_out_of_time),
		TEST(test_debug_of_a_deleted_file),
		TEST(test_debug_delays_no_names),
	};

	if (argc > 1 && strcmp(argv[1], INDEXER_COMMAND) == 0)
		return fragile_main(&indexer_limits);
	if (argc > 1 && strcmp(argv[1], INDEXER_PATIENT_COMMAND) == 0)
		return fragile_main(&patient_indexer_limits);
	if (argc > 1 && strcmp(argv[1], INDEXER_DEBUG_COMMAND) == 0)
		return fragile_main(&debug_indexer_limits);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
