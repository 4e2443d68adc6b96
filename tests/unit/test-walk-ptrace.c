// SPDX-License-Identifier: Apache-2.0
/*
 * walk ptrace: real programs without frame pointers, stopped at random points and at every instruction; the walker, by
 * the indexer's rows, from the same registers and memory as libunwind. Where the two disagree, gdb must see what the
 * walker sees; where CFI itself is known to be wrong, libunwind must be misled in the same way.
 */
#include "tests/unit/cmocka-all.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/native/process-map.h"
#include "tests/native/referee.h"
#include "tests/native/walk-native.h"
#include "tests/unit/tool.h"

#define N_CHUNKS 8
#define N_STOPS 40
#define N_STEPS 800
#define MAX_REFEREED 12 /* of one program: gdb is slow */
#define MAX_THREADS 8
#define START_CPU_NS 30000000 /* ten times what it needs */

struct subject {
	pid_t pid;
	int mem;
	struct unwind_space space;
	struct referee *referee;
	size_t n_same, n_refereed, n_wrong_cfi;
	__u64 wrong[MAX_REFEREED]; /* where gdb has named the function already */
	size_t n_wrong;
};

static char *dir;

static void build(const char *compiler)
{
	tool_run("%s -O2 -fomit-frame-pointer -fno-optimize-sibling-calls -pthread -Wl,-z,lazy -o %s/shapes "
		 "'" SHAPES_SOURCE "'",
		 compiler, dir);
}

/* Until all is mapped: by its own CPU time, which it may get late. */
static void wait_for_start(pid_t pid)
{
	struct timespec used = {};
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	while (used.tv_sec == 0 && used.tv_nsec < START_CPU_NS) {
		usleep(1000);
		assert_int_equal(clock_gettime(clock, &used), 0);
	}
}

static void subject_start(struct subject *s, const char *shape)
{
	struct process_map map;
	char path[128];

	*s = (struct subject){};
	snprintf(path, sizeof(path), "%s/shapes", dir);
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(path, "shapes", shape, NULL);
		_exit(1);
	}
	wait_for_start(s->pid);
	assert_int_equal(unwind_space_init(&s->space, N_CHUNKS), 0);
	assert_int_equal(process_map_read(s->pid, TABLES_OF_INDEXER, &s->space, &map), 0);
	assert_int_equal(unwind_space_set_process(&s->space, (uint32_t)s->pid, 1, map.extents, map.n), 0);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)s->pid);
	s->mem = tool_open(path);
	assert_int_equal(referee_new(&s->referee), 0);
}

static void subject_stop(struct subject *s)
{
	assert_int_equal(kill(s->pid, SIGKILL), 0);
	while (waitpid(s->pid, NULL, __WALL) > 0)
		;
	close(s->mem);
	unwind_space_done(&s->space);
	referee_free(s->referee);
}

static bool read_memory(void *context, __u64 addr, void *ret, size_t size)
{
	const struct subject *s = context;

	return pread(s->mem, ret, size, (off_t)addr) == (ssize_t)size;
}

static void walk(struct subject *s, pid_t tid, struct native_stack *ret)
{
	struct native_input in = {
		.space = &s->space,
		.task = { .tgid = (__u32)s->pid },
		.read = read_memory,
		.context = s,
	};
	struct user_regs_struct r;

	assert_int_equal(ptrace(PTRACE_GETREGS, tid, NULL, &r), 0);
	const __u64 all[] = { r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp,
			      r.r8,  r.r9,  r.r10, r.r11, r.r12, r.r13, r.r14, r.r15 };

	memcpy(in.regs.all, all, sizeof(all));
	in.regs.pc = r.rip;
	in.in_syscall = (long)r.orig_rax >= 0 && r.rcx == r.rip; /* as bpf/arch.bpf.h has it */
	native_walk(&in, ret);
}

/* Ours of a frame that a signal interrupted is one more (bpf/abi.h). */
static bool is_same(const struct native_stack *ours, const struct referee_stack *other)
{
	if (ours->n != other->n)
		return false;
	for (size_t i = 0; i < ours->n; i++)
		if (other->pcs[i] != REFEREE_ANY && ours->frames[i] != other->pcs[i] &&
		    ours->frames[i] != other->pcs[i] + 1)
			return false;
	return true;
}

static void print_stacks(const struct native_stack *ours, const struct referee_stack *other, const char *name)
{
	printf("walker: stop %u, flags %u\n", ours->rec.ustop, ours->rec.flags);
	for (size_t i = 0; i < ours->n || i < other->n; i++)
		printf("  %2zu  %16llx  %s %16lx\n", i, i < ours->n ? ours->frames[i] : 0, name,
		       i < other->n ? other->pcs[i] : 0);
}

/*
 * Functions that leave their stack for another: from there to their last instruction, CFI goes on describing the old
 * one. The stacks that follow from it end in nonsense, and say so.
 */
static bool has_wrong_cfi(const char *function)
{
	static const char *const names[] = {
		"swapcontext", "__swapcontext",             /* glibc: from loading rsp to pushing the new pc */
		"_Unwind_Resume", "_Unwind_RaiseException", /* gcc's __builtin_eh_return: from adding to rsp to ret */
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(function, names[i]) == 0)
			return true;
	return false;
}

/* Whether libunwind goes the same way as far as ours goes. */
static bool is_misled_too(const struct native_stack *ours, const struct referee_stack *libunwind)
{
	return ours->rec.ustop != WALK_STOP_ROOT && libunwind->n >= ours->n &&
	       memcmp(ours->frames, libunwind->pcs, ours->n * sizeof(*ours->frames)) == 0;
}

/* libunwind finds the same return address that is none, and goes on with it. */
static bool is_same_bad_pc(const struct native_stack *ours, const struct referee_stack *libunwind)
{
	return ours->rec.ustop == WALK_STOP_BAD_PC && is_misled_too(ours, libunwind) && libunwind->n > ours->n &&
	       libunwind->pcs[ours->n] < 4096;
}

static bool is_known_wrong(const struct subject *s, __u64 pc)
{
	for (size_t i = 0; i < s->n_wrong; i++)
		if (s->wrong[i] == pc)
			return true;
	return false;
}

/* Lets the process go, stopped, so that gdb can look at it, and takes it back. */
static void ask_gdb(struct subject *s, pid_t tid, struct referee_stack *ret)
{
	int status;

	assert_int_equal(tgkill(s->pid, tid, SIGSTOP), 0);
	assert_int_equal(ptrace(PTRACE_DETACH, tid, NULL, NULL), 0);
	assert_int_equal(referee_gdb(s->pid, tid, ret), 0);
	assert_int_equal(ptrace(PTRACE_SEIZE, tid, NULL, NULL), 0);
	assert_int_equal(ptrace(PTRACE_INTERRUPT, tid, NULL, NULL), 0);
	assert_int_equal(waitpid(tid, &status, __WALL), tid);
	assert_int_equal(kill(s->pid, SIGCONT), 0);
}

static void compare(struct subject *s, pid_t tid)
{
	static struct native_stack ours;
	static struct referee_stack theirs, gdbs;

	walk(s, tid, &ours);
	assert_int_equal(referee_unwind(s->referee, tid, &theirs), 0);
	if (ours.rec.ustop == WALK_STOP_ROOT && is_same(&ours, &theirs)) {
		s->n_same++;
		return;
	}
	if (is_same_bad_pc(&ours, &theirs) || (is_known_wrong(s, ours.frames[0]) && is_misled_too(&ours, &theirs))) {
		s->n_wrong_cfi++;
		return;
	}
	if (++s->n_refereed > MAX_REFEREED) {
		print_stacks(&ours, &theirs, "libunwind");
		fail_msg("libunwind disagrees too often");
	}
	ask_gdb(s, tid, &gdbs);
	if (has_wrong_cfi(gdbs.function) && is_misled_too(&ours, &theirs)) {
		s->wrong[s->n_wrong++] = ours.frames[0];
		return;
	}
	if (ours.rec.ustop != WALK_STOP_ROOT || !is_same(&ours, &gdbs)) {
		print_stacks(&ours, &theirs, "libunwind");
		print_stacks(&ours, &gdbs, "gdb");
		fail_msg("gdb sees another stack");
	}
}

/* Whatever a stop is for, its signal goes on to the program. */
static bool resume(pid_t tid, enum __ptrace_request how, int status)
{
	int sig = WSTOPSIG(status);

	if (status >> 16 != 0 || sig == SIGTRAP || sig == SIGSTOP)
		sig = 0;
	return ptrace(how, tid, NULL, sig) == 0;
}

static size_t list_threads(pid_t pid, pid_t *ret)
{
	char path[64];
	struct dirent *entry;
	size_t n = 0;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	assert_non_null(tasks);
	while ((entry = readdir(tasks)) && n < MAX_THREADS)
		if (entry->d_name[0] != '.')
			ret[n++] = (pid_t)strtol(entry->d_name, NULL, 10);
	closedir(tasks);
	return n;
}

static void stop_and_compare(struct subject *s, pid_t tid)
{
	int status;

	assert_int_equal(ptrace(PTRACE_SEIZE, tid, NULL, NULL), 0);
	for (int i = 0; i < N_STOPS; i++) {
		usleep(500 + (unsigned int)i * 37);
		assert_int_equal(ptrace(PTRACE_INTERRUPT, tid, NULL, NULL), 0);
		assert_int_equal(waitpid(tid, &status, __WALL), tid);
		assert_true(WIFSTOPPED(status));
		compare(s, tid);
		assert_true(resume(tid, PTRACE_CONT, status));
	}
	assert_int_equal(ptrace(PTRACE_INTERRUPT, tid, NULL, NULL), 0);
	assert_int_equal(waitpid(tid, &status, __WALL), tid);
	assert_int_equal(ptrace(PTRACE_DETACH, tid, NULL, NULL), 0);
}

static void step_and_compare(struct subject *s, pid_t tid)
{
	int status;

	assert_int_equal(ptrace(PTRACE_SEIZE, tid, NULL, NULL), 0);
	assert_int_equal(ptrace(PTRACE_INTERRUPT, tid, NULL, NULL), 0);
	assert_int_equal(waitpid(tid, &status, __WALL), tid);
	for (int i = 0; i < N_STEPS; i++) {
		compare(s, tid);
		assert_true(resume(tid, PTRACE_SINGLESTEP, status));
		assert_int_equal(waitpid(tid, &status, __WALL), tid);
		assert_true(WIFSTOPPED(status));
	}
	assert_int_equal(ptrace(PTRACE_DETACH, tid, NULL, NULL), 0);
}

static void check_shape(const char *compiler, const char *shape)
{
	pid_t threads[MAX_THREADS] = {};
	struct subject s;
	size_t n;

	subject_start(&s, shape);
	n = list_threads(s.pid, threads);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		stop_and_compare(&s, threads[i]);
	step_and_compare(&s, threads[n - 1]);
	subject_stop(&s);
	printf("%s, %s: %zu stacks the same, %zu decided by gdb, %zu more by wrong CFI\n", compiler, shape, s.n_same,
	       s.n_refereed, s.n_wrong_cfi);
	assert_int_equal(s.n_same + s.n_refereed + s.n_wrong_cfi, n * N_STOPS + N_STEPS);
	assert_true(s.n_wrong_cfi < s.n_same / 10);
}

static void check_compiler(const char *compiler)
{
	static const char *const shapes[] = {
		"plain", "alloca", "stubs", "exceptions", "signals", "altstack", "vfork", "contexts", "threads",
	};

	build(compiler);
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		check_shape(compiler, shapes[i]);
}

static void test_gcc(void **state)
{
	dir = *state;
	check_compiler("g++");
}

static void test_clang(void **state)
{
	dir = *state;
	check_compiler("clang++-14");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_gcc, tool_dir_new, tool_dir_free),
		cmocka_unit_test_setup_teardown(test_clang, tool_dir_new, tool_dir_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
