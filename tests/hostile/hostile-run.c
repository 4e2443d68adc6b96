// SPDX-License-Identifier: Apache-2.0
/*
 * hostile run: a folder of files through the real table of binaries, with its sandboxed children: each file is added,
 * its debug info is asked for, and what was made of it is looked through. Files in FILE.side/, if there is one, are
 * handed out for whatever else the debug info asks for. This program is its own indexer, so the sanitizers that it was
 * built with look at both sides. Prints a line of JSON a file:
 *
 *   {"file":"NAME","state":"ready","reason":"","debug":"missing","debug_reason":"no debug info","cpu_ms":3,
 *    "rss_kib":5120,"restarts":0,"functions":17,"frames":42}
 *
 * usage: hostile-run FOLDER [NAME]...
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fsutil.h"
#include "common/parse.h"
#include "symbolizer/binary.h"
#include "symbolizer/children.h"
#include "symbolizer/indexer.h"

#define MAX_BINARIES 100000
#define N_LOOKUPS 1000 /* a file: over all of its segments, and beyond their ends */
#define MAX_FRAMES 64
#define REAP_MS 200
#define _export_ __attribute__((visibility("default")))
#define PROC_BYTES ((size_t)64 << 10)

/*
 * The child's environment is empty. In the sandbox nothing can be opened, so reports are of bare addresses: without
 * randomisation (main()) they mean something to whoever reads them.
 */
_export_ const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "color=never:symbolize=0:print_module_map=0:quarantine_size_mb=1:allocator_release_to_os_interval_ms=0:"
	       "malloc_"
	       "context_size=3:allocator_may_return_null=1:"
	       "detect_leaks=0:handle_sigill=1:stack_trace_format='    #%n %p'";
}

_export_ const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return "color=never:symbolize=0:print_stacktrace=1:halt_on_error=1:stack_trace_format='    #%n %p'";
}

struct run {
	int folder;
	const char *name; /* of the file at hand */
	struct binaries *set;
};

struct outcome {
	const struct binary *binary;
	uint64_t cpu_ns, rss_kib, n_restarts;
	size_t n_frames;
};

static int is_regular(const struct dirent *entry)
{
	return entry->d_type == DT_REG;
}

static void free_names(struct dirent **names, int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

/* Whatever is asked for: the n-th file of FILE.side. */
static int find_debug(void *context, const struct binary *binary, const struct debug_need *need, int *ret_fd,
		      char *ret_path)
{
	struct run *run = context;
	struct dirent **names;
	char side[300];
	int n, fd = -1;

	snprintf(side, sizeof(side), "%.250s.side", run->name);
	n = scandirat(run->folder, side, &names, is_regular, alphasort);
	if (n < 0)
		return DEBUG_NEED_NONE;
	if (need->candidate < (uint32_t)n) {
		snprintf(ret_path, DEBUG_NEED_NAME_BYTES, "%s/%.200s", side, names[need->candidate]->d_name);
		fd = openat(run->folder, ret_path, O_RDONLY | O_CLOEXEC);
	}
	free_names(names, n);
	*ret_fd = fd;
	return fd < 0 ? DEBUG_NEED_NONE : 0;
}

/* Of the child that has worked last; 0: there is none any more. */
static pid_t child_of(const struct run *run)
{
	for (int lane = BINARY_N_LANES - 1; lane >= 0; lane--) {
		pid_t pid = binaries_indexer_pid(run->set, lane);

		if (pid > 0)
			return pid;
	}
	return 0;
}

static void forget_peak(pid_t pid)
{
	_cleanup_close_ int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", (int)pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "5", 1) != 1)
		return; /* an older peak is an upper bound */
}

static void forget_peaks(const struct run *run)
{
	for (int lane = 0; lane < BINARY_N_LANES; lane++) {
		pid_t pid = binaries_indexer_pid(run->set, lane);

		if (pid > 0)
			forget_peak(pid);
	}
}

static uint64_t peak_kib(pid_t pid)
{
	static const char key[] = "\nVmHWM:";
	_cleanup_(buf_done) struct buf text = {};
	const char *at;
	uint64_t kib;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (pid == 0 || fs_read(AT_FDCWD, path, PROC_BYTES, &text) < 0)
		return 0;
	at = strstr(text.data, key);
	if (!at)
		return 0;
	at += sizeof(key) - 1;
	at += strspn(at, " \t");
	return parse_u64_at(&at, text.data + text.size, 10, &kib) == 0 ? kib : 0;
}

static int step(struct run *run)
{
	struct pollfd p = { .fd = binaries_fd(run->set), .events = POLLIN };

	if (binaries_indexer_fault(run->set))
		return -ECHILD;
	if (poll(&p, 1, binaries_timeout_ms(run->set)) < 0)
		return -errno;
	return binaries_dispatch(run->set);
}

static int index_file(struct run *run, int fd, struct binary **ret)
{
	int r = binaries_add(run->set, fd, run->name, ret);

	while (r == 0 && (*ret)->state == BINARY_PENDING)
		r = step(run);
	return r;
}

static int read_debug(struct run *run, struct binary *binary)
{
	int fd = openat(run->folder, run->name, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = binaries_want_debug(run->set, binary, run->name, fd);
	while (r == 0 && binary->debug_state == BINARY_DEBUG_PENDING)
		r = step(run);
	return r;
}

/* Every string of every frame is read, as a profile would. */
static size_t touch(const struct index_frame *frames, size_t n)
{
	size_t n_bytes = 0;

	for (size_t i = 0; i < n; i++) {
		n_bytes += strlen(frames[i].function) + strlen(frames[i].linkage_name);
		n_bytes += frames[i].file ? strlen(frames[i].file) : 0;
	}
	return n_bytes ? n : 0;
}

static size_t look_through(const struct binary *binary)
{
	const struct index *index = binary->index;
	struct index_frame frames[MAX_FRAMES];
	size_t n_frames = 0;

	for (size_t i = 0; i < index_n_segments(index); i++) {
		const struct index_segment *s = &index_segments(index)[i];
		const uint64_t stride = s->mem_bytes / N_LOOKUPS + 1;

		for (uint64_t at = 0; at <= N_LOOKUPS + 1; at++) {
			size_t n = binary_lookup(binary, s->vaddr + at * stride, frames, MAX_FRAMES);

			n_frames += touch(frames, n);
		}
	}
	return n_frames;
}

/* What a child took that was killed is known when it has been reaped: soon, but not at once. */
static void wait_for_reaped(struct run *run)
{
	const struct timespec pause = { .tv_nsec = NS_PER_MS };

	for (int i = 0; i < REAP_MS; i++) {
		nanosleep(&pause, NULL);
		if (binaries_dispatch(run->set) < 0)
			return;
	}
}

static uint64_t cpu_since(struct run *run, const struct binaries_stats *before)
{
	uint64_t now_ns;

	if (binaries_stats(run->set)->n_indexer_restarts != before->n_indexer_restarts)
		wait_for_reaped(run);
	now_ns = binaries_stats(run->set)->indexer_cpu_ns;
	return now_ns > before->indexer_cpu_ns ? now_ns - before->indexer_cpu_ns : 0;
}

static int run_file(struct run *run, struct outcome *ret)
{
	const struct binaries_stats before = *binaries_stats(run->set);
	struct binary *binary;
	int fd, r;

	fd = openat(run->folder, run->name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	forget_peaks(run);
	r = index_file(run, fd, &binary);
	if (r == 0 && binary->state == BINARY_READY)
		r = read_debug(run, binary);
	if (r < 0)
		return r;
	*ret = (struct outcome){
		.binary = binary,
		.cpu_ns = cpu_since(run, &before),
		.n_restarts = binaries_stats(run->set)->n_indexer_restarts - before.n_indexer_restarts,
		.rss_kib = peak_kib(child_of(run)),
		.n_frames = binary->state == BINARY_READY ? look_through(binary) : 0,
	};
	while (binaries_take_settled(run->set))
		;
	return 0;
}

static const char *state_name(const struct binary *b)
{
	static const char *const names[] = {
		[BINARY_PENDING] = "pending",
		[BINARY_READY] = "ready",
		[BINARY_UNREADABLE] = "unreadable",
	};

	return names[b->state];
}

static const char *debug_state_name(const struct binary *b)
{
	static const char *const names[] = {
		[BINARY_DEBUG_UNASKED] = "unasked",
		[BINARY_DEBUG_PENDING] = "pending",
		[BINARY_DEBUG_READY] = "ready",
		[BINARY_DEBUG_MISSING] = "missing",
	};

	return names[b->debug_state];
}

static void print_outcome(const struct run *run, const struct outcome *o)
{
	const struct binary *b = o->binary;

	printf("{\"file\":\"%s\",\"state\":\"%s\",\"reason\":\"%s\",\"debug\":\"%s\",\"debug_reason\":\"%s\","
	       "\"cpu_ms\":%lu,\"rss_kib\":%lu,\"restarts\":%lu,\"functions\":%zu,\"frames\":%zu}\n",
	       run->name, state_name(b), b->state == BINARY_UNREADABLE ? b->reason : "", debug_state_name(b),
	       b->debug_state == BINARY_DEBUG_MISSING ? b->debug_reason : "", (unsigned long)(o->cpu_ns / NS_PER_MS),
	       (unsigned long)o->rss_kib, (unsigned long)o->n_restarts,
	       b->state == BINARY_READY ? index_n_functions(b->index) : 0, o->n_frames);
	fflush(stdout); /* whoever reads it knows which file came next when this process dies */
}

static int run_one(struct run *run, const char *name)
{
	struct outcome outcome = {};
	int r;

	run->name = name;
	fprintf(stderr, "-- %s\n", name); /* a report of the sanitizers belongs to the last one */
	r = run_file(run, &outcome);
	if (r < 0) {
		fprintf(stderr, "hostile-run: '%s': %s\n", name, strerrordesc_np(-r));
		return r;
	}
	print_outcome(run, &outcome);
	return 0;
}

static int run_all(struct run *run)
{
	struct dirent **names;
	int n, r = 0;

	n = scandirat(run->folder, ".", &names, is_regular, alphasort);
	if (n < 0)
		return -errno;
	for (int i = 0; i < n && r == 0; i++)
		r = run_one(run, names[i]->d_name);
	free_names(names, n);
	return r;
}

static int run_folder(const char *path, int n_names, char **names)
{
	_cleanup_(binaries_freep) struct binaries *set = NULL;
	_cleanup_close_ int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct run run = { .folder = folder };
	const struct binaries_config config = {
		.max_binaries = MAX_BINARIES,
		.find_debug = find_debug,
		.find_context = &run,
	};
	int r;

	if (folder < 0)
		return -errno;
	r = binaries_new(&config, &set);
	run.set = set;
	if (r == 0 && n_names == 0)
		return run_all(&run);
	for (int i = 0; i < n_names && r == 0; i++)
		r = run_one(&run, names[i]);
	return r;
}

/* Starts itself again, so that addresses are the same in every run, in the children too. */
static void fix_addresses(char **argv)
{
	int now = personality(0xffffffff);

	if (now < 0 || now & ADDR_NO_RANDOMIZE || personality((unsigned long)now | ADDR_NO_RANDOMIZE) < 0)
		return;
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	int r, exit_code;

	if (children_main(argc, argv, &exit_code))
		return exit_code;
	if (argc < 2) {
		fprintf(stderr, "usage: hostile-run FOLDER [NAME]...\n");
		return 2;
	}
	fix_addresses(argv);
	r = run_folder(argv[1], argc - 2, argv + 2);
	if (r < 0)
		fprintf(stderr, "hostile-run: %s\n", strerrordesc_np(-r));
	return r < 0;
}
