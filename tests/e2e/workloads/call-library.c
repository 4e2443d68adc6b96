// SPDX-License-Identifier: Apache-2.0
/* Burns CPU_MS of CPU time in FUNCTION of LIBRARY. usage: call-library LIBRARY FUNCTION CPU_MS */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	void *library = argc > 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
	void (*function)(void) = NULL;
	struct timespec t = { 0 };

	if (library)
		*(void **)&function = dlsym(library, argv[2]);
	if (!function) {
		fprintf(stderr, "call-library: %s\n", dlerror());
		return 1;
	}
	puts("burning");
	fflush(stdout);
	while ((double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6 < atof(argv[3])) {
		for (int i = 0; i < 10; i++)
			function();
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	}
	return 0;
}
