/* SPDX-License-Identifier: Apache-2.0 */
/*
 * burn: what the workloads of test-unwind do at the bottom of their stacks. They are built with -O2
 * -fomit-frame-pointer; AFTER_CALL() behind a call keeps it from becoming a jump.
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define NOINLINE __attribute__((noinline))
#define AFTER_CALL() __asm__ volatile("" : : : "memory")

static volatile uint64_t burn_sink;

static inline double thread_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#ifdef __cplusplus
extern "C"
#endif
	NOINLINE void
	burn(double seconds);

void burn(double seconds)
{
	double end = thread_seconds() + seconds;

	while (thread_seconds() < end)
		for (int k = 0; k < 100000; k++)
			burn_sink += (uint64_t)k;
}

/* The first argument: CPU seconds. */
static inline double seconds_to_burn(int argc, char **argv)
{
	return argc > 1 ? atof(argv[1]) : 1;
}
