// SPDX-License-Identifier: Apache-2.0
/*
 * getppid CPU_SECONDS: nothing but system calls, from main() over outer() and inner(). Prints its user and system time.
 * The kernel is entered from within inner(): libc's wrapper keeps no frame pointer. Its variable has an address, so
 * that gcc makes it a frame.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static volatile long sink;

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

__attribute__((noinline)) void inner(void)
{
	long r;

	__asm__ volatile("" : : "r"(&r) : "memory");
	for (int i = 0; i < 10000; i++) {
		__asm__ volatile("syscall" : "=a"(r) : "a"(SYS_getppid) : "rcx", "r11", "memory");
		sink += r;
	}
}

__attribute__((noinline)) void outer(void)
{
	for (int i = 0; i < 10; i++)
		inner();
	sink++;
}

int main(int argc, char **argv)
{
	double limit = argc > 1 ? atof(argv[1]) : 1;
	struct rusage u;

	do {
		outer();
		getrusage(RUSAGE_SELF, &u);
	} while (seconds(u.ru_utime) + seconds(u.ru_stime) < limit);
	printf("%f %f\n", seconds(u.ru_utime), seconds(u.ru_stime));
	return 0;
}
