// SPDX-License-Identifier: Apache-2.0
/*
 * go unwind against the processor: a Go program is run instruction by instruction. Calls and returns make a second
 * stack, which knows of every frame where its return address lies and what the caller's rsp and rbp were: at each
 * instruction, prologues, epilogues and other stacks included, the row must say the same. So it is the oracle for what
 * Go's DWARF does not tell: rbp, and the switches of stacks.
 */
#include "tests/unit/go-program.h"

#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "tests/unit/rows-oracle.h"

#define MAX_DEPTH 1000
#define N_STEPS 100000

/* Tells the tracer where it may start, and runs what is to be seen. */
#define PROGRAM_HEAD                                                                                                   \
	"package main\n"                                                                                               \
	"import (\"fmt\"; \"os\"; \"runtime\"; \"sort\"; \"syscall\"; \"time\")\n"                                     \
	"func init() { runtime.LockOSThread() }\n"                                                                     \
	"func start() { syscall.Tgkill(os.Getpid(), syscall.Gettid(), syscall.SIGUSR1) }\n"

static const char source[] =
	PROGRAM_HEAD "//go:noinline\nfunc leaf(n int) int { return n*n + 1 }\n"
		     "//go:noinline\nfunc deep(n int) int { var a [500]byte; if n == 0 { return leaf(int(a[n])) }; "
		     "return deep(n-1) + 1 }\n"
		     "//go:noinline\nfunc wide(n int) int { var a [9000]byte; a[n] = 1; return int(a[leaf(0)]) }\n"
		     "func main() {\n"
		     "  start()\n"
		     "  m := map[string]int{}\n"
		     "  for i := 0; ; i++ {\n"
		     "    c := make(chan int)\n"
		     "    go func() { c <- wide(1) + deep(3) }()\n"
		     "    m[fmt.Sprint(i, time.Now(), <-c)] = deep(i % 5)\n"
		     "    v := []int{3, 2, i, 1}\n"
		     "    sort.Ints(v)\n"
		     "    syscall.Getppid()\n"
		     "    if i % 10 == 9 { runtime.GC() }\n"
		     "  }\n"
		     "}\n";

static const char cgo_source[] =
	"package main\n"
	"/*\n#include <stdlib.h>\nextern int back(int);\n"
	"static int compare(const void *a, const void *b) { return back(*(const int *)a - *(const int *)b); }\n"
	"static void sort(int *v, int n) { qsort(v, n, sizeof(*v), compare); }\n*/\n"
	"import \"C\"\n"
	"import (\"os\"; \"runtime\"; \"syscall\")\n"
	"func init() { runtime.LockOSThread() }\n"
	"//go:noinline\nfunc deep(n int) int { var a [500]byte; if n == 0 { return int(a[n]) }; return deep(n-1) + 1 "
	"}\n"
	"//export back\nfunc back(n C.int) C.int { deep(int(n) & 7); return n }\n"
	"func main() {\n"
	"  syscall.Tgkill(os.Getpid(), syscall.Gettid(), syscall.SIGUSR1)\n"
	"  for { v := []C.int{3, 1, 2, 5, 4}; C.sort(&v[0], 5) }\n"
	"}\n";

/* -- the program under the tracer -- */

struct frame {
	uint64_t ra, cfa, rbp; /* rbp: the caller's */
};

struct run {
	pid_t pid;
	uint64_t bias;
	struct user_regs_struct regs;
	const struct index *index;
	struct flat_rows rows;
	bool is_old; /* systemstack has no frame */
	struct frame frames[MAX_DEPTH];
	size_t n_frames;
	size_t n_checked, n_by_cfa[UNWIND_CFA_N], n_saved_fp, n_roots, n_calls;
};

static bool read_memory(const struct run *run, uint64_t addr, void *ret, size_t size)
{
	struct iovec local = { ret, size }, remote = { (void *)(uintptr_t)addr, size };

	return process_vm_readv(run->pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static uint64_t read_word(const struct run *run, uint64_t addr)
{
	uint64_t word = 0;

	if (!read_memory(run, addr, &word, sizeof(word)))
		fail_msg("cannot read the word at %#lx", addr);
	return word;
}

static uint64_t find_bias(const struct run *run, const char *path)
{
	_cleanup_(buf_done) struct buf text = {};
	uint64_t start, first_vaddr;

	tool_read(&text, "awk '$6 == \"%s\" {print $1; exit}' /proc/%d/maps | cut -d- -f1", path, (int)run->pid);
	start = strtoull(text.data, NULL, 16);
	tool_read(&text, "readelf -lW '%s' | awk '$1 == \"LOAD\" {print $3; exit}'", path);
	first_vaddr = strtoull(text.data, NULL, 16);
	return start - (first_vaddr & ~(uint64_t)4095);
}

/* Tracer and tracee take turns: on one CPU a step takes a third of the time, as neither has to be woken on another. */
static cpu_set_t stay_on_this_cpu(void)
{
	cpu_set_t before, one;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	return before;
}

/* Up to the signal that it sends to itself, which it does not get. */
static void start(struct run *run, const char *path)
{
	int status;

	run->pid = fork();
	assert_true(run->pid >= 0);
	if (run->pid == 0) {
		char *const argv[] = { (char *)(uintptr_t)path, NULL };
		char one[] = "GOMAXPROCS=1", quiet[] = "GODEBUG=asyncpreemptoff=1";
		char *const environment[] = { one, quiet, NULL };

		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execve(path, argv, environment);
		_exit(1);
	}
	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, run->pid, NULL, PTRACE_O_EXITKILL), 0);
	for (;;) {
		assert_int_equal(ptrace(PTRACE_CONT, run->pid, NULL, NULL), 0);
		assert_int_equal(waitpid(run->pid, &status, __WALL), run->pid);
		assert_true(WIFSTOPPED(status));
		if (WSTOPSIG(status) == SIGUSR1)
			break;
	}
	run->bias = find_bias(run, path);
	assert_int_equal(ptrace(PTRACE_GETREGS, run->pid, NULL, &run->regs), 0);
}

/* -- one frame -- */

/* As the walker does it; false: it says that there is no caller, or nothing. */
static bool unwind(struct run *run, const struct unwind_rule *rule, const struct user_regs_struct *regs,
		   struct frame *ret)
{
	uint64_t reg = rule->reg == UNWIND_X86_64_RBP ? regs->rbp : regs->rsp, g;
	uint64_t at = reg + (uint64_t)(int64_t)rule->cfa_offset;

	switch (rule->cfa) {
	case UNWIND_CFA_REGISTER:
	case UNWIND_CFA_SWITCH:
		ret->cfa = at;
		break;
	case UNWIND_CFA_DEREF:
		ret->cfa = read_word(run, at) + (uint64_t)(int64_t)rule->cfa_add;
		break;
	case UNWIND_CFA_GO_ASMCGOCALL:
		g = read_word(run, at);
		ret->cfa = read_word(run, g + 8) - read_word(run, at - 8) + (uint64_t)(int64_t)rule->cfa_add;
		break;
	default:
		return false;
	}
	run->n_by_cfa[rule->cfa]++;
	if (rule->ra == UNWIND_RA_UNDEFINED) {
		run->n_roots++;
		return false;
	}
	ret->ra = rule->ra == UNWIND_RA_REGISTER ? regs->r12
						 : read_word(run, ret->cfa + (uint64_t)(int64_t)rule->ra_offset);
	ret->rbp = regs->rbp;
	if (rule->fp == UNWIND_FP_AT_CFA) {
		ret->rbp = read_word(run, ret->cfa + (uint64_t)(int64_t)rule->fp_offset);
		run->n_saved_fp++;
	}
	return true;
}

static const char *name_at(const struct run *run, uint64_t pc)
{
	const char *name = tool_name_at(run->index, pc - run->bias);

	return name ? name : "?";
}

/* Where nobody waits for it to return, a function has no caller. */
static void check_root(const struct run *run, uint64_t pc)
{
	static const char *const roots[] = { "gogo",          "runtime.clone",     "runtime.goexit", "runtime.gogo",
					     "runtime.mcall", "runtime.morestack", "runtime.mstart" };
	const char *name = name_at(run, pc);

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		if (strncmp(name, roots[i], strlen(roots[i])) == 0)
			return;
	}
	fail_msg("%s at %#lx is no root", name, pc - run->bias);
}

/* pc: where the row is looked up, of the frame that these registers belong to. */
static void check_frame(struct run *run, uint64_t pc, const struct user_regs_struct *regs)
{
	const struct unwind_rule *rule = flat_rows_at(&run->rows, pc - run->bias);
	const struct frame *truth = &run->frames[run->n_frames - 1];
	struct frame found;

	if (run->is_old && rule->cfa == UNWIND_CFA_SWITCH &&
	    strcmp(name_at(run, pc), "runtime.systemstack.abi0") == 0) {
		if (run->n_frames < 2)
			return;
		truth--; /* its caller is left out */
	}
	if (rule->cfa == UNWIND_CFA_UNENCODABLE && strncmp(name_at(run, pc), "runtime.asmcgocall", 18) != 0)
		fail_msg("%s at %#lx has no rule", name_at(run, pc), pc - run->bias);
	if (rule->ra == UNWIND_RA_UNDEFINED)
		check_root(run, pc);
	if (!unwind(run, rule, regs, &found))
		return;
	run->n_checked++;
	if (found.ra != truth->ra || found.cfa != truth->cfa || found.rbp != truth->rbp)
		fail_msg("%s at %#lx: rule %u r%u%+d: returns to %#lx, CFA %#lx, rbp %#lx; but it is %#lx, %#lx, %#lx",
			 name_at(run, pc), pc - run->bias, rule->cfa, rule->reg, rule->cfa_offset, found.ra, found.cfa,
			 found.rbp, truth->ra, truth->cfa, truth->rbp);
}

/* -- step by step -- */

/* What jumps into another goroutine, or to a stack that was moved, where the calls are not those that led there. */
static bool forgets_all(const struct run *run, const struct user_regs_struct *before)
{
	const char *name = name_at(run, before->rip);

	return strcmp(name, "gogo") == 0 || strncmp(name, "runtime.gogo", 12) == 0;
}

static void push(struct run *run, const struct user_regs_struct *before, const struct user_regs_struct *after)
{
	if (run->n_frames == MAX_DEPTH)
		run->n_frames = 0;
	run->frames[run->n_frames++] =
		(struct frame){ .ra = read_word(run, after->rsp), .cfa = after->rsp + 8, .rbp = before->rbp };
	run->n_calls++;
}

/* A call pushes the address behind itself; a return takes what the innermost frame says. */
static void follow(struct run *run, const uint8_t *code, const struct user_regs_struct *before,
		   const struct user_regs_struct *after)
{
	bool is_return = code[0] == 0xc3 || (code[0] == 0xf3 && code[1] == 0xc3);

	if (is_return) {
		bool known = run->n_frames > 0 && run->frames[run->n_frames - 1].ra == after->rip;

		run->n_frames = known ? run->n_frames - 1 : 0;
	} else if (after->rsp == before->rsp - 8 && read_word(run, after->rsp) - before->rip <= 15 &&
		   read_word(run, after->rsp) > before->rip) {
		push(run, before, after);
		if (run->n_frames > 1) { /* the caller as it is seen from the callee: by the byte before */
			struct user_regs_struct caller = *before;
			struct frame top = run->frames[--run->n_frames];

			check_frame(run, top.ra - 1, &caller);
			run->frames[run->n_frames++] = top;
		}
	} else if (forgets_all(run, before) && !forgets_all(run, after)) {
		run->n_frames = 0;
	}
}

static void step(struct run *run)
{
	const struct user_regs_struct before = run->regs;
	uint8_t code[2] = {};
	int status;

	if (run->n_frames > 0)
		check_frame(run, before.rip, &before);
	assert_true(read_memory(run, before.rip, code, sizeof(code)));
	assert_int_equal(ptrace(PTRACE_SINGLESTEP, run->pid, NULL, NULL), 0);
	assert_int_equal(waitpid(run->pid, &status, __WALL), run->pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(WSTOPSIG(status), SIGTRAP);
	assert_int_equal(ptrace(PTRACE_GETREGS, run->pid, NULL, &run->regs), 0);
	follow(run, code, &before, &run->regs);
}

static bool run_steps(const char *dir, const char *program, const char *version, const char *environment,
		      const char *options, struct run *run)
{
	const char *tool = go_program_tool(version);
	char path[PATH_MAX];
	cpu_set_t cpus;

	*run = (struct run){ .is_old = strncmp(version, "1.1", 3) == 0 || strncmp(version, "1.20", 4) == 0 };
	if (!tool) {
		print_message("skipped: Go %s cannot be had here\n", version);
		return false;
	}
	tool_write(dir, "p.go", program);
	go_program_build(dir, "p", "p", tool, environment, options);
	snprintf(path, sizeof(path), "%s/p", dir);
	run->index = tool_index_path(path);
	flat_rows_of(run->index, &run->rows);
	cpus = stay_on_this_cpu();
	start(run, path);
	for (size_t i = 0; i < N_STEPS; i++)
		step(run);
	kill(run->pid, SIGKILL);
	waitpid(run->pid, NULL, __WALL);
	assert_int_equal(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	print_message("%zu frames as the processor has them: %zu switch stacks, %zu by g, %zu saved rbp, %zu roots; "
		      "%zu calls\n",
		      run->n_checked, run->n_by_cfa[UNWIND_CFA_SWITCH], run->n_by_cfa[UNWIND_CFA_GO_ASMCGOCALL],
		      run->n_saved_fp, run->n_roots, run->n_calls);
	flat_rows_done(&run->rows);
	index_free((struct index *)(uintptr_t)run->index);
	assert_true(run->n_checked > N_STEPS / 2);
	assert_true(run->n_by_cfa[UNWIND_CFA_SWITCH] > 100);
	assert_true(run->n_saved_fp > N_STEPS / 2);
	assert_true(run->n_roots > 100);
	return true;
}

static void test_this_go(void **state)
{
	struct run run;

	if (!run_steps(*state, source, "", "", "", &run))
		skip();
	run_steps(*state, source, "", "", "-buildmode=pie -ldflags='-s -w'", &run);
}

static void test_other_versions(void **state)
{
	static const char *const versions[] = { "1.18.10", "1.20.14", "1.22.12" };
	struct run run;

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		run_steps(*state, source, versions[i], "", "", &run);
}

static void test_cgo(void **state)
{
	static const char *const versions[] = { "", "1.18.10", "1.22.12" };
	struct run run;

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		if (run_steps(*state, cgo_source, versions[i], "CGO_ENABLED=1", "", &run))
			assert_true(run.n_by_cfa[UNWIND_CFA_GO_ASMCGOCALL] > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_this_go),
		cmocka_unit_test(test_other_versions),
		cmocka_unit_test(test_cgo),
	};

	return cmocka_run_group_tests(tests, tool_dir_new, tool_dir_free);
}
