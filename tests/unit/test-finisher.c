// SPDX-License-Identifier: Apache-2.0
/*
 * finisher: stacks copied from a process that was stopped at random points, against what libunwind finds in the living
 * process; hand-made stacks over hand-written CFI; and the child, which is this program.
 */
#include "tests/unit/tool.h"

#include <libunwind-ptrace.h>
#include <linux/sched/types.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "common/clock.h"
#include "symbolizer/children.h"
#include "symbolizer/finisher-client.h"
#include "symbolizer/finisher-module.h"
#include "symbolizer/finisher-modules.h"
#include "symbolizer/finisher-unwind.h"
#include "symbolizer/finisher.h"

#define N_STOPS 60
#define MAX_MODULES 64
#define WAIT_NS (60 * NS_PER_S)
#define HAND_MADE_AT 0x10000000ULL /* where the hand-written code is said to be mapped */
#define STACK_AT 0x7fff00000000ULL

/* -- a process to look into -- */

static volatile sig_atomic_t sink;

static int compare_numbers(const void *a, const void *b)
{
	char text[32];

	snprintf(text, sizeof(text), "%g", *(const double *)a * 1.1);
	return strtod(text, NULL) < *(const double *)b ? -1 : 1;
}

static void sort_numbers(void)
{
	double numbers[50];

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		numbers[i] = (double)(i * 7919 % 101);
	qsort(numbers, ARRAY_SIZE(numbers), sizeof(numbers[0]), compare_numbers);
	sink += (int)numbers[0];
}

static void on_signal(int number)
{
	sort_numbers();
}

static void __attribute__((noinline)) descend(int depth, bool forever)
{
	volatile char room[700];

	room[0] = 1;
	if (depth > 0) {
		descend(depth - 1, forever);
	} else if (forever) {
		for (;;) {
			sort_numbers();
			raise(SIGUSR1);
		}
	} else {
		raise(SIGSTOP);
	}
	sink += room[0];
}

struct victim {
	pid_t pid;
	uint64_t stack_end;
	struct finisher_mapping mappings[MAX_MODULES];
	size_t n_mappings;
	char paths[MAX_MODULES][256]; /* of module i + 1; "": anonymous */
};

static void read_mappings(struct victim *v)
{
	_cleanup_(buf_done) struct buf maps = {};
	char *save = NULL;

	tool_read(&maps, "cat /proc/%d/maps", v->pid);
	for (char *line = strtok_r(maps.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct finisher_mapping *m = &v->mappings[v->n_mappings];
		char flags[5], *path = v->paths[v->n_mappings];

		path[0] = 0;
		if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %255s", &m->start, &m->end, flags, &m->file_offset, path) < 4)
			fail_msg("cannot read: %s", line);
		if (flags[2] != 'x' || strcmp(path, "[vsyscall]") == 0)
			continue;
		m->module = (uint32_t)++v->n_mappings;
		assert_true(v->n_mappings < MAX_MODULES);
	}
}

static void read_stack_end(struct victim *v)
{
	_cleanup_(buf_done) struct buf stat = {};

	tool_read(&stat, "sed 's/.*) //' /proc/%d/stat | cut -d' ' -f26", v->pid);
	v->stack_end = strtoull(stat.data, NULL, 10);
	assert_true(v->stack_end > 0);
}

static void victim_start(struct victim *v, int depth, bool forever)
{
	int status;

	*v = (struct victim){ .pid = fork() };
	assert_true(v->pid >= 0);
	if (v->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGUSR1, on_signal);
		descend(depth, forever);
		_exit(0);
	}
	assert_int_equal(ptrace(PTRACE_SEIZE, v->pid, NULL, PTRACE_O_EXITKILL), 0); /* it would spin for ever */
	if (!forever)
		assert_int_equal(waitpid(v->pid, &status, 0), v->pid);
	read_mappings(v);
	read_stack_end(v);
}

static void victim_end(const struct victim *v)
{
	kill(v->pid, SIGKILL);
	waitpid(v->pid, NULL, 0);
}

/* At another point; signals are passed on. */
static void victim_stop(const struct victim *v, unsigned int i)
{
	int status;

	usleep(500 + i * 137 % 2000);
	assert_int_equal(ptrace(PTRACE_INTERRUPT, v->pid, NULL, NULL), 0);
	for (;;) {
		assert_int_equal(waitpid(v->pid, &status, 0), v->pid);
		assert_true(WIFSTOPPED(status));
		if (status >> 16 == PTRACE_EVENT_STOP)
			return;
		assert_int_equal(ptrace(PTRACE_CONT, v->pid, NULL, (long)WSTOPSIG(status)), 0);
	}
}

/* The red zone may lie where the stack has not grown to yet: then it holds nothing. */
static void read_victim(const struct victim *v, uint64_t start, uint8_t *ret, size_t size)
{
	struct iovec local = { .iov_base = ret, .iov_len = size },
		     remote = { .iov_base = (void *)start, .iov_len = size };

	if (process_vm_readv(v->pid, &local, 1, &remote, 1, 0) == (ssize_t)size)
		return;
	memset(ret, 0, CPUHOUND_COPY_RED_ZONE);
	local = (struct iovec){ ret + CPUHOUND_COPY_RED_ZONE, size - CPUHOUND_COPY_RED_ZONE };
	remote = (struct iovec){ (void *)(start + CPUHOUND_COPY_RED_ZONE), size - CPUHOUND_COPY_RED_ZONE };
	assert_int_equal(process_vm_readv(v->pid, &local, 1, &remote, 1, 0), size - CPUHOUND_COPY_RED_ZONE);
}

/* As bpf/copy.bpf.h does it. */
static uint32_t victim_copy(const struct victim *v, struct copy_area *area, uint32_t i_in_class)
{
	struct user_regs_struct regs;
	uint64_t start, size;
	struct stack_copy *copy;
	uint32_t class, number;

	assert_int_equal(ptrace(PTRACE_GETREGS, v->pid, NULL, &regs), 0);
	start = (regs.rsp - CPUHOUND_COPY_RED_ZONE) & ~7ULL;
	size = v->stack_end - start;
	if (size > CPUHOUND_MAX_COPY_BYTES)
		size = CPUHOUND_MAX_COPY_BYTES;
	class = size <= 0x1000 ? COPY_4K : size <= 0x4000 ? COPY_16K : COPY_64K;
	number = copy_first(class) + i_in_class;
	copy = &area->all[number];
	*copy = (struct stack_copy){
		.start = start,
		.n_bytes = (uint32_t)size,
		.stack_end = v->stack_end,
		.pc = regs.rip,
		.regs = { regs.rax, regs.rdx, regs.rcx, regs.rbx, regs.rsi, regs.rdi, regs.rbp, regs.rsp, regs.r8,
			  regs.r9, regs.r10, regs.r11, regs.r12, regs.r13, regs.r14, regs.r15 },
	};
	read_victim(v, start, area->bytes + copy_offset(class, i_in_class), size);
	return number;
}

/* What libunwind finds by ptrace; a frame that a signal interrupted is kept plus one. */
static size_t victim_unwind(const struct victim *v, uint64_t ret[static CPUHOUND_MAX_USER_FRAMES])
{
	unw_addr_space_t space = unw_create_addr_space(&_UPT_accessors, 0);
	void *arg = _UPT_create(v->pid);
	unw_cursor_t cursor;
	bool was_signal = false;
	size_t n = 0;

	assert_int_equal(unw_init_remote(&cursor, space, arg), 0);
	do {
		unw_word_t pc;

		assert_int_equal(unw_get_reg(&cursor, UNW_REG_IP, &pc), 0);
		if (pc == 0)
			break;
		ret[n++] = pc + was_signal;
		/* mov $SYS_rt_sigreturn, %rax; libunwind does not tell by ptrace */
		was_signal = ptrace(PTRACE_PEEKTEXT, v->pid, pc, NULL) == 0x0f0000000fc0c748;
	} while (n < CPUHOUND_MAX_USER_FRAMES && unw_step(&cursor) > 0);
	_UPT_destroy(arg);
	unw_destroy_addr_space(space);
	return n;
}

/* -- finishing it -- */

struct fixture {
	struct copy_area *area;
	int area_fd;
	struct finisher_modules *modules;
	struct finisher_unwinder *unwinder;
	struct finisher_reply reply;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->area_fd = memfd_create("copies", MFD_CLOEXEC);
	if (ftruncate(f->area_fd, (sizeof(*f->area) + 4095) & ~4095UL) < 0)
		return -1;
	f->area = mmap(NULL, sizeof(*f->area), PROT_READ | PROT_WRITE, MAP_SHARED, f->area_fd, 0);
	if (f->area == MAP_FAILED || finisher_modules_new((size_t)64 << 20, &f->modules) < 0)
		return -1;
	*state = f;
	return finisher_unwinder_new(f->modules, &f->unwinder);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	finisher_unwinder_free(f->unwinder);
	finisher_modules_free(f->modules);
	munmap(f->area, sizeof(*f->area));
	close(f->area_fd);
	free(f);
	return 0;
}

static int open_module(const struct victim *v, uint32_t module)
{
	const char *path = v->paths[module - 1];
	int fd;

	assert_in_range(module, 1, MAX_MODULES);
	if (strcmp(path, "[vdso]") != 0)
		return tool_open(path);
	fd = memfd_create("vdso", MFD_CLOEXEC);
	for (uint64_t at = v->mappings[module - 1].start; at < v->mappings[module - 1].end; at += 4096) {
		struct iovec local = { .iov_base = (char[4096]){}, .iov_len = 4096 };
		struct iovec remote = { .iov_base = (void *)at, .iov_len = 4096 };

		assert_int_equal(process_vm_readv(v->pid, &local, 1, &remote, 1, 0), 4096);
		assert_int_equal(fs_write_all(fd, local.iov_base, 4096), 0);
	}
	return fd;
}

static void put_module(struct fixture *f, const struct victim *v, uint32_t module)
{
	_cleanup_close_ int fd = open_module(v, module);
	struct finisher_module *m;

	assert_int_equal(finisher_module_read(fd, &m), 0);
	assert_int_equal(finisher_modules_put(f->modules, module, m), 0);
}

static const uint8_t *copy_bytes(const struct fixture *f, uint32_t number)
{
	uint32_t class = number < copy_first(COPY_16K) ? COPY_4K : number < copy_first(COPY_64K) ? COPY_16K : COPY_64K;

	return f->area->bytes + copy_offset(class, number - copy_first(class));
}

static void finish(struct fixture *f, const struct victim *v, uint32_t number)
{
	const struct finisher_input input = {
		.copy = &f->area->all[number],
		.bytes = copy_bytes(f, number),
		.mappings = v->mappings,
		.n_mappings = v->n_mappings,
	};

	for (size_t i = 0; i <= v->n_mappings; i++) {
		finisher_unwind(f->unwinder, &input, &f->reply);
		if (f->reply.stop != FINISHER_NEEDS_MODULE)
			return;
		assert_int_equal(f->reply.n_pcs, 0);
		put_module(f, v, f->reply.module);
	}
	fail_msg("asks for module %u again and again", f->reply.module);
}

static void assert_same_stack(const struct finisher_reply *reply, const uint64_t *expected, size_t n)
{
	for (size_t i = 0; i < n && i < reply->n_pcs; i++) {
		if (reply->pcs[i] != expected[i])
			fail_msg("frame %zu of %zu: %#lx, expected %#lx", i, n, reply->pcs[i], expected[i]);
	}
	assert_int_equal(reply->n_pcs, n);
}

static void test_random_points(void **state)
{
	static const int depths[] = { 0, 8, 24 };
	struct fixture *f = *state;

	for (size_t k = 0; k < ARRAY_SIZE(depths); k++) {
		struct victim v;

		victim_start(&v, depths[k], true);
		for (unsigned int i = 0; i < N_STOPS; i++) {
			uint64_t expected[CPUHOUND_MAX_USER_FRAMES];
			size_t n;

			victim_stop(&v, i);
			n = victim_unwind(&v, expected);
			assert_true(n > (size_t)depths[k]);
			finish(f, &v, victim_copy(&v, f->area, i % CPUHOUND_COPIES_64K));
			assert_same_stack(&f->reply, expected, n);
			assert_int_equal(f->reply.stop, FINISHER_ROOT);
			assert_int_equal(f->reply.flags, 0);
			assert_int_equal(ptrace(PTRACE_CONT, v.pid, NULL, NULL), 0);
		}
		victim_end(&v);
		for (uint32_t m = 1; m <= v.n_mappings; m++) /* the next one has others */
			assert_int_equal(finisher_modules_put(f->modules, m, NULL), 0);
		finisher_unwinder_free(f->unwinder);
		finisher_modules_free(f->modules);
		assert_int_equal(finisher_modules_new((size_t)64 << 20, &f->modules), 0);
		assert_int_equal(finisher_unwinder_new(f->modules, &f->unwinder), 0);
	}
}

/* More stack than is copied: the part that there is, and why there is no more. */
static void test_short(void **state)
{
	struct fixture *f = *state;
	uint64_t expected[CPUHOUND_MAX_USER_FRAMES];
	struct victim v;
	size_t n;

	victim_start(&v, 200, false);
	n = victim_unwind(&v, expected);
	assert_true(n > 200);
	finish(f, &v, victim_copy(&v, f->area, 0));
	assert_int_equal(f->reply.stop, FINISHER_SHORT);
	assert_in_range(f->reply.n_pcs, 60, 100); /* 64 KiB of more than 700 bytes each */
	assert_same_stack(&f->reply, expected, f->reply.n_pcs);
	victim_end(&v);
}

/* A page that could not be copied ends the stack there; its zeros are never taken for a root. */
static void test_missing_page(void **state)
{
	struct fixture *f = *state;
	uint64_t expected[CPUHOUND_MAX_USER_FRAMES];
	uint32_t number;
	struct victim v;

	victim_start(&v, 40, false);
	victim_unwind(&v, expected);
	number = victim_copy(&v, f->area, 0);
	f->area->all[number].missing = 1U << 3;
	finish(f, &v, number);
	assert_int_equal(f->reply.stop, FINISHER_READ_FAULT);
	assert_in_range(f->reply.n_pcs, 8, 25);
	assert_same_stack(&f->reply, expected, f->reply.n_pcs);
	victim_end(&v);
}

static uint32_t module_of_this_program(const struct victim *v)
{
	for (uint32_t i = 0; i < v->n_mappings; i++) {
		if (strstr(v->paths[i], "test-finisher"))
			return i + 1;
	}
	fail_msg("the victim does not map this program");
	return 0;
}

static void test_no_binary(void **state)
{
	struct fixture *f = *state;
	uint64_t expected[CPUHOUND_MAX_USER_FRAMES];
	struct victim v;

	victim_start(&v, 5, false);
	victim_unwind(&v, expected);
	assert_int_equal(finisher_modules_put(f->modules, module_of_this_program(&v), NULL), 0);
	finish(f, &v, victim_copy(&v, f->area, 0));
	assert_int_equal(f->reply.stop, FINISHER_NO_BINARY);
	assert_int_equal(f->reply.module, module_of_this_program(&v));
	assert_in_range(f->reply.n_pcs, 2, 6); /* libc's frames, and the return address into what is missing */
	assert_same_stack(&f->reply, expected, f->reply.n_pcs);
	victim_end(&v);
}

/* This program is built with frame pointers: without its CFI they lead on. */
static void test_frame_pointers(void **state)
{
	struct fixture *f = *state;
	uint64_t expected[CPUHOUND_MAX_USER_FRAMES];
	struct finisher_module *m;
	_cleanup_close_ int fd = -1;
	struct victim v;
	uint32_t number;
	size_t n;

	victim_start(&v, 5, false);
	n = victim_unwind(&v, expected);
	number = victim_copy(&v, f->area, 0);
	fd = tool_open("/proc/self/exe");
	assert_int_equal(finisher_module_read(fd, &m), 0);
	m->n_fdes = 0;
	assert_int_equal(finisher_modules_put(f->modules, module_of_this_program(&v), m), 0);
	finish(f, &v, number);
	assert_int_equal(f->reply.flags, FINISHER_GUESSED);
	assert_in_range(f->reply.n_pcs, n - 1, n); /* _start keeps no frame pointer */
	assert_same_stack(&f->reply, expected, f->reply.n_pcs);

	v.mappings[module_of_this_program(&v) - 1].module = FINISHER_NO_MODULE; /* as JIT code */
	finish(f, &v, number);
	assert_int_equal(f->reply.flags, 0);
	assert_int_equal(f->reply.stop, FINISHER_JIT);
	assert_same_stack(&f->reply, expected, f->reply.n_pcs);
	assert_in_range(f->reply.n_pcs, n - 1, n);
	victim_end(&v);
}

static void test_no_mapping(void **state)
{
	struct fixture *f = *state;
	struct victim v;
	uint32_t number;

	victim_start(&v, 5, false);
	number = victim_copy(&v, f->area, 0);
	v.n_mappings = 0;
	finish(f, &v, number);
	assert_int_equal(f->reply.stop, FINISHER_NO_MAPPING);
	assert_int_equal(f->reply.n_pcs, 1);
	assert_int_equal(f->reply.pcs[0], f->area->all[number].pc);
	victim_end(&v);
}

/* -- hand-written CFI -- */

struct hand_made {
	struct victim v;
	uint32_t number;
};

static char *hand_made_dir;

static int make_dir(void **state)
{
	void *dir = NULL;
	int r = tool_dir_new(&dir);

	hand_made_dir = dir;
	return r;
}

static int remove_dir(void **state)
{
	return tool_dir_free((void **)&hand_made_dir);
}

/* A library whose only function has this CFI, and a copy of 64 words that holds their own numbers, in its first byte.
 */
static void hand_make(struct fixture *f, const char *cfi, struct hand_made *ret)
{
	static int n; /* number of the module */
	_cleanup_(buf_done) struct buf offset = {};
	struct stack_copy *copy = &f->area->all[0];
	uint64_t *words = (uint64_t *)f->area->bytes;
	char *path;

	ret->v = (struct victim){ .n_mappings = 1 };
	path = ret->v.paths[n++];
	snprintf(path, sizeof(ret->v.paths[0]), "%s/%d.so", hand_made_dir, n);
	tool_run("printf '.text\\n.globl f\\nf:\\n.cfi_startproc\\n%s\\n.skip 64, 0x90\\nret\\n.cfi_endproc\\n' |"
		 " gcc -shared -nostdlib -x assembler - -o %s",
		 cfi, path);
	tool_read(&offset, "echo $((0x$(nm -D %s | sed -n 's/ T f$//p')))", path);
	*copy = (struct stack_copy){ .start = STACK_AT, .n_bytes = 512, .pc = HAND_MADE_AT + 1 };
	copy->pc += strtoull(offset.data, NULL, 10);
	copy->regs[UNWIND_X86_64_RSP] = STACK_AT + CPUHOUND_COPY_RED_ZONE;
	for (size_t i = 0; i < 64; i++)
		words[i] = HAND_MADE_AT + 0x100000 + i;
	ret->v.mappings[0] = (struct finisher_mapping){ .start = HAND_MADE_AT,
							.end = HAND_MADE_AT + 0x10000,
							.module = (uint32_t)n };
	ret->number = 0;
}

static void test_hand_written(void **state)
{
	/* The red zone has 16 words, so RSP points to word 16; what is found there lies in no mapping and ends the
	 * stack. */
	static const struct {
		const char *cfi;
		uint32_t stop;
		uint64_t word; /* the return address; 0: none is found */
	} cases[] = {
		{ ".cfi_def_cfa rsp, 8", FINISHER_NO_MAPPING, 16 },
		{ ".cfi_def_cfa rsp, 80", FINISHER_NO_MAPPING, 25 },
		/* CFA = rsp + 16 + 0; the return address is at *(CFA - 16) */
		{ ".cfi_escape 0x0f,4,0x77,16,0x30,0x22\\n.cfi_offset rip, -16", FINISHER_NO_MAPPING, 16 },
		/* the return address is the value of rsp + 8 dereferenced: DW_CFA_expression */
		{ ".cfi_def_cfa rsp, 8\\n.cfi_escape 0x10,16,2,0x77,40", FINISHER_NO_MAPPING, 21 },
		{ ".cfi_def_cfa rsp, 8\\n.cfi_undefined rip", FINISHER_ROOT, 0 },
		/* a lost frame pointer is no root */
		{ ".cfi_def_cfa rsp, 8\\n.cfi_undefined rbp", FINISHER_BAD_CFI, 0 },
		/* the caller's stack pointer lies below */
		{ ".cfi_def_cfa rsp, -8\\n.cfi_offset rip, 8", FINISHER_NOT_ADVANCING, 0 },
		/* outside of the copy */
		{ ".cfi_def_cfa rsp, 4000", FINISHER_READ_FAULT, 0 },
		/* an expression on an empty stack; an unknown operation */
		{ ".cfi_escape 0x0f,1,0x22", FINISHER_BAD_CFI, 0 },
		{ ".cfi_escape 0x0f,1,0xff", FINISHER_BAD_CFI, 0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct hand_made h;

		hand_make(f, cases[i].cfi, &h);
		put_module(f, &h.v, h.v.mappings[0].module);
		finish(f, &h.v, h.number);
		if (f->reply.stop != cases[i].stop)
			fail_msg("%s: ends by %u", cases[i].cfi, f->reply.stop);
		assert_int_equal(f->reply.n_pcs, cases[i].word ? 2 : 1);
		if (cases[i].word)
			assert_int_equal(f->reply.pcs[1], HAND_MADE_AT + 0x100000 + cases[i].word);
	}
}

/* -- the child -- */

static struct finisher_client *start_client(const struct fixture *f, const char *path)
{
	static char name[] = "finisher", command[] = FINISHER_COMMAND;
	static char *const argv[] = { name, command, NULL };
	const struct finisher_client_config config = { .path = path, .argv = argv, .copies_fd = f->area_fd };
	struct finisher_client *c;

	assert_int_equal(finisher_client_new(&config, &c), 0);
	return c;
}

static const struct finisher_reply *wait_answer(struct finisher_client *c, const struct victim *v)
{
	uint64_t end_ns = clock_now_ns(CLOCK_MONOTONIC) + WAIT_NS;

	while (clock_now_ns(CLOCK_MONOTONIC) < end_ns) {
		struct pollfd readable = { .fd = finisher_client_fd(c), .events = POLLIN };
		const struct finisher_reply *reply;
		uint32_t module;

		finisher_client_dispatch(c);
		if (finisher_client_needs(c, &module)) {
			_cleanup_close_ int fd = open_module(v, module);

			finisher_client_give(c, module, fd);
		}
		reply = finisher_client_take(c);
		if (reply)
			return reply;
		poll(&readable, 1, finisher_client_timeout_ms(c));
	}
	fail_msg("no answer");
	return NULL;
}

static const struct finisher_reply *ask(struct finisher_client *c, const struct victim *v, uint64_t tag,
					uint32_t number)
{
	const struct finisher_reply *reply;

	assert_int_equal(finisher_client_submit(c, tag, number, v->mappings, v->n_mappings), 0);
	reply = wait_answer(c, v);
	assert_int_equal(reply->tag, tag);
	return reply;
}

static void test_child(void **state)
{
	struct fixture *f = *state;
	_cleanup_(finisher_client_freep) struct finisher_client *c = start_client(f, "/proc/self/exe");
	uint64_t expected[CPUHOUND_MAX_USER_FRAMES];
	const struct finisher_reply *reply;
	struct victim v;
	uint32_t number;
	size_t n;
	pid_t pid;

	victim_start(&v, 20, false);
	n = victim_unwind(&v, expected);
	number = victim_copy(&v, f->area, 1);
	reply = ask(c, &v, 7, number);
	assert_int_equal(reply->stop, FINISHER_ROOT);
	assert_same_stack(reply, expected, n);
	pid = finisher_client_pid(c);

	/* Killed with a copy in hand: that one is lost, the next is not. */
	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(finisher_client_submit(c, 8, number, v.mappings, v.n_mappings), 0);
	assert_int_equal(finisher_client_submit(c, 9, number, v.mappings, v.n_mappings), -EAGAIN);
	assert_int_equal(kill(pid, SIGKILL), 0);
	reply = wait_answer(c, &v);
	assert_int_equal(reply->stop, FINISHER_LOST);
	assert_int_equal(reply->tag, 8);
	reply = ask(c, &v, 10, number);
	assert_same_stack(reply, expected, n);
	assert_int_equal(finisher_client_stats(c).n_restarts, 1);

	/* Killed without one: nothing is lost. */
	pid = finisher_client_pid(c);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){}, WEXITED | WNOWAIT), 0);
	reply = ask(c, &v, 11, number);
	assert_same_stack(reply, expected, n);
	victim_end(&v);
}

/* Who waits for an answer is told that there will be none for a while. */
static void test_child_missing(void **state)
{
	struct fixture *f = *state;
	_cleanup_(finisher_client_freep) struct finisher_client *c = start_client(f, "/no/such/program");

	assert_false(finisher_client_is_stuck(c));
	assert_int_equal(finisher_client_submit(c, 1, 1, (struct finisher_mapping[1]){}, 0), 0);
	assert_false(finisher_client_is_stuck(c)); /* the first starts follow at once */
	for (int i = 0; i < 20; i++)
		finisher_client_dispatch(c);
	assert_true(finisher_client_is_stuck(c));
	assert_string_equal(finisher_client_fault(c), "No such file or directory");
	assert_in_range(finisher_client_timeout_ms(c), 1, 64001);
	assert_null(finisher_client_take(c));
}

/* What the child looks like from outside. */
static void test_child_sandbox(void **state)
{
	struct fixture *f = *state;
	_cleanup_(finisher_client_freep) struct finisher_client *c = start_client(f, "/proc/self/exe");
	_cleanup_(buf_done) struct buf text = {};
	struct sched_attr attr = {};
	struct hand_made h;
	pid_t pid;

	hand_make(f, ".cfi_def_cfa rsp, 8", &h);
	assert_int_equal(ask(c, &h.v, 1, h.number)->stop, FINISHER_NO_MAPPING);
	pid = finisher_client_pid(c);
	assert_int_equal(syscall(SYS_sched_getattr, pid, &attr, sizeof(attr), 0), 0);
	assert_int_equal(attr.sched_nice, 0);
	assert_true(attr.sched_runtime == NS_PER_MS / 10 || attr.sched_runtime == 0); /* 0: before Linux 6.12 */
	tool_read(&text, "grep -E '^(CapEff|CapPrm|Seccomp|NoNewPrivs):' /proc/%d/status", pid);
	assert_string_equal(text.data,
			    "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
	tool_read(&text, "grep 'core file' /proc/%d/limits | tr -s ' '", pid);
	assert_string_equal(text.data, "Max core file size 0 0 bytes \n");
	tool_read(&text, "stat -c %%u /proc/%d/mem", pid); /* root's: it is not dumpable */
	assert_string_equal(text.data, "0\n");
	tool_read(&text, "grep -c memfd:copies /proc/%d/maps; ls /proc/%d/fd | tr '\\n' ' '", pid, pid);
	assert_string_equal(text.data, "1\n0 1 2 3 ");
	tool_read(&text,
		  "grep -A25 memfd:copies /proc/%d/smaps | grep -m1 VmFlags | grep -o -w -E 'wr|dd' | tr '\\n' ' '",
		  pid);
	assert_string_equal(text.data, "dd ");
}

/* CFI that never ends, and what comes after it. */
static void test_child_endless(void **state)
{
	struct fixture *f = *state;
	_cleanup_(finisher_client_freep) struct finisher_client *c = start_client(f, "/proc/self/exe");
	const struct finisher_reply *reply;
	struct hand_made h;

	for (int i = 0; i < 3; i++) {
		hand_make(f, ".cfi_escape 0x0f,3,0x2f,0xfd,0xff", &h); /* DW_OP_skip -3 */
		reply = ask(c, &h.v, 1, h.number);
		assert_int_equal(reply->stop, FINISHER_FATAL);
		assert_int_equal(reply->module, h.v.mappings[0].module);
		hand_make(f, ".cfi_def_cfa rsp, 8", &h);
		assert_int_equal(ask(c, &h.v, 2, h.number)->stop, FINISHER_NO_MAPPING);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random_points, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_short, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing_page, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_binary, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_frame_pointers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_mapping, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hand_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_child, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_child_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_child_sandbox, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_child_endless, set_up, tear_down),
	};
	int exit_code;

	if (children_main(argc, argv, &exit_code))
		return exit_code;
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
