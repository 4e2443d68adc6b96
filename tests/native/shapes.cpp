// SPDX-License-Identifier: Apache-2.0
/*
 * shapes SHAPE: runs stacks of one kind over and over, until it is killed: what makes unwinding hard. Built without
 * frame pointers.
 */
#include <alloca.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

static volatile uint64_t sink;

NOINLINE static void work(int n)
{
	for (int i = 0; i < n; i++)
		sink = sink * 3 + (uint64_t)i;
}

/* Plain calls, with prologues and epilogues of every length. */
NOINLINE static uint64_t saves_registers(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	uint64_t e = a * b, f = b * c, g = c * d;

	work(3);
	sink += a + b;
	work(3);
	return a + b + c + d + e + f + g;
}

NOINLINE static int recursion(int n)
{
	volatile char pad[24];

	pad[0] = (char)n;
	if (n > 0)
		return recursion(n - 1) + pad[0];
	return (int)saves_registers(sink, 2, 3, 4);
}

static void plain()
{
	recursion(20);
}

/* A frame of unknown size, found by the frame pointer; and one that is aligned beyond what the ABI promises. */
NOINLINE static void allocates(size_t n)
{
	char *p = (char *)alloca(n);

	memset(p, 1, n);
	sink += (uint64_t)p[n / 2];
	recursion(2);
	sink += (uint64_t)p[n / 3];
}

NOINLINE static void realigned(int n)
{
	alignas(64) volatile char aligned[128];

	aligned[n & 127] = 1;
	recursion(2);
	sink += (uint64_t)aligned[3];
	if (n > 0)
		realigned(n - 1);
}

NOINLINE static void realigned_and_allocating(size_t n)
{
	alignas(128) volatile char aligned[256];
	volatile char *p = (volatile char *)alloca(n);

	aligned[n & 255] = p[0] = 1;
	recursion(2);
	sink += (uint64_t)aligned[3] + (uint64_t)p[0];
}

static void alloca_and_realign()
{
	static size_t n;

	n = (n + 13) % 4000;
	allocates(n + 16);
	realigned(3);
	realigned_and_allocating(n + 16);
}

/* Through stubs, each of which is bound at its first call. */
NOINLINE static void stubs()
{
	char text[64];

	snprintf(text, sizeof(text), "%d", (int)(sink & 0xffff));
	sink += (uint64_t)atoi(text) + strlen(text) + (uint64_t)getppid() + (uint64_t)abs((int)sink);
}

/* Destructors run while the stack is unwound, and catch blocks below it. */
struct destroyed {
	~destroyed()
	{
		recursion(2);
	}
};

NOINLINE static void throws(int n)
{
	destroyed d;

	if (n == 0)
		throw 42;
	throws(n - 1);
	work(1);
}

static void exceptions()
{
	try {
		throws(5);
	} catch (int thrown) {
		recursion(3);
	}
}

static void on_signal(int)
{
	recursion(3);
}

NOINLINE static void raises(int n)
{
	if (n > 0)
		raises(n - 1);
	else
		raise(SIGUSR1);
	work(1);
}

static void signals(bool own_stack)
{
	static char stack[1 << 16];
	static bool ready;

	if (!ready) {
		struct sigaction action = {};
		stack_t alt = {};

		alt.ss_sp = stack;
		alt.ss_size = sizeof(stack);
		sigaltstack(&alt, nullptr);
		action.sa_handler = on_signal;
		action.sa_flags = own_stack ? SA_ONSTACK : 0;
		sigaction(SIGUSR1, &action, nullptr);
		ready = true;
	}
	raises(4);
}

static void signals_on_the_stack()
{
	signals(false);
}

static void signals_on_their_own()
{
	signals(true);
}

/* The parent waits inside vfork() with its return address in a register. */
NOINLINE static void vforks()
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, nullptr, 0);
	recursion(1);
}

static ucontext_t main_context, context;

static void in_context()
{
	for (;;) {
		recursion(5);
		swapcontext(&context, &main_context);
	}
}

static void contexts()
{
	static char stack[1 << 16];

	if (!context.uc_stack.ss_sp) {
		getcontext(&context);
		context.uc_stack.ss_sp = stack;
		context.uc_stack.ss_size = sizeof(stack);
		makecontext(&context, in_context, 0);
	}
	swapcontext(&main_context, &context);
	recursion(2);
}

static int in_clone(void *)
{
	for (;;)
		recursion(4);
}

static void *in_thread(void *)
{
	for (;;)
		recursion(6);
}

static void threads()
{
	static bool ready;

	if (!ready) {
		char *stack =
			(char *)mmap(nullptr, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		pthread_t thread;

		pthread_create(&thread, nullptr, in_thread, nullptr);
		clone(in_clone, stack + (1 << 16),
		      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, nullptr);
		ready = true;
	}
	recursion(2);
}

static const struct {
	const char *name;
	void (*run)();
} shapes[] = {
	{ "plain", plain },
	{ "alloca", alloca_and_realign },
	{ "stubs", stubs },
	{ "exceptions", exceptions },
	{ "signals", signals_on_the_stack },
	{ "altstack", signals_on_their_own },
	{ "vfork", vforks },
	{ "contexts", contexts },
	{ "threads", threads },
};

int main(int argc, char **argv)
{
	for (const auto &shape : shapes) {
		if (argc < 2 || strcmp(argv[1], shape.name) != 0)
			continue;
		for (;;)
			shape.run();
	}
	return 2;
}
