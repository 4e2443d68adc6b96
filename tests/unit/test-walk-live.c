// SPDX-License-Identifier: Apache-2.0
/* walk live: the walker in the running kernel, on programs without frame pointers, by tables that libdw makes. Needs
 * root. */
#include "tests/unit/cmocka-all.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "tests/native/live-walk.h"
#include "tests/unit/tool.h"

#define PERIOD_NS (NS_PER_S / 997)
#define ENOUGH 30
#define NEWS_NS 12345

/* recurse DEPTH: spins below DEPTH calls of down(), with frames of varying size, in user mode or in system calls. */
static const char recurse_c[] =
	"#include <stdlib.h>\n"
	"#include <unistd.h>\n"
	"#include <sys/syscall.h>\n"
	"volatile int sink; int calls;\n"
	"__attribute__((noinline)) static void spin(void)\n"
	"{ for (;;) { for (int i = 0; i < 10000; i++) sink = i; if (calls) syscall(SYS_getppid); } }\n"
	"__attribute__((noinline)) int down(int n)\n"
	"{ volatile char pad[1 + 16 * (n & 7)]; pad[0] = 1;\n"
	"  if (n == 0) spin(); else down(n - 1);\n"
	"  return pad[0] + sink; }\n"
	"int main(int argc, char **argv)\n"
	"{ calls = argc > 2; if (argc > 3 && fork() == 0) for (;;) sink++;\n"
	"  return down(atoi(argv[1])); }\n";

struct fixture {
	char dir[64];
	struct live_walk live;
};

static int fixture_new(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[128];
	FILE *out;

	assert_non_null(f);
	strcpy(f->dir, "/tmp/cpuhound-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(path, sizeof(path), "%s/recurse.c", f->dir);
	out = fopen(path, "we");
	assert_non_null(out);
	assert_true(fputs(recurse_c, out) >= 0);
	assert_int_equal(fclose(out), 0);
	tool_run("gcc -O2 -fomit-frame-pointer -fno-optimize-sibling-calls -o %s/recurse %s", f->dir, path);
	assert_int_equal(live_walk_init(&f->live, PERIOD_NS), 0);
	*state = f;
	return 0;
}

static int fixture_free(void **state)
{
	struct fixture *f = *state;

	live_walk_done(&f->live);
	tool_run("rm -rf %s", f->dir);
	free(f);
	return 0;
}

static pid_t start(const struct fixture *f, const char *depth, const char *calls, const char *forks)
{
	char path[128];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/recurse", f->dir);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(path, "recurse", depth, calls, forks, NULL);
		_exit(1);
	}
	usleep(100000); /* until it is where it stays */
	return pid;
}

static void stop(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* What the samples of a process had. */
struct seen {
	size_t n, n_depth, depth; /* samples; those with `depth` frames */
	size_t stops[WALK_STOP_N];
	size_t n_kernel_mode, n_flagged, n_copied; /* the last: or should have been */
	uint64_t news_ns;
	__u64 pc_max; /* highest of all frames */
};

static void look(void *context, const struct sample_rec *rec, const __u64 *frames, size_t n)
{
	struct seen *seen = context;

	seen->n++;
	seen->n_depth += n == seen->depth;
	seen->stops[rec->ustop]++;
	seen->n_kernel_mode += (rec->flags & SAMPLE_KERNEL_MODE) != 0;
	seen->n_flagged += (rec->flags & (SAMPLE_GUESSED | SAMPLE_JIT)) != 0;
	seen->n_copied += (rec->flags & (SAMPLE_COPIED | SAMPLE_COPY_LOST)) != 0;
	seen->news_ns = rec->news_ns;
	for (size_t i = 0; i < n; i++)
		if (frames[i] > seen->pc_max)
			seen->pc_max = frames[i];
}

static void sample(struct fixture *f, pid_t pid, size_t enough, struct seen *seen)
{
	while (seen->n < enough) {
		assert_int_equal(live_walk_enable(&f->live, true), 0);
		usleep(100000);
		assert_int_equal(live_walk_enable(&f->live, false), 0);
		live_walk_read(&f->live, pid, look, seen);
	}
}

/* spin, down DEPTH + 1 times, main, two of libc, _start: libdw's and the kernel's view agree in each sample. */
static void assert_complete(struct fixture *f, const char *depth, size_t n_frames)
{
	pid_t pid = start(f, depth, NULL, NULL);
	struct seen seen = { .depth = n_frames };

	assert_int_equal(live_walk_add_process(&f->live, pid, NEWS_NS), 0);
	sample(f, pid, ENOUGH, &seen);
	stop(pid);
	assert_int_equal(seen.n_depth, seen.n);
	assert_int_equal(seen.stops[WALK_STOP_ROOT], seen.n);
	assert_int_equal(seen.n_flagged, 0);
	assert_int_equal(seen.n_copied, 0);
	assert_int_equal(seen.news_ns, NEWS_NS);
}

static void test_complete(void **state)
{
	assert_complete(*state, "10", 16);
	assert_complete(*state, "300", 306);
	assert_complete(*state, "506", 512);
}

static void test_too_deep(void **state)
{
	struct fixture *f = *state;
	pid_t pid = start(f, "507", NULL, NULL);
	struct seen seen = { .depth = CPUHOUND_MAX_USER_FRAMES };

	assert_int_equal(live_walk_add_process(&f->live, pid, NEWS_NS), 0);
	sample(f, pid, ENOUGH, &seen);
	stop(pid);
	assert_int_equal(seen.n_depth, seen.n);
	assert_int_equal(seen.stops[WALK_STOP_DEPTH], seen.n);
}

/* Ticks in the kernel start from the registers that the system call saved. */
static void test_in_system_calls(void **state)
{
	struct fixture *f = *state;
	pid_t pid = start(f, "10", "calls", NULL);
	struct seen seen = {};

	assert_int_equal(live_walk_add_process(&f->live, pid, NEWS_NS), 0);
	sample(f, pid, ENOUGH, &seen);
	while (seen.n_kernel_mode == 0)
		sample(f, pid, seen.n + ENOUGH, &seen);
	stop(pid);
	assert_int_equal(seen.stops[WALK_STOP_ROOT], seen.n);
}

static void test_unknown_process(void **state)
{
	struct fixture *f = *state;
	pid_t pid = start(f, "10", NULL, NULL);
	struct seen seen = { .depth = 1 };

	sample(f, pid, ENOUGH, &seen);
	stop(pid);
	assert_int_equal(seen.n_depth, seen.n);
	assert_int_equal(seen.stops[WALK_STOP_NO_PROCESS], seen.n);
	assert_int_equal(seen.news_ns, 0);
}

static pid_t child_of(pid_t pid)
{
	_cleanup_(buf_done) struct buf out = {};

	tool_read(&out, "cat /proc/%d/task/%d/children", (int)pid, (int)pid);
	return atoi(out.data);
}

/* A child that has not called exec is unwound by its parent's list. */
static void test_forked_child(void **state)
{
	struct fixture *f = *state;
	pid_t pid = start(f, "1", "calls", "forks"), child = child_of(pid);
	struct seen seen = { .depth = 4 }; /* main, two of libc, _start */

	assert_true(child > 0);
	assert_int_equal(live_walk_add_process(&f->live, pid, NEWS_NS), 0);
	sample(f, child, ENOUGH, &seen);
	assert_int_equal(kill(child, SIGKILL), 0);
	stop(pid);
	assert_int_equal(seen.n_depth, seen.n);
	assert_int_equal(seen.stops[WALK_STOP_ROOT], seen.n);
	assert_int_equal(seen.news_ns, NEWS_NS);
}

static __u64 slot_of(const struct fixture *f, pid_t pid)
{
	const struct unwind_bucket *bucket = &f->live.space.slots->buckets[(size_t)pid % UNWIND_N_BUCKETS];

	for (size_t i = 0; i < UNWIND_BUCKET_SLOTS; i++)
		if (UNWIND_SLOT_TGID(bucket->slots[i]) == (__u32)pid)
			return bucket->slots[i];
	return 0;
}

/* Where code has just taken other code's place, whole stacks are copied too: until then, and no longer. */
static void test_copies_while_code_is_replaced(void **state)
{
	struct fixture *f = *state;
	pid_t pid = start(f, "10", NULL, NULL);
	struct seen before = {}, after = {};
	struct unwind_extents *list;
	__u32 ref;

	assert_int_equal(live_walk_add_process(&f->live, pid, NEWS_NS), 0);
	ref = UNWIND_SLOT_REF(slot_of(f, pid));
	list = (void *)&f->live.space.chunks[ref / UNWIND_CHUNK_WORDS]->words[ref % UNWIND_CHUNK_WORDS];
	list->copies_until_ns = UINT64_MAX;
	sample(f, pid, ENOUGH, &before);
	list->copies_until_ns = clock_now_ns(CLOCK_BOOTTIME);
	sample(f, pid, ENOUGH, &after);
	stop(pid);
	assert_int_equal(before.stops[WALK_STOP_ROOT], before.n);
	assert_int_equal(before.n_copied, before.n);
	assert_int_equal(after.stops[WALK_STOP_ROOT], after.n);
	assert_int_equal(after.n_copied, 0);
}

/* An exec ends the list at once; a thread that only renames itself keeps it. */
static void test_exec_ends_the_list(void **state)
{
	struct fixture *f = *state;
	int pipes[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		FILE *comm = fopen("/proc/self/comm", "we");

		if (read(pipes[0], &byte, 1) != 1 || !comm || fputs("renamed", comm) < 0 || fclose(comm) != 0)
			_exit(1);
		raise(SIGSTOP);
		execl("/bin/sleep", "sleep", "1000", NULL);
		_exit(1);
	}
	assert_int_equal(live_walk_add_process(&f->live, pid, NEWS_NS), 0);
	assert_int_equal(write(pipes[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	assert_int_not_equal(slot_of(f, pid), 0);
	assert_int_equal(kill(pid, SIGCONT), 0);
	while (slot_of(f, pid) != 0)
		usleep(1000);
	close(pipes[0]);
	close(pipes[1]);
	stop(pid);
}

static pid_t fork_once(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

/* A process of a number that was another's does not get its list. */
static void test_fork_forgets_the_number(void **state)
{
	struct fixture *f = *state;
	const struct unwind_extent none = {};
	pid_t first = fork_once(), last;

	for (pid_t i = 1; i <= 1000; i++)
		if (slot_of(f, first + i) == 0)
			assert_int_equal(unwind_space_set_process(&f->live.space, (uint32_t)(first + i), 1, &none, 0),
					 0);
	do
		last = fork_once();
	while (last <= first);
	assert_in_range(last, first + 1, first + 1000);
	assert_int_equal(slot_of(f, last), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complete),           cmocka_unit_test(test_too_deep),
		cmocka_unit_test(test_in_system_calls),    cmocka_unit_test(test_unknown_process),
		cmocka_unit_test(test_forked_child),       cmocka_unit_test(test_copies_while_code_is_replaced),
		cmocka_unit_test(test_exec_ends_the_list), cmocka_unit_test(test_fork_forgets_the_number),
	};

	if (geteuid() != 0) {
		printf("needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
