// SPDX-License-Identifier: Apache-2.0
/*
 * duty PERCENT: has so much of one CPU's time, by the kernel's clock, until it is killed; in portions of random length,
 * so that no period of the sampler can fall in step.
 */
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_S 1000000000ULL
#define PORTION_NS 4000000

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

__attribute__((noinline)) void on_duty(uint64_t end_ns)
{
	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) < end_ns)
		for (volatile int i = 0; i < 1000; i++)
			;
}

int main(int argc, char **argv)
{
	uint64_t percent = argc > 1 ? strtoull(argv[1], NULL, 10) : 10, start_ns = now_ns(CLOCK_MONOTONIC), due_ns;
	struct timespec pause = {};

	for (;;) {
		on_duty(now_ns(CLOCK_PROCESS_CPUTIME_ID) + (uint64_t)rand() % PORTION_NS);
		due_ns = start_ns + now_ns(CLOCK_PROCESS_CPUTIME_ID) * 100 / percent;
		if (due_ns <= now_ns(CLOCK_MONOTONIC))
			continue;
		pause.tv_nsec = (long)((due_ns - now_ns(CLOCK_MONOTONIC)) % NS_PER_S);
		nanosleep(&pause, NULL);
	}
}
