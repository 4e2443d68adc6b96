// SPDX-License-Identifier: Apache-2.0
/*
 * Starts N processes one after the other, HZ a second or without a pause, and prints how many ms of CPU time they used,
 * as their parent was told.
 * usage: spawner [-r HZ] N PROGRAM ARGS...
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000L

static double ms(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static void wait_until(struct timespec *at, long hz)
{
	at->tv_nsec += NS_PER_S / hz;
	at->tv_sec += at->tv_nsec / NS_PER_S;
	at->tv_nsec %= NS_PER_S;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, NULL);
}

int main(int argc, char **argv)
{
	posix_spawn_file_actions_t actions;
	struct timespec at;
	double total = 0;
	long hz = 0;
	int n;

	if (getopt(argc, argv, "+r:") == 'r')
		hz = atol(optarg);
	argv += optind;
	n = argc > optind + 1 ? atoi(argv[0]) : 0;
	clock_gettime(CLOCK_MONOTONIC, &at);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addclose(&actions, 1); /* what the children print is of no interest */
	for (int i = 0; i < n; i++) {
		struct rusage usage;
		int status;
		pid_t pid;

		if (hz > 0)
			wait_until(&at, hz);
		if (posix_spawn(&pid, argv[1], &actions, NULL, argv + 1, NULL) != 0)
			return 1;
		if (wait4(pid, &status, 0, &usage) != pid || status != 0)
			return 2;
		total += ms(usage.ru_utime) + ms(usage.ru_stime);
	}
	printf("%.3f\n", total);
	return 0;
}
