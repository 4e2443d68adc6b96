// SPDX-License-Identifier: Apache-2.0
/*
 * jit MODE [FOR_MS]: makes code while it runs, and tells of it in /tmp/perf-PID.map. Each function of it is called by
 * run_code() for FOR_MS (300) of CPU time.
 *
 *   grow       ten functions grow_0..9, each told of when it is made
 *   replace    one address is first_code, then second_code
 *   late       late_code runs, and only at the end it is told of
 *   none       nothing is told
 *   memfd zero removed heap stack    the code lies in a memory file, shared anonymous memory, ...
 *   told       told_code, in a map that is there already: nothing is written
 *   large      a map of 60 MiB, which then grows twenty times a second
 *   fork       parent_code, which only children run; one of them has child_code and a map too: its PID is printed
 *   orphan     orphan_code, which a child runs whose parent ends when it has forked it
 *   prefork    shared_code, which fifty children run at a time
 *   many       1300 children at a time, each with code of its own that nobody tells of
 *   frameless  code without a frame pointer, which leads nowhere
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define N_GROWN 10
#define N_CHILDREN 50
#define N_MANY 1300

/* push rbp; mov rbp,rsp; mov ecx,1000000; dec ecx; jnz; pop rbp; ret */
static const unsigned char framed[] = { 0x55, 0x48, 0x89, 0xe5, 0xb9, 0x40, 0x42, 0x0f,
					0x00, 0xff, 0xc9, 0x75, 0xfc, 0x5d, 0xc3 };
/* push rbp; mov ebp,1; mov ecx,1000000; dec ecx; jnz; pop rbp; ret */
static const unsigned char frameless[] = { 0x55, 0xbd, 0x01, 0x00, 0x00, 0x00, 0xb9, 0x40, 0x42,
					   0x0f, 0x00, 0xff, 0xc9, 0x75, 0xfc, 0x5d, 0xc3 };
static long for_ms = 300;
static FILE *map;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

__attribute__((noinline)) void run_code(void (*code)(void))
{
	double until = seconds() + (double)for_ms / 1e3;

	while (seconds() < until)
		code();
}

static void open_map(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	map = fopen(path, "w");
	if (!map)
		exit(3);
}

static void tell(const void *code, const char *name)
{
	fprintf(map, "%lx %zx %s\n", (unsigned long)code, sizeof(framed), name);
	fflush(map);
}

static void *make(int flags, int fd)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, flags, fd, 0);

	if (p == MAP_FAILED)
		exit(4);
	memcpy(p, framed, sizeof(framed));
	return p;
}

static void *make_anonymous(void)
{
	return make(MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void run(void *code)
{
	run_code((void (*)(void))(uintptr_t)code);
}

static void grow(void)
{
	open_map();
	for (int i = 0; i < N_GROWN; i++) {
		void *code = make_anonymous();
		char name[16];

		snprintf(name, sizeof(name), "grow_%d", i);
		tell(code, name);
		run(code);
	}
}

static void replace(void)
{
	unsigned char *code = make_anonymous();

	open_map();
	tell(code, "first_code");
	run(code);
	memcpy(code + 64, framed, sizeof(framed));
	tell(code + 64, "first_code"); /* moved */
	tell(code, "second_code");
	run(code + 64);
	run(code);
}

static void late(void)
{
	void *code = make_anonymous();

	run(code);
	open_map();
	tell(code, "late_code");
}

static void told(void)
{
	void *at = (void *)0x7e0000000000;
	void *code = mmap(at, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (code == MAP_FAILED)
		exit(4);
	memcpy(code, framed, sizeof(framed));
	run(code);
}

static void large(void)
{
	void *code = make_anonymous();

	open_map();
	for (unsigned long at = 0x100000; ftell(map) < 60L << 20; at += 64)
		fprintf(map, "%lx 40 a_name_of_some_length_as_compilers_give_them_to_lambdas_%lx\n", at, at);
	tell(code, "large_code");
	for_ms /= 100;
	for (int i = 0; i < 100; i++) {
		tell((char *)code + PAGE + i, "more");
		run(code);
	}
}

static int removed_file(void)
{
	char path[] = "/tmp/jit-code-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0 || unlink(path) < 0 || ftruncate(fd, PAGE) < 0)
		exit(5);
	return fd;
}

static int memory_file(void)
{
	int fd = memfd_create("doublemapper", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, PAGE) < 0)
		exit(5);
	return fd;
}

static void *make_executable(void *p)
{
	uintptr_t page = (uintptr_t)p & ~(uintptr_t)(PAGE - 1);
	size_t size = (uintptr_t)p + sizeof(framed) - page; /* no page more: the stack may end there */

	if (mprotect((void *)page, size, PROT_READ | PROT_WRITE | PROT_EXEC) < 0)
		exit(6);
	memcpy(p, framed, sizeof(framed));
	return p;
}

static void run_in(const char *where)
{
	unsigned char on_stack[64];
	char name[32];
	void *code;

	if (strcmp(where, "memfd") == 0)
		code = make(MAP_SHARED, memory_file());
	else if (strcmp(where, "zero") == 0)
		code = make(MAP_SHARED | MAP_ANONYMOUS, -1);
	else if (strcmp(where, "removed") == 0)
		code = make(MAP_SHARED, removed_file());
	else if (strcmp(where, "heap") == 0)
		code = make_executable(sbrk((intptr_t)4 * PAGE));
	else if (strcmp(where, "stack") == 0)
		code = make_executable(on_stack);
	else
		exit(2);
	open_map();
	snprintf(name, sizeof(name), "%s_code", where);
	tell(code, name);
	run(code);
}

static void run_frameless(void)
{
	void *code = make_anonymous();

	memcpy(code, frameless, sizeof(frameless));
	open_map();
	tell(code, "frameless_code");
	run(code);
}

static void wait_for_all(void)
{
	while (wait(NULL) > 0)
		;
}

static void *make_and_tell(const char *name)
{
	void *code = make_anonymous();

	open_map();
	tell(code, name);
	return code;
}

static void run_in_child(void *code)
{
	if (fork() != 0)
		return;
	run(code);
	_exit(0);
}

static void run_forked(void)
{
	void *code = make_and_tell("parent_code");

	run_in_child(code);
	if (fork() == 0) {
		void *own = make_and_tell("child_code");

		printf("%d\n", getpid());
		fflush(stdout);
		run(own);
		run(code);
		_exit(0);
	}
	wait_for_all();
}

static void run_orphan(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (fork() == 0) {
		void *code = make_and_tell("orphan_code");

		printf("%d\n", getpid());
		fflush(stdout);
		usleep(200000); /* a start takes its time */
		run_in_child(code);
		_exit(0);
	}
	wait_for_all();
}

/* All live until the last one is done: each has code of its own. */
static void run_many(void)
{
	int done[2];
	char byte;

	if (pipe(done) < 0)
		exit(5);
	for (int i = 0; i < N_MANY; i++) {
		if (fork() == 0) {
			close(done[1]);
			run(make_anonymous());
			while (read(done[0], &byte, 1) > 0)
				;
			_exit(0);
		}
		if (i % 4 == 3)
			usleep(4 * (useconds_t)for_ms * 1000 / 2); /* not all at a time */
	}
	close(done[1]);
	wait_for_all();
}

static void run_preforked(void)
{
	void *code = make_and_tell("shared_code");

	for_ms /= 10;
	for (int i = 0; i < N_CHILDREN; i++)
		run_in_child(code);
	wait_for_all();
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (argc > 2)
		for_ms = atol(argv[2]);
	if (strcmp(mode, "grow") == 0)
		grow();
	else if (strcmp(mode, "replace") == 0)
		replace();
	else if (strcmp(mode, "late") == 0)
		late();
	else if (strcmp(mode, "none") == 0)
		run(make_anonymous());
	else if (strcmp(mode, "told") == 0)
		told();
	else if (strcmp(mode, "large") == 0)
		large();
	else if (strcmp(mode, "fork") == 0)
		run_forked();
	else if (strcmp(mode, "orphan") == 0)
		run_orphan();
	else if (strcmp(mode, "many") == 0)
		run_many();
	else if (strcmp(mode, "prefork") == 0)
		run_preforked();
	else if (strcmp(mode, "frameless") == 0)
		run_frameless();
	else
		run_in(mode);
	return 0;
}
