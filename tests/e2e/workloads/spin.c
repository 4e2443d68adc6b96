// SPDX-License-Identifier: Apache-2.0
/*
 * spin [-t THREADS] [-c CHILDREN] [-n CPU_SECONDS] [-p PERCENT]: runs in user space on every thread and child, until it
 * is killed or each thread has burnt its CPU_SECONDS; without a pause, or for so much of the time.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double cpu_seconds = 1e9, percent = 100;
static volatile uint64_t sink;

static double thread_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pause_for(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };

	nanosleep(&t, NULL);
}

__attribute__((noinline)) void spin(void)
{
	double used, now = thread_seconds();

	while ((used = now) < cpu_seconds) {
		for (int k = 0; k < 1000000; k++)
			sink += (uint64_t)k;
		now = thread_seconds();
		if (percent < 100)
			pause_for((now - used) * (100 - percent) / percent);
	}
}

static void *run(void *arg)
{
	spin();
	return arg;
}

int main(int argc, char **argv)
{
	int n_threads = 1, n_children = 0, option;

	while ((option = getopt(argc, argv, "t:c:n:p:")) > 0) {
		if (option == 't')
			n_threads = atoi(optarg);
		else if (option == 'c')
			n_children = atoi(optarg);
		else if (option == 'n')
			cpu_seconds = atof(optarg);
		else if (option == 'p')
			percent = atof(optarg);
	}
	for (int i = 0; i < n_children; i++) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			n_children = 0;
			n_threads = 1;
		}
	}
	for (int i = 1; i < n_threads; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, run, NULL);
	}
	spin();
	while (n_children && wait(NULL) > 0)
		;
	return 0;
}
