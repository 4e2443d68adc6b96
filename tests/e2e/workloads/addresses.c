// SPDX-License-Identifier: Apache-2.0
/*
 * Says where its own function lies, then, for each line on standard input, loads the library of that name and says
 * where library_function() lies. Ends with the input.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

__attribute__((noinline)) void own_function(void)
{
	__asm__ volatile("");
}

int main(void)
{
	char path[4096];

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%p\n", (void *)own_function);
	while (fgets(path, sizeof(path), stdin)) {
		void *library;

		path[strcspn(path, "\n")] = 0;
		library = dlopen(path, RTLD_NOW);
		printf("%p\n", library ? dlsym(library, "library_function") : NULL);
	}
	return 0;
}
