// SPDX-License-Identifier: Apache-2.0
/*
 * Loads library A, runs a_outer() for some ms, unloads it, does the same with library B, and so on for CPU_MS of CPU
 * time. Prints how often it loaded one, and how often at the address of the one before.
 * usage: swap-libraries A B CPU_MS
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TURN_MS 30

static volatile int n;

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static __attribute__((noinline, noclone)) void take_turn(void (*function)(volatile int *))
{
	for (double end = cpu_ms() + TURN_MS; cpu_ms() < end;)
		function(&n);
}

int main(int argc, char **argv)
{
	static const char *const functions[] = { "a_outer", "b_outer" };
	int n_loaded = 0, n_same = 0;
	void *before = NULL;

	if (argc < 4)
		return 1;
	while (cpu_ms() < atof(argv[3])) {
		void *library = dlopen(argv[1 + n_loaded % 2], RTLD_NOW);
		void (*function)(volatile int *) = NULL;

		if (library)
			*(void **)&function = dlsym(library, functions[n_loaded % 2]);
		if (!function)
			return 2;
		n_same += (void *)function == before;
		before = (void *)function;
		n_loaded++;
		take_turn(function);
		dlclose(library);
	}
	printf("%d %d\n", n_loaded, n_same);
	return 0;
}
