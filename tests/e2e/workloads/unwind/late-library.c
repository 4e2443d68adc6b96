// SPDX-License-Identifier: Apache-2.0
/*
 * late-library SECONDS LIBRARY...: opens each in turn, burns in it, closes it again. Prints how often one came to lie
 * where the one before it had been.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>

#include "burn.h"

#define SLICE 0.04

typedef void (*enter_fn)(double seconds, void (*call)(double));

NOINLINE uintptr_t visit(const char *path);

NOINLINE uintptr_t visit(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	enter_fn enter = handle ? (enter_fn)dlsym(handle, "enter") : NULL;
	struct link_map *map = NULL;
	uintptr_t at = 0;

	if (!enter || dlinfo(handle, RTLD_DI_LINKMAP, &map) < 0) {
		fprintf(stderr, "late-library: %s\n", dlerror());
		exit(1);
	}
	at = map->l_addr;
	enter(SLICE, burn);
	dlclose(handle);
	return at;
}

int main(int argc, char **argv)
{
	double end = seconds_to_burn(argc, argv);
	uintptr_t last = 0;
	int n_same = 0;

	while (thread_seconds() < end) {
		for (int i = 2; i < argc; i++) {
			uintptr_t at = visit(argv[i]);

			n_same += at == last;
			last = at;
		}
	}
	printf("%d\n", n_same);
	return 0;
}
