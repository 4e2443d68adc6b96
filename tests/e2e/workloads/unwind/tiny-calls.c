// SPDX-License-Identifier: Apache-2.0
/*
 * tiny-calls SECONDS [LIBRARY]: calls functions of a few instructions through PLT stubs; with LIBRARY the dynamic
 * linker binds their names over and over, because it is closed and opened again each time.
 */
#include <dlfcn.h>

#include "burn.h"
#include "tiny.h"

typedef uint64_t (*bind_all_fn)(uint64_t);

NOINLINE uint64_t call_tiny(uint64_t value);
NOINLINE uint64_t bind_again(const char *library);

NOINLINE uint64_t call_tiny(uint64_t value)
{
	for (int k = 0; k < 1000; k++)
		value = tiny_add(value) + tiny_push(value) + tiny_frame(value);
	return value;
}

NOINLINE uint64_t bind_again(const char *library)
{
	void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
	bind_all_fn bind_all = handle ? (bind_all_fn)dlsym(handle, "bind_all") : NULL;
	uint64_t value = bind_all ? bind_all(1) : 0;

	if (handle)
		dlclose(handle);
	return value;
}

int main(int argc, char **argv)
{
	double end = seconds_to_burn(argc, argv);

	while (thread_seconds() < end) {
		if (argc > 2)
			burn_sink += bind_again(argv[2]);
		else
			for (int k = 0; k < 100; k++)
				burn_sink += call_tiny(burn_sink);
	}
	return 0;
}
