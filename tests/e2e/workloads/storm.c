// SPDX-License-Identifier: Apache-2.0
/*
 * Starts processes at a steady rate, without waiting for them, and prints how many.
 * usage: storm PER_SECOND SECONDS PROGRAM ARGS...
 */
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	long per_second = argc > 3 ? atol(argv[1]) : 0, n = per_second * atol(argv[2]);
	struct timespec next;

	if (per_second <= 0)
		return 1;
	signal(SIGCHLD, SIG_IGN); /* nobody is left to be waited for */
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (long i = 0; i < n; i++) {
		pid_t pid;

		if (posix_spawn(&pid, argv[3], NULL, NULL, argv + 3, NULL) != 0)
			return 2;
		next.tv_nsec += 1000000000 / per_second;
		if (next.tv_nsec >= 1000000000) {
			next.tv_sec++;
			next.tv_nsec -= 1000000000;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	printf("%ld\n", n);
	return 0;
}
