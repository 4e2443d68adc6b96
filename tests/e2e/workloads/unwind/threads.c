// SPDX-License-Identifier: Apache-2.0
/* threads SECONDS (pthread|clone): burns in a thread, or in a process that shares memory, by clone(). */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "burn.h"

#define STACK_BYTES (1 << 18)

static double seconds;

NOINLINE void middle(void);
NOINLINE void *thread_main(void *arg);
NOINLINE int clone_main(void *arg);

NOINLINE void middle(void)
{
	burn(seconds);
	AFTER_CALL();
}

NOINLINE void *thread_main(void *arg)
{
	middle();
	AFTER_CALL();
	return arg;
}

NOINLINE int clone_main(void *arg)
{
	middle();
	AFTER_CALL();
	return 0;
}

static int run_clone(void)
{
	char *stack = malloc(STACK_BYTES);
	int child = stack ? clone(clone_main, stack + STACK_BYTES, CLONE_VM | CLONE_FS | SIGCHLD, NULL) : -1;

	return child > 0 && waitpid(child, NULL, 0) == child ? 0 : 1;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	seconds = seconds_to_burn(argc, argv);
	if (argc > 2 && strcmp(argv[2], "clone") == 0)
		return run_clone();
	return pthread_create(&thread, NULL, thread_main, NULL) != 0 || pthread_join(thread, NULL) != 0;
}
