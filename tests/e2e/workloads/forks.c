// SPDX-License-Identifier: Apache-2.0
/*
 * Forks children that call no exec, one after the other for ever: each burns 1 ms of CPU time and ends; some fork once
 * more themselves. usage: forks PER_SECOND
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void burn_ms(double ms)
{
	struct timespec t;

	do {
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	} while ((double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6 < ms);
}

static void run_child(long i)
{
	if (i % 4 == 0 && fork() > 0)
		wait(NULL);
	burn_ms(1);
	_exit(0);
}

int main(int argc, char **argv)
{
	long per_second = argc > 1 ? atol(argv[1]) : 0;

	if (per_second <= 0)
		return 1;
	for (long i = 0;; i++) {
		struct timespec pause = { .tv_nsec = 1000000000 / per_second };

		if (fork() == 0)
			run_child(i);
		wait(NULL);
		nanosleep(&pause, NULL);
	}
}
