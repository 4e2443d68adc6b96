// SPDX-License-Identifier: Apache-2.0
/*
 * Starts N processes one after the other and prints how many ms of CPU time they used, as their parent was told.
 * usage: spawner N PROGRAM ARGS...
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double ms(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[1]) : 0;
	posix_spawn_file_actions_t actions;
	double total = 0;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addclose(&actions, 1); /* what the children print is of no interest */
	for (int i = 0; i < n; i++) {
		struct rusage usage;
		int status;
		pid_t pid;

		if (posix_spawn(&pid, argv[2], &actions, NULL, argv + 2, NULL) != 0)
			return 1;
		if (wait4(pid, &status, 0, &usage) != pid || status != 0)
			return 2;
		total += ms(usage.ru_utime) + ms(usage.ru_stime);
	}
	printf("%.3f\n", total);
	return 0;
}
