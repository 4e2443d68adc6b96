// SPDX-License-Identifier: Apache-2.0
/*
 * Burns CPU_MS of CPU time in a function whose name is chosen at compile time (-DNAME=...), then ends; 0: for ever.
 * Prints a line when it begins. usage: named CPU_MS
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifndef NAME
#define NAME named_burn
#endif

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

__attribute__((noinline)) void NAME(void)
{
	for (volatile int i = 0; i < 20000; i++)
		;
}

__attribute__((noinline)) void middle(double until_ms)
{
	while (until_ms == 0 || cpu_ms() < until_ms)
		for (int i = 0; i < 10; i++) /* the clock is a system call, and costs */
			NAME();
	__asm__ volatile("");
}

int main(int argc, char **argv)
{
	puts("burning");
	fflush(stdout);
	middle(argc > 1 ? atof(argv[1]) : 0);
	return 0;
}
