// SPDX-License-Identifier: Apache-2.0
/*
 * Is busy for BUSY_US in every PERIOD_US, from PHASE_US after a whole second on, for SECONDS. Prints the share of the
 * time that it was, by the kernel's clock. usage: lockstep PERIOD_US BUSY_US PHASE_US SECONDS
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_S 1000000000ULL

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static void burn_until(uint64_t end_ns)
{
	while (now_ns(CLOCK_MONOTONIC) < end_ns)
		;
}

int main(int argc, char **argv)
{
	uint64_t period_ns, busy_ns, at_ns, start_ns, end_ns, cpu_ns;

	if (argc != 5)
		return 1;
	period_ns = strtoull(argv[1], NULL, 10) * 1000;
	busy_ns = strtoull(argv[2], NULL, 10) * 1000;
	start_ns = (now_ns(CLOCK_MONOTONIC) / NS_PER_S + 1) * NS_PER_S + strtoull(argv[3], NULL, 10) * 1000;
	end_ns = start_ns + strtoull(argv[4], NULL, 10) * NS_PER_S;
	cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	for (at_ns = start_ns; at_ns < end_ns; at_ns += period_ns) {
		struct timespec at = { .tv_sec = (time_t)(at_ns / NS_PER_S), .tv_nsec = (long)(at_ns % NS_PER_S) };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
		burn_until(at_ns + busy_ns);
	}
	cpu_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
	printf("%.6f\n", (double)cpu_ns / (double)(end_ns - start_ns));
	return 0;
}
